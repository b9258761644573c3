"""Published values that virtual participants are drawn to resemble, each with its source."""

from functools import cache
from math import sqrt
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from sojourn.protocols.eligibility import Key, Text
from sojourn.protocols.model import Citation

FOLDER = Path(__file__).parent
EXACT = ConfigDict(extra="forbid")
Share = Annotated[float, Field(ge=0, le=1)]
Number = Annotated[int, Field(ge=0)]


class CalibrationError(ValueError):
    """A calibration that can't be used; the message names file, field, value and mend."""


@dataclass(frozen=True, slots=True, config=EXACT)
class Spread:
    """Mean and standard deviation of one quantity, in its own unit."""

    mean: float
    sd: Annotated[float, Field(gt=0)]
    source: Text
    verified: bool


@dataclass(frozen=True, slots=True, config=EXACT)
class AtVisit(Spread):
    """Mean and standard deviation of the total at one visit, in points, over ``n`` people."""

    visit: Key
    n: Annotated[int, Field(ge=2)]


@dataclass(frozen=True, slots=True, config=EXACT)
class Change:
    """Least-squares mean change to the outcome visit with its 95% interval, in points."""

    mean: float
    lower: float
    upper: float
    n: Annotated[int, Field(ge=2)]
    source: Text
    verified: bool

    @property
    def sd(self) -> float:
        """Standard deviation back-calculated from the interval, in points."""
        return (self.upper - self.lower) / (2 * 1.96) * sqrt(self.n)


@dataclass(frozen=True, slots=True, config=EXACT)
class Count:
    """``count`` people out of ``of``."""

    count: Number
    of: Annotated[int, Field(ge=1)]
    source: Text
    verified: bool

    @property
    def share(self) -> float:
        return self.count / self.of


@dataclass(frozen=True, slots=True, config=EXACT)
class Outcome(Count):
    """People with one of the three outcomes."""

    key: Literal["response", "loss-of-diagnosis", "remission"]


@dataclass(frozen=True, slots=True, config=EXACT)
class EventCount(Count):
    """People with this adverse event at least once."""

    term: Text


@dataclass(frozen=True, slots=True, config=EXACT)
class VitalSpreads:
    systolic_mmhg: Spread
    diastolic_mmhg: Spread
    pulse_bpm: Spread
    temperature_tenths_c: Spread


@dataclass(frozen=True, slots=True, config=EXACT)
class ArmCalibration:
    """What was published about one arm."""

    key: Key
    randomised: Annotated[int, Field(ge=1)]
    completed: Annotated[int, Field(ge=1)]
    female: Number
    age_years: Spread
    baseline: Spread
    change: Change
    course: Annotated[tuple[AtVisit, ...], Field(min_length=1)]
    outcomes: tuple[Outcome, ...]
    severe_events: Count
    serious_events: Count
    events: tuple[EventCount, ...]
    peak_vitals: VitalSpreads

    @property
    def leaving(self) -> float:
        """Share of those randomised who did not complete."""
        return 1 - self.completed / self.randomised


@dataclass(frozen=True, slots=True, config=EXACT)
class Flow:
    enrolled: Annotated[int, Field(ge=1)]
    randomised: Annotated[int, Field(ge=1)]
    source: Text
    verified: bool


@dataclass(frozen=True, slots=True, config=EXACT)
class AssumedMedicine:
    """A medicine some take when they enrol; ``washout_days`` pass before the first dose."""

    name: Text
    taken_for: Text
    share: Share
    washout_days: Number


@dataclass(frozen=True, slots=True, config=EXACT)
class AssumedCharacteristic:
    """How a number asked at screening is spread among virtual people."""

    key: Key
    mean: Number
    sd: Number


@dataclass(frozen=True, slots=True, config=EXACT)
class Assumed:
    """What no publication gives and a whole course still needs."""

    diagnosis_total: Number
    diagnosis_spread: Annotated[float, Field(gt=0)]
    correlation_between_visits: Share
    resting_vitals: VitalSpreads
    raised_to_higher_level: Share
    medicines: tuple[AssumedMedicine, ...]
    characteristics: tuple[AssumedCharacteristic, ...]


@dataclass(frozen=True, slots=True, config=EXACT)
class Calibration:
    key: Key
    title: Text
    instrument: Key
    citations: Annotated[tuple[Citation, ...], Field(min_length=1)]
    flow: Flow
    arms: Annotated[tuple[ArmCalibration, ...], Field(min_length=1)]
    assumed: Assumed

    def arm(self, key: str) -> ArmCalibration:
        """What was published about the arm of that key.

        Raises
        ------
        CalibrationError
            If the publication has no such arm.
        """
        for arm in self.arms:
            if arm.key == key:
                return arm
        known = ", ".join(arm.key for arm in self.arms)
        raise CalibrationError(f"{self.key} has no arm '{key}'; it has: {known}")


_ADAPTER: TypeAdapter[Calibration] = TypeAdapter(Calibration)


@cache
def load_shipped(key: str) -> Calibration:
    """A calibration that comes with Sojourn, by its key."""
    return load(FOLDER / f"{key}.yaml")


def load(path: Path) -> Calibration:
    """The calibration in ``path``.

    Raises
    ------
    CalibrationError
        Naming each field at fault, its value and what would be right.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise CalibrationError(f"{path.name} can't be read: {error}") from error
    try:
        calibration = _ADAPTER.validate_python(data)
    except ValidationError as error:
        raise CalibrationError("\n".join(_messages(path.name, error))) from error
    _refuse_unknown_sources(path.name, calibration, data)
    return calibration


def _messages(name: str, error: ValidationError) -> tuple[str, ...]:
    return tuple(
        f"{name}: {'.'.join(str(part) for part in each['loc'])} is {each['input']!r}; {each['msg']}"
        for each in error.errors()
    )


def _refuse_unknown_sources(name: str, calibration: Calibration, data: Any) -> None:
    known = {citation.key for citation in calibration.citations} | {"assumed"}
    for source in _sources(data):
        if source not in known:
            raise CalibrationError(
                f"{name}: source '{source}' is no citation here; cite one of: "
                + ", ".join(sorted(known))
            )


def _sources(data: Any) -> list[str]:
    if isinstance(data, dict):
        own = [data["source"]] if "source" in data else []
        return own + [source for value in data.values() for source in _sources(value)]
    if isinstance(data, list):
        return [source for value in data for source in _sources(value)]
    return []
