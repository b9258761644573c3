"""Lists as comma-separated text, which no spreadsheet takes for a formula."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence


def lines(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The headings, then each row, as one line of text each."""
    yield _line(headings)
    for row in rows:
        yield _line(row)


def _line(values: Sequence[object]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow([_plain(str(value)) for value in values])
    return written.getvalue()


def _plain(text: str) -> str:
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
