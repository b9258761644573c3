"""Published figures in words and pictures for someone who decides, uncertainty included."""

from dataclasses import dataclass
from functools import lru_cache

from django.utils.safestring import SafeString, mark_safe

from sojourn.clinic import published
from sojourn.evidence import pros_and_cons
from sojourn.evidence.balance import Figure, Point
from sojourn.evidence.register import Measure
from sojourn.evidence.wording import plainly

WIDTH, HEIGHT = 320, 26
HEADINGS = (
    ("benefits", "What may get better"),
    ("harms", "What it may cost you"),
    ("not_known", "What nobody knows yet"),
    ("alternatives", "What else helps"),
)


@dataclass(frozen=True, slots=True)
class Said:
    """One figure: what it is of, in words, and drawn (empty where there is nothing to draw)."""

    of: str
    words: str
    picture: SafeString
    verified: bool


@dataclass(frozen=True, slots=True)
class Weighed:
    point: Point
    said: tuple[Said, ...]


def balance() -> tuple[tuple[str, tuple[Weighed, ...]], ...]:
    """Benefits, harms, what is not known and the alternatives, as the register has them now."""
    return _balance(published.files())


@lru_cache(maxsize=2)
def _balance(_: published.Files) -> tuple[tuple[str, tuple[Weighed, ...]], ...]:
    found = pros_and_cons(published.claims())
    return tuple(
        (heading, tuple(_weighed(point) for point in getattr(found, part)))
        for part, heading in HEADINGS
    )


def in_words(measure: Measure, figure: Figure) -> str:
    """The figure as one would say it to a person."""
    return plainly(measure, figure.estimate, figure.low, figure.high)


def picture(measure: Measure, figure: Figure) -> SafeString:
    """A bar from 0 to 100 of 100 people with its interval; a difference starts in the middle."""
    value = figure.estimate
    centred = measure == "risk-difference"
    if value is None or not (centred or _is_share(figure)):
        return mark_safe("")

    def x(share: float) -> float:
        return round((0.5 + share / 2 if centred else float(share)) * WIDTH, 1)

    start, end = sorted((x(0), x(value)))
    parts = [
        f'<rect class="whole" x="0" y="7" width="{WIDTH}" height="12" rx="3"/>',
        f'<rect class="share" x="{start}" y="7" width="{round(end - start, 1)}" height="12"/>',
    ]
    if centred:
        parts.append(f'<line class="rule" x1="{x(0)}" x2="{x(0)}" y1="2" y2="24"/>')
    if figure.low is not None and figure.high is not None:
        low, high = x(figure.low), x(figure.high)
        parts.append(
            f'<line class="interval" x1="{low}" x2="{high}" y1="13" y2="13"/>'
            f'<line class="interval" x1="{low}" x2="{low}" y1="8" y2="18"/>'
            f'<line class="interval" x1="{high}" x2="{high}" y1="8" y2="18"/>'
        )
    words = in_words(measure, figure)
    # Only numbers of ours stand in it: nothing to escape.
    return mark_safe(
        f'<svg class="bar" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{words}">'
        + "".join(parts)
        + "</svg>"
    )


def _weighed(point: Point) -> Weighed:
    return Weighed(
        point,
        tuple(
            Said(
                each.of,
                in_words(point.measure, each),
                picture(point.measure, each),
                each.verified,
            )
            for each in point.figures
        ),
    )


def _is_share(figure: Figure) -> bool:
    return figure.estimate is not None and 0 <= figure.estimate <= 1
