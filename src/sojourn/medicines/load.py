"""The classes and medicines read from YAML and checked once."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter

from sojourn import definitions
from sojourn.definitions import DefinitionError
from sojourn.medicines import model
from sojourn.medicines.model import (
    HEAVIEST_FIRST,
    Agent,
    AgentRule,
    BesideRule,
    Formulary,
    MedicineClass,
)

FOLDER = Path(__file__).parent / "definitions"
MedicineError = DefinitionError
_CLASSES = definitions.strict(tuple[MedicineClass, ...], model.__name__)
_BESIDE = definitions.strict(tuple[BesideRule, ...], model.__name__)
_AGENTS = definitions.strict(tuple[AgentRule, ...], model.__name__)


@cache
def load_shipped() -> Formulary:
    """The rules that come with Sojourn."""
    return load(FOLDER)


def load(folder: Path) -> Formulary:
    """The formulary of ``classes.yaml`` and ``agents.yaml`` in ``folder``.

    ``beside.yaml``, where there is one, says what the classes mean beside other study drugs
    than the one the classes are written for.

    Raises
    ------
    MedicineError
        If a field is missing, wrong or unknown, or a name is used twice.
    """
    classes: tuple[MedicineClass, ...] = _read(folder / "classes.yaml", "classes", _CLASSES)
    agents: tuple[AgentRule, ...] = _read(folder / "agents.yaml", "agents", _AGENTS)
    by_key = {each.key: each for each in classes}
    if len(by_key) != len(classes):
        raise MedicineError("classes.yaml: a class key stands twice; keep one")
    found: dict[str, Agent] = {}
    for rule in agents:
        agent = _agent(rule, by_key)
        for name in (rule.name, *rule.synonyms):
            if name in found:
                raise MedicineError(
                    f"agents.yaml: '{name}' is both {found[name].name} and {rule.name}; keep one"
                )
            found[name] = agent
    study_drug = str(definitions.read(folder / "classes.yaml").get("study_drug", ""))
    return Formulary(
        classes, MappingProxyType(found), study_drug, MappingProxyType(_beside(folder, by_key))
    )


def _beside(folder: Path, by_key: dict[str, MedicineClass]) -> dict[tuple[str, str], MedicineClass]:
    path = folder / "beside.yaml"
    rules: tuple[BesideRule, ...] = _read(path, "beside", _BESIDE) if path.exists() else ()
    found: dict[tuple[str, str], MedicineClass] = {}
    for rule in rules:
        place = (rule.study_drug, rule.medicine_class)
        if rule.medicine_class not in by_key or place in found:
            why = "stands twice" if place in found else "no class has that key"
            raise MedicineError(f"beside.yaml: {rule.study_drug}, {rule.medicine_class}: {why}")
        found[place] = replace(
            by_key[rule.medicine_class],
            weight=rule.weight,
            severity=rule.severity,
            consequence=rule.consequence,
            advice=rule.advice,
            source=rule.source,
            verified=rule.verified,
        )
    return found


def _read(path: Path, field: str, adapter: TypeAdapter[Any]) -> Any:
    data = definitions.read(path)
    unknown = set(data) - {field, "source", "verified", "study_drug"}
    if unknown or field not in data:
        raise MedicineError(
            f"{path.name} must hold '{field}', and not '{min(unknown, default='')}'"
        )
    return definitions.checked(adapter, data[field], path, model.__name__)


def _agent(rule: AgentRule, by_key: dict[str, MedicineClass]) -> Agent:
    strangers = [key for key in rule.classes if key not in by_key]
    if strangers:
        known = ", ".join(sorted(by_key))
        raise MedicineError(
            f"agents.yaml: {rule.name} names class '{strangers[0]}'; there are: {known}"
        )
    classes = sorted(
        (by_key[key] for key in rule.classes), key=lambda each: HEAVIEST_FIRST.index(each.weight)
    )
    return Agent(rule.name, tuple(classes), rule.half_life_h, rule.least_days, rule.note)
