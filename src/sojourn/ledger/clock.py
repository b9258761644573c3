"""The one place that reads the clock."""

from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import Any

from django.utils import timezone


def now() -> datetime:
    """The server's time, aware and in the site's time zone."""
    return here(datetime.now(UTC))


def here(moment: datetime) -> datetime:
    """The same moment in the site's time zone, so that its date is the day people lived.

    The record stores UTC. Days are counted where the people are: a session that
    spans midnight in Greenwich is one day in Sydney.
    """
    return moment.astimezone(zone())


def zone() -> tzinfo:
    """The site's time zone."""
    return timezone.get_default_timezone()


def as_lived_here(command: Any) -> Any:
    """``command`` with its time in the site's zone; a time that makes no sense is left as it is."""
    if command.at.tzinfo is None or command.at.year < 1900:
        return command
    return replace(command, at=here(command.at))
