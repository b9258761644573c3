"""The round of reminders: safe to make at any time, twice, and by two at once.

A reminder is claimed, sent, then written to the record. Whoever dies in between
leaves a claim that a later round takes over.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.urls import reverse

from sojourn.course import reminding, watching
from sojourn.course.diary import NoteMissedDiary
from sojourn.course.reminding import RecordReminder
from sojourn.diary import addresses, keys
from sojourn.diary.models import ReminderClaim
from sojourn.ledger import clock, desk, leases, programmes
from sojourn.ledger.desk import Person
from sojourn.ledger.rows import AftercareRow
from sojourn.protocols.diary import Diary
from sojourn.record.command import Refused

SYSTEM = Person("sojourn", "system")
ABANDONED_AFTER = timedelta(minutes=10)
SUBJECT = "Your diary is ready"
TEXT = "Your diary is ready: {address}\n\nIf the page is closed, ask your team for a new link.\n"


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did. ``unreachable`` have no address in the vault."""

    sent: int
    unreachable: int
    failed: int
    alerts: int

    def __str__(self) -> str:
        again = "; the mail could not be handed over, the next round tries again"
        return (
            f"{self.sent} reminders sent, {self.unreachable} without an address, "
            f"{self.failed} failed, {self.alerts} alerts raised{again if self.failed else ''}"
        )


def make_round(now: datetime | None = None) -> Round:
    """Send every reminder that is due and raise an alert for every diary left empty too long."""
    moment = now or clock.now()
    outcomes = [
        outcome
        for programme, diary in _diaries()
        for participant in _watched(programme, diary, moment)
        for outcome in _attend(programme, participant, diary, moment)
    ]
    keys.forget_expired(moment)
    return Round(*(outcomes.count(each) for each in ("sent", "unreachable", "failed", "alert")))


def _diaries() -> Iterator[tuple[str, Diary]]:
    for key in programmes.keys():  # noqa: SIM118
        diary = programmes.load(key).protocol.diary
        if diary is not None:
            yield key, diary


def _watched(programme: str, diary: Diary, now: datetime) -> list[str]:
    # A day more than asked for: where the participant is, the last day may end later.
    since = now.date() - timedelta(days=diary.until_day + 2)
    rows = AftercareRow.objects.filter(programme=programme, session_on__gte=since)
    away = leases.standing(programme)
    # A reminder is written to the course, which whoever took it offline writes alone.
    return [
        each
        for each in rows.order_by("participant").values_list("participant", flat=True)
        if not away.elsewhere(each)
    ]


def _attend(programme: str, participant: str, diary: Diary, now: datetime) -> Iterator[str]:
    zone = addresses.zone_of(programme, participant)
    course = desk.load_course(programme, participant)
    theirs = programmes.followed(programmes.load(programme), course).protocol.diary
    if theirs is None:
        return
    diary = theirs
    reminder = reminding.due(course, diary, zone, now)
    if reminder:
        outcome = _remind(programme, participant, reminder, now)
        if outcome:
            yield outcome
    here = now.astimezone(zone)
    if watching.gap(course, diary, here.date(), zone):
        yield from _note_missed(programme, participant, here)


def _note_missed(programme: str, participant: str, here: datetime) -> Iterator[str]:
    offset = here.utcoffset() or timedelta()
    note = NoteMissedDiary(here, here.date(), int(offset.total_seconds() // 60))
    try:
        written = desk.execute(programme, participant, note, SYSTEM)
    except Refused:  # such as a programme whose protocol plans no diary any more
        return
    for _ in written:
        yield "alert"


def _remind(programme: str, participant: str, reminder: str, now: datetime) -> str:
    address = addresses.address_of(programme, participant)
    if not address:
        return "unreachable"
    claim = {"programme": programme, "participant": participant, "reminder": reminder}
    if not _claim(claim, now):
        return ""
    try:
        text = TEXT.format(address=settings.ADDRESS + reverse("diary"))
        send_mail(SUBJECT, text, None, [address])
    except Exception:  # the mail is down: another round tries again, others are still served
        ReminderClaim.objects.filter(**claim).delete()
        return "failed"
    ReminderClaim.objects.filter(**claim).update(sent_at=now)
    _record(programme, participant, reminder, now)
    return "sent"


def _claim(claim: dict[str, str], now: datetime) -> bool:
    """Whether this round may send it; a reminder sent but not yet recorded is recorded here."""
    with transaction.atomic():
        found, fresh = ReminderClaim.objects.get_or_create(**claim, defaults={"claimed_at": now})
        if fresh:
            return True
    if found.sent_at is not None:
        _record(claim["programme"], claim["participant"], claim["reminder"], found.sent_at)
        return False
    left = ReminderClaim.objects.filter(**claim, sent_at=None, claimed_at__lt=now - ABANDONED_AFTER)
    return left.update(claimed_at=now) == 1


def _record(programme: str, participant: str, reminder: str, at: datetime) -> None:
    desk.execute(
        programme,
        participant,
        RecordReminder(at, reminder),
        SYSTEM,
        key=f"reminder:{reminder}",
    )
