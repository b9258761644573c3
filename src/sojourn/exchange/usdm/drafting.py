"""A study definition of USDM 4.0 as a pack, or as the draft of one.

What the file does not say is never worked out: the draft holds <<what to write>> in its place, and
no programme opens on a pack that holds one.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sojourn.exchange.usdm import classes
from sojourn.exchange.usdm.extensions import NAMES, fields
from sojourn.exchange.usdm.fields_read import design_fields, plain, slug
from sojourn.exchange.usdm.reading import Definition, objects, read
from sojourn.exchange.usdm.terms import terms
from sojourn.exchange.usdm.visits_read import visits
from sojourn.exchange.usdm.writing import study_definition
from sojourn.protocols import ProtocolError, load_text
from sojourn.protocols.model import Protocol
from sojourn.protocols.reading import Problem
from sojourn.protocols.writing import model_digest, pack_text

CITATION = "usdm-file"
MOST_TOLD = 40
# The order a pack is read in.
ORDER = (
    "key", "title", "version", "indication", "condition", "citations", "authorisations", "arms",
    "randomisation", "dosing", "visits", "outcome", "characteristics", "criteria",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Draft:
    """A pack's text. ``problems`` are those `sojourn protocol check` has with it; ``left_out`` is
    what the file says and the pack does not."""

    text: str
    problems: tuple[Problem, ...]
    left_out: tuple[str, ...]


def draft(text: str, name: str, pack_name: str) -> Draft:
    """The pack that the file ``name`` describes; ``pack_name`` is what problems call the pack.

    A file that Sojourn wrote and nobody changed gives the pack it was written from. In any other,
    nothing counts as verified.

    Raises
    ------
    sojourn.exchange.reading.ImportRefused
        If the file is no study definition that can be read.
    """
    found = read(text, name)
    told: list[str] = []
    own = fields(found.version.extension_attributes)
    data = _pack(found, own, told, hashlib.sha256(text.encode()).hexdigest())
    told += _unread(found)
    protocol, problems = _loaded(pack_text(data), pack_name)
    if protocol is not None and "digest" in own:
        told += _changed(found, protocol)
    if protocol is None or model_digest(protocol) != own.get("digest"):
        if "digest" in own:
            told.append("the file was changed after Sojourn wrote it: nothing counts as verified")
        data = _unverified(data)
        _, problems = _loaded(pack_text(data), pack_name)
    return Draft(pack_text(data), problems, tuple(told))


def _pack(found: Definition, own: dict[str, Any], told: list[str], digest: str) -> dict[str, Any]:
    study, version = found.study, found.version
    titles = {terms().name(each.type.code): each.text for each in version.titles}
    data: dict[str, Any] = {
        "key": slug(study.name),
        "title": titles.get("official-title") or study.label or study.name,
        "version": version.version_identifier,
        "citations": own.get("citations") or [_citation(found, digest)],
        **design_fields(found, told, source="" if "citations" in own else CITATION),
        "visits": visits(found, told),
    }
    notes = [each.text for each in version.notes]
    if "digest" not in own:
        notes += [
            f"Objective of the study definition: {plain(each.text)}"
            for each in found.design.objectives
        ]
    if notes:
        data["notes"] = notes
    first = {name: data[name] for name in ORDER if name in data}
    return first | {name: value for name, value in data.items() if name not in first}


def _citation(found: Definition, digest: str) -> dict[str, str]:
    study = found.study
    words = f"USDM file of {study.name}, version {found.version.version_identifier}"
    return {"key": CITATION, "text": f"{words}, SHA-256 {digest}"}


def _loaded(text: str, name: str) -> tuple[Protocol | None, tuple[Problem, ...]]:
    try:
        return load_text(text, name), ()
    except ProtocolError as error:
        return None, error.problems


def _unread(found: Definition) -> Iterator[str]:
    """Objects of a class that no pack has a word for, counted."""
    known = {
        name
        for name, each in vars(classes).items()
        if isinstance(each, type) and issubclass(each, classes.Part)
    }
    kinds = (each.get("instanceType") for _, each in objects(found.data, ""))
    strange = Counter(str(each) for each in kinds if each is not None and each not in known)
    for kind, count in sorted(strange.items()):
        yield f"{count} of {kind}: a pack has no place for it; it stays in the file"
    foreign = {
        each["url"]
        for _, each in objects(found.data, "")
        if each.get("instanceType") == "ExtensionAttribute"
        and not str(each.get("url")).startswith(NAMES)
    }
    for url in sorted(map(str, foreign)):
        yield f"extension {url}: not one of ours; it stays in the file"


def _changed(found: Definition, protocol: Protocol) -> list[str]:
    """Where a changed file of ours says something else than the pack that came of it."""
    given, made = found.data["study"], study_definition(protocol)["study"]
    differing = list(_differences(given, made, "study"))
    more = len(differing) - MOST_TOLD
    return differing[:MOST_TOLD] + ([f"and {more} differences more"] if more > 0 else [])


def _differences(given: Any, made: Any, path: str) -> Iterator[str]:
    if isinstance(given, dict) and isinstance(made, dict):
        if given.get("url") == f"{NAMES}digest":
            return
        for name in dict.fromkeys((*given, *made)):
            if given.get(name) not in (None, []) or made.get(name) not in (None, []):
                yield from _differences(given.get(name), made.get(name), f"{path}.{name}")
    elif isinstance(given, list) and isinstance(made, list) and len(given) == len(made):
        for number, (one, other) in enumerate(zip(given, made, strict=True)):
            yield from _differences(one, other, f"{path}[{number}]")
    elif given != made:
        yield f"{path} is {_short(given)} in the file; the pack says {_short(made)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 60 else text[:57] + "..."


def _unverified(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: False if name == "verified" else _unverified(each) for name, each in value.items()
        }
    return [_unverified(each) for each in value] if isinstance(value, list) else value
