"""Courses that a page asks for again and again, kept folded: only what is new is read.

Nothing is trusted for being kept: the last known entry must still be in the
record under its hash, or the whole course is read anew.
"""

from collections import OrderedDict
from threading import Lock

from sojourn import course as courses
from sojourn.course.correction import Corrected
from sojourn.course.state import Course
from sojourn.ledger.read import read_stream
from sojourn.ledger.registry import kinds
from sojourn.record.entry import Entry

KEPT = 32
Known = tuple[tuple[Entry, ...], Course]
_known: OrderedDict[str, Known] = OrderedDict()
_lock = Lock()


def course_of(stream: str) -> Known:
    """The entries of a participant's stream and the course they add up to."""
    with _lock:
        known = _known.get(stream)
    found = _moved_on(stream, known) if known else None
    if found is None:
        entries = read_stream(stream)
        found = entries, courses.fold(entries, kinds().read)
    if found[0]:
        with _lock:
            _known[stream] = found
            _known.move_to_end(stream)
            while len(_known) > KEPT:
                _known.popitem(last=False)
    return found


def _moved_on(stream: str, known: Known) -> Known | None:
    """What is known with what came since; None where it has to be read anew."""
    entries, course = known
    last, *fresh = read_stream(stream, since=entries[-1].sequence) or (None,)
    if last is None or last.hash != entries[-1].hash:
        return None
    # A correction changes what was folded before it.
    if any(isinstance(entry.fact, Corrected) for entry in fresh):
        return None
    for entry in fresh:
        course = courses.evolve(course, entry)
    return (*entries, *fresh), course
