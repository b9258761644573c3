"""Days of a window as durations in ISO 8601, and back."""

import re

DURATION = re.compile(
    r"P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:0+M)?(?:0+S)?)?"
)
HOURS_A_DAY = 24


def duration(days: int) -> str:
    """So many whole days; never negative."""
    return f"P{abs(days)}D"


def days(text: str) -> int | None:
    """The whole days of a duration; None where it is none, or no whole number of days.

    Months and years are no fixed number of days, so they are None too.
    """
    found = DURATION.fullmatch(text.strip())
    if found is None or not any(found.groups()):
        return None
    parts = {name: int(value) for name, value in found.groupdict().items() if value}
    extra, odd = divmod(parts.get("hours", 0), HOURS_A_DAY)
    return None if odd else 7 * parts.get("weeks", 0) + parts.get("days", 0) + extra
