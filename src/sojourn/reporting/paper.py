"""The report as PDF: the same report gives the same bytes."""

from pathlib import Path
from typing import Any

from sojourn import typesetting
from sojourn.analysis.report import Cell, Section
from sojourn.reporting.assembly import NOT_PLANNED, Report
from sojourn.reporting.pictures import for_paper, svg

TEMPLATE = Path(__file__).parent / "report.typ"


def paper(report: Report, trace_digest: str) -> bytes:
    """The whole report on A4; it says it was made at the data cut, whenever it was."""
    return typesetting.pdf(TEMPLATE, printed(report, trace_digest), report.cut.as_of)


def printed(report: Report, trace_digest: str) -> dict[str, Any]:
    """All that the paper shows, as data."""
    return {
        "title": report.title,
        "lead": report.lead,
        "sections": [_section(each) for each in report.sections],
        "traces": [
            [
                each.key,
                each.name + ("" if each.planned else f" ({NOT_PLANNED.lower()})"),
                each.function,
                str(each.inputs),
                str(len(each.sources)),
            ]
            for each in report.figures
        ],
        "trace_digest": trace_digest,
        "not_planned": NOT_PLANNED,
        "footer": f"{report.title}, data cut {report.cut.as_of:%Y-%m-%d %H:%M %Z}, "
        f"root {report.cut.root[:16]}",
    }


def _section(section: Section) -> dict[str, Any]:
    return {
        "title": section.title,
        "lines": section.lines,
        "picture": for_paper(svg(section.picture)) if section.picture else "",
        "tables": [
            {
                "title": each.title,
                "head": each.head,
                "rows": [[_cell(cell) for cell in row] for row in each.rows],
                "note": each.note,
                "planned": each.planned,
            }
            for each in section.tables
        ],
    }


def _cell(cell: Cell) -> dict[str, str]:
    if isinstance(cell, str):
        return {"text": cell, "key": ""}
    return {"text": cell.text, "key": cell.key}
