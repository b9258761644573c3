"""The safety board and the pages behind it: who sees what, what is late, and what is never told."""

import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from sojourn.clinic import board
from sojourn.clinic.demo import PROGRAMME
from sojourn.clinic.demo.steps import THERAPIST
from sojourn.course.adverse_events import RecordAdverseEvent
from sojourn.ledger import desk as desks
from sojourn.ledger.models import Checkpoint, Head
from sojourn.ledger.read import read_stream, version
from sojourn.ledger.rebuild import fingerprint, rebuild
from sojourn.ledger.rows import ClockRow, EventRow, SafetyCount, StoppingRow

BLINDED = ("therapist", "prescriber", "coordinator", "monitor", "lead")


@pytest.fixture
def serious(programme) -> ClockRow:
    return ClockRow.objects.get(clock="us-fda-15")


def event_path(row: ClockRow, rest: str = "") -> str:
    return f"participants/{row.participant}/events/{row.event}/{rest}"


@pytest.mark.parametrize("username", ["rater", "fidelity"])
def test_raters_never_see_the_board_nor_anything_behind_it(desk, serious, username):
    rater = desk(username)
    for path in ("safety/", event_path(serious), event_path(serious, "cioms.pdf"), "terms/"):
        assert rater.get(path).status_code == 403, path
    assert rater.post("safety/pack.pdf").status_code == 403
    assert f'"/{PROGRAMME}/safety/"' not in rater.get("").content.decode()


@pytest.mark.parametrize("username", BLINDED)
def test_no_blinded_page_of_safety_names_an_arm(desk, serious, username):
    member = desk(username)
    for path in ("safety/", event_path(serious)):
        page = member.get(path).content.decode()
        told = re.sub(r"MDMA-assisted therapy for PTSD|mdma-ptsd", "", page)
        assert "placebo" not in told.lower(), path
        assert "mdma" not in told.lower(), path
    assert member.get("safety/closed/").status_code == 403
    assert member.post("safety/closed/", purpose="curiosity about it").status_code == 403
    assert version(f"openings:{PROGRAMME}") == 0


def test_a_report_draft_is_by_number_and_blinded(desk, serious):
    member = desk("prescriber")
    text = member.get(event_path(serious, "e2b.xml")).content.decode()
    root = ET.fromstring(text.encode())
    assert root.tag == "{urn:hl7-org:v3}MCCI_IN200100UV01"
    assert "blinded (study drug)" in text
    assert serious.participant in text
    told = re.sub("MDMA-assisted therapy for PTSD|mdma-ptsd", "", text).lower()
    assert "mdma" not in told
    assert "placebo" not in told
    for form in ("cioms", "medwatch"):
        answer = member.get(event_path(serious, f"{form}.pdf"))
        assert answer.content.startswith(b"%PDF-")
    assert member.get(event_path(serious, "other.pdf")).status_code == 404
    assert member.get(f"participants/{serious.participant}/events/ae-99/").status_code == 404


def test_the_pack_says_its_data_cut_and_checkpoint(desk, serious):
    answer = desk("monitor").post("safety/pack.pdf")
    assert answer.content.startswith(b"%PDF-")
    assert desk("monitor").get("safety/pack.pdf").status_code == 405
    checkpoint = Checkpoint.objects.get()
    assert (checkpoint.size, checkpoint.made_by) == (Head.objects.get().position, "monitor")


def test_the_closed_session_is_the_statisticians_and_an_entry(desk, serious):
    assert desk("pharmacist").get("safety/closed/").status_code == 403
    statistician = desk("statistician")
    assert statistician.post("safety/closed/", purpose="why").status_code == 302
    assert version(f"openings:{PROGRAMME}") == 0
    page = statistician.post("safety/closed/", purpose="first meeting of the board")
    assert "Placebo with therapy" in page.content.decode()
    (entry,) = read_stream(f"openings:{PROGRAMME}")
    assert entry.fact.purpose == "first meeting of the board"


def test_following_up_starts_from_what_was_said_last(desk, serious):
    path = f"participants/{serious.participant}/do/safety.update-adverse-event/"
    form = desk("therapist").get(path, event=serious.event).content.decode()
    assert re.search(r'value="hospitalisation"[^>]*checked', form)
    assert re.search(r'value="recovering"[^>]*checked', form)
    assert re.search(r'name="grade" value="3"', form)


@pytest.mark.proves("reporting-clocks")
def test_a_late_report_stands_on_today_and_first_on_the_board(desk, in_progress):
    known = datetime.now(UTC) - timedelta(days=30)
    record(in_progress, "Seizure", 3, known, seriousness=("hospitalisation",))
    for path in ("", "safety/"):
        page = desk("therapist").get(path).content.decode()
        assert "Seizure" in page
        assert re.search(r"\d+ d \d+ h late", page), path


def test_sending_the_report_takes_it_off(desk, serious):
    lead = desk("lead")
    path = f"participants/{serious.participant}/do/safety.record-report-sent/"
    form = lead.get(path, clock=f"{serious.event}:us-fda-15").content.decode()
    version_shown = re.search(r'name="version"[^>]*value="(\d+)"', form).group(1)
    at = re.search(r'name="at"[^>]*value="([^"]+)"|value="([^"]+)"[^>]*name="at"', form)
    answer = lead.post(
        path, version=version_shown, at=at.group(1) or at.group(2),
        clock=f"{serious.event}:us-fda-15", sent_to="FDA", reference="SR-7",
    )  # fmt: skip
    assert answer.status_code == 302, answer.content.decode()
    assert ClockRow.objects.get(pk=serious.pk).reference == "SR-7"
    assert "No report is due" in lead.get("safety/").content.decode()


