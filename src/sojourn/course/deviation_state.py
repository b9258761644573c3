"""What a course holds of deviations: doses given against a rule, and what people made of any."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class AgainstRule:
    """A dose that was given against rules of the protocol or the law."""

    key: str
    at: datetime
    visit: str
    dose: str  # 'initial', 'supplemental' or 'further'
    rules: tuple[str, ...]  # as they stood then, in words
    decided_by: str
    action: str


@dataclass(frozen=True, slots=True)
class Classified:
    """How grave someone found a deviation to be, and how they explain it."""

    classification: str
    comment: str
    at: datetime
    by: str
