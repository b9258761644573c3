"""A site's spreadsheet: all rows or none, every fault named, the same file twice is one."""

import csv
from collections import defaultdict
from datetime import UTC, datetime
from statistics import mean

import pytest

from sojourn import analysis
from sojourn.conduct.authorisation import FoundProgramme
from sojourn.exchange.reading import ImportRefused, Translation
from sojourn.exchange.spreadsheets import import_assessments, import_participants
from sojourn.ledger import programmes
from sojourn.ledger.desk import load_course
from sojourn.ledger.models import Head
from sojourn.ledger.read import read_stream
from sojourn.ledger.rebuild import fingerprint, rebuild
from sojourn.ledger.rows import ObservationRow, ParticipantRow
from sojourn.ledger.verify import verify
from sojourn.protocols import shipped_text
from sojourn.record.command import Refused
from tests.clinic.founding import found_depression
from tests.kept import once

KEY = "depression"
PEOPLE = (
    "participant,sex,registered on,arm\nA-1,female,2024-01-08,drug\nA-2,male,2024-01-09,placebo\n"
)
SCORES = (
    "participant,visit,instrument,day,total\n"
    "A-1,baseline,hamd-17,0,22\nA-1,visit-4,hamd-17,7,18\nA-2,baseline,hamd-17,0,20\n"
)
PLAIN = Translation()


@pytest.fixture
def programme(db):
    found_depression()


@pytest.fixture
def sheet(tmp_path):
    def write(text: str, name: str = "file.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def written() -> int:
    return Head.objects.get().position


def people(path, **more):
    return import_participants(path, KEY, PLAIN, author="lead", **more)


def scores(path, translation=PLAIN, **more):
    return import_assessments(path, KEY, translation, author="lead", **more)


def refused(action, *arguments, **more) -> tuple[str, ...]:
    before = written()
    with pytest.raises(ImportRefused) as error:
        action(*arguments, **more)
    assert written() == before
    return error.value.problems


def test_participants_come_with_consent_eligibility_and_arm(programme, sheet):
    done = people(sheet(PEOPLE))

    assert (done.rows, done.written) == (2, 2)
    course = load_course(KEY, "A-1")
    assert (course.status, course.arm, course.sex) == ("in-progress", "drug", "female")
    assert course.consents[0].version == "1.0"


def test_the_file_itself_is_on_the_record(programme, sheet):
    people(sheet(PEOPLE, "people.csv"))
    [entry] = read_stream(f"imports:{KEY}")
    assert (entry.fact.file, entry.fact.rows, len(entry.fact.digest)) == ("people.csv", 2, 64)
    assert (entry.author, entry.role) == ("lead", "import")


@pytest.mark.proves("imports-whole")
def test_the_same_file_twice_writes_nothing_the_second_time(programme, sheet):
    people(sheet(PEOPLE))
    scores(sheet(SCORES))
    before = written()
    assert people(sheet(PEOPLE)).known == 2
    assert scores(sheet(SCORES)).known == 3
    assert written() == before


def test_a_dry_run_counts_and_writes_nothing(programme, sheet):
    before = written()
    assert people(sheet(PEOPLE), dry_run=True).written == 2
    assert written() == before
    assert not ParticipantRow.objects.exists()


@pytest.mark.proves("imports-whole")
def test_one_bad_row_keeps_all_out_and_every_bad_row_is_named(programme, sheet):
    text = (
        PEOPLE
        + "Ana Maria,female,2024-01-10,drug\nA-4,female,10.1.2024,drug\n"
        + "A-5,x,2024-01-10,drug\nA-6,male,2024-01-10,both\n"
    )
    problems = refused(people, sheet(text))
    assert [problem.split(":")[0] for problem in problems] == ["row 4", "row 5", "row 6", "row 7"]
    assert "may hold only letters" in problems[0]
    assert "'10.1.2024' is no date; write it as 2026-11-24" in problems[1]
    assert "Sex 'x' is not one of" in problems[2]
    assert "arm 'both' is not one of: drug, placebo" in problems[3]
    assert not ParticipantRow.objects.exists()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("A-1,visit-9,hamd-17,7,18", "plans no visit 'visit-9'"),
        ("A-1,visit-5,caps-9,7,18", "instrument 'caps-9' is not one of"),
        ("A-1,visit-5,pcl-5,7,18", "'pcl-5' is not planned at Week 2"),
        ("A-1,visit-5,hamd-17,7,53", "53 is outside 0 to 52"),
        ("A-1,visit-5,hamd-17,seven,18", "'seven' is no whole number"),
        ("A-1,visit-5,hamd-17,,18", "give a date, or a day"),
        ("A-9,visit-5,hamd-17,7,18", "'A-9' is not registered"),
        ("A-1,visit-5,hamd-17,99999,18", "still to come"),
    ],
)
def test_a_bad_assessment_names_row_value_and_mend(programme, sheet, line, message):
    people(sheet(PEOPLE))
    problems = refused(scores, sheet(SCORES + line + "\n"))
    assert len(problems) == 1
    assert problems[0].startswith("row 5: ")
    assert message in problems[0]


