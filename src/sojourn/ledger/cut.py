"""The data cut: where the record of a programme is cut, and one participant's entries up to there.

What is told from a cut is folded from entries and never read from lists, so that the same cut
gives the same answers whatever was written since.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sojourn import course as courses
from sojourn.course.correction import Corrected, effective
from sojourn.course.state import Course
from sojourn.ledger import clock, programmes
from sojourn.ledger.checkpoint import root_at
from sojourn.ledger.read import last_of, read_stream
from sojourn.ledger.registry import kinds
from sojourn.record.command import Refused
from sojourn.record.entry import Entry


@dataclass(frozen=True, slots=True)
class Cut:
    """Where the record is cut: the moment, the last position that counts and the root up to it."""

    programme: str
    as_of: datetime
    position: int
    root: str


@dataclass(frozen=True, slots=True)
class Told:
    """One participant's entries up to the cut, as corrected, and the course they add up to."""

    entries: tuple[Entry, ...]
    course: Course
    corrections: dict[int, tuple[int, ...]]  # positions of corrections by corrected sequence

    def places(self, holds: Callable[[Entry], bool]) -> tuple[int, ...]:
        """Positions of the entries that ``holds`` picks, and of their corrections."""
        return tuple(place for entry in self.entries if holds(entry) for place in self.at(entry))

    def at(self, entry: Entry) -> tuple[int, ...]:
        """Position of the entry, and of its corrections."""
        return (entry.position, *self.corrections.get(entry.sequence, ()))


def cut_at(programme: str, as_of: datetime | None) -> Cut:
    """The cut at ``as_of``; at the programme's last entry where no moment is given.

    Raises
    ------
    Refused
        If the programme had no entry by then.
    """
    whole = (f"{programmes.PREFIX}{programme}", f"course:{programme}:", f"allocation:{programme}:")
    last = last_of(whole, as_of)
    if last is None:
        raise Refused(f"programme '{programme}' has no entry by {as_of}; give a later moment")
    position, recorded_at = last
    return Cut(programme, clock.here(as_of or recorded_at), position, root_at(position))


def told_by(stream: str, position: int) -> Told | None:
    """What the stream of a course tells up to ``position``; None if nobody is registered in it."""
    entries = tuple(each for each in read_stream(stream) if each.position <= position)
    corrected = effective(entries, kinds().read)
    course = courses.fold(entries, kinds().read)
    if not course.participant:
        return None
    corrections: dict[int, tuple[int, ...]] = {}
    for entry in entries:
        if isinstance(entry.fact, Corrected):
            before = corrections.get(entry.fact.corrects, ())
            corrections[entry.fact.corrects] = (*before, entry.position)
    return Told(corrected, course, corrections)