def test_a_stopping_rule_that_is_reached_says_what_it_demands(desk, in_progress):
    at = datetime.now(UTC) - timedelta(hours=1)
    record(in_progress, "Seizure", 3, at, seriousness=("hospitalisation",))
    page = desk("monitor").get("safety/").content.decode()
    assert "Stopping rule reached: Serious events that may be related" in page
    assert "Stop enrolment and dosing" in page


def test_words_that_mean_several_things_are_offered_and_confirmed(desk, in_progress):
    therapist = desk("therapist")
    path = f"participants/{in_progress}/do/safety.record-adverse-event/"
    offered = therapist.get("terms/", term="throwing up").content.decode()
    assert 'value="vomiting"' in offered
    at = just_now()
    data = {
        "at": at, "term": "throwing up", "grade": "1", "serious": "no",
        "relatedness": "possible", "outcome": "recovered", "valence": "unpleasant",
        "started_on": at[:10],
    }  # fmt: skip
    refused = therapist.post(path, **data)
    assert refused.status_code == 422
    assert 'value="vomiting"' in refused.content.decode()
    assert therapist.post(path, **data, code="no-such-term").status_code == 422
    assert therapist.post(path, **data, code="vomiting").status_code == 302
    row = EventRow.objects.get(participant=in_progress, term="throwing up")
    assert (row.coded_term, row.expectedness) == ("Vomiting", "expected")


def test_counts_are_those_of_the_rows_and_rebuild_to_the_same(programme, in_progress):
    record(in_progress, "Nausea", 2, datetime.now(UTC) - timedelta(hours=2))
    kept = {
        (each.named, each.value): each.times for each in SafetyCount.objects.filter(subject="event")
    }
    counted: dict[tuple[str, int], int] = {}
    for row in EventRow.objects.all():
        key = (row.system_organ_class, row.grade)
        counted[key] = counted.get(key, 0) + 1
    assert kept == counted
    live = fingerprint()
    rebuild()
    assert fingerprint() == live


@pytest.mark.proves("adverse-events")
def test_a_correction_takes_the_event_out_of_every_count(programme, in_progress):
    at = datetime.now(UTC) - timedelta(hours=2)
    before = fingerprint_of_safety()
    wrong = record(in_progress, "Euphoria", 3, at, seriousness=("hospitalisation",))
    assert StoppingRow.objects.filter(participant=in_progress).exists()
    right = command("Headache", 1, at)
    with desks.at_desk(PROGRAMME, in_progress, THERAPIST) as desk:
        desk.correct(wrong, right, "another participant's event")
    assert not StoppingRow.objects.filter(participant=in_progress).exists()
    kept = fingerprint_of_safety()
    assert {key for key in kept if key[0] == "interest"} == {
        key for key in before if key[0] == "interest"
    }
    live = fingerprint()
    rebuild()
    assert fingerprint() == live


def test_the_lead_reads_reports_and_a_therapist_can_make_one(desk, programme):
    therapist, lead = desk("therapist"), desk("lead")
    at = just_now()
    text = "A colleague deleted a note about pain."
    made = therapist.post("safety/report/", at=at, category="records", text=text)
    assert made.status_code == 302
    assert therapist.post("safety/report/", at=at, category="gossip", text="x").status_code == 422
    assert therapist.get("safety/confidential/").status_code == 403
    assert text not in therapist.get("safety/").content.decode()
    assert "Confidential" not in therapist.get("").content.decode()
    assert text in lead.get("safety/confidential/").content.decode()
    assert "Confidential reports to act on: 2" in lead.get("").content.decode()
    done = lead.post(
        "safety/confidential/", at=at, report="report-2", action="Backups compared; note restored."
    )
    assert done.status_code == 302
    assert "note restored" in lead.get("safety/confidential/").content.decode()


@pytest.mark.parametrize(
    ("due", "words"),
    [
        (timedelta(hours=3, minutes=20), "3 h 20 min left"),
        (timedelta(days=9, hours=4), "9 d 4 h left"),
        (-timedelta(minutes=5), "0 h 5 min late"),
        (None, "no deadline on record"),
    ],
)
def test_time_left_in_words(due, words):
    now = datetime(2026, 3, 1, tzinfo=UTC)
    assert board.time_left(None if due is None else now + due, now) == words


def just_now() -> str:
    return f"{timezone.localtime() - timedelta(minutes=1):%Y-%m-%dT%H:%M}"


def command(term: str, grade: int, at: datetime, **more) -> RecordAdverseEvent:
    return RecordAdverseEvent(
        at, term, grade=grade, serious=bool(more.get("seriousness")), relatedness="probable",
        expectedness="", outcome="recovered", valence="pleasant", started_on=at.date(), **more,
    )  # fmt: skip


def record(participant: str, term: str, grade: int, at: datetime, **more) -> int:
    with desks.at_desk(PROGRAMME, participant, THERAPIST) as desk:
        return desk.execute(command(term, grade, at, **more))[0].sequence


def fingerprint_of_safety() -> set[tuple[str, str, int, int]]:
    return set(SafetyCount.objects.values_list("subject", "named", "value", "times"))
