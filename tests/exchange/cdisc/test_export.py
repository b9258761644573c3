"""A trial of 104 as SDTM and ADaM: valid by others, blinded where it must be, traced to entries."""

import json

import pyreadstat
import pytest
from odmlib.dataset_json_1_1 import Column, DatasetJSON, SourceSystem

from sojourn import instruments
from sojourn.clinic.demo import PROGRAMME
from sojourn.course.adverse_events import AdverseEventRecorded
from sojourn.exchange.cdisc import dataset_json
from sojourn.exchange.cdisc.checks import check
from sojourn.exchange.cdisc.standard import adam, sdtm
from tests.exchange.cdisc.conftest import PURPOSE, STATISTICIAN

pytestmark = pytest.mark.django_db  # the trial is loaded into the tests' database

SDTM = [
    "DM", "SV", "DS", "EX", "EC", "CM", "MH", "AE", "VS", "QS", "RS", "LB", "DV", "IE", "SU", "TA",
    "TE", "TV", "TI", "TS", "RELREC", "SUPPAE",
]  # fmt: skip
ADAM = ["ADSL", "ADQS", "ADAE", "ADVS", "ADTTE"]
TELLING = ("ARMCD", "ARM", "ACTARMCD", "ACTARM", "TRT01P", "TRT01A", "TRTP", "TRTA")


def rows(exported, kind: str, name: str) -> list[dict]:
    return list(dataset_json.read(exported.folder / kind / f"{name.lower()}.json")[1])


def test_the_opened_cut_holds_against_the_schemas_and_our_own_checks(trial):
    assert [str(each) for each in check(trial.opened.folder, blinded=False)] == []


def test_every_dataset_is_there_and_104_are_randomised(trial):
    assert set(SDTM) <= set(trial.opened.records["sdtm"])
    assert set(ADAM) == set(trial.opened.records["adam"])
    adsl = rows(trial.opened, "adam", "ADSL")
    assert sum(row["RANDFL"] == "Y" for row in adsl) == 104
    assert len(adsl) == trial.opened.records["sdtm"]["DM"]


@pytest.mark.parametrize("kind", ["sdtm", "adam"])
def test_odmlib_reads_every_dataset_json_file(trial, kind):
    for path in (trial.opened.folder / kind).glob("*.json"):
        told = json.loads(path.read_text())
        assert told["records"] == len(told["rows"])
        assert all(len(row) == len(told["columns"]) for row in told["rows"])
        source, columns = told.pop("sourceSystem"), told.pop("columns")
        made = DatasetJSON(**{k: v for k, v in told.items() if k != "rows"}, rows=told["rows"][:3])
        made.sourceSystem = SourceSystem(**source)
        made.columns = [Column(**each) for each in columns]
        assert made.name == path.stem.upper()


def test_transport_files_hold_the_same_as_the_json(trial):
    frame, about = pyreadstat.read_xport(trial.opened.folder / "sdtm" / "ae.xpt")
    ours = rows(trial.opened, "sdtm", "AE")
    assert list(frame["AETERM"]) == [row["AETERM"] for row in ours]
    assert list(frame["AESEQ"]) == [row["AESEQ"] for row in ours]
    assert about.column_names_to_labels["AETERM"] == "Reported Term for the Adverse Event"
    frame, _ = pyreadstat.read_xport(trial.opened.folder / "adam" / "adsl.xpt")
    told = [row["TRTSDT"] for row in rows(trial.opened, "adam", "ADSL")]
    assert [str(each) for each in frame["TRTSDT"].dropna()] == [each for each in told if each]


def test_a_blinded_cut_tells_no_arm_and_has_no_exposure(trial):
    for kind in ("sdtm", "adam"):
        for path in (trial.blinded.folder / kind).glob("*.json"):
            for row in dataset_json.read(path)[1]:
                told = {row.get(name) for name in TELLING} - {None}
                assert told <= {"BLINDED", "Blinded treatment"}, path.name
    assert trial.blinded.records["sdtm"]["EX"] == 0
    assert all(row["ECREFID"] is None for row in rows(trial.blinded, "sdtm", "EC"))
    whole = b"".join(p.read_bytes() for p in trial.blinded.folder.rglob("*") if p.is_file())
    # The protocol's name of the blinded drug says 'or matching placebo' of everyone alike.
    assert b"Placebo with therapy" not in whole
    assert b"MDMA with therapy" not in whole


def test_the_opened_cut_tells_the_arm_that_is_behind_the_seal(trial):
    clear = trial.arms
    told = {row["SUBJID"]: row["ARMCD"] for row in rows(trial.opened, "sdtm", "DM")}
    assert {who: arm.lower() for who, arm in told.items() if arm} == clear
    doses = {row["USUBJID"]: row["EXDOSE"] for row in rows(trial.opened, "sdtm", "EX")}
    placebo = {f"{PROGRAMME}-{who}" for who, arm in clear.items() if arm == "placebo"}
    assert all((dose == 0) == (who in placebo) for who, dose in doses.items())


def test_opening_is_on_the_record_with_its_purpose_and_the_blinded_cut_opens_nothing(trial):
    assert {each.fact.purpose for each in trial.openings} == {PURPOSE}
    assert len(trial.openings) == 2  # the datasets by arm, and ODM with beliefs
    assert trial.openings[0].author == STATISTICIAN.name


def test_a_row_names_the_entries_it_rests_on(trial):
    entries = trial.by_position
    for row in rows(trial.blinded, "sdtm", "AE"):
        found = [entries[int(place)] for place in row["AESPID"].split()]
        assert all(each.stream.endswith(row["USUBJID"].removeprefix("demo-")) for each in found)
        assert isinstance(found[0].fact, AdverseEventRecorded)
        assert found[0].fact.started_on.isoformat() == row["AESTDTC"]
    signs = rows(trial.blinded, "sdtm", "VS")
    for row in signs[:: len(signs) // 40]:
        places = [int(place) for place in row["VSSPID"].split()]
        assert {entries[place].fact.kind for place in places} <= {
            "dosing.vitals-recorded", "record.corrected", "screening.characteristics-recorded",
        }  # fmt: skip


def test_a_corrected_reading_names_the_correction_too(trial):
    corrected = {
        (each.stream, each.fact.corrects): each.position
        for each in trial.by_position.values()
        if each.fact.kind == "record.corrected"
    }
    assert corrected, "the demonstration holds corrections"
    everything = " ".join(
        str(row.get(f"{name}SPID"))
        for name in ("VS", "QS", "RS", "CM", "AE")
        for row in rows(trial.blinded, "sdtm", name)
    ).split()
    assert {str(position) for position in corrected.values()} & set(everything)


def test_totals_and_changes_are_those_of_the_course(trial):
    people = [row for row in rows(trial.blinded, "adam", "ADQS") if row["PARAMCD"] == "CAPS5TOT"]
    for row in people[::20]:
        course = trial.states[f"course:{row['USUBJID'].replace('-', ':', 1)}"]
        at = next(
            each
            for each in course.assessments.values()
            if each.instrument == "caps-5" and each.at.date().isoformat() == row["ADT"]
        )
        scored = instruments.load_shipped()["caps-5"].scored
        assert None not in at.answers
        assert row["AVAL"] == sum(at.answers[number - 1] or 0 for number in scored)
        if row["CHG"] is not None:
            assert row["CHG"] == row["AVAL"] - row["BASE"]


def test_nothing_of_anyones_identity_is_asked_for():
    names = {v.name for s in (sdtm(), adam()) for d in s.datasets.values() for v in d.variables}
    assert not names & {"BRTHDTC", "INVNAM"}
