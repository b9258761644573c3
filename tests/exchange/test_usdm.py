"""Protocols as study definitions of USDM 4.0, and back: nothing lost, nothing made up."""

import json
from dataclasses import replace
from functools import cache

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from sojourn import protocols
from sojourn.cli import app
from sojourn.exchange.reading import ImportRefused
from sojourn.exchange.usdm import Draft, draft, study_definition
from sojourn.exchange.usdm.extensions import extensions, fields
from sojourn.exchange.usdm.making import Maker
from sojourn.exchange.usdm.reading import objects, read
from sojourn.exchange.usdm.terms import terms
from sojourn.exchange.usdm.timing import days, duration
from sojourn.protocols import ProtocolError, load_shipped, load_text
from sojourn.protocols.eligibility import Criterion
from sojourn.protocols.writing import model_digest, pack_data, pack_text
from tests.exchange.usdm_study import elsewhere

SMALL = "observed-depression-trial"
DOSED = "lsd-anxiety"


def same(one, other) -> bool:
    return replace(one, digest="") == replace(other, digest="")


@cache
def text_of(key: str) -> str:
    return json.dumps(study_definition(load_shipped(key)))


def written(key: str) -> dict:
    return json.loads(text_of(key))


def drafted(data: dict) -> Draft:
    return draft(json.dumps(data), "study.json", "pack.yaml")


def design(data: dict) -> dict:
    return data["study"]["versions"][0]["studyDesigns"][0]


@pytest.mark.proves("packs")
@pytest.mark.proves("exchange-conformant")
@pytest.mark.parametrize("key", protocols.shipped())
def test_every_shipped_pack_comes_back_as_it_was(key):
    pack = load_shipped(key)
    # Given a pack as text alone, its model is the same
    assert same(load_text(pack_text(pack_data(pack)), key), pack)
    # and as a study definition it comes back with nothing to fill in and nothing left out
    data = written(key)
    made = drafted(data)
    assert (made.problems, made.left_out) == ((), ())
    back = load_text(made.text, "pack.yaml")
    assert same(back, pack)
    assert model_digest(back) == model_digest(pack)
    assert study_definition(back) == data


@pytest.mark.parametrize("key", protocols.shipped())
def test_what_is_written_holds_together(key):
    data = written(key)
    read(json.dumps(data), "study.json")  # identifiers, references, required fields, classes
    everything = [each for _, each in objects(data["study"], "")]
    assert all(each.get("instanceType") for each in everything)
    known = terms()
    for each in everything:
        if each["instanceType"] == "Code" and each["codeSystem"] == known.system:
            name = known.name(each["code"])
            assert (each["decode"], each["codeSystemVersion"]) == (
                known.terms[name].decode,
                known.version,
            )
    # One cell for each arm and epoch, and one timing for each visit and the start.
    found = design(data)
    cells = {(each["armId"], each["epochId"]) for each in found["studyCells"]}
    assert len(cells) == len(found["arms"]) * len(found["epochs"]) == len(found["studyCells"])
    timeline = found["scheduleTimelines"][0]
    assert len(timeline["timings"]) == len(timeline["instances"]) == 1 + len(found["encounters"])
    assert sum("timelineExitId" in each for each in timeline["instances"]) == 1


def test_the_schedule_and_the_doses_stand_where_usdm_has_them():
    found = written("mdma-ptsd")
    version, plan = found["study"]["versions"][0], design(found)["scheduleTimelines"][0]
    timing = next(each for each in plan["timings"] if each["name"] == "dosing-2")
    assert (timing["value"], timing["windowLower"], timing["windowUpper"]) == ("P28D", "P7D", "P7D")
    at = {each["id"]: each["name"] for each in plan["instances"]}
    assert at[timing["relativeToScheduledInstanceId"]] == "dosing-1"
    given = version["studyInterventions"][0]["administrations"]
    doses = [
        (each["dose"]["value"], each["dose"]["unit"]["standardCode"]["code"]) for each in given
    ]
    milligram = "C28253"
    assert doses == [(level, milligram) for level in (80, 80, 120, 80, 120)]
    assert design(found)["blindingSchema"]["standardCode"]["code"] == "C15228"


NASTY = st.text(
    st.sampled_from("ab <>&;\"'{}[]:#-|%@`\\*!\u00e9\u2028\t\n0189.~"), min_size=1, max_size=12
).filter(lambda text: "<<" not in text)


