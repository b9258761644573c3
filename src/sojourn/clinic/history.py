"""The history of a course in words: newest first, each correction beside what it corrects."""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sojourn.course.correction import CORRECTABLE, Corrected
from sojourn.protocols.model import Protocol
from sojourn.record.entry import Entry

NOBODY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as a person reads it."""

    sequence: int
    title: str
    details: tuple[tuple[str, str], ...]
    occurred_at: datetime
    recorded_at: datetime
    author: str
    role: str
    reason: str
    signature: str  # what the author's signature means; empty when unsigned
    signer: str  # the author's full name where the account has one
    corrects: int | None
    corrected_by: int | None
    correctable: bool


def lines(
    entries: Iterable[Entry], protocol: Protocol, names: Mapping[str, str] = NOBODY
) -> list[Line]:
    """Every entry as a line, the newest first; ``names`` are the full names of signers."""
    entries = tuple(entries)
    corrected_by = {
        entry.fact.corrects: entry.sequence
        for entry in entries
        if isinstance(entry.fact, Corrected)
    }
    labels = {visit.key: visit.label for visit in protocol.visits}
    return [_line(entry, labels, corrected_by, names) for entry in reversed(entries)]


def _line(
    entry: Entry, labels: dict[str, str], corrected_by: dict[int, int], names: Mapping[str, str]
) -> Line:
    fact: Any = entry.fact
    if isinstance(fact, Corrected):
        details, kind, corrects = json.loads(fact.text), fact.of_kind, fact.corrects
    else:
        details = {field.name: getattr(fact, field.name) for field in dataclasses.fields(fact)}
        kind, corrects = fact.kind, None
    return Line(
        sequence=entry.sequence,
        title=_title(kind, details),
        details=_details(details, labels),
        occurred_at=entry.occurred_at,
        recorded_at=entry.recorded_at,
        author=entry.author,
        role=entry.role,
        reason=entry.reason,
        signature=entry.signature,
        signer=names.get(entry.author) or entry.author,
        corrects=corrects,
        corrected_by=corrected_by.get(entry.sequence),
        correctable=kind in CORRECTABLE and corrects is None,
    )


def _title(kind: str, details: dict[str, Any]) -> str:
    stage, _, words = kind.partition(".")
    words = words.replace("-", " ")
    # "Recorded" alone says nothing; "Assessment recorded" does.
    if " " not in words:
        words = f"{stage} {words}"
    if "which" in details:
        return f"{details['which'].capitalize()} {words}"
    return words.capitalize()


def _details(details: dict[str, Any], labels: dict[str, str]) -> tuple[tuple[str, str], ...]:
    shown = []
    if "level_mg" in details:  # its name is from when every label counted milligrams
        level = f"{details['level_mg']} {details.get('unit', 'mg')}"
        details = {"level": level} | {
            name: value for name, value in details.items() if name not in ("level_mg", "unit")
        }
    for name, value in details.items():
        text = _text(value, labels)
        if text and name not in ("programme_version", "settles_visit"):
            shown.append((name.replace("_", " "), text))
    return tuple(shown)


def _text(value: Any, labels: dict[str, str]) -> str:
    if value is None or value == "" or value == ():
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (tuple, list)):
        return ", ".join(_text(each, labels) or "–" for each in value)
    return labels.get(str(value), str(value))
