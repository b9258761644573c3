"""The report of a programme: cut from the record, computed, written, traced back to entries."""

from sojourn.reporting.assembly import Report
from sojourn.reporting.making import (
    FILES,
    NUMBERS,
    PAGE,
    PAPER,
    REGISTRY,
    Wish,
    files,
    locked_at,
    make,
    shelf,
    write,
)
from sojourn.reporting.registry_draft import (
    NOT_LOCKED,
    ResultsDraft,
    registry_text,
    results_draft,
    why_no_draft,
)
from sojourn.reporting.tracing import NoTrace, Source, Trace, trace

__all__ = [
    "FILES",
    "NOT_LOCKED",
    "NUMBERS",
    "PAGE",
    "PAPER",
    "REGISTRY",
    "NoTrace",
    "Report",
    "ResultsDraft",
    "Source",
    "Trace",
    "Wish",
    "files",
    "locked_at",
    "make",
    "registry_text",
    "results_draft",
    "shelf",
    "trace",
    "why_no_draft",
    "write",
]
