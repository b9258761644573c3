"""A file of USDM 4.0 as checked objects: its shape, identifiers and references."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sojourn.exchange import scanning
from sojourn.exchange.reading import ImportRefused
from sojourn.exchange.usdm.classes import (
    InterventionalStudyDesign,
    Study,
    StudyVersion,
    Wrapper,
)
from sojourn.record.command import Refused

MOST_CHARACTERS = 20_000_000
MOST_DEPTH = 60
MOST_PROBLEMS = 50
# The class an object must be of that a field points at, for the fields that are followed here.
POINTS_AT = {
    "armId": ("StudyArm",),
    "epochId": ("StudyEpoch",),
    "elementIds": ("StudyElement",),
    "encounterId": ("Encounter",),
    "activityIds": ("Activity",),
    "scheduledAtId": ("Timing",),
    "criterionItemId": ("EligibilityCriterionItem",),
    "criterionIds": ("EligibilityCriterion",),
    "analysisPopulationId": ("AnalysisPopulation",),
    "variableOfInterestId": ("Endpoint",),
    "interventionIds": ("StudyIntervention",),
    "studyInterventionIds": ("StudyIntervention",),
    "entryId": ("ScheduledActivityInstance", "ScheduledDecisionInstance"),
    "defaultConditionId": ("ScheduledActivityInstance", "ScheduledDecisionInstance"),
    "relativeFromScheduledInstanceId": ("ScheduledActivityInstance", "ScheduledDecisionInstance"),
    "relativeToScheduledInstanceId": ("ScheduledActivityInstance", "ScheduledDecisionInstance"),
}


@dataclass(frozen=True, slots=True)
class Definition:
    """One study in the one version and design that the file holds; ``data`` is the file's JSON."""

    study: Study
    version: StudyVersion
    design: InterventionalStudyDesign
    data: Mapping[str, Any]


def text_of(path: Path) -> str:
    """The text of a file that is not too large to be a study definition.

    Raises
    ------
    ImportRefused
        If it is, or can't be read.
    """
    try:
        if path.stat().st_size > 4 * MOST_CHARACTERS:
            raise ImportRefused((f"{path.name}: is over {4 * MOST_CHARACTERS} bytes; split it",))
        return scanning.taken(path, "json").decode("utf-8-sig")
    except Refused as refused:
        raise ImportRefused((refused.message,)) from refused
    except (OSError, UnicodeDecodeError) as error:
        raise ImportRefused((f"{path.name}: can't be read: {error}",)) from error


def read(text: str, name: str) -> Definition:
    """The study definition in ``text``; ``name`` is what errors call the file.

    Raises
    ------
    ImportRefused
        With the place, value and mend of each fault.
    """
    data = _plain(text, name)
    if not isinstance(data, dict) or not isinstance(data.get("study"), dict):
        raise ImportRefused((f"{name}: study is missing; give a file of USDM 4.0, as its API has",))
    given = data.get("usdmVersion")
    if not isinstance(given, str) or given.split(".")[0] != "4":
        raise ImportRefused(
            (f"{name}: usdmVersion is {_shown(given)}; convert the file to USDM 4.0 first",)
        )
    problems = [*_alone(data["study"]), *_identifiers(data)]
    if problems:
        raise ImportRefused(tuple(f"{name}: {each}" for each in problems[:MOST_PROBLEMS]))
    try:
        wrapper = Wrapper.model_validate(data)
    except ValidationError as error:
        told = list(_told(error))[:MOST_PROBLEMS]
        raise ImportRefused(tuple(f"{name}: {each}" for each in told)) from error
    version = wrapper.study.versions[0]
    return Definition(wrapper.study, version, version.study_designs[0], data)


