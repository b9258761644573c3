"""Results drafted for a registry: the report's own figures, read back with the same values."""

import json
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from django.test import Client
from typer.testing import CliRunner

from sojourn import reporting
from sojourn.cli import app
from sojourn.clinic.demo import PROGRAMME
from sojourn.clinic.models import Member
from sojourn.conduct.database_lock import LockDatabase
from sojourn.evidence.registry import draft as read_back
from sojourn.exchange.registry.study import ProtocolSection
from sojourn.ledger import clock, programmes
from sojourn.ledger.desk import stream_of
from sojourn.ledger.quality_rows import HoldRow, QueryRow
from sojourn.ledger.read import version
from sojourn.ledger.rows import ParticipantRow
from tests.reporting.conftest import STATISTICIAN

NCT, COMPLETED = "NCT00000001", "2026-05-31"
ARMS = ("Placebo with therapy", "MDMA with therapy")


def lock_database() -> None:
    """As if every course had been locked and every query closed: what the lock looks at."""
    for each in ParticipantRow.objects.values_list("participant", flat=True):
        HoldRow.objects.create(
            stream=stream_of(PROGRAMME, each), programme=PROGRAMME, participant=each,
            state="locked", since_on=clock.now().date(), by="lead",
        )  # fmt: skip
    QueryRow.objects.all().delete()
    sign = {"author": "lead", "role": "sponsor", "signed": True}
    programmes.execute(PROGRAMME, LockDatabase(clock.now(), "last patient out"), **sign)


def number_at(data: dict, path: str) -> object:
    for part in re.findall(r"[A-Za-z]+|\[\d+\]", path):
        data = data[int(part[1:-1])] if part.startswith("[") else data[part]
    return data


def traced(found: reporting.ResultsDraft) -> None:
    """Every number of the draft is a number of the figure it names, or a sum of such."""
    by_key = {each.key: each for each in found.report.figures}
    for path, keys in found.traces.items():
        said = str(number_at(found.data, path))
        if len(keys) == 1:
            figure = by_key[keys[0]]
            assert said in {str(figure.inputs), *dict(figure.values).values()}, path
        else:
            total = sum(int(dict(by_key[key].values)["count"]) for key in keys)
            assert said == str(total), path


def digits(data: object, path: str = "") -> list[str]:
    """Paths of everything that looks like a result."""
    if isinstance(data, dict):
        return [p for k, v in data.items() for p in digits(v, f"{path}.{k}" if path else k)]
    if isinstance(data, list):
        return [p for n, v in enumerate(data) for p in digits(v, f"{path}[{n}]")]
    fixed = ("ciPctValue", "frequencyThreshold", "Id", "date")
    named = path.endswith(fixed) or "groupIds" in path
    plain = isinstance(data, int) or re.fullmatch(r"-?[\d.]+(e-?\d+)?", str(data))
    return [path] if plain and not named else []


def refused_while_open(programme: str, out: Path) -> None:
    """Nothing is drafted while the database is open, or from a report that is blinded."""
    run = CliRunner().invoke
    before = version("openings:demo")
    refused = run(app, ["registry", "draft", programme, "-o", str(out)])
    assert (refused.exit_code, reporting.NOT_LOCKED in refused.output) == (1, True)
    assert not out.exists()
    assert version("openings:demo") == before  # and nobody's allocation was opened for it
    blinded = reporting.make(reporting.Wish(programme, blinded=True), STATISTICIAN)
    assert "is blinded" in reporting.why_no_draft(blinded)
    assert reporting.REGISTRY not in reporting.files(blinded)
    for option, value in (("--nct", "NCT1"), ("--completed", "May")):
        refused = run(app, ["registry", "draft", programme, "-o", str(out), option, value])
        assert (refused.exit_code, value in refused.output) == (1, True)


