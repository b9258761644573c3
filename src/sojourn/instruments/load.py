"""Definitions read from YAML and checked before anyone is asked a question."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from sojourn import definitions
from sojourn.definitions import DefinitionError
from sojourn.instruments import model
from sojourn.instruments.model import Instrument

FOLDER = Path(__file__).parent / "definitions"
InstrumentError = DefinitionError
_ADAPTER = definitions.strict(Instrument, model.__name__)


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
    instrument: Instrument = definitions.checked(
        _ADAPTER, definitions.read(path), path, model.__name__
    )
    problems = tuple(_problems(instrument))
    if problems:
        raise InstrumentError("\n".join(f"{path.name}: {problem}" for problem in problems))
    return instrument


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
        if len(set(items)) != len(items):
            yield f"{field} names an item twice: {list(items)}; name each once"
    for field, items, at_least in _reached(instrument):
        highest = max((i.highest for i in instrument.items if i.number in items), default=0)
        if at_least > highest:
            yield f"{field}.at_least is {at_least}; its items end at {highest}"
    if not instrument.scored and not instrument.alerts:
        yield "scored is empty and there are no alerts; say what this instrument is for"
    if instrument.bands and instrument.bands[-1].highest != instrument.highest_total:
        yield (
            f"bands end at {instrument.bands[-1].highest}; the highest total is "
            f"{instrument.highest_total}"
        )


def _references(instrument: Instrument) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield "scored", instrument.scored
    yield "reversed", instrument.reversed
    for subscale in instrument.subscales:
        yield f"subscales.{subscale.key}", subscale.items
    for threshold in instrument.diagnosis:
        yield f"diagnosis.{threshold.label}", threshold.items
    for alert in instrument.alerts:
        yield f"alerts.{alert.key}", alert.items
    if instrument.dissociation:
        yield "dissociation", instrument.dissociation.items


def _reached(instrument: Instrument) -> Iterator[tuple[str, tuple[int, ...], int]]:
    for threshold in instrument.diagnosis:
        yield f"diagnosis.{threshold.label}", threshold.items, threshold.at_least
    for alert in instrument.alerts:
        yield f"alerts.{alert.key}", alert.items, alert.at_least
    if instrument.dissociation:
        yield "dissociation", instrument.dissociation.items, instrument.dissociation.at_least
