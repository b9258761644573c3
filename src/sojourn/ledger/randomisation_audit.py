"""The audit of a programme's randomisation; looking behind the seal for it is an entry."""

from sojourn.conduct.randomisation import AllocationMade
from sojourn.conduct.randomisation_audit import Audit, audit
from sojourn.ledger import allocation_lists, opening, programmes, seal
from sojourn.ledger.desk import Person
from sojourn.ledger.read import read_stream, streams
from sojourn.record.command import Refused


def audit_programme(programme: str, purpose: str, by: Person) -> Audit:
    """Make the whole sequence again and compare it with what was allocated.

    Raises
    ------
    Refused
        If the role is blinded, or the protocol allocates nothing by a sealed seed.
    """
    protocol = programmes.load(programme).protocol
    plan = protocol.randomisation
    if plan is None or not plan.blinded:
        raise Refused(f"protocol {protocol.key} has no sealed randomisation to audit")
    opening.record(programme, purpose, by)
    made = [
        entry.fact
        for stream in streams(f"allocation:{programme}:")
        for entry in read_stream(stream)
        if isinstance(entry.fact, AllocationMade)
    ]
    seed = seal.randomisation_seed(programme)
    lists = allocation_lists.received(programme)
    listed = {
        (f"allocation:{programme}:{stratum}", number): sealed
        for (stratum, number), sealed in allocation_lists.lines(lists).items()
    }
    return audit(made, seed, protocol.arms, plan, seal.open_seal, listed=listed if lists else None)
