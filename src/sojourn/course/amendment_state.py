"""What a course holds of amendments: the moves from one version of the protocol to a later one."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Move:
    """To a later version of the protocol; visits ``kept`` stay planned as before."""

    digest: str
    version: str
    since: datetime
    kept: frozenset[str]
