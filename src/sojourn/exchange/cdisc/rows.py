"""From what a domain says to finished rows: identifiers, sequence numbers, days, SUPP--.

A domain gives ``Line``s. ``finish`` makes the rows of its dataset and those of SUPP-- from them.
"""

from collections.abc import Iterable, Iterator
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
    """What one row says, the entries it rests on, and the moment that orders it."""

    values: dict[str, Value]
    entries: tuple[int, ...]  # positions of the entries it rests on
    at: date | datetime | None = None  # tells the epoch too
    supplemental: dict[str, Value] = field(default_factory=dict)


def finish(
    domain: str, dataset: Dataset, subject: Subject, lines: Iterable[Line]
) -> tuple[list[Row], list[Row]]:
    """The rows of ``domain`` and of its SUPP--, in the order of time."""
    found = list(lines)
    if not found:
        return [], []
    rows: list[Row] = []
    extra: list[Row] = []
    blank: Row = dict.fromkeys((each.name for each in dataset.variables), None)
    blank["STUDYID"], blank["DOMAIN"] = subject.study.key, domain
    blank["USUBJID"] = usubjid(subject)
    days = [(f"{domain}{day}", f"{domain}{dtc}") for day, dtc in _DAYS if f"{domain}{day}" in blank]
    sequence, spid, memory = f"{domain}SEQ", f"{domain}SPID", _Memory(subject)
    found.sort(key=lambda line: (memory.said(line.at), min(line.entries, default=0)))
    for number, line in enumerate(found, start=1):
        row = blank.copy()
        if sequence in blank:
            row[sequence] = number
        long = _fill(row, line.values, memory)
        if spid in blank:
            long += _put(row, spid, memory.positions(line.entries))
        if "EPOCH" in blank:
            row["EPOCH"] = memory.epoch(line.at)
        for day, counted in days:
            row[day] = memory.day(line.values.get(counted))
        if long or line.supplemental or domain in WITHOUT_SPID:
            extra += _supplemental(domain, row, (*long, *_qualifiers(line, domain, dataset)))
        rows.append(row)
    return rows, extra


class _Memory:
    """One moment stands in many rows, one entry under many: each is put in words once.

    Moments are told apart by identity; the lines that hold them outlive this.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._said: dict[int, str] = {}
        self._epochs: dict[int, str | None] = {}
        self._days: dict[int, int | None] = {}
        self._positions: dict[tuple[int, ...], str] = {}
        self.short: set[str] = set()

    def said(self, moment: date | datetime | None) -> str:
        if id(moment) not in self._said:
            self._said[id(moment)] = iso(moment) or "9999"
        return self._said[id(moment)]

    def epoch(self, moment: date | datetime | None) -> str | None:
        if id(moment) not in self._epochs:
            self._epochs[id(moment)] = self._subject.epoch(moment)
        return self._epochs[id(moment)]

    def day(self, moment: Value) -> int | None:
        if not isinstance(moment, date):
            return None
        if id(moment) not in self._days:
            self._days[id(moment)] = self._subject.day(moment)
        return self._days[id(moment)]

    def positions(self, entries: tuple[int, ...]) -> str:
        if entries not in self._positions:
            self._positions[entries] = positions(entries)
        return self._positions[entries]


def usubjid(subject: Subject) -> str:
    """The participant's number under the study's: unique wherever studies meet."""
    return f"{subject.study.key}-{subject.course.participant}"


def positions(entries: Iterable[int]) -> str:
    """Positions in the record as text, each once."""
    return " ".join(map(str, sorted(set(entries))))


def _fill(row: Row, values: dict[str, Value], memory: _Memory) -> list[Qualifier]:
    """Puts values in their place; returns what does not fit."""
    long: list[Qualifier] = []
    short = memory.short
    for name, value in values.items():
        if isinstance(value, str):
            if value in short:
                row[name] = value
            elif 0 < len(value) < _SHORT and value.isprintable():
                short.add(value)
                row[name] = value
            else:
                long += _put(row, name, value)
        elif isinstance(value, date):
            row[name] = memory.said(value)
        else:
            row[name] = value
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
