"""The report of a programme: cut from the record, computed, written, traced back to entries."""

from sojourn.reporting.assembly import Report
from sojourn.reporting.making import FILES, NUMBERS, PAGE, PAPER, Wish, files, make, shelf, write
from sojourn.reporting.tracing import NoTrace, Source, Trace, trace

__all__ = [
    "FILES",
    "NUMBERS",
    "PAGE",
    "PAPER",
    "NoTrace",
    "Report",
    "Source",
    "Trace",
    "Wish",
    "files",
    "make",
    "shelf",
    "trace",
    "write",
]
