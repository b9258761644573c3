"""Where files may be written; asked before the allocation is opened for nothing."""

import tempfile
from pathlib import Path

from sojourn.record.command import Refused


def refuse_taken(out: Path) -> None:
    """Refuse a place where something lies; an empty folder is free."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise Refused(f"{out} exists already; give another place", "out")


def refuse_unwritable(folder: Path) -> None:
    """Refuse a folder that can't be made or written to; it is there afterwards."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise Refused(
            f"nothing can be written in {folder} ({error.strerror}); give another place", "out"
        ) from error
