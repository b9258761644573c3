"""Reminders: once each, at the participant's hours, with nothing in them, whoever else sends."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from sojourn.clinic.demo import PROGRAMME, load_demo
from sojourn.diary import rounds
from sojourn.diary.models import ReminderClaim
from sojourn.ledger import clock, vault
from sojourn.ledger.desk import load_course
from sojourn.ledger.rows import AftercareRow, OpenAlertRow
from tests.diary.conftest import THERAPIST, link_to

BORN = datetime(1980, 5, 4).date()  # noqa: DTZ001


@pytest.fixture
def reachable(participant) -> str:
    """Someone with an address in the vault, a diary, and their evenings in Zurich."""
    vault.keep(
        PROGRAMME,
        participant,
        vault.Identity("Ada", "Lund", BORN, email="ada@example.org", time_zone="Europe/Zurich"),
        THERAPIST,
    )
    link_to(participant)
    mail.outbox.clear()
    return participant


def evening() -> datetime:
    """The last evening hour in Zurich, or this moment when it is evening there."""
    here = clock.now().astimezone(ZoneInfo("Europe/Zurich"))
    at = here.replace(hour=19, minute=0)
    return at if at <= here else at - timedelta(days=1)


def reminders_of(participant: str) -> frozenset[str]:
    return load_course(PROGRAMME, participant).reminders


@pytest.fixture
def due_at(reachable) -> datetime:
    """An evening on which a reminder is due: no entry that day, within the days after."""
    from sojourn.course import reminding
    from sojourn.ledger import programmes

    plan = programmes.load(PROGRAMME).protocol.diary
    course = load_course(PROGRAMME, reachable)
    zone = ZoneInfo("Europe/Zurich")
    for ago in range(8):
        at = evening() - timedelta(days=ago)
        if reminding.due(course, plan, zone, at):
            return at
    pytest.fail("the demonstration leaves no evening to remind of")


def test_a_round_made_twice_sends_once(reachable, due_at):
    assert rounds.make_round(due_at).sent == 1
    assert rounds.make_round(due_at).sent == 0
    [message] = mail.outbox
    assert message.to == ["ada@example.org"]
    assert message.subject == "Your diary is ready"
    words = (message.subject + message.body).lower()
    for word in (reachable.lower(), "ada", "mdma", "session", "mood", "ptsd", "trial"):
        assert word not in words, word
    assert len(reminders_of(reachable)) == 1


def test_nothing_is_sent_at_night(reachable, due_at):
    assert rounds.make_round(due_at.replace(hour=23)).sent == 0
    assert rounds.make_round(due_at.replace(hour=6)).sent == 0


class TwoAtOnce(EmailBackend):
    """While the first message is on its way, another round is made."""

    inner: rounds.Round | None = None
    at: datetime

    def send_messages(self, messages):
        if TwoAtOnce.inner is None:
            TwoAtOnce.inner = rounds.make_round(TwoAtOnce.at)
        return super().send_messages(messages)


def test_two_rounds_at_once_send_once(reachable, due_at, settings):
    settings.EMAIL_BACKEND = "tests.diary.test_rounds.TwoAtOnce"
    TwoAtOnce.inner, TwoAtOnce.at = None, due_at
    assert rounds.make_round(due_at).sent == 1
    assert TwoAtOnce.inner.sent == 0
    assert len(mail.outbox) == 1
    assert len(reminders_of(reachable)) == 1


class Down(EmailBackend):
    def send_messages(self, messages):
        raise ConnectionRefusedError("no mail server")


class Dies(EmailBackend):
    def send_messages(self, messages):
        raise KeyboardInterrupt


def test_when_the_mail_is_down_the_next_round_tries_again(reachable, due_at, settings):
    settings.EMAIL_BACKEND = "tests.diary.test_rounds.Down"
    assert rounds.make_round(due_at).failed == 1
    assert reminders_of(reachable) == frozenset()
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert rounds.make_round(due_at).sent == 1


def test_a_round_that_died_is_taken_over_after_a_while(reachable, due_at, settings):
    settings.EMAIL_BACKEND = "tests.diary.test_rounds.Dies"
    with pytest.raises(KeyboardInterrupt):
        rounds.make_round(due_at)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert rounds.make_round(due_at + timedelta(minutes=5)).sent == 0
    assert rounds.make_round(due_at + timedelta(minutes=11)).sent == 1
    assert len(mail.outbox) == 1


def test_a_reminder_sent_but_not_recorded_is_recorded_and_not_sent_again(reachable, due_at):
    rounds.make_round(due_at)
    claim = ReminderClaim.objects.get(participant=reachable)
    assert claim.sent_at is not None
    fresh = {"programme": PROGRAMME, "participant": reachable, "reminder": claim.reminder}
    rounds._claim(fresh, due_at)
    assert reminders_of(reachable) == {claim.reminder}
    assert len(mail.outbox) == 1


def test_whoever_has_no_address_is_counted_and_nothing_leaves(participant):
    link_to(participant)
    mail.outbox.clear()
    evenings = [evening() - timedelta(days=ago) for ago in range(8)]
    assert sum(rounds.make_round(at).unreachable for at in evenings) > 0
    assert mail.outbox == []


@pytest.mark.proves("participants-diary")
def test_silence_raises_one_alert_whatever_the_number_of_rounds(db):
    loaded = clock.now() - timedelta(days=10)
    load_demo(today=loaded, participants=24)
    silent = {
        participant
        for participant in AftercareRow.objects.filter(
            session_on__gte=(loaded - timedelta(days=4)).date()
        ).values_list("participant", flat=True)
        if load_course(PROGRAMME, participant).diary_access.open
    }
    assert silent
    before = OpenAlertRow.objects.count()
    alerts = [rounds.make_round(loaded + timedelta(days=4)).alerts for _ in range(3)]
    assert alerts[1:] == [0, 0]
    raised = OpenAlertRow.objects.filter(rule="diary-missed").values_list("participant", flat=True)
    assert silent <= set(raised)
    assert len(raised) == len(set(raised)) == alerts[0]
    assert OpenAlertRow.objects.count() == before + alerts[0]
