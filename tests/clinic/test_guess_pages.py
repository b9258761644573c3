"""Guesses of the arm on the pages: asked of the right role, shown to who wrote them, and no one."""

import pytest

from sojourn.clinic.demo import guessing as demo
from sojourn.course.guessing import RecordOwnGuess, RecordParticipantsGuess
from sojourn.ledger import clock, opening
from sojourn.ledger import desk as ledger_desk
from sojourn.ledger.desk import Person, load_course, stream_of
from sojourn.ledger.read import read_stream
from sojourn.ledger.rows import OpenSessionRow, ParticipantRow
from sojourn.record.command import Refused
from tests.clinic.conftest import people_and_accounts
from tests.clinic.test_pages import prefilled
from tests.kept import once

ASK = "do/blinding.record-participants-guess/"
OWN = "do/blinding.record-own-guess/"
STATISTICIAN = Person("statistician", "statistician")
EVERYONE = ("therapist", "therapist2", "prescriber", "pharmacist", "rater", "monitor", "lead")


@pytest.fixture
def programme(db, monkeypatch):
    """A demonstration of its own, in which nobody was asked yet."""
    monkeypatch.setattr(demo, "guesses", lambda *_: ())
    once("24 people not asked", people_and_accounts)


@pytest.fixture
def after_session(programme) -> str:
    """Someone whose first session lies behind them, with no guess yet."""
    rows = ParticipantRow.objects.filter(status="in-progress", sessions_dosed__gte=1)
    return rows.exclude(participant=OpenSessionRow.objects.get().participant)[0].participant


def say(desk, participant: str, role: str = "coordinator", path: str = ASK, **changes):
    page = desk(role).get(f"participants/{participant}/{path}")
    said = {
        "at": f"{clock.here(clock.now()):%Y-%m-%dT%H:%M:%S}",
        "key": prefilled(page, "key"),
        "occasion": "session-1",
        "guess": "placebo",
        "certainty_percent": 71,
        "reason": "told",
    }
    return desk(role).post(f"participants/{participant}/{path}", **(said | changes))


def guess_of(participant: str):
    entries = read_stream(stream_of("demo", participant))
    return [each for each in entries if each.fact.kind == "blinding.guess-recorded"][-1]


def test_each_is_asked_on_today_by_their_own_role_alone(desk, after_session):
    def asked(role: str) -> tuple[bool, bool]:
        page = desk(role).get("").content.decode()
        return "Ask the participant which arm" in page, "Guess of the arm after session" in page

    assert asked("coordinator") == (True, False)
    assert asked("therapist") == (False, True)
    assert asked("rater") == asked("monitor") == asked("statistician") == (False, False)


def test_the_participants_guess_is_seen_by_the_coordinator_who_wrote_it_and_by_nobody_else(
    desk, after_session
):
    assert say(desk, after_session).status_code == 302
    assert guess_of(after_session).fact.certainty_percent == 71
    paths = (f"participants/{after_session}/?history=all", f"participants/{after_session}/room/")

    mine = desk("coordinator").get(paths[0]).content.decode()

    assert "Guess recorded" in mine
    assert "<dt>certainty percent</dt><dd>71</dd>" in mine
    for role in (*EVERYONE, "statistician"):
        for path in (*paths, "", "safety/", "deviations/", "outcomes/"):
            page = desk(role).get(path).content.decode()
            assert "<dt>certainty percent</dt><dd>71</dd>" not in page, (role, path)
            assert "Guess recorded" not in page, (role, path)


def test_a_guess_is_opened_for_correction_by_who_wrote_it_and_by_nobody_else(desk, after_session):
    say(desk, after_session)
    entry = guess_of(after_session)
    path = f"participants/{after_session}/correct/{entry.sequence}/"

    answers = {role: desk(role).get(path).status_code for role in (*EVERYONE, "statistician")}

    assert set(answers.values()) == {403, 404}
    form = desk("coordinator").get(path)
    assert "71" in form.content.decode()
    answer = desk("coordinator").post(
        path,
        at=prefilled(form, "at"),
        occasion=entry.fact.occasion,
        guess="placebo",
        certainty_percent=17,
        reason="told",
        reason_for_correction="meant 17, not 71",
    )
    assert answer.status_code == 302
    course = load_course("demo", after_session)
    assert course.guesses[entry.fact.occasion, "participant", ""].certainty_percent == 17
    for role in ("therapist", "rater", "monitor"):
        for page in ("?history=all", "room/"):
            shown = desk(role).get(f"participants/{after_session}/{page}").content.decode()
            assert "meant 17" not in shown, (role, page)


@pytest.mark.proves("guesses-of-arm")
def test_a_therapist_sees_their_own_guess_and_not_their_colleagues(desk, after_session):
    answer = say(desk, after_session, "therapist", OWN, certainty_percent=83)
    assert answer.status_code == 302

    def shown(role: str) -> bool:
        page = desk(role).get(f"participants/{after_session}/?history=all").content.decode()
        return "<dt>certainty percent</dt><dd>83</dd>" in page

    assert shown("therapist")
    assert not shown("therapist2")
    assert not shown("coordinator")


def test_a_therapist_has_no_form_for_the_participants_guess(desk, after_session):
    path = f"participants/{after_session}/{ASK}"

    assert desk("therapist").get(path).status_code == 404
    assert desk("rater").get(path).status_code == 403


def test_nobody_guesses_or_corrects_once_the_allocation_was_opened_and_nobody_is_asked(
    desk, after_session
):
    say(desk, after_session)
    entry = guess_of(after_session)
    opening.record("demo", "final analysis", STATISTICIAN)

    with pytest.raises(Refused, match="no guess is taken or changed"):
        ledger_desk.execute(
            "demo",
            after_session,
            RecordOwnGuess(clock.now(), "session-1", "mdma", 9, "other"),
            Person("therapist2", "therapist"),
        )
    right = RecordParticipantsGuess(entry.occurred_at, "session-1", "placebo", 17, "told")
    coordinator = Person("coordinator", "coordinator")
    with pytest.raises(Refused, match="no guess is taken or changed"):
        ledger_desk.correct(
            "demo", after_session, entry.sequence, right, coordinator, reason="a slip"
        )
    assert "Guess of the arm after session" not in desk("therapist").get("").content.decode()
    page = desk("therapist").get(f"participants/{after_session}/").content.decode()
    assert "Guesses of the arm" not in page


def test_a_guess_that_says_too_little_is_answered_at_its_field(desk, after_session):
    answer = say(desk, after_session, certainty_percent="")

    assert answer.status_code == 422
    assert "how sure is missing" in answer.content.decode()