def test_a_changed_value_is_a_correction_and_not_an_import(programme, sheet):
    people(sheet(PEOPLE))
    scores(sheet(SCORES))
    [problem] = refused(scores, sheet(SCORES.replace(",22", ",23")))
    assert "is recorded as 22" in problem
    assert "correct that entry instead" in problem


@pytest.mark.proves("imports-whole")
def test_an_empty_total_is_counted_and_is_not_zero(programme, sheet):
    people(sheet(PEOPLE))
    assert scores(sheet(SCORES.replace(",18\n", ",\n"))).empty == 1
    assert ("visit-4", "hamd-17") not in load_course(KEY, "A-1").assessments


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators_and_a_byte_order_mark_are_read(programme, sheet, separator):
    assert people(sheet("\ufeff" + PEOPLE.replace(",", separator))).written == 2


def test_headings_and_values_are_translated(programme, sheet):
    text = PEOPLE.replace("participant,sex", "Code,Gender").replace("female", "F")
    translation = Translation({"participant": "Code"}, {("sex", "F"): "female"})
    done = import_participants(sheet(text), KEY, translation, author="lead")
    assert done.written == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("code,sex\n1,female\n", "has no heading for participant; it has: code, sex"),
        ("participant,patient,registered\n1,1,2024-01-01\n", "could both be participant"),
        ("participant\n", "has no rows below its headings"),
        ("participant,registered\nA-1\n", "row 2 has another number of columns"),
    ],
)
def test_headings_that_do_not_fit_are_told(programme, sheet, text, message):
    assert any(message in problem for problem in refused(people, sheet(text)))


def test_a_file_that_is_not_text_is_told(programme, tmp_path):
    path = tmp_path / "file.csv"
    path.write_bytes(b"participant,arm\n\xff\xfe\n")
    assert "is not UTF-8" in refused(people, path)[0]
    assert "can't be read" in refused(people, tmp_path / "none.csv")[0]


# --- a real trial -----------------------------------------------------------


@pytest.fixture
def real_trial(db, shared):
    path = shared / "data" / "antidepressant-trial" / "data.csv"
    if not path.exists():
        pytest.skip(f"{path} is absent; the real trial was not imported")
    return once("a real trial", lambda: bring_in(path), lasts_s=1800)


def bring_in(path):
    found_depression()
    arms = {("arm", "DRUG"): "drug", ("arm", "PLACEBO"): "placebo"}
    sexes = {("sex", "F"): "female", ("sex", "M"): "male"}
    headings = {"participant": "PATIENT", "sex": "GENDER", "site": "POOLINV", "arm": "THERAPY"}
    nominal = {"registered_on": "2000-01-03"}
    import_participants(path, KEY, Translation(headings, arms | sexes, nominal), author="lead")
    baseline = Translation(
        {"participant": "PATIENT", "total": "BASVAL"},
        {},
        {"visit": "baseline", "day": "0", "instrument": "hamd-17"},
    )
    scores(path, baseline)
    visits = Translation(
        {"participant": "PATIENT", "total": "HAMDTL17", "day": "RELDAYS"},
        {("visit", number): f"visit-{number}" for number in "4567"},
        {"instrument": "hamd-17"},
    )
    scores(path, visits, close_courses=True)
    with path.open() as file:
        return list(csv.DictReader(file))


def test_a_real_trial_comes_in_whole(real_trial):
    patients = {row["PATIENT"] for row in real_trial}
    assert len(patients) == ParticipantRow.objects.count() == 172
    assert ObservationRow.objects.count() == len(real_trial) + 172
    assert verify().problems == ()
    live = fingerprint()
    rebuild()
    assert fingerprint() == live


