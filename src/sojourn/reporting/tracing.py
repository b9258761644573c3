"""From a figure of a report back to the entries behind it, each proved to be what it was."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sojourn.ledger.checkpoint import prove_all
from sojourn.ledger.read import stored_at
from sojourn.record.hashing import hash_of
from sojourn.record.merkle import includes, leaf_hash
from sojourn.reporting.making import NUMBERS, TRACES


class NoTrace(ValueError):
    """The folder holds no report, or the report no such figure."""


@dataclass(frozen=True, slots=True)
class Source:
    """One entry behind a figure. ``problem`` is empty when it is proved to be under the root."""

    position: int
    stream: str
    sequence: int
    kind: str
    hash: str
    proof: tuple[str, ...]
    problem: str


@dataclass(frozen=True, slots=True)
class Trace:
    """Where one figure came from."""

    key: str
    name: str
    text: str
    function: str
    inputs: int
    root: str
    size: int
    sources: tuple[Source, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        return tuple(each.problem for each in self.sources if each.problem)


def trace(key: str, folder: Path) -> Trace:
    """The entries behind the figure ``key`` of the report in ``folder``, against this record.

    Raises
    ------
    NoTrace
        If there is no such report or figure, or the file of traces is not the one the report names.
    """
    numbers, traces = _read(folder)
    figure, way = numbers["figures"].get(key), traces["figures"].get(key)
    if figure is None or way is None:
        raise NoTrace(f"this report has no figure '{key}'; its keys are in {TRACES}")
    size, root = int(numbers["size"]), str(numbers["root"])
    positions = [int(each) for each in traces["lists"][way["entries"]]]
    return Trace(
        key,
        figure["name"],
        figure["text"],
        way["function"],
        int(way["inputs"]),
        root,
        size,
        _sources(positions, traces["hashes"], size, root),
    )


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        numbers = json.loads((folder / NUMBERS).read_text(encoding="utf-8"))
        content = (folder / TRACES).read_bytes()
        traces = json.loads(content)
        named = numbers["trace_digest"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NoTrace(f"{folder} holds no report: {error}") from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != named:
        raise NoTrace(f"{folder / TRACES} was changed: its SHA-256 is {digest}, not {named}")
    return numbers, traces


def _sources(
    positions: list[int], hashes: dict[str, str], size: int, root: str
) -> tuple[Source, ...]:
    rows = {row[0]: row for row in stored_at(positions)}
    try:
        proofs = prove_all(positions, size)
    except IndexError:
        proofs = {}  # entries are missing; each says so below
    return tuple(
        _source(place, rows.get(place), hashes[str(place)], proofs.get(place), size, root)
        for place in positions
    )


def _source(
    place: int,
    row: tuple[Any, ...] | None,
    told: str,
    proof: tuple[bytes, ...] | None,
    size: int,
    root: str,
) -> Source:
    if row is None:
        return Source(place, "", 0, "", told, (), f"entry {place} is missing from this record")
    found = _hash(row)
    problem = ""
    if found != told:
        problem = f"entry {place} was changed: it is {found[:16]}, the report rests on {told[:16]}"
    elif proof is None or not includes(
        bytes.fromhex(root), size, place - 1, leaf_hash(bytes.fromhex(found)), proof
    ):
        problem = f"entry {place} is not under the report's root: the record was rewritten"
    steps = tuple(step.hex() for step in proof or ())
    return Source(place, row[1], row[2], row[3], found, steps, problem)


def _hash(row: tuple[Any, ...]) -> str:
    try:
        return hash_of(*row[:14])
    except ValueError:  # a line break was smuggled into a column
        return "0" * 64
