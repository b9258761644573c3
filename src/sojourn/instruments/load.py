"""Definitions read from YAML and checked before anyone is asked a question."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

import yaml
from pydantic import TypeAdapter, ValidationError

from sojourn.instruments.model import Instrument

FOLDER = Path(__file__).parent / "definitions"
_ADAPTER: TypeAdapter[Instrument] = TypeAdapter(Instrument)


class InstrumentError(ValueError):
    """A definition that can't be used; the message names file, field, value and mend."""


@cache
def load_shipped() -> Mapping[str, Instrument]:
    """Every instrument that comes with Sojourn, by key."""
    loaded = (load(path) for path in sorted(FOLDER.glob("*.yaml")))
    return MappingProxyType({instrument.key: instrument for instrument in loaded})


def load(path: Path) -> Instrument:
    """The instrument defined in ``path``.

    Raises
    ------
    InstrumentError
        Naming each field at fault, its value and what would be right.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise InstrumentError(f"{path.name} is not YAML: {error}") from error
    if not isinstance(data, dict):
        raise InstrumentError(f"{path.name} must be a mapping with 'key', 'name', 'items'")
    unknown = set(data) - set(Instrument.__dataclass_fields__)
    if unknown:
        raise InstrumentError(f"{path.name}: unknown field '{min(unknown)}'; remove or respell it")
    try:
        instrument = _ADAPTER.validate_python(data)
    except ValidationError as error:
        raise InstrumentError("\n".join(_messages(path, error))) from error
    problems = tuple(_problems(instrument))
    if problems:
        raise InstrumentError("\n".join(f"{path.name}: {problem}" for problem in problems))
    return instrument


def _messages(path: Path, error: ValidationError) -> Iterator[str]:
    for problem in error.errors():
        field = ".".join(str(part) for part in problem["loc"])
        yield f"{path.name}: {field} is {problem['input']!r}; {problem['msg']}"


def _problems(instrument: Instrument) -> Iterator[str]:
    numbers = [item.number for item in instrument.items]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"items are numbered {numbers}; number them 1 to {len(numbers)} in order"
    known = set(numbers)
    for item in instrument.items:
        if item.lowest >= item.highest:
            yield f"item {item.number} runs from {item.lowest} to {item.highest}; widen it"
    for field, items in _references(instrument):
        strangers = [number for number in items if number not in known]
        if strangers:
            yield f"{field} names item {strangers[0]}; there are {len(known)} items"
    if not instrument.scored and not instrument.alerts:
        yield "scored is empty and there are no alerts; say what this instrument is for"
    if instrument.bands and instrument.bands[-1].highest != instrument.highest_total:
        yield (
            f"bands end at {instrument.bands[-1].highest}; the highest total is "
            f"{instrument.highest_total}"
        )


def _references(instrument: Instrument) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield "scored", instrument.scored
    for subscale in instrument.subscales:
        yield f"subscales.{subscale.key}", subscale.items
    for threshold in instrument.diagnosis:
        yield f"diagnosis.{threshold.label}", threshold.items
    for alert in instrument.alerts:
        yield f"alerts.{alert.key}", alert.items
    if instrument.dissociation:
        yield "dissociation", instrument.dissociation.items
