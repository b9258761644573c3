"""Our figures against other collections of the same trials, read in place where they are."""

import csv

import pytest
import yaml

from sojourn.evidence.load import shipped_studies

KEYS = {
    "Mithoefer 2011": "mithoefer-2011",
    "Oehen 2013": "oehen-2013",
    "Mithoefer 2018": "mithoefer-2018",
    "Ot'alora 2018": "otalora-2018",
    "Mitchell 2021": "mitchell-2021",
    "Mitchell 2023": "mitchell-2023",
}
DOSES = {
    ("mithoefer-2018", "125 mg"): "mdma-125", ("mithoefer-2018", "75 mg"): "mdma-75",
    ("mithoefer-2018", "30 mg"): "mdma-30", ("otalora-2018", "125 mg"): "mdma-125",
    ("otalora-2018", "100 mg"): "mdma-100", ("otalora-2018", "40 mg"): "mdma-40",
    ("oehen-2013", "125 mg"): "full", ("oehen-2013", "25 mg"): "low",
}  # fmt: skip
# Where the two differ on purpose; the reasons stand as notes in the files.
KNOWN = {
    ("mitchell-2023", "baseline", "mdma", "caps-5"),
    ("mitchell-2023", "baseline", "placebo", "caps-5"),
}


@pytest.fixture
def rows(shared):
    path = shared / "data" / "mdma-ptsd-trials" / "data.csv"
    if not path.exists():
        pytest.skip(f"the public database of trials is not here ({path.name}); nothing compared")
    with path.open(encoding="utf-8") as file:
        return [
            row
            for row in csv.DictReader(file, delimiter=";")
            if row["primary_timepoint"] == "1" and row["instrument"] != "pds"
        ]


def number(text):
    return None if text in ("NA", "") else float(text.replace(",", "."))


def arm(row, side):
    key = KEYS[row["study"]]
    if (key, row[f"dose_arm{side}"]) in DOSES:
        return DOSES[key, row[f"dose_arm{side}"]]
    return ("mdma", "placebo")[side - 1]


def figures(row, side):
    """(kind, outcome, columns) that the row gives for one arm."""
    columns = tuple(f"baseline_{each}_arm{side}" for each in ("m", "sd", "n"))
    yield "baseline", "ptsd-severity", columns
    match row["outcome_type"]:
        case "change":
            columns = tuple(f"{each}_change_arm{side}" for each in ("mean", "sd", "n"))
            yield "change", "ptsd-severity", columns
        case "msd":
            columns = tuple(f"{each}_arm{side}" for each in ("mean", "sd", "n"))
            yield "endpoint", "ptsd-severity", columns
        case outcome:
            if outcome == "remission" and row["instrument"] == "caps-iv":
                outcome = "loss-of-diagnosis"
            yield "count", outcome, (f"event_arm{side}", f"totaln_arm{side}")


def compared(rows):
    """(what, theirs, ours) for every figure both hold."""
    studies = shipped_studies()
    seen = {}
    for row in rows:
        study = studies[KEYS[row["study"]]]
        for side in (1, 2):
            for kind, outcome, columns in figures(row, side):
                ours = [
                    result
                    for each in study.find(outcome, kind)
                    if (each.scale in ("", row["instrument"])) and each.controlled
                    for result in each.results
                    if result.arm == arm(row, side)
                ][:1]
                if not ours:
                    continue
                what = (study.key, kind, arm(row, side), row["instrument"], outcome)
                fields = ("events", "n") if kind == "count" else ("mean", "sd", "n")
                seen[what] = (
                    [number(row[column]) for column in columns],
                    [getattr(ours[0], field) for field in fields],
                )
    return seen


def test_every_figure_agrees_but_those_that_are_known_and_noted(rows):
    found = compared(rows)
    assert len(found) > 50
    disagree = set()
    for what, (theirs, ours) in found.items():
        for their, our in zip(theirs, ours, strict=True):
            # One decimal is what both print; the database carries SDs worked out from errors.
            if our is not None and abs(float(our) - their) > 0.051:
                disagree.add(what[:4])
    assert disagree == KNOWN


def test_each_known_disagreement_is_noted_in_its_file():
    studies = shipped_studies()
    for key, kind, *_ in KNOWN:
        assert any("database has" in each.note for each in studies[key].find("ptsd-severity", kind))


def test_the_sign_that_does_not_add_up_is_theirs_and_noted(rows):
    lows = [
        row for row in rows
        if row["study"] == "Oehen 2013" and row["outcome_type"] == "change"
    ]  # fmt: skip
    assert [number(row["mean_change_arm2"]) for row in lows] == [-3.2]
    change = next(shipped_studies()["oehen-2013"].find("ptsd-severity", "change"))
    assert [result.arm for result in change.results] == ["full"]
    assert "-3.2" in change.note


def test_every_risk_of_bias_rating_is_the_databases(rows):
    words = {"Low": "low", "Some concerns": "some concerns", "High": "high"}
    studies = shipped_studies()
    for row in rows:
        [rated] = studies[KEYS[row["study"]]].bias
        assert [words[row[each]] for each in ("d1", "d2", "d3", "d4", "d5", "rob")] == [
            rated.randomisation, rated.deviations, rated.missing_data, rated.measurement,
            rated.selection, rated.overall,
        ]  # fmt: skip


def collected(shared, name):
    path = shared / "facts" / f"{name}.yaml"
    if not path.exists():
        pytest.skip(f"the collected facts are not here ({path.name}); nothing compared")
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("theirs", "ours", "outcomes"),
    [
        ("MAPP1", "mitchell-2021", ("responders_ge10", "loss_of_diagnosis", "remission_le11")),
        ("MAPP2", "mitchell-2023", ("responders_ge10", "loss_of_diagnosis", "remission_le11")),
    ],
)
def test_the_collected_counts_agree_but_one_that_is_noted(shared, theirs, ours, outcomes):
    [trial] = [each for each in collected(shared, "trials")["trials"] if each["id"] == theirs]
    study, disagree = shipped_studies()[ours], set()
    for name, outcome in zip(outcomes, ("response", "loss-of-diagnosis", "remission"), strict=True):
        results = {result.arm: result for result in next(study.find(outcome, "count")).results}
        for arm_key, result in results.items():
            if (trial[name][arm_key]["n"], trial[name][arm_key]["of"]) != (result.events, result.n):
                disagree.add((outcome, arm_key))
    assert disagree == ({("response", "placebo")} if ours == "mitchell-2021" else set())
    if disagree:
        response = next(study.find("response", "count"))
        assert not response.verified
        assert "22 of 37" in response.note


def test_collected_adverse_events_and_dropouts_agree(shared):
    names = {"Hyperhidrosis": "Excessive sweating", "any severe TEAE": "Any severe adverse event"}
    compared = 0
    for theirs, ours in (("MAPP1", "mitchell-2021"), ("MAPP2", "mitchell-2023")):
        [trial] = [each for each in collected(shared, "trials")["trials"] if each["id"] == theirs]
        for event in trial["adverse_events_n"]:
            term = names.get(event["term"], event["term"])
            for outcome in shipped_studies()[ours].find("adverse-event", "count", term=term):
                counts = {result.arm: result.events for result in outcome.results}
                assert counts == {"mdma": event["mdma"], "placebo": event["placebo"]}, term
                assert outcome.verified == event["verified"], term
                compared += 1
    assert compared > 10
    lewis = collected(shared, "comparators")["dropout_meta"][0]
    ours = {result.percent for result in shipped_studies()["lewis-2020"].outcomes[0].results}
    assert {row["pct"] for row in lewis["rows"]} >= {int(each) for each in ours} - {16}
