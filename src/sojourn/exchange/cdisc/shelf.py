"""Where a site keeps its latest export of a programme, for the page that hands it out."""

import json
import zipfile
from pathlib import Path

from django.conf import settings

from sojourn.ledger.cut import Cut
from sojourn.record.hashing import time_text

ABOUT, PACKED = "export.json", "export.zip"


def folder(programme: str, *, blinded: bool) -> Path:
    """The folder of the latest export, beside the record."""
    return Path(settings.HOME) / "exports" / programme / ("blinded" if blinded else "opened")


def pack(programme: str, cut: Cut, *, blinded: bool) -> Path:
    """Put the export's files into one, with the cut they were made at; returns its path."""
    where = folder(programme, blinded=blinded)
    about = {"as_of": time_text(cut.as_of), "size": cut.position, "root": cut.root}
    (where / ABOUT).write_text(json.dumps(about), encoding="utf-8")
    with zipfile.ZipFile(where / PACKED, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(where.rglob("*")):
            if path.is_file() and path.name != PACKED:
                packed.write(path, path.relative_to(where))
    return where / PACKED


def about(programme: str, *, blinded: bool) -> dict[str, str] | None:
    """The cut of the export that lies ready; None where there is none."""
    where = folder(programme, blinded=blinded)
    try:
        told = json.loads((where / ABOUT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return told if (where / PACKED).is_file() else None