def _plain(text: str, name: str) -> Any:
    if len(text) > MOST_CHARACTERS:
        raise ImportRefused((f"{name}: is longer than {MOST_CHARACTERS} characters; split it",))

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                raise ValueError(f"field '{key}' stands twice in one object; keep one")
            found[key] = value
        return found

    def refused(word: str) -> Any:
        raise ValueError(f"{word} is no number; write one, or leave the field out")

    try:
        data = json.loads(text, object_pairs_hook=once, parse_constant=refused)
        deep = _depth(data)
    except RecursionError:
        deep = MOST_DEPTH + 1
    except ValueError as error:
        raise ImportRefused((f"{name}: not JSON as it should be: {error}",)) from error
    if deep > MOST_DEPTH:
        raise ImportRefused((f"{name}: is nested deeper than {MOST_DEPTH} levels; no study is",))
    try:
        written = json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ImportRefused((f"{name}: holds half a character (a lone surrogate)",)) from error
    if b"\\u0000" in written:
        raise ImportRefused((f"{name}: holds a NUL character, which no text has; remove it",))
    return data


def _depth(data: Any) -> int:
    """How many levels lie below, counted without going down by recursion."""
    level, deep = [data], 0
    while level and deep <= MOST_DEPTH:
        deep += 1
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
    return deep


def _alone(study: Mapping[str, Any]) -> Iterator[str]:
    """A pack is one design of one version of an interventional study."""
    versions = study.get("versions")
    if not isinstance(versions, list) or len(versions) != 1:
        count = len(versions) if isinstance(versions, list) else 0
        yield f"study.versions holds {count}; leave the one version to be read"
        return
    designs = versions[0].get("studyDesigns") if isinstance(versions[0], dict) else None
    if not isinstance(designs, list) or len(designs) != 1:
        count = len(designs) if isinstance(designs, list) else 0
        yield f"study.versions[0].studyDesigns holds {count}; leave the one design to be read"
        return
    kind = designs[0].get("instanceType") if isinstance(designs[0], dict) else None
    if kind != "InterventionalStudyDesign":
        yield (
            f"study.versions[0].studyDesigns[0].instanceType is {_shown(kind)}; a pack is of an "
            "InterventionalStudyDesign"
        )


def _identifiers(data: Mapping[str, Any]) -> Iterator[str]:
    """Identifiers that stand twice, and references to nothing or to another class."""
    kinds: dict[str, Any] = {}
    for path, each in objects(data, ""):
        own = each.get("id")
        if isinstance(own, str):
            if own in kinds:
                yield f"{path}.id is '{own}', which stands before; give it another"
            kinds[own] = each.get("instanceType")
    for path, each in objects(data, ""):
        for field, value in each.items():
            if not field.endswith(("Id", "Ids")) or value is None:
                continue
            for target in value if isinstance(value, list) else [value]:
                yield from _points(f"{path}.{field}", field, target, kinds)


def _points(path: str, field: str, target: Any, kinds: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(target, str):
        yield f"{path} is {_shown(target)}; it should be the id of an object"
    elif target not in kinds:
        yield f"{path} is '{target}'; no object has that id; mend it or leave it out"
    elif field in POINTS_AT and kinds[target] not in POINTS_AT[field]:
        wanted = " or ".join(POINTS_AT[field])
        yield f"{path} is '{target}', a {kinds[target]}; it should be a {wanted}"


def objects(data: Any, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every JSON object with the path it stands at."""
    if isinstance(data, dict):
        yield path, data
        for field, value in data.items():
            yield from objects(value, f"{path}.{field}" if path else field)
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from objects(value, f"{path}[{number}]")


def _told(error: ValidationError) -> Iterator[str]:
    for each in error.errors():
        path = ""
        for part in each["loc"]:
            if part in ("activity", "decision"):
                continue  # the name of an alternative, no field
            path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
        if each["type"] == "missing":
            yield f"{path} is missing; USDM 4.0 asks for it"
        elif each["type"] == "value_error":
            yield f"{path}: {each['ctx']['error']}"
        else:
            message = each["msg"].replace("Input should", "it should")
            yield f"{path} is {_shown(each['input'])}; {message}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 60 else text[:57] + "..."
