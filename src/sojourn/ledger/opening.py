"""Behind the seal: allocations in clear, for those who put their opening on the record."""

from sojourn.conduct.blinding import may_open_allocation
from sojourn.conduct.randomisation import AllocationMade, AllocationOpened
from sojourn.ledger import clock, seal
from sojourn.ledger.append import append_next
from sojourn.ledger.desk import Person
from sojourn.ledger.programmes import OPENINGS
from sojourn.ledger.read import read_stream, streams
from sojourn.record.command import Refused

SHORTEST_PURPOSE = 8  # letters


def says_why(purpose: str) -> bool:
    """Whether a purpose says enough to stand in the record beside an opening."""
    return len(purpose.strip()) >= SHORTEST_PURPOSE


def record(programme: str, purpose: str, by: Person) -> None:
    """Write down that ``by`` opens all allocations of the programme, and for what.

    Raises
    ------
    Refused
        If the role is blinded.
    """
    if not may_open_allocation(by.role):
        raise Refused(f"a {by.role} is blinded and can't open the allocation")
    append_next(
        OPENINGS + programme,
        (AllocationOpened("all", purpose),),
        occurred_at=clock.now(),
        author=by.name,
        role=by.role,
    )


def allocations(programme: str) -> dict[str, str]:
    """Arm of every randomised participant; only after ``record``."""
    found = {}
    for stream in streams(f"allocation:{programme}:"):
        for entry in read_stream(stream):
            if isinstance(entry.fact, AllocationMade):
                found[entry.fact.participant] = seal.open_seal(entry.fact.sealed)
    return found