@settings(max_examples=12)
@given(words=st.lists(NASTY, min_size=8, max_size=8))
def test_no_text_is_changed_on_the_way(words):
    pack = load_shipped(SMALL)
    said = replace(
        pack.outcome.estimand,
        treatment=words[0], population=words[1], variable=words[2], summary=words[3],
        intercurrent_events=(replace(pack.outcome.estimand.intercurrent_events[0], text=words[4]),),
    )  # fmt: skip
    rule = Criterion("rule", "exclusion", words[5], source="rbmi", verified=False)
    odd = replace(
        pack, outcome=replace(pack.outcome, estimand=said), criteria=(rule,),
        arms=(replace(pack.arms[0], label=words[6]), *pack.arms[1:]), notes=(words[7], ""),
    )  # fmt: skip
    assert same(load_text(drafted(study_definition(odd)).text, "pack.yaml"), odd)


def test_a_changed_window_reaches_the_pack_and_nothing_counts_as_verified():
    data = written(DOSED)
    timing = design(data)["scheduleTimelines"][0]["timings"][2]
    timing["windowUpper"] = "P2W"
    made = drafted(data)
    back = load_text(made.text, "pack.yaml")
    visit = back.visit(timing["name"])
    assert visit.window.latest == visit.window.target + 14
    assert not any(each.verified for each in (*back.visits, *back.criteria, back.dosing))
    assert any("nothing counts as verified" in each for each in made.left_out)
    assert any("windowLabel" in each for each in made.left_out)


def test_a_change_that_a_pack_cannot_say_is_told():
    data = written(SMALL)
    data["study"]["versions"][0]["rationale"] = "A second thought"
    design(data)["epochs"][0]["name"] = "Lead-in"
    data["study"]["versions"][0]["abbreviations"] = [
        {"id": "A_1", "abbreviatedText": "X", "expandedText": "Y", "instanceType": "Abbreviation"}
    ]
    data["study"]["versions"][0]["extensionAttributes"].append(
        {"id": "E_1", "url": "elsewhere", "valueString": "x", "instanceType": "ExtensionAttribute"}
    )
    told = "\n".join(drafted(data).left_out)
    assert "rationale is 'A second thought' in the file" in told
    assert "epochs[0].name is 'Lead-in' in the file" in told
    assert "1 of Abbreviation: a pack has no place for it" in told
    assert "extension elsewhere" in told


def test_an_extension_never_overrides_what_usdm_says():
    data = written(SMALL)
    design(data)["encounters"][0]["extensionAttributes"].append(
        {"id": "E_1", "url": "urn:x-sojourn:pack:label", "valueString": "Other words",
         "instanceType": "ExtensionAttribute"}
    )  # fmt: skip
    assert "Other words" not in drafted(data).text


# What a person writes for each thing asked of the study of tests/exchange/usdm_study.py.
WRITTEN = {
    "condition": "ptsd",
    "authorisations": ["us-ind"],
    "dosing": {
        "study_drug": "mdma",
        "substance": "midomafetamine",
        "basis": "mg of the hydrochloride",
        "source": "usdm-file",
        "verified": False,
        "lasting_min": 480,
        "least_days_between": 21,
        "most_days_between": 35,
        "practitioners_present": 2,
        "session_total_max_mg": 80,
        "sessions": [{"number": 1, "initial_mg": [80]}],
        "washout": {"half_lives": 5, "settling_days": 7, "source": "own", "verified": False},
        "excluded_classes": [],
        "checklist": [],
    },
    "randomisation": {"blinded": True, "block_sizes": [4]},
    "site_settings": [],
}


def filled(text: str) -> str:
    data = yaml.safe_load(text)
    data |= WRITTEN
    data["visits"][0] |= {
        "anchor": "enrolment",
        "window": {"earliest": 0, "target": 0, "latest": 7},
    }
    data["visits"][1] |= {"phase": "dosing", "session": 1}
    data["visits"][2]["phase"] = "assessment"
    data["visits"][2]["window"] |= {"earliest": 50, "latest": 62}
    data["outcome"] |= {"instrument": "pcl-5", "baseline_visit": "v1", "visit": "v3"}
    data["outcome"]["estimand"] |= {"treatment": "Drug against placebo"}
    data["outcome"]["estimand"]["intercurrent_events"][0]["event"] = "treatment-stopped"
    return pack_text(data)


