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


def stream_beside(stream: str) -> str:
    """The stream that says what is out of the programme ``stream`` is of."""
    return PREFIX + [*stream.split(":"), ""][1]


def refuse_elsewhere(stream: str, last: str) -> None:
    """Refuse to write to a stream that another record writes to.

    ``last`` is the hash of the last entry of ``stream_beside``.

    Raises
    ------
    Refused
        Saying which record, and what to do.
    """
    beside = stream_beside(stream)
    if beside == stream:
        return
    why = lending.refusal(_folded(beside.removeprefix(PREFIX), last), stream)
    if why:
        raise Refused(why)


@lru_cache(maxsize=64)
def _folded(programme: str, last: str) -> Leases:
    # The hash of its last entry stands for the stream's whole history.
    return offline.fold(read_stream(PREFIX + programme))
