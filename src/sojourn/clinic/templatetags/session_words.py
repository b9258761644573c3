"""How the session room says minutes, scales and ways home."""

from django import template

from sojourn.course.dosing import HOMEWARD
from sojourn.protocols.session_room import Observation

register = template.Library()


@register.filter
def hours(minutes: int) -> str:
    """Minutes as people say them: 2 h 05 min."""
    whole, rest = divmod(max(0, minutes), 60)
    return f"{whole} h {rest:02d} min" if whole else f"{rest} min"


@register.filter
def numbers(scale: Observation) -> range:
    """Every value of a scale."""
    return range(scale.lowest, scale.highest + 1)


@register.filter
def homeward(key: str) -> str:
    """Where someone went after a session, in words."""
    return dict(HOMEWARD).get(key, key).lower()
