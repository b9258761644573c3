"""Power over a range of sample sizes, point by point."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from sojourn.design.drawing import Prepared
from sojourn.design.plan import Plan
from sojourn.design.sequential import NoBoundary
from sojourn.design.tally import Tally
from sojourn.design.trials import Spread, characteristics

MOST_POINTS = 60


@dataclass(frozen=True, slots=True)
class Point:
    """What the trials of one sample size came to."""

    people: int
    tally: Tally


def sizes(text: str) -> tuple[int, ...]:
    """Sample sizes written as 60:140:10 (both ends included), 104, or 60,80,104.

    Raises
    ------
    NoBoundary
        Naming what was written and what would be right.
    """
    try:
        if ":" in text:
            first, last, step = (int(each) for each in text.split(":"))
            found = tuple(range(first, last + 1, step)) if step > 0 else ()
        else:
            found = tuple(sorted({int(each) for each in text.split(",")}))
    except ValueError:
        found = ()
    if not found or min(found) < 8 or len(found) > MOST_POINTS:
        raise NoBoundary(
            f"n '{text}' is no range; write 60:140:10, from 8 up, at most {MOST_POINTS} sizes"
        )
    return found


def curve(
    prepared: Prepared,
    plan: Plan,
    people: Sequence[int],
    *,
    spread: Spread = map,
    each: Callable[[int, Tally], bool] = lambda _size, _tally: True,
) -> Iterator[Point]:
    """The plan at each size; ``each`` hears of size and tally so far, false ends it all."""
    for size in people:
        going = True

        def heard(tally: Tally, size: int = size) -> bool:
            nonlocal going
            going = each(size, tally)
            return going

        tally = characteristics(prepared, replace(plan, people=size), spread=spread, each=heard)
        if not going:
            return
        yield Point(size, tally)
