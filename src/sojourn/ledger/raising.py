"""What a session's alarms lead to in the participant's course, and what time alone sets off."""

from collections.abc import Iterable

from django.db import connection

from sojourn.course import alarms
from sojourn.course.alarms import Raised
from sojourn.course.alerting import (
    LIMITS_NOT_SET,
    SYSTEM,
    EscalateAlert,
    RaiseAlarm,
)
from sojourn.course.readings import SilenceNoticed, in_words
from sojourn.ledger import clock, leases, programmes, recent, watching
from sojourn.ledger.append import append, take_turn
from sojourn.ledger.desk import Person, at_desk, stream_of
from sojourn.ledger.turns import in_turn
from sojourn.ledger.watching import Monitor, moment
from sojourn.protocols.model import Protocol
from sojourn.record.command import Refused

SERVER = Person("sojourn", SYSTEM)


def raise_all(
    protocol: Protocol, monitor: Monitor, raised: Iterable[Raised], unset: tuple[str, ...] = ()
) -> None:
    """Raise an alert in the participant's course for each alarm, within the caller's turn."""
    programme, participant, visit = monitor.place
    commands = [_command(protocol, each, visit) for each in raised]
    if unset:
        label = f"The site has set no limit for: {', '.join(unset)}. No alarm watches them."
        commands.append(RaiseAlarm(clock.now(), LIMITS_NOT_SET, label, visit))
    if not commands:
        return
    with at_desk(programme, participant, SERVER) as desk:
        for command in commands:
            desk.execute(command)


def tick(programme: str) -> int:
    """Do what the clock alone sets off: monitors gone silent, alarms nobody acknowledged.

    Called on each delivery and each look at the alarms; cheap when nothing is
    due. Returns how many alarms were raised or escalated.
    """
    now = clock.now()
    now_ms = round(now.timestamp() * 1000)
    done = 0
    away = leases.standing(programme)
    for participant, visit in _silent(programme, now_ms):
        if away.elsewhere(participant):
            continue  # who watches this session writes another record
        with in_turn():
            take_turn()
            monitor = watching.load(watching.stream_of(programme, participant, visit))
            done += _notice_silence(monitor, now_ms)
    for participant, alert in _unacknowledged(programme, now_ms):
        try:
            with in_turn():
                take_turn()
                with at_desk(programme, participant, SERVER) as desk:
                    done += len(desk.execute(EscalateAlert(clock.now(), alert)))
        except Refused:
            continue  # acknowledged, taken offline, or another worker was here first
    return done


def _notice_silence(monitor: Monitor, now_ms: int) -> int:
    _, raised = alarms.silence(monitor.watch, monitor.rules, now_ms)
    if not raised:
        return 0
    (entry,) = append(
        monitor.stream,
        (SilenceNoticed(tuple(each.rule for each in raised), now_ms),),
        expected=monitor.sequence,
        occurred_at=moment(now_ms),
        author=SERVER.name,
        role=SERVER.role,
    )
    watching.apply(monitor, entry)
    watching.save(monitor)
    programme, participant, _ = monitor.place
    _, course = recent.course_of(stream_of(programme, participant))
    raise_all(programmes.followed(programmes.load(programme), course).protocol, monitor, raised)
    return len(raised)


def _silent(programme: str, now_ms: int) -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        # From the open sessions, which are few, never from all that ever were.
        cursor.execute(
            "SELECT o.participant, o.visit FROM ledger_opensessionrow o "
            "JOIN ledger_monitorrow m ON m.stream = "
            "'vitals:' || o.programme || ':' || o.participant || ':' || o.visit "
            "WHERE o.programme = %s AND m.silent_ms <= %s",
            [programme, now_ms],
        )
        return [(str(first), str(second)) for first, second in cursor.fetchall()]


def _unacknowledged(programme: str, now_ms: int) -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT participant, alert FROM ledger_alarmrow "
            "WHERE programme = %s AND escalates_ms <= %s ORDER BY escalates_ms",
            [programme, now_ms],
        )
        return [(str(first), str(second)) for first, second in cursor.fetchall()]


def _command(protocol: Protocol, raised: Raised, visit: str) -> RaiseAlarm:
    rule = protocol.monitoring.alarm(raised.rule) if protocol.monitoring else None
    label = rule.label if rule else raised.rule
    at = min(moment(raised.at_ms), clock.now())
    if rule and rule.kind == "missing":
        words = f"{label}: no usable reading since {moment(raised.since_ms):%H:%M:%S}"
    elif rule:
        words = f"{label}: {in_words(rule.signal, raised.value)}"
    else:
        words = label
    if raised.late:
        words += f" at {moment(raised.at_ms):%H:%M}; the reading arrived late"
    return RaiseAlarm(at, raised.rule, words, visit)
