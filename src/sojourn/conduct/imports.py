"""Files brought onto the record: which, how long, and by whom."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FileImported:
    """``digest`` is the SHA-256 of the file's bytes, so that it can be told from another."""

    kind: ClassVar[str] = "programme.file-imported"
    schema: ClassVar[int] = 1
    file: str
    digest: str
    rows: int
    written: int
