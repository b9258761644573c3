"""Protocol deviations on the pages: listed, filtered, filed, classified; no arm anywhere."""

import csv
import io
from datetime import timedelta

import pytest

from sojourn.course.assessment import RecordAssessment
from sojourn.course.consent import WithdrawConsent
from sojourn.course.dose_against_rule import RecordDoseAgainstRule
from sojourn.course.visits import MissVisit
from sojourn.ledger import clock
from sojourn.ledger import desk as ledger_desk
from sojourn.ledger.desk import Person, load_course, stream_of
from sojourn.ledger.read import read_stream
from sojourn.ledger.rows import DeviationRow, DueRow
from tests.clinic.test_pages import prefilled

THERAPIST = Person("therapist", "therapist")


@pytest.fixture
def missed(programme) -> str:
    """Someone whose planned visit of the team was missed; the reason begins like a formula."""
    row = DueRow.objects.filter(phase="aftercare", visit__startswith="contact").first()
    command = MissVisit(clock.now(), row.visit, "=snowed in")
    ledger_desk.execute("demo", row.participant, command, THERAPIST)
    return row.participant


def table(desk, role: str = "monitor", **query: str) -> list[dict[str, str]]:
    answer = desk(role).get("deviations/deviations.csv", **query)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv"
    text = b"".join(answer.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_the_list_and_the_file_tell_the_same_and_are_filtered_alike(desk, missed):
    page = desk("monitor").get("deviations/", kind="visit-missed").content.decode()
    lines = table(desk, kind="visit-missed")

    assert "was missed: =snowed in" in page
    assert {each["kind"] for each in lines} == {"visit-missed"}
    assert any(each["participant"] == missed and "snowed in" in each["deviation"] for each in lines)
    assert len(lines) == DeviationRow.objects.filter(category="visit-missed").count()
    assert not table(desk, grade="important")
    assert {each["participant"] for each in table(desk, search=missed)} == {missed}
    assert desk("monitor").get("deviations/", after="nonsense|x|y").status_code == 200


def test_every_page_of_the_list_comes_once(desk, missed):
    seen, after = [], ""
    for _ in range(40):
        page = desk("monitor").get("deviations/", after=after)
        seen += [(row.stream, row.deviation) for row, _ in page.context["rows"]]
        after = page.context["next_after"]
        if not after:
            break

    today = clock.now().date()
    assert len(seen) == len(set(seen)) == DeviationRow.objects.filter(since_on__lte=today).count()


def test_one_is_classified_from_the_list_and_says_who_and_why(desk, missed):
    row = DeviationRow.objects.get(participant=missed, label__contains="=snowed in")
    path = f"participants/{missed}/do/deviation.classify/"
    form = desk("monitor").get(path, deviation=row.deviation)

    answer = desk("monitor").post(
        path,
        at=prefilled(form, "at"),
        key=prefilled(form, "key"),
        version=prefilled(form, "version"),
        deviation=row.deviation,
        classification="minor",
        comment="reached by phone two days later",
    )

    assert answer.status_code == 302
    [line] = table(desk, grade="minor")
    assert line["explanation"] == "reached by phone two days later"
    page = desk("therapist").get(f"participants/{missed}/").content.decode()
    assert "reached by phone two days later (monitor)" in page


def test_no_rater_sees_deviations_and_no_page_of_them_names_an_arm(desk, missed):
    for path in ("deviations/", "deviations/deviations.csv"):
        assert desk("rater").get(path).status_code == 403
        assert desk("fidelity").get(path).status_code == 403
    assert (
        "Protocol deviations" not in desk("rater").get(f"participants/{missed}/").content.decode()
    )
    assert "placebo" not in repr(table(desk)).lower()


def test_no_cell_of_the_file_is_taken_for_a_formula(desk, missed):
    row = DeviationRow.objects.get(participant=missed, label__contains="=snowed in")
    DeviationRow.objects.filter(pk=row.pk).update(comment="=HYPERLINK(1)")

    assert {each["explanation"] for each in table(desk, search=missed)} & {"'=HYPERLINK(1)"}


def test_a_dose_against_a_rule_is_told_of_through_the_form_and_stands_on_the_safety_board(
    desk, in_session
):
    course = load_course("demo", in_session)
    visit = course.open_session.visit
    path = f"participants/{in_session}/do/deviation.record-dose/"
    form = desk("therapist").get(path)
    assert prefilled_or_none(form, "at") is None
    at = course.open_session.doses[-1].at + timedelta(minutes=2)
    said = {
        "at": f"{clock.here(at):%Y-%m-%dT%H:%M}",
        "key": prefilled(form, "key"),
        "version": prefilled(form, "version"),
        "visit": visit,
        "level_mg": 180,
        "given_by": "therapist",
        "happened": "no",
        "classification": "important",
        "cause": "two boxes were mixed up",
        "decided_by": "therapist",
        "action": "prescriber called, pulse watched",
    }
    refused = desk("therapist").post(path, **said)
    assert refused.status_code == 422
    assert "already given" in refused.content.decode()

    assert desk("therapist").post(path, **(said | {"happened": "yes"})).status_code == 302

    board = desk("monitor").get("safety/").content.decode()
    assert "Doses given against a rule" in board
    assert "180 mg is not a dose of this protocol here" in board
    alert = load_course("demo", in_session).open_alerts[-1]
    assert alert.rule == "dose-against-rule"
    act = f"participants/{in_session}/do/safety.resolve-alert/"
    assert alert.key not in desk("therapist").get(act).content.decode()
    assert alert.key in desk("prescriber").get(act).content.decode()
    assert alert.key in desk("lead").get(act).content.decode()


def prefilled_or_none(page, name: str) -> str | None:
    try:
        return prefilled(page, name)
    except (AssertionError, AttributeError, TypeError):
        return None


def test_it_is_for_the_team_to_tell(desk, in_session):
    assert RecordDoseAgainstRule.roles == ("therapist", "prescriber")
    path = f"participants/{in_session}/do/deviation.record-dose/"
    assert desk("rater").get(path).status_code == 403
    assert desk("coordinator").get(path).status_code == 404


def test_a_slip_of_before_is_put_right_after_a_withdrawal_from_everything(desk, in_progress):
    entries = read_stream(stream_of("demo", in_progress))
    wrong = next(each for each in entries if each.fact.kind == "assessment.recorded")
    fact = wrong.fact
    wish = WithdrawConsent(clock.now(), "leave me out of it", "all")
    ledger_desk.execute("demo", in_progress, wish, THERAPIST)
    other = tuple(0 if each else 1 for each in fact.answers)
    right = RecordAssessment(wrong.occurred_at, fact.visit, fact.instrument, other)

    who = Person(wrong.author, wrong.role)
    ledger_desk.correct("demo", in_progress, wrong.sequence, right, who, reason="wrong column")

    course = load_course("demo", in_progress)
    assert course.assessments[fact.visit, fact.instrument].answers == other
    page = desk("therapist").get(f"participants/{in_progress}/").content.decode()
    assert "Contact for safety after withdrawal" in page
