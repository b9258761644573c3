"""A programme that randomises nobody: what its report says, and what it never claims."""

from statistics import fmean

import pytest
from django.test import Client

from sojourn import reporting
from sojourn.analysis.outcomes import exact_interval
from sojourn.clinic.demo import PROGRAMME
from sojourn.clinic.models import Member
from sojourn.conduct.analysis_plan import LockAnalysisPlan
from sojourn.ledger import clock, programmes
from sojourn.ledger.desk import Person
from sojourn.ledger.read import version
from sojourn.ledger.rows import ObservationRow, ParticipantRow
from sojourn.record.command import Refused

ARM = "MDMA with therapy"
PLAN = """\
schema: 1
title: Plan of the programme
version: "1.0"
protocol: mdma-ptsd
protocol_version: "1.0"
primary: {population: enrolled-and-dosed, reference: mdma, covariates: []}
secondary: {outcomes: [response], durability: true}
"""


def test_a_single_arm_is_described_and_nothing_is_compared(open_label, tmp_path):
    # Given a plan for the programme's own people, and a therapist who asks for the report
    programmes.execute(
        PROGRAMME,
        LockAnalysisPlan(clock.now(), PLAN),
        author="ana",
        role="statistician",
        signed=True,
    )
    report = reporting.make(reporting.Wish(open_label), Person("tom", "therapist"))
    figures = {each.name: each for each in report.figures}

    # Then everyone enrolled is accounted for
    people = ParticipantRow.objects.exclude(eligible_on=None)
    assert figures[f"flow/allocated/{ARM}"].text == str(people.count())
    assert "flow/randomised" not in figures

    # and the change is the mean of those with a dose and a rating that counts
    dosed = set(people.filter(sessions_dosed=3).values_list("participant", flat=True))
    rows = ObservationRow.objects.filter(instrument="caps-5", visit="week-18", change__isnull=False)
    changes = [each.change for each in rows if each.participant in dosed]
    told = dict(figures["change/week-18"].values)
    assert figures["change/week-18"].inputs == len(changes) > 2
    assert float(told["estimate"]) == pytest.approx(fmean(changes), rel=1e-5)
    assert float(told["low"]) < fmean(changes) < float(told["high"])

    # and responders have their exact interval
    response = dict(figures[f"responders/response/observed/{ARM}"].values)
    low, high = exact_interval(int(response["count"]), int(response["of"]))
    assert (float(response["low"]), float(response["high"])) == pytest.approx((low, high), rel=1e-5)

    # and it says that it has no comparator, and compares nothing
    titles = {section.key: section for section in report.sections}
    assert "There is no comparator" in titles["change"].lines[0]
    assert not {"primary", "subgroups", "sensitivity", "blinding", "clusters"} & set(titles)
    assert {"flow", "baseline", "durability", "harms", "retention", "deviations"} <= set(titles)
    words = reporting.files(report)["report.html"].decode().lower()
    assert "placebo" not in words
    assert "allocation is sealed" not in words
    assert "randomised:" not in words
    assert version(f"openings:{open_label}") == 0

    # and what the plan has is planned, the rest is not
    assert figures["change/week-18"].planned
    assert figures[f"responders/response/observed/{ARM}"].planned
    assert not figures[f"retention/{ARM}"].planned

    # and every figure is proved under the root
    reporting.write(report, tmp_path)
    assert reporting.trace(figures["change/week-18"].key, tmp_path).problems == ()
    again = reporting.make(reporting.Wish(open_label, blinded=True), Person("tom", "therapist"))
    assert reporting.files(again) == reporting.files(report)

    # The page offers that one report.
    Member.objects.create(username="lead", role="sponsor")
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(Member.objects.get(username="lead"))
    page = client.get("/demo/report/").content.decode()
    assert "One arm, described" in page
    assert "By arm" not in page
    assert client.post("/demo/report/opened.html").status_code == 404

    # A plan that compares arms has nothing to compare here.
    for old, new, said in (
        ("enrolled-and-dosed", "randomised", "has nobody; use enrolled"),
        ("covariates: []", "covariates: [baseline]", "compares no arms"),
    ):
        text = PLAN.replace(old, new).replace('"1.0"\nprotocol:', '"1.1"\nprotocol:')
        with pytest.raises(Refused, match=said):
            programmes.execute(
                PROGRAMME, LockAnalysisPlan(clock.now(), text),
                author="ana", role="statistician", signed=True,
            )  # fmt: skip
