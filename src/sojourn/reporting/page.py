"""The report as one HTML file that needs nothing else: light, dark, phone, print."""

from html import escape
from pathlib import Path

from sojourn.analysis.report import Cell, Figure, Section, Table
from sojourn.reporting.assembly import NOT_PLANNED, Report
from sojourn.reporting.pictures import svg

STYLE = Path(__file__).parent / "report.css"


def page(report: Report, trace_digest: str) -> str:
    """The whole file; ``trace_digest`` is the SHA-256 of the file of traces beside it."""
    seen: set[str] = set()
    sections = "\n".join(_section(each, seen) for each in report.sections)
    contents = "".join(
        f'<li><a href="#{each.key}">{escape(each.title)}</a></li>' for each in report.sections
    )
    lead = "".join(f"<p>{escape(line)}</p>" for line in report.lead)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(report.title)}: report</title>"
        f"<style>{STYLE.read_text(encoding='utf-8')}</style></head><body>\n"
        f"<header><h1>{escape(report.title)}</h1>{lead}</header>\n"
        f'<nav aria-label="Sections"><ul>{contents}'
        '<li><a href="#traces">Traces</a></li></ul></nav>\n'
        f"<main>{sections}\n{_traces(report, trace_digest)}</main></body></html>\n"
    )


def _section(section: Section, seen: set[str]) -> str:
    lines = "".join(f"<p>{escape(line)}</p>" for line in section.lines)
    picture = _figure(section) if section.picture else ""
    tables = "".join(_table(each, seen) for each in section.tables)
    return (
        f'<section id="{section.key}" aria-labelledby="{section.key}-title">'
        f'<h2 id="{section.key}-title">{escape(section.title)}</h2>{lines}{picture}{tables}'
        "</section>"
    )


def _figure(section: Section) -> str:
    drawn = svg(section.picture) if section.picture else ""
    label = escape(f"Picture: {section.title}")
    return (
        f'<figure class="scroll" role="region" tabindex="0" aria-label="{label}">{drawn}</figure>'
    )


def _table(table: Table, seen: set[str]) -> str:
    mark = "" if table.planned else f' <span class="tag">{NOT_PLANNED}</span>'
    head = "".join(
        f'<th scope="col">{escape(each)}</th>' if each else "<td></td>" for each in table.head
    )
    rows = "".join(
        "<tr>"
        + "".join(
            f'<th scope="row">{_cell(cell, seen)}</th>' if place == 0 and isinstance(cell, str)
            else f"<td>{_cell(cell, seen)}</td>"
            for place, cell in enumerate(row)
        )
        + "</tr>"
        for row in table.rows
    )  # fmt: skip
    body = rows or f'<tr><td colspan="{len(table.head)}">None.</td></tr>'
    note = f"<p>{escape(table.note)}</p>" if table.note else ""
    label = escape(table.title)
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{label}"><table>'
        f"<caption>{label}{mark}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
        f"</table></div>{note}"
    )


def _cell(cell: Cell, seen: set[str]) -> str:
    if isinstance(cell, str):
        return escape(cell)
    place = "" if cell.key in seen else f' id="f-{cell.key}"'
    seen.add(cell.key)
    return f'{escape(cell.text)}<sup{place}><a href="#t-{cell.key}">{cell.key}</a></sup>'


def _traces(report: Report, trace_digest: str) -> str:
    rows = "".join(_trace(each) for each in report.figures)
    return (
        '<section id="traces" aria-labelledby="traces-title"><h2 id="traces-title">Traces</h2>'
        "<p>Where each figure comes from. With the record at hand, <code>sojourn trace KEY "
        "--report FOLDER</code> shows the entries and proves them against the Merkle root above."
        f"</p><p>SHA-256 of the file of traces: <code>{trace_digest}</code></p>"
        '<div class="scroll" role="region" tabindex="0" aria-label="Traces"><table>'
        '<thead><tr><th scope="col">Key</th><th scope="col">Figure</th><th scope="col">Computed by'
        '</th><th scope="col">From</th><th scope="col">Entries</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div></section>"
    )


def _trace(figure: Figure) -> str:
    post_hoc = "" if figure.planned else f" ({NOT_PLANNED.lower()})"
    return (
        f'<tr><th scope="row" id="t-{figure.key}"><a href="#f-{figure.key}">{figure.key}</a></th>'
        f"<td>{escape(figure.name)}{post_hoc}</td><td>{escape(figure.function)}</td>"
        f"<td>{figure.inputs}</td><td>{len(figure.sources)}</td></tr>"
    )
