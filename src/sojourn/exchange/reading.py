"""A site's spreadsheet as rows of named fields: headings mapped, values translated."""

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sojourn.exchange import scanning
from sojourn.record.command import Refused

ITEM = "item_"
DELIMITERS = ",;\t|"


class ImportRefused(ValueError):
    """Nothing was imported. ``problems`` names every row and field at fault."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Translation:
    """How a file's own words become fields.

    ``headings`` maps a field to the file's heading; ``values`` maps (field, the
    file's word) to ours; ``constants`` gives a field one value for every row.
    """

    headings: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[tuple[str, str], str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file; ``number`` counts as a spreadsheet does, headings being 1."""

    number: int
    fields: Mapping[str, str]

    def get(self, name: str) -> str:
        return self.fields.get(name, "")


@dataclass(frozen=True, slots=True)
class Sheet:
    name: str
    digest: str
    rows: tuple[Row, ...]


def read_sheet(path: Path, kind: str, mapping: Translation, needed: tuple[str, ...]) -> Sheet:
    """The rows of ``path`` as fields of ``kind`` ('participants' or 'assessments').

    Raises
    ------
    ImportRefused
        If the file can't be read, a heading is missing or stands for two fields.
    """
    try:
        raw = scanning.taken(path, "table")
        text = raw.decode("utf-8-sig")
    except Refused as refused:
        raise ImportRefused((refused.message,)) from refused
    except UnicodeDecodeError as error:
        message = f"{path.name} is not UTF-8 (byte {error.start}); save it as CSV UTF-8"
        raise ImportRefused((message,)) from error
    try:
        lines = list(csv.reader(io.StringIO(text), delimiter=_delimiter(text)))
    except csv.Error as error:
        raise ImportRefused((f"{path.name} is no CSV file: {error}",)) from error
    if len(lines) < 2:
        raise ImportRefused((f"{path.name} has no rows below its headings",))
    columns = _columns(path.name, lines[0], kind, mapping, needed)
    rows = tuple(_rows(path.name, lines, columns, mapping))
    return Sheet(path.name, hashlib.sha256(raw).hexdigest(), rows)


@cache
def headings() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Known headings by kind of file and field."""
    data: Any = yaml.safe_load((Path(__file__).parent / "headers.yaml").read_text("utf-8"))
    return {
        kind: {name: tuple(words) for name, words in fields.items()}
        for kind, fields in data.items()
    }


def _words(found: list[str]) -> list[str]:
    """Headings as they are compared."""
    return [heading.strip().lower() for heading in found]


def _delimiter(text: str) -> str:
    first = text.split("\n", 1)[0]
    return max(DELIMITERS, key=first.count)


def _columns(
    name: str, found: list[str], kind: str, mapping: Translation, needed: tuple[str, ...]
) -> dict[str, int]:
    plain = {heading: place for place, heading in enumerate(_words(found))}
    columns: dict[str, int] = {}
    problems: list[str] = []
    known = headings()[kind]
    for wanted, heading in mapping.headings.items():
        if wanted not in known and not wanted.startswith(ITEM):
            problems.append(f"--map {wanted}=...: no such field; fields: {', '.join(known)}")
        elif heading.strip().lower() not in plain:
            problems.append(f"{name} has no heading '{heading}'; it has: {', '.join(found)}")
        else:
            columns[wanted] = plain[heading.strip().lower()]
    for wanted, words in known.items():
        matches = [word for word in words if word in plain]
        if wanted in columns or wanted in mapping.constants or not matches:
            continue
        if len(matches) > 1:
            problems.append(
                f"{name}: '{matches[0]}' and '{matches[1]}' could both be {wanted}; "
                f"say which with --map {wanted}=HEADING"
            )
        columns[wanted] = plain[matches[0]]
    twice = [word for word in plain if word and _words(found).count(word) > 1]
    for word in twice:
        if plain[word] in columns.values() or word.startswith(ITEM):
            problems.append(f"{name}: '{word}' heads two columns; keep one")
    columns |= {word: place for word, place in plain.items() if word.startswith(ITEM)}
    for wanted in needed:
        if wanted not in columns and wanted not in mapping.constants:
            problems.append(
                f"{name} has no heading for {wanted}; it has: {', '.join(found)}. "
                f"Use --map {wanted}=HEADING or --set {wanted}=VALUE"
            )
    if problems:
        raise ImportRefused(tuple(problems))
    return columns


def _rows(
    name: str, lines: list[list[str]], columns: dict[str, int], mapping: Translation
) -> Iterator[Row]:
    width = len(lines[0])
    short = [number for number, line in enumerate(lines[1:], 2) if line and len(line) != width]
    if short:
        raise ImportRefused(
            tuple(f"{name} row {number} has another number of columns" for number in short[:20])
        )
    for number, line in enumerate(lines[1:], 2):
        if not any(cell.strip() for cell in line):
            continue
        fields = dict(mapping.constants)
        for wanted, place in columns.items():
            value = line[place].strip()
            fields[wanted] = mapping.values.get((wanted, value), value)
        yield Row(number, fields)