@pytest.mark.proves("figures-traced")
def test_the_results_of_a_trial_are_the_reports_figures_and_read_back(planned, settings, tmp_path):
    refused_while_open(planned, tmp_path / "results.json")
    # Given a locked database and the report by arm
    lock_database()
    report = reporting.make(reporting.Wish(planned), STATISTICIAN)
    figures = {each.name: dict(each.values) for each in report.figures}
    found = reporting.results_draft(report, NCT, COMPLETED)
    # Then every number comes from a figure, and no number comes from elsewhere
    traced(found)
    assert set(digits(found.data)) == set(found.traces)
    assert len(found.traces) > 150

    # and the importer of posted results reads the same values
    back = read_back(json.loads(reporting.registry_text(found)))
    assert (back.data["registration"], back.data["design"]) == (NCT, "randomised")
    keys = {each["label"]: each["key"] for each in back.data["arms"]}
    assert tuple(keys) == ARMS
    rows = {}
    for outcome in back.data["outcomes"]:
        for row in outcome["results"]:
            about = (outcome["outcome"], outcome.get("term", ""), outcome["definition"])
            rows[*about, row["arm"]] = row
    for arm in ARMS:
        mean = next(
            v for name, v in figures.items()
            if name.startswith("primary/") and name.endswith(f"/mean/week-18/{arm}")
        )  # fmt: skip
        title = "Change From Baseline in CAPS-5 at Week 18"
        row = rows["ptsd-severity", "", title, keys[arm]]
        n = int(figures[f"flow/analysed/{arm}"]["count"])
        assert (row["mean"], row["n"]) == (mean["estimate"], n)
        assert float(row["sd"]) == pytest.approx(
            float(mean["standard_error"]) * math.sqrt(n), abs=0.01
        )
        began, done = (int(figures[f"flow/{k}/{arm}"]["count"]) for k in ("allocated", "completed"))
        row = rows["discontinuation", "", "started and did not complete", keys[arm]]
        assert (row["events"], row["n"]) == (began - done, began)
        response = figures[f"responders/response/observed/{arm}"]
        row = rows["response", "", "Response, as observed, at Week 18", keys[arm]]
        assert (row["events"], row["n"]) == (int(response["count"]), int(response["of"]))
        serious = figures[f"harms/serious///{arm}"]
        events = next(v for k, v in rows.items()
                      if k[0] == "serious-adverse-event" and k[3] == keys[arm])  # fmt: skip
        said = (int(serious["participants"]), int(serious["of"]))
        assert (events["events"], events["n"]) == said
    others = [k for k in rows if k[0] == "adverse-event"]
    assert len(others) > 4
    for _, term, _, key in others:
        arm = next(label for label, each in keys.items() if each == key)
        end = f"/{term}/{arm}"
        figure = next(
            v for k, v in figures.items() if k.startswith("harms/other/") and k.endswith(end)
        )
        row = next(v for k, v in rows.items() if k[1] == term and k[3] == key)
        said = (int(figure["participants"]), int(figure["of"]))
        assert (row["events"], row["n"]) == said
    # The section that searches read has the shape they need, but for dates that are the sponsor's.
    with pytest.raises(ValueError, match="overallStatus"):
        ProtocolSection.model_validate(found.data["protocolSection"])

    # And what the record can't say is blank and named
    more = found.data["resultsSection"]["moreInfoModule"]
    assert more == {"limitationsAndCaveats": {"description": ""}, "certainAgreement": {},
                    "pointOfContact": {}}  # fmt: skip
    told = "\n".join(found.to_fill)
    for word in (
        "race",
        "certainAgreement",
        "pointOfContact",
        "Placebo with therapy",
        "systematic",
    ):
        assert word in told, word

    # The comparison stands beside the measure, and the trace leads to the record.
    measure = found.data["resultsSection"]["outcomeMeasuresModule"]["outcomeMeasures"][0]
    (analysis,) = measure["analyses"]
    difference = next(
        v for k, v in figures.items()
        if k.startswith("primary/") and k.endswith("/difference/week-18/MDMA with therapy")
    )  # fmt: skip
    assert analysis["paramValue"] == difference["estimate"]
    assert (analysis["ciLowerLimit"], analysis["pValue"]) == (difference["low"], difference["p"])
    settings.HOME = tmp_path  # only now: the seal's key lies in the site's home
    shelf = reporting.shelf(planned, blinded=False)
    reporting.write(report, shelf)
    path = "resultsSection.outcomeMeasuresModule.outcomeMeasures[0].analyses[0].paramValue"
    assert reporting.trace(found.traces[path][0], shelf).problems == ()

    # From the page it is one more download, an opening with its purpose like the others.
    Member.objects.create(username="ana", role="statistician")
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(Member.objects.get(username="ana"))
    assert "Draft for the registry" in client.get("/demo/report/").content.decode()
    before = version("openings:demo")
    given = client.post("/demo/report/opened.json", {"purpose": "posting the results"})
    assert json.loads(given.content)["sojourn"]["draft"] is True
    assert version("openings:demo") == before + 1
    assert client.post("/demo/report/blinded.json").status_code == 404


def test_a_single_arm_is_drafted_without_a_comparison(open_label, tmp_path):
    lock_database()
    out = tmp_path / "results.json"
    done = CliRunner().invoke(
        app, ["registry", "draft", open_label, "-o", str(out), "--nct", NCT,
              "--completed", COMPLETED]
    )  # fmt: skip
    assert (done.exit_code, "to fill by the sponsor" in done.output) == (0, True), done.output
    data = json.loads(out.read_text())
    measures = data["resultsSection"]["outcomeMeasuresModule"]["outcomeMeasures"]
    assert not any(each.get("analyses") for each in measures)
    assert data["protocolSection"]["designModule"]["designInfo"]["allocation"] == "NA"
    report = reporting.make(reporting.Wish(open_label), STATISTICIAN)
    found = reporting.results_draft(report, NCT, COMPLETED)
    traced(found)
    change = next(each for each in report.figures if each.name == "change/week-18")
    back = read_back(data)
    (row,) = next(each for each in back.data["outcomes"] if each.get("primary"))["results"]
    assert (row["mean"], row["n"]) == (dict(change.values)["estimate"], change.inputs)
    assert (row["low"], row["high"]) == tuple(dict(change.values)[k] for k in ("low", "high"))
    # The file on the shelf goes when a later report may not become one.
    reporting.write(report, tmp_path)
    assert (tmp_path / reporting.REGISTRY).is_file()
    reporting.write(replace(report, locked=False), tmp_path)
    assert not (tmp_path / reporting.REGISTRY).exists()
