"""The register as it stands: the studies that come with Sojourn and those a site added.

Everything is computed once for each set of files: a file added, changed or taken away is a new set.
"""

import logging
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from sojourn import evidence
from sojourn.evidence import Answered, EvidenceError, Study

Files = tuple[tuple[str, int, int], ...]


def files() -> Files:
    """Name, time of change (ns) and size of each study of the site's own; none without a folder."""
    if not settings.EVIDENCE:
        return ()
    found = []
    for path in sorted(Path(settings.EVIDENCE).glob("*.yaml")):
        about = path.stat()
        found.append((path.name, about.st_mtime_ns, about.st_size))
    return tuple(found)


def studies() -> Mapping[str, Study]:
    """Every study by key."""
    return _studies(files())[0]


def fault() -> str:
    """Why the site's own studies are left out, where a file of them can't be used; else empty."""
    return _studies(files())[1]


def claim(key: str) -> Answered | None:
    """One claim, answered; None where there is none of that key."""
    return _claim(files(), key) if key in evidence.shipped_claims() else None


def claims() -> Mapping[str, Answered]:
    """Every claim, answered."""
    now = files()
    return {key: _claim(now, key) for key in evidence.shipped_claims()}


@lru_cache(maxsize=2)
def _studies(now: Files) -> tuple[Mapping[str, Study], str]:
    shipped = evidence.shipped_studies()
    if not now:
        return shipped, ""
    try:
        own = evidence.load_studies(Path(settings.EVIDENCE), known=tuple(shipped))
    except EvidenceError as error:
        logging.getLogger(__name__).warning("studies of the site left out: %s", error)
        return shipped, str(error)
    return {**shipped, **own}, ""


@lru_cache(maxsize=128)
def _claim(now: Files, key: str) -> Answered:
    return evidence.answer_claim(evidence.shipped_claims()[key], _studies(now)[0])