def test_its_means_by_arm_and_visit_are_those_of_the_file(real_trial):
    totals = defaultdict(list)
    for row in real_trial:
        totals[row["THERAPY"].lower(), f"visit-{row['VISIT']}"].append(int(row["HAMDTL17"]))
    rows = ObservationRow.objects.values_list(
        "participant", "arm", "visit", "day", "total", "change",
        "response", "loss_of_diagnosis", "remission",
    )  # fmt: skip
    points = analysis.trajectories(analysis.frame(list(rows)), [f"visit-{n}" for n in "4567"])
    assert {(point.arm, point.visit): point.n for point in points} == {
        key: len(values) for key, values in totals.items()
    }
    for point in points:
        assert point.mean == pytest.approx(mean(totals[point.arm, point.visit]))


def test_its_changes_are_those_the_file_states(real_trial):
    stated = {(row["PATIENT"], f"visit-{row['VISIT']}"): int(row["CHANGE"]) for row in real_trial}
    rows = ObservationRow.objects.exclude(visit="baseline")
    assert {(row.participant, row.visit): row.change for row in rows} == stated


def test_those_without_the_last_visit_left_and_the_others_completed(real_trial):
    stayed = {row["PATIENT"] for row in real_trial if row["VISIT"] == "7"}
    completed = ParticipantRow.objects.filter(status="completed")
    assert set(completed.values_list("participant", flat=True)) == stayed
    assert ParticipantRow.objects.filter(status="withdrawn").count() == 172 - len(stayed)


def test_its_outcomes_page_shows_both_arms(real_trial, client):
    from sojourn.clinic.models import Member

    client.force_login(Member.objects.create(username="ana", role="coordinator"))
    page = client.get(f"/{KEY}/outcomes/", headers={"host": "127.0.0.1"}).content.decode()
    for word in ("Antidepressant</h3>", "Placebo</h3>", "<b>172</b> registered", "left-trial"):
        assert word in page


@pytest.mark.parametrize(
    ("heading", "value", "message"),
    [
        ("sex", "male", "sex of A-1 is recorded as 'female', not 'male'; correct the entry"),
        ("site", "site-9", "site of A-1 is recorded as 'site-1', not 'site-9'"),
        ("birth year", "1970", "birth_year of A-1 is recorded as 'not known', not '1970'"),
    ],
)
def test_a_person_who_differs_from_the_record_is_refused(programme, sheet, heading, value, message):
    import_participants(sheet(PEOPLE), KEY, PLAIN, author="lead")
    again = f"participant,registered on,{heading}\nA-1,2024-01-08,{value}\n"
    with pytest.raises(ImportRefused, match=message):
        import_participants(sheet(again), KEY, PLAIN, author="lead")


def test_a_heading_that_stands_twice_is_refused_for_the_last_would_win_in_silence(programme, sheet):
    text = "participant,registered on,sex,Sex\nA-1,2024-01-08,female,male\n"
    with pytest.raises(ImportRefused, match="'sex' heads two columns; keep one"):
        import_participants(sheet(text), KEY, PLAIN, author="lead")


@pytest.mark.parametrize("total", ["2_2", "22.0", "twenty", "٢٢"])
def test_a_score_that_is_no_plain_number_is_refused(programme, sheet, total):
    import_participants(sheet(PEOPLE), KEY, PLAIN, author="lead")
    text = f"participant,visit,instrument,day,total\nA-1,baseline,hamd-17,0,{total}\n"
    with pytest.raises(ImportRefused, match=f"'{total}' is no whole number"):
        import_assessments(sheet(text), KEY, PLAIN, author="lead")


def test_a_file_that_is_no_csv_is_told_in_a_sentence(programme, sheet):
    text = f"participant,registered on\nA-1,{'x' * 140_000}\n"
    with pytest.raises(ImportRefused, match="is no CSV file: field larger than"):
        import_participants(sheet(text), KEY, PLAIN, author="lead")


@pytest.mark.parametrize("key", ["ways", "account", "static", "Our Trial", "a/b", "", "x" * 41])
def test_a_programme_has_a_name_that_can_be_visited(db, key):
    command = FoundProgramme(datetime(2024, 1, 1, tzinfo=UTC), "Ours")
    text = shipped_text("observed-depression-trial")
    with pytest.raises(Refused, match="can't name a programme: use small letters"):
        programmes.found(key, text, command, author="lead", role="sponsor")
