"""The classes read from YAML and checked once."""

from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from sojourn.medicines.model import Agent, Formulary, MedicineClass

SHIPPED = Path(__file__).parent / "definitions" / "classes.yaml"
_ADAPTER: TypeAdapter[tuple[MedicineClass, ...]] = TypeAdapter(tuple[MedicineClass, ...])


class MedicineError(ValueError):
    """A rule that can't be used; the message names file, field, value and mend."""


@cache
def load_shipped() -> Formulary:
    """The rules that come with Sojourn."""
    return load(SHIPPED)


def load(path: Path) -> Formulary:
    """The formulary defined in ``path``.

    Raises
    ------
    MedicineError
        If a field is missing, wrong or a name is used twice.
    """
    data: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(data, dict) or set(data) != {"classes"}:
        raise MedicineError(f"{path.name} must hold one field, 'classes'")
    try:
        classes = _ADAPTER.validate_python(data["classes"])
    except ValidationError as error:
        lines = [
            f"{path.name}: classes.{'.'.join(map(str, each['loc']))} is {each['input']!r}; "
            f"{each['msg']}"
            for each in error.errors()
        ]
        raise MedicineError("\n".join(lines)) from error
    return Formulary(classes, MappingProxyType(_by_name(path, classes)))


def _by_name(path: Path, classes: tuple[MedicineClass, ...]) -> dict[str, Agent]:
    found: dict[str, Agent] = {}
    for medicine_class in classes:
        for rule in medicine_class.agents:
            agent = Agent(rule.name, medicine_class, rule.half_life_h, rule.washout_days)
            for name in (rule.name, *rule.synonyms):
                if name in found:
                    raise MedicineError(
                        f"{path.name}: '{name}' stands in {found[name].medicine_class.key} and "
                        f"{medicine_class.key}; keep one"
                    )
                found[name] = agent
    return found
