"""The legal ground of a programme in words: what holds, what ends, what an authority is owed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from sojourn.conduct import reporting
from sojourn.conduct.programme import Authorisation, Programme
from sojourn.conduct.reporting import ReportPeriod
from sojourn.protocols.model import Protocol

# Days before the end at which the words change.
SOON, URGENT = 30, 7
GOES_ON = "Aftercare, ratings, adverse events and follow-up go on."


@dataclass(frozen=True, slots=True)
class Ground:
    """One authorisation as the programme page shows it."""

    authorisation: Authorisation
    label: str
    authority: str
    standing: str
    holds: bool
    ending: str  # a warning, empty when there is none


@dataclass(frozen=True, slots=True)
class Owed:
    """One report an authority is owed, or was sent."""

    period: ReportPeriod
    standing: str
    words: str
    query: str  # fills the form that records it


def grounds(programme: Programme, protocol: Protocol, on: date) -> tuple[Ground, ...]:
    """Every authorisation on record, those in force first."""
    kinds = {each.key: each for each in protocol.authorisations}
    warned = programme.ending(on)
    found = []
    for each in programme.authorisations:
        kind = kinds.get(each.authorisation_kind)
        found.append(
            Ground(
                each,
                kind.label if kind else each.authorisation_kind,
                kind.authority if kind else "",
                _standing(each, on),
                each.holds(on),
                ending_in_words(each, on) if each in warned else "",
            )
        )
    return tuple(sorted(found, key=lambda ground: not ground.holds))


def endings(programme: Programme, on: date) -> tuple[str, ...]:
    """A warning for each authorisation that ends within 90 days or has ended unreplaced."""
    return tuple(ending_in_words(each, on) for each in programme.ending(on))


def ending_in_words(authorisation: Authorisation, on: date) -> str:
    """What is at stake and when, for an authorisation that has a last day."""
    last = authorisation.last_day
    if last is None:
        return ""
    name, days = f"Authorisation {authorisation.reference}", (last - on).days
    if days < 0:
        return (
            f"{name} ended on {_day(last)}. Nobody is dosed and nobody new is registered until "
            f"another is recorded. {GOES_ON}"
        )
    left = "today" if days == 0 else f"in {days} day{'' if days == 1 else 's'}, on {_day(last)}"
    urge = "Urgent: " if days <= URGENT else "Renew it now: " if days <= SOON else ""
    return f"{urge}{name} ends {left}. After that day nobody is dosed. {GOES_ON}"


def owed(programme: Programme, protocol: Protocol, on: date) -> tuple[Owed, ...]:
    """Reports that can be sent and were not, the longest due first."""
    return tuple(_owed(each, on) for each in reporting.unsent(programme, protocol, on))


def reports(programme: Programme, protocol: Protocol, on: date) -> tuple[Owed, ...]:
    """Every regular report, the latest period first."""
    found = reporting.periods(programme, protocol, on)
    return tuple(_owed(each, on) for each in reversed(found))


def on_events(programme: Programme, protocol: Protocol, on: date) -> tuple[str, ...]:
    """What the authorisations in force demand when something happens."""
    return tuple(dict.fromkeys(_rules(programme, protocol, on)))


def _rules(programme: Programme, protocol: Protocol, on: date) -> Iterator[str]:
    held = {each.authorisation_kind for each in programme.authorisations if each.holds(on)}
    for kind in protocol.authorisations:
        for report in kind.reports if kind.key in held else ():
            if report.every == "event":
                known = "" if report.verified else " (unverified)"
                yield f"{report.label}, to {report.to}: {report.rule}{known}"


def _standing(authorisation: Authorisation, on: date) -> str:
    if authorisation.revoked_on:
        return f"ended early, on {_day(authorisation.revoked_on)}"
    if on < authorisation.valid_from:
        return f"in force from {_day(authorisation.valid_from)}"
    if authorisation.valid_until is None:
        return "in force, no end recorded"
    days = (authorisation.valid_until - on).days
    if days < 0:
        return f"ended {-days} day{'' if days == -1 else 's'} ago"
    return f"in force, {days} day{'' if days == 1 else 's'} left"


def _owed(period: ReportPeriod, on: date) -> Owed:
    standing = period.standing(on)
    late = (on - period.due_on).days
    due = _day(period.due_on)
    words = {
        "sent": f"sent on {_day(period.sent_on)}" if period.sent_on else "",
        "running": f"runs until {_day(period.ends)}, due by {due}",
        "due": f"due by {due}",
        "overdue": f"overdue: was due on {due}, {late} day{'' if late == 1 else 's'} ago",
    }[standing]
    filled = {
        "reference": period.reference,
        "report": period.report.key,
        "period_ends": period.ends.isoformat(),
    }
    return Owed(period, standing, words, urlencode(filled))


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
