"""From what a domain says to finished rows: identifiers, sequence numbers, days, SUPP--.

A domain gives ``Line``s. ``finish`` makes the rows of its dataset and those of SUPP-- from them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sojourn.exchange.cdisc.standard import LONGEST_TEXT, Dataset, Row
from sojourn.exchange.cdisc.study import Subject, iso

Value = str | int | float | date | datetime | None
Qualifier = tuple[str, str, str, str]  # QNAM, QLABEL, QORIG, QVAL
# Datasets without --SPID: the positions of the entries go to their SUPP--.
WITHOUT_SPID = frozenset({"DM", "SV"})
ENTRIES = "ENTRYPOS"
_DAYS = (("DY", "DTC"), ("STDY", "STDTC"), ("ENDY", "ENDTC"))
_SHORT = LONGEST_TEXT // 4  # letters; none takes more than four bytes


@dataclass(frozen=True, slots=True)
class Line:
    """One occasion: what all its rows say, the entries they rest on, the moment that orders them.

    ``rows`` is what each says beside that; most occasions are one row that says no more.
    """

    values: dict[str, Value]
    entries: tuple[int, ...]  # positions of the entries it rests on
    at: date | datetime | None = None  # tells the epoch too
    supplemental: dict[str, Value] = field(default_factory=dict)
    rows: Sequence[dict[str, Value]] = ({},)


def finish(
    domain: str, dataset: Dataset, subject: Subject, lines: Iterable[Line]
) -> tuple[list[Row], list[Row]]:
    """The rows of ``domain`` and of its SUPP--, in the order of time."""
    rows: list[Row] = []
    extra: list[Row] = []
    blank: Row = dict.fromkeys((each.name for each in dataset.variables), None)
    blank["STUDYID"], blank["DOMAIN"] = subject.study.key, domain
    blank["USUBJID"] = usubjid(subject)
    sequence = f"{domain}SEQ" if f"{domain}SEQ" in blank else ""
    for line in sorted(lines, key=_order):
        same = blank.copy()
        long = _same(same, domain, subject, line)
        for each in line.rows:
            row = same.copy()
            rows.append(row)
            if sequence:
                row[sequence] = len(rows)
            longer = long + _fill(row, each) if each else long
            if longer or line.supplemental or domain in WITHOUT_SPID:
                qualifiers = (*longer, *_qualifiers(line, domain, dataset))
                extra += _supplemental(domain, row, qualifiers)
    return rows, extra


def _order(line: Line) -> tuple[str, int]:
    return iso(line.at) or "9999", min(line.entries, default=0)


def _same(row: Row, domain: str, subject: Subject, line: Line) -> list[Qualifier]:
    """Puts what all rows of a line say in its place; returns what does not fit."""
    long = _fill(row, line.values)
    if f"{domain}SPID" in row:
        long += _put(row, f"{domain}SPID", positions(line.entries))
    if "EPOCH" in row:
        row["EPOCH"] = subject.epoch(line.at)
    for day, counted in _DAYS:
        moment = line.values.get(f"{domain}{counted}")
        if isinstance(moment, date) and f"{domain}{day}" in row:
            row[f"{domain}{day}"] = subject.day(moment)
    return long


def usubjid(subject: Subject) -> str:
    """The participant's number under the study's: unique wherever studies meet."""
    return f"{subject.study.key}-{subject.course.participant}"


def positions(entries: Iterable[int]) -> str:
    """Positions in the record as text, each once."""
    return " ".join(map(str, sorted(set(entries))))


def _fill(row: Row, values: Mapping[str, Value]) -> list[Qualifier]:
    """Puts values in their place; returns what does not fit."""
    long: list[Qualifier] = []
    for name, value in values.items():
        if isinstance(value, str):
            if 0 < len(value) < _SHORT and value.isprintable():
                row[name] = value
            else:
                long += _put(row, name, value)
        else:
            row[name] = iso(value) if isinstance(value, date) else value
    return long


def _put(row: Row, name: str, value: str) -> list[Qualifier]:
    first, *rest = pieces(value)
    row[name] = first or None
    return [
        (_numbered(name, number), f"Rest of {name}, {number}", "COLLECTED", piece)
        for number, piece in enumerate(rest, 1)
    ]


def _qualifiers(line: Line, domain: str, dataset: Dataset) -> Iterator[Qualifier]:
    known = {each.name: each for each in dataset.supplemental}
    found = dict(line.supplemental)
    if domain in WITHOUT_SPID:
        found[ENTRIES] = positions(line.entries)
    for name, value in found.items():
        if value is None or value == "":
            continue
        text = iso(value) if isinstance(value, date) else str(value)
        for number, piece in enumerate(pieces(text or "")):
            qnam = _numbered(name, number) if number else name
            yield qnam, known[name].label, known[name].origin.upper(), piece


def _supplemental(domain: str, row: Row, qualifiers: Iterable[Qualifier]) -> Iterator[Row]:
    idvar = {"DM": "", "SV": "VISITNUM"}.get(domain, f"{domain}SEQ")
    for name, label, origin, text in qualifiers:
        yield {
            "STUDYID": row["STUDYID"],
            "RDOMAIN": domain,
            "USUBJID": row["USUBJID"],
            "IDVAR": idvar or None,
            "IDVARVAL": str(row[idvar]) if idvar else None,
            "QNAM": name,
            "QLABEL": label,
            "QVAL": text,
            "QORIG": origin,
            "QEVAL": None,
        }


def pieces(text: str) -> list[str]:
    """``text`` in pieces that fit, broken at blanks where there are any (SDTMIG 4.5.3.2)."""
    text = " ".join(text.split())
    found = []
    while len(text.encode()) > LONGEST_TEXT:
        fits = text.encode()[:LONGEST_TEXT].decode(errors="ignore")
        end = fits.rfind(" ")
        end = end if end > 0 else len(fits)
        found.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return [*found, text]


def _numbered(name: str, number: int) -> str:
    return f"{name[: 8 - len(str(number))]}{number}"
