"""What a rater's pages could give away: words, counts, visits of the team, ratings of others."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from sojourn.conduct.fidelity import RateFidelity
from sojourn.conduct.standing import RecordSupervision
from sojourn.course.followup import WithdrawParticipant
from sojourn.course.safety import ResolveAlert
from sojourn.ledger import clock, programmes
from sojourn.ledger import desk as ledger_desk
from sojourn.ledger.desk import Person, load_course, stream_of
from sojourn.ledger.read import read_stream
from sojourn.ledger.rows import ParticipantRow
from tests.clinic.test_pages import prefilled

RATERS = ("rater", "fidelity")
TEAM_VISIT = re.compile(r"dosing-\d|contact-\d|integration-\d|preparation-\d")


def without_alerts(participant: str) -> None:
    prescriber = Person("prescriber", "prescriber")
    for alert in load_course("demo", participant).open_alerts:
        command = ResolveAlert(clock.now(), alert.key, "seen and settled")
        ledger_desk.execute("demo", participant, command, prescriber)


def test_why_someone_left_is_not_told_to_a_rater(desk, in_progress):
    without_alerts(in_progress)
    command = WithdrawParticipant(clock.now(), "adverse-event", "the drug made it worse")
    ledger_desk.execute("demo", in_progress, command, Person("therapist", "therapist"))

    page = desk("rater").get(f"participants/{in_progress}/").content.decode()

    assert "withdrawn" in page
    assert "adverse-event" not in page
    assert "adverse-event" in desk("therapist").get(f"participants/{in_progress}/").content.decode()


def test_the_list_tells_a_rater_neither_arm_nor_the_teams_next_visit(desk, in_progress):
    ParticipantRow.objects.filter(participant=in_progress).update(
        arm="placebo-arm", next_visit="Dosing session 2"
    )

    page = desk("rater").get("participants/").content.decode()

    assert in_progress in page
    assert "placebo-arm" not in page
    assert "Dosing session" not in page


def test_a_raters_form_counts_no_entries_of_others(desk, in_progress):
    for command in ("visit.miss", "safety.raise-concern"):
        page = desk("rater").get(f"participants/{in_progress}/do/{command}/")
        assert prefilled_or_empty(page, "version") == "", command
    form = desk("therapist").get(f"participants/{in_progress}/do/consent.withdraw/")
    assert int(prefilled(form, "version")) > 0


def prefilled_or_empty(response, name: str) -> str:
    found = re.search(rf'name="{name}"(?: value="([^"]*)")?', response.content.decode())
    return (found.group(1) or "") if found else ""


def test_a_rater_is_offered_no_visit_of_the_team(desk, in_progress):
    page = desk("rater").get(f"participants/{in_progress}/do/visit.miss/").content.decode()

    assert not TEAM_VISIT.search(page)


def test_the_programmes_history_shows_no_rater_what_was_said_of_sessions(desk, in_progress):
    now = clock.now()
    note = "reacted strongly in the second hour"
    command = RecordSupervision(now, "eva", ("therapist",), 60, note)
    who = programmes.load("demo").programme.practitioners
    command = replace(command, supervised=(who[0],))
    programmes.execute("demo", command, author="lead", role="sponsor")
    plan = programmes.load("demo").protocol.fidelity
    answers = tuple((item.key, plan.lowest) for item in plan.items)
    rating = RateFidelity(now, in_progress, "dosing-1", "a" * 64, answers)
    programmes.execute("demo", rating, author="filmwatcher", role="fidelity-rater")

    for path in ("programme/", "practitioners/"):
        page = desk("rater").get(path).content.decode()
        assert note not in page, path
        assert "filmwatcher" not in page, path
    assert note in desk("therapist").get("programme/").content.decode()


def rated_by_hand(participant: str):
    entries = read_stream(stream_of("demo", participant))
    return next(
        each
        for each in entries
        if each.fact.kind == "assessment.recorded" and each.fact.visit == "baseline"
    )


def test_a_rater_corrects_what_raters_recorded_and_sees_the_correction(desk, in_progress):
    wrong = rated_by_hand(in_progress)
    rater, path = desk("rater"), f"participants/{in_progress}/correct/{wrong.sequence}/"
    assert path in rater.get(f"participants/{in_progress}/").content.decode()
    form = rater.get(path)
    first = (wrong.fact.answers[0] + 1) % 4
    data = {f"answers-{n}": value for n, value in enumerate(wrong.fact.answers, 1)}
    data |= {"answers-1": first, "visit": "baseline", "instrument": wrong.fact.instrument}

    answer = rater.post(
        path, at=prefilled(form, "at"), reason_for_correction="read the wrong line", **data
    )

    assert answer.status_code == 302
    assert load_course("demo", in_progress).assessments["baseline", "caps-5"].answers[0] == first
    page = rater.get(f"participants/{in_progress}/").content.decode()
    assert "Correction of entry" in page
    assert "read the wrong line" in page


@pytest.mark.parametrize("kind", ["dosing.vitals-recorded", "visit.held", "medication.recorded"])
def test_a_rater_corrects_nothing_else_and_learns_not_whether_it_is_there(desk, in_session, kind):
    entries = read_stream(stream_of("demo", in_session))
    found = [each.sequence for each in entries if each.fact.kind == kind]
    rater = desk("rater")

    answers = {
        rater.get(f"participants/{in_session}/correct/{sequence}/").status_code
        for sequence in (*found, 99999)
    }

    assert answers == {403}


def test_a_correction_of_the_teams_stays_unseen_by_a_rater(desk, in_session):
    entries = read_stream(stream_of("demo", in_session))
    wrong = [each for each in entries if each.fact.kind == "dosing.vitals-recorded"][-1]
    course = load_course("demo", in_session)
    reading = course.open_session.vitals[-1]
    from sojourn.course.dosing import RecordVitals

    command = RecordVitals(reading.at + timedelta(0), reading.moment, 133, 81, 77, 368)
    ledger_desk.correct(
        "demo", in_session, wrong.sequence, command, Person("therapist", "therapist"), reason="slip"
    )

    page = desk("rater").get(f"participants/{in_session}/").content.decode()

    assert "slip" not in page
    assert "133" not in re.sub(r"<svg.*?</svg>", "", page, flags=re.S)
