"""When a diary was filled, seen from here: a phone's clock may be wrong, and says so by itself."""

from datetime import datetime, timedelta

from sojourn.course.diary import CLOCK_TOLERANCE_MIN


def filled(
    on_phone: datetime, sent: datetime, now: datetime, *, earliest: datetime
) -> tuple[datetime, int]:
    """When it was filled, and by how many minutes the phone's clock was ahead (0: near enough).

    ``on_phone`` and ``sent`` are what the phone's clock showed at filling and at sending,
    ``now`` is when it arrived here. A clock off at sending is taken to have been off as
    much at filling. A time still outside ``earliest`` to ``now`` means the clock was
    changed in between: then the entry counts from its arrival. All times are aware.
    """
    ahead = sent - now
    off = round(ahead / timedelta(minutes=1))
    at = on_phone
    if abs(off) > CLOCK_TOLERANCE_MIN:
        at = on_phone - ahead
    else:
        off = 0
    if at < earliest or at > now + timedelta(minutes=CLOCK_TOLERANCE_MIN):
        return now, round((on_phone - now) / timedelta(minutes=1))
    return min(at, now), off


def told(off_min: int) -> str:
    """What the participant is told about their clock; empty when it is right."""
    if not off_min:
        return ""
    size = abs(off_min)
    amount = f"{size} minutes" if size < 120 else f"{size // 60} hours"
    direction = "ahead" if off_min > 0 else "behind"
    return (
        f"The clock of this device is about {amount} {direction}. "
        "Your entries are kept with the time here."
    )
