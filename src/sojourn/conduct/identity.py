"""Looking up a name is itself on the record: by whom, of whom and for what."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class IdentityOpened:
    kind: ClassVar[str] = "identity.opened"
    schema: ClassVar[int] = 1
    participant: str
    purpose: str
