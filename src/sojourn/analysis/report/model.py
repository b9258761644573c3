"""What a report is made of: sections of tables whose every figure knows where it came from."""

import base64
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sojourn.analysis.outcomes import Point
from sojourn.analysis.retention import Step

KEY_LENGTH = 6  # of 32 letters and digits: a clash among 1000 figures is a chance of 1 in 2000


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the report.

    ``name`` says what it is and gives it its key; ``values`` are its numbers as text, rounded to
    six digits; ``function`` computed it from ``inputs`` things, told by the record's entries at
    ``sources`` (their positions). ``planned`` is whether the locked plan asks for it.
    """

    name: str
    text: str
    values: tuple[tuple[str, str], ...]
    function: str
    inputs: int
    sources: tuple[int, ...]
    planned: bool = True

    @property
    def key(self) -> str:
        """What the figure is traced by: short, and the same wherever its name is the same."""
        digest = hashlib.sha256(self.name.encode()).digest()
        return base64.b32encode(digest).decode().lower()[:KEY_LENGTH]


Cell = str | Figure


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of words and figures; ``planned`` is False where the analysis is post hoc."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    planned: bool = True


@dataclass(frozen=True, slots=True)
class FlowPicture:
    """Boxes from the top: each a tuple of lines; then one column of boxes for each arm."""

    boxes: tuple[tuple[str, ...], ...]
    columns: tuple[tuple[tuple[str, ...], ...], ...]


@dataclass(frozen=True, slots=True)
class TrajectoryPicture:
    """Means over the visits; ``visits`` pairs each visit's key with its label."""

    title: str
    points: tuple[Point, ...]
    visits: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RetentionPicture:
    """Product-limit curves up to day ``until``."""

    steps: tuple[Step, ...]
    until: int


Picture = FlowPicture | TrajectoryPicture | RetentionPicture


@dataclass(frozen=True, slots=True)
class Section:
    key: str
    title: str
    lines: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    picture: Picture | None = None


class KeyClash(ValueError):
    """Two figures would be traced by one key; no report is made then."""


def figures(sections: Iterable[Section]) -> tuple[Figure, ...]:
    """Every figure in the order it is shown, each name once.

    Raises
    ------
    KeyClash
        If two different figures share a key or a name.
    """
    found: dict[str, Figure] = {}
    for figure in _shown(sections):
        other = found.setdefault(figure.key, figure)
        if other != figure:
            raise KeyClash(f"'{figure.name}' and '{other.name}' share the key {figure.key}")
    return tuple(found.values())


def number(value: float | None) -> str:
    """``value`` with six significant digits, so that the last bits of a machine don't show."""
    return "" if value is None else f"{value:.6g}"


def shown(value: float | None, digits: int = 1) -> str:
    """``value`` as people read it, with a true minus; a dash where there is none."""
    if value is None:
        return "–"
    text = f"{value:.{digits}f}"
    return text.replace("-", "−") if float(text) else text.replace("-", "")


def p_shown(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def count(name: str, value: int, function: str, sources: Iterable[int], **more: bool) -> Figure:
    """A figure that is a number of people or things."""
    places = tuple(sorted(set(sources)))
    return Figure(name, str(value), (("count", str(value)),), function, value, places, **more)


def share(name: str, value: int, of: int, function: str, sources: Iterable[int]) -> Figure:
    """So many of so many, with the percentage where there is anyone."""
    percent = f" ({100 * value / of:.0f}%)" if of else ""
    values = (("count", str(value)), ("of", str(of)))
    places = tuple(sorted(set(sources)))
    return Figure(name, f"{value}/{of}{percent}", values, function, of, places)


def ranged(
    name: str,
    value: float | None,
    limits: tuple[float | None, float | None],
    about: tuple[str, int, Iterable[int], bool],
    *,
    digits: int = 1,
    after: str = "",
    more: tuple[tuple[str, str], ...] = (),
) -> Figure:
    """A number with its interval; ``about`` is function, inputs, sources and whether planned.

    ``more`` are further numbers of the row it stands in, which are shown beside it as words.
    """
    function, inputs, sources, planned = about
    low, high = limits
    text = shown(value, digits)
    if low is not None and high is not None:
        text += f" ({shown(low, digits)} to {shown(high, digits)})"
    numbers = (("estimate", number(value)), ("low", number(low)), ("high", number(high)), *more)
    places = tuple(sorted(set(sources)))
    return Figure(name, text + after, numbers, function, inputs, places, planned)


def _shown(sections: Iterable[Section]) -> Iterator[Figure]:
    for section in sections:
        for table in section.tables:
            for row in table.rows:
                yield from (cell for cell in row if isinstance(cell, Figure))
