"""The last drill that went well: a copy restored elsewhere and verified. Kept beside the record."""

import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings

from sojourn.ledger import clock
from sojourn.record.hashing import time_of, time_text


@dataclass(frozen=True, slots=True)
class Drill:
    """When a copy was restored and verified, which, and what it held. Times are UTC."""

    at: str
    copy: str
    entries: int
    root: str

    @property
    def age(self) -> timedelta:
        """How long ago it went well."""
        return clock.now() - time_of(self.at)


def note(copy: Path, entries: int, root: str) -> Drill:
    """Keep that ``copy`` was restored and verified just now."""
    made = Drill(time_text(clock.now()), str(copy), entries, root)
    part = _path().with_suffix(".part")
    part.write_text(json.dumps(asdict(made), indent=1) + "\n", encoding="utf-8")
    part.replace(_path())
    return made


def last() -> Drill | None:
    """The last drill that went well; None if none did, or nobody can read which."""
    try:
        return Drill(**json.loads(_path().read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _path() -> Path:
    return Path(settings.HOME) / "drill.json"
