"""The one place that reads the clock."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from typing import Any

from django.utils.timezone import get_default_timezone


def now() -> datetime:
    """The server's time, aware and in the site's time zone."""
    return here(datetime.now(UTC))


def here(moment: datetime) -> datetime:
    """The same moment in the site's time zone, so that its date is the day people lived.

    The record stores UTC. Days are counted where the people are: a session that
    spans midnight in Greenwich is one day in Sydney. The offset is fixed, because two moments
    of one changing zone are compared and subtracted by what the wall showed: across the night
    the clocks change, an hour would be missing between two doses.
    """
    lived = moment.astimezone(zone())
    return lived.replace(tzinfo=_fixed(lived.utcoffset() or timedelta(), lived.tzname() or ""))


def lived_at(shown: datetime) -> datetime:
    """The moment at which a clock on the site's wall showed ``shown``, which has no zone.

    Of an hour that comes twice, the later that is not still to come.

    Raises
    ------
    ValueError
        If the clocks went past it that night and no wall ever showed it.
    """
    first, second = (shown.replace(tzinfo=zone(), fold=fold).astimezone(UTC) for fold in (0, 1))
    if here(first).replace(tzinfo=None) != shown:
        raise ValueError(
            f"no clock showed {shown:%H:%M} on {shown:%Y-%m-%d}: they went forward past it "
            f"that night. It was {here(first):%H:%M} or {here(second):%H:%M}"
        )
    return here(second if second <= now() else first)


def zone() -> tzinfo:
    """The site's time zone."""
    return get_default_timezone()


@cache
def _fixed(offset: timedelta, name: str) -> tzinfo:
    return timezone(offset, name)


def as_lived_here(command: Any) -> Any:
    """``command`` with its time in the site's zone; a time that makes no sense is left as it is."""
    if command.at.tzinfo is None or command.at.year < 1900:
        return command
    return replace(command, at=here(command.at))
