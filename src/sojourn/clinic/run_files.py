"""Where work beside the pages keeps how far it has got: one small file for each run."""

import json
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

# The first run of an installation also compiles the analysis.
SILENT = timedelta(seconds=180)


def read(path: Path) -> dict[str, Any] | None:
    """What lies in the file; none where there is none."""
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return data


def write(path: Path, data: dict[str, Any]) -> None:
    """In one step, so that nobody reads half a file."""
    draft = path.with_suffix(f".{secrets.token_hex(4)}")
    draft.write_text(json.dumps(data), encoding="utf-8")
    draft.replace(path)