def test_a_study_from_elsewhere_becomes_a_draft_with_each_missing_thing_named():
    made = draft(json.dumps(elsewhere()), "study.json", "pack.yaml")
    asked = {each.field for each in made.problems}
    for field in ("condition", "authorisations[0]", "randomisation.block_sizes[0]",
                  "site_settings[0]", "dosing.study_drug", "dosing.lasting_min",
                  "dosing.session_total_max_mg", "dosing.sessions[0]", "dosing.washout",
                  "visits[0].anchor", "visits[1].phase", "visits[2].window.earliest",
                  "outcome.instrument",
                  "outcome.estimand.intercurrent_events[0].event"):  # fmt: skip
        assert field in asked, field
    # No dose was taken over: a person writes it, with what the file names beside the question.
    said = next(str(each) for each in made.problems if each.field == "dosing.sessions[0]")
    assert "Capsule: 80 Milligram" in said
    # Nothing is verified, and no programme can be founded on it.
    assert "verified: true" not in made.text
    with pytest.raises(ProtocolError, match="is still to be filled in"):
        load_text(made.text, "pack.yaml")
    told = "\n".join(made.left_out)
    assert "Vital signs" in told
    assert "1 of GovernanceDate" in told


def test_what_both_can_say_of_a_study_from_elsewhere_comes_out_again():
    given = elsewhere()
    made = study_definition(
        load_text(filled(draft(json.dumps(given), "study.json", "p").text), "p")
    )
    one, other = design(given), design(made)
    said = [(each["label"], each["type"]["code"]) for each in one["arms"]]
    assert [(each["label"], each["type"]["code"]) for each in other["arms"]] == said
    assert [each["label"] for each in other["encounters"]] == ["Screening", "Treatment", "Week 8"]
    for number in (1, 2):
        first, second = (
            next(each for each in of["scheduleTimelines"][0]["timings"] if each["name"] == name)
            for of, name in ((one, f"T{number + 1}"), (other, f"v{number + 1}"))
        )
        assert days(first["value"]) == days(second["value"])
    limits = ["Planned sex: Female", "Planned age: 18 to 65 Year"]
    texts = ["Aged 18 & over", "Pregnant or breastfeeding", *limits]
    items = made["study"]["versions"][0]["eligibilityCriterionItems"]
    assert [each["text"] for each in items] == [
        f"<p>{text.replace('&', '&amp;')}</p>" for text in texts
    ]
    assert [each["category"]["code"] for each in other["eligibilityCriteria"]][:2] == [
        each["category"]["code"] for each in one["eligibilityCriteria"]
    ]
    assert other["objectives"][0]["endpoints"][0]["text"] == "<p>Change in PCL-5 at week 8</p>"
    assert other["estimands"][0]["populationSummary"] == one["estimands"][0]["populationSummary"]
    assert other["estimands"][0]["intercurrentEvents"][0]["strategy"] == "Treatment policy"
    assert other["indications"][0]["label"] == "PTSD"
    assert other["blindingSchema"]["standardCode"]["code"] == "C15228"
    assert made["study"]["versions"][0]["versionIdentifier"] == "3"
    assert "To show an effect" in json.dumps(made["study"]["versions"][0]["notes"])


def broken(path: str, value: object) -> str:
    data: object = written(SMALL)
    top = data
    *before, last = (int(each) if each.isdigit() else each for each in path.split("."))
    for each in before:
        data = data[each]
    if value is None:
        del data[last]
    else:
        data[last] = value
    return json.dumps(top)


