"""What is out of this record, asked before each entry is added."""

from functools import lru_cache

from sojourn.conduct import lending, offline
from sojourn.conduct.offline import Leases
from sojourn.ledger.read import last_hash, read_stream
from sojourn.record.command import Refused

PREFIX = "offline:"
NONE = Leases()


def standing(programme: str) -> Leases:
    """What is out of the programme now, and what was."""
    last = last_hash(PREFIX + programme)
    return _folded(programme, last) if last else NONE


def refuse_elsewhere(stream: str) -> None:
    """Refuse to write to a stream that another record writes to.

    Raises
    ------
    Refused
        Saying which record, and what to do.
    """
    kind, _, rest = stream.partition(":")
    if f"{kind}:" == PREFIX:
        return
    why = lending.refusal(standing(rest.partition(":")[0]), stream)
    if why:
        raise Refused(why)


@lru_cache(maxsize=64)
def _folded(programme: str, last: str) -> Leases:
    # The hash of its last entry stands for the stream's whole history.
    return offline.fold(read_stream(PREFIX + programme))
