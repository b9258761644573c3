"""Papers as PDF: the same data and moment give the same bytes."""

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from sojourn import typesetting
from sojourn.vigilance import paper

TEMPLATE = Path(__file__).parent / "papers" / "paper.typ"


@dataclass(frozen=True, slots=True)
class Table:
    """A section of a paper: column shares, a head that may be empty, and rows of text."""

    title: str
    widths: tuple[int, ...]
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    on_new_page: bool = False


def pdf(
    title: str,
    lines: tuple[str, ...],
    sections: tuple[Table, ...],
    footer: str,
    at: datetime,
    *,
    wide: bool = False,
) -> bytes:
    """The paper as PDF, across the page when ``wide``; ``at`` is the moment it says it was made."""
    data = {
        "wide": wide,
        "title": title,
        "lines": lines,
        "sections": [asdict(each) for each in sections],
        "footer": footer,
    }
    return typesetting.pdf(TEMPLATE, data, at)


def form_tables(sections: tuple[paper.Section, ...]) -> tuple[Table, ...]:
    """The sections of a paper form, a row for each of its boxes."""
    return tuple(
        Table(
            section.title,
            (2, 6, 13),
            (),
            tuple((box.place, box.asks, box.answer) for box in section.boxes),
        )
        for section in sections
    )