IN = "study.versions.0"
FAULTS = [
    ("not JSON", "{", "not JSON"),
    ("twice", '{"study": {}, "study": {}}', "field 'study' stands twice"),
    ("no number", '{"study": {"x": NaN}}', "NaN is no number"),
    ("deep", '{"study": ' + "[" * 200 + "]" * 200 + "}", "nested deeper"),
    ("very deep", "[" * 200_000, "nested deeper"),
    ("huge", " " * 20_000_001, "longer than"),
    ("another file", '{"odm": 1}', "study is missing"),
    ("half a character", '{"study": {"x": "\\ud800"}}', "lone surrogate"),
    ("nul", '{"study": {"x": "\\u0000"}}', "NUL"),
    ("old", broken("usdmVersion", "3.0.0"), "usdmVersion is '3.0.0'; convert"),
    ("two designs", broken(f"{IN}.studyDesigns", []), "studyDesigns holds 0"),
    ("observational", broken(f"{IN}.studyDesigns.0.instanceType", "ObservationalStudyDesign"),
     "a pack is of an InterventionalStudyDesign"),
    ("class", broken(f"{IN}.studyDesigns.0.model.instanceType", "Kode"),
     "studyDesigns[0].model: instanceType is 'Kode'; here stands a Code"),
    ("missing", broken(f"{IN}.studyDesigns.0.arms.1.type", None),
     "study.versions[0].studyDesigns[0].arms[1].type is missing"),
    ("type", broken(f"{IN}.studyDesigns.0.arms.1.name", 5), "arms[1].name is 5"),
    ("same id", broken(f"{IN}.studyDesigns.0.arms.1.id", "StudyArm_1"),
     "arms[1].id is 'StudyArm_1', which stands before"),
    ("nothing there", broken(f"{IN}.studyDesigns.0.studyCells.0.armId", "StudyArm_9"),
     "studyCells[0].armId is 'StudyArm_9'; no object has that id"),
    ("another class", broken(f"{IN}.studyDesigns.0.studyCells.0.armId", "StudyEpoch_1"),
     "a StudyEpoch; it should be a StudyArm"),
    ("timing", broken(f"{IN}.studyDesigns.0.scheduleTimelines.0.instances.1.activityIds", ["x"]),
     "instances[1].activityIds is 'x'; no object"),
]  # fmt: skip


@pytest.mark.proves("bad-input")
@pytest.mark.parametrize(("text", "said"), [each[1:] for each in FAULTS],
                         ids=[each[0] for each in FAULTS])  # fmt: skip
def test_a_file_at_fault_is_refused_by_name(text, said):
    with pytest.raises(ImportRefused) as refused:
        draft(text, "study.json", "pack.yaml")
    assert said in "\n".join(refused.value.problems)
    assert all(each.startswith("study.json: ") for each in refused.value.problems)


def test_a_timing_that_is_no_whole_number_of_days_is_asked_for():
    data = written(SMALL)
    timing = design(data)["scheduleTimelines"][0]["timings"][2]
    timing["value"], timing["windowLower"] = "P1M", "PT4H"
    problems = [str(each) for each in drafted(data).problems]
    assert any("visits[1].window.target is still to be filled in" in each for each in problems)


def test_the_commands_write_whole_files_or_none(tmp_path):
    run = CliRunner().invoke
    study, pack = tmp_path / "study.json", tmp_path / "pack.yaml"
    assert run(app, ["protocol", "usdm", SMALL, "--out", str(study)]).exit_code == 0
    shown = run(app, ["protocol", "usdm", SMALL])
    assert json.loads(shown.stdout) == json.loads(study.read_text())
    done = run(app, ["protocol", "from-usdm", str(study), "-o", str(pack)])
    assert (done.exit_code, "is a valid protocol" in done.output) == (0, True)
    assert same(protocols.load(pack), load_shipped(SMALL))
    again = run(app, ["protocol", "from-usdm", str(study), "-o", str(pack)])
    assert (again.exit_code, "exists" in again.output) == (1, True)
    study.write_text(json.dumps(elsewhere()))
    other = tmp_path / "draft.yaml"
    done = run(app, ["protocol", "from-usdm", str(study), "-o", str(other)])
    assert (done.exit_code, "is a draft, on which no programme opens" in done.output) == (0, True)
    assert "dosing.lasting_min is still to be filled in" in done.output
    study.write_text("{")
    failed = run(app, ["protocol", "from-usdm", str(study), "-o", str(tmp_path / "none.yaml")])
    assert (failed.exit_code, "nothing was imported" in failed.output) == (1, True)
    nowhere = run(app, ["protocol", "usdm", SMALL, "--out", str(tmp_path / "no" / "x.json")])
    assert (nowhere.exit_code, "can't be written" in nowhere.output) == (1, True)
    names = {each.name for each in tmp_path.iterdir()}
    assert names == {"study.json", "pack.yaml", "draft.yaml"}


plain_data = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(plain_data)
def test_plain_data_comes_back_from_extensions(value):
    assert fields(extensions(Maker(), {"held": value})) == {"held": value}


@given(st.integers(min_value=0, max_value=5000))
def test_days_come_back_from_durations(number):
    assert days(duration(number)) == number


@pytest.mark.parametrize(
    ("text", "said"),
    [("P2W", 14), ("PT0H", 0), ("P1DT24H", 2), ("PT36H", None), ("P1M", None), ("P", None),
     ("PT", None), ("two weeks", None), ("-P1D", None)],
)  # fmt: skip
def test_only_whole_days_are_days(text, said):
    assert days(text) == said
