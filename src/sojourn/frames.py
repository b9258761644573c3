"""Tables of a programme for notebooks, from the record the environment names.

    from sojourn import frames
    tables = frames.load("demo", author="ana")
    tables["adqs"].filter(polars.col("PARAMCD") == "CAPS5TOT")

What the tables hold is in ``tables["dictionary"]``, variable by variable.
"""

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars


def load(
    programme: str,
    *,
    author: str,
    as_of: datetime | None = None,
    opened: bool = False,
    purpose: str = "",
) -> "dict[str, polars.DataFrame]":
    """Every SDTM and ADaM table by name, in small letters; blinded unless ``opened``.

    Opening the allocation needs a purpose and is written on the record under ``author``.

    Raises
    ------
    sojourn.record.command.Refused
        If there is no such programme, or no purpose is given for opening.
    """
    from sojourn.terminal import start

    start()
    from sojourn.exchange.cdisc import frames
    from sojourn.exchange.cdisc.source import Wish, open_source
    from sojourn.ledger.desk import Person

    wish = Wish(programme, as_of, opened, purpose)
    return frames.load(open_source(wish, Person(author, "statistician")))
