"""One participant's arm from behind the seal, in an emergency: shown once, to whoever asked."""

from sojourn.conduct.randomisation import AllocationOpened
from sojourn.course.unblinding import RevealAllocation
from sojourn.ledger import allocating, clock, seal
from sojourn.ledger.append import append_next
from sojourn.ledger.desk import Person, at_desk
from sojourn.record.command import Refused

# Beside the openings of the whole allocation, which end the time in which a plan may be locked.
EMERGENCIES = "emergencies:"


def reveal(programme: str, participant: str, request: str, by: Person) -> str:
    """The label of the participant's arm, once its showing is on the record.

    Raises
    ------
    Refused
        If ``by`` did not ask, nobody confirmed it, or it was shown before.
    """
    with at_desk(programme, participant, by) as desk:
        at = clock.now()
        desk.execute(RevealAllocation(at, request))
        reason = desk.course.unblindings[request].reason
        append_next(
            EMERGENCIES + programme,
            (AllocationOpened(participant, reason),),
            occurred_at=at,
            author=by.name,
            role=by.role,
        )
        sealed = allocating.sealed_arm(programme, desk.course)
        if not sealed:
            raise Refused(f"no allocation of {participant} lies under the seal of this record")
        arm = seal.open_seal(sealed)
    labels = {each.key: each.label for each in desk.standing.protocol.arms}
    return labels[arm]
