"""A population as one states it: need, severity, therapy, costs, therapists and rooms.

Every number is an input with its source, its range and a mark for how it came to be.
``models/`` holds the one that comes with Sojourn, to be copied and changed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sojourn.definitions import DefinitionError, checked, read, strict
from sojourn.protocols.eligibility import Key, Text
from sojourn.protocols.load import load_shipped, shipped
from sojourn.protocols.model import Citation

FOLDER = Path(__file__).parent / "models"
SHIPPED = ("united-states",)
ASSUMED = "assumed"
# From the mildest to the worst; the last two are severe enough for the therapy.
BANDS = ("asymptomatic", "mild", "moderate", "severe", "extreme")
FIRST_SEVERE = 3
DEAD = len(BANDS)

# What a model must state: one-way bounds follow from these where none are given.
SHARES = (
    "moderate-share", "severe-share", "chronic-share", "medically-eligible-share",
    "in-care-share", "willing-share", "new-cases", "stops-waiting", "completion", "relapse",
    "recovery", "comparison-has-therapy", "discount", "utility-without-symptoms",
    "therapist-leaves",
)  # fmt: skip
AMOUNTS = (
    "people", "age", "age-sd", "course-cost", "drug-cost-per-session", "utility-lost-per-point",
    "cost-without-symptoms", "cost-per-point", "cost-growth", "mortality", "mortality-growth",
    "mortality-per-point", "therapists", "therapists-trained", "therapists-trained-most",
    "training-growth", "therapist-hours", "hours-beside-sessions", "sites", "sites-opened",
    "sites-opened-most", "site-growth", "rooms-per-site", "room-hours",
)  # fmt: skip
NAMES = frozenset((*SHARES, *AMOUNTS))
Share = Annotated[float, Field(ge=0, le=1)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
# A number, or one for each draw of uncertain inputs.
Number = float | NDArray[np.float64]
Values = Mapping[str, Number]


@dataclass(frozen=True, slots=True)
class Input:
    """One number with its unit and source; ``sd`` makes it uncertain in probabilistic analyses.

    ``published`` was read, ``derived`` follows from what was read as the note says, ``calibrated``
    was set so that published results come out, ``assumed`` is nobody's finding.
    """

    label: Text
    value: NotNegative
    unit: str
    kind: Literal["published", "derived", "calibrated", "assumed"]
    low: NotNegative | None = None
    high: NotNegative | None = None
    sd: NotNegative = 0.0
    distribution: Literal["fixed", "beta", "gamma", "lognormal", "normal"] = "fixed"
    source: Key = ASSUMED
    verified: bool = False
    note: str = ""

    def moved(self, value: float) -> "Input":
        """The same input at another value, with its spread in proportion."""
        sd = self.sd * value / self.value if self.value else self.sd
        if self.distribution == "beta":
            sd = min(sd, 0.5 * max(0.0, value * (1 - value)) ** 0.5)
        return replace(self, value=value, sd=sd, distribution=self.distribution if sd else "fixed")


@dataclass(frozen=True, slots=True)
class Band:
    """A band of CAPS-5 severity: its mean total in points, and who is in it.

    ``before`` is the share of those who begin the therapy, ``after`` of those who complete it,
    ``without_drug`` of those who complete the same therapy with a placebo.
    """

    key: Literal["asymptomatic", "mild", "moderate", "severe", "extreme"]
    label: Text
    points: NotNegative
    before: Share
    after: Share
    without_drug: Share


@dataclass(frozen=True, slots=True)
class Bands:
    """Every band, and how many people each distribution rests on."""

    bands: Annotated[tuple[Band, ...], Field(min_length=5, max_length=5)]
    people_before: Annotated[int, Field(ge=1)]
    people_after: Annotated[int, Field(ge=1)]
    people_without_drug: Annotated[int, Field(ge=1)]
    source: Key
    verified: bool
    note: str = ""

    @property
    def points(self) -> NDArray[np.float64]:
        return np.array([band.points for band in self.bands])

    @property
    def before(self) -> NDArray[np.float64]:
        return np.array([band.before for band in self.bands])

    @property
    def after(self) -> NDArray[np.float64]:
        return np.array([band.after for band in self.bands])

    @property
    def without_drug(self) -> NDArray[np.float64]:
        return np.array([band.without_drug for band in self.bands])


@dataclass(frozen=True, slots=True)
class Scenario:
    """Other values for some inputs, and another horizon in years: what if it is otherwise."""

    key: Key
    label: Text
    values: dict[Key, NotNegative]
    horizon: Annotated[int, Field(ge=1, le=60)] | None = None


@dataclass(frozen=True, slots=True)
class PublishedResult:
    """A printed result for ``people``; ``half`` is half a unit of its last printed digit.

    ``under`` names the scenario that is nearest to the publication; ``calibrates`` the input that
    was set so that the result comes out there, empty if it is held back as a check.
    """

    key: Literal[
        "savings", "cost", "qalys", "ratio", "deaths-averted", "breaks-even", "qalys-at-break-even"
    ]
    label: Text
    under: Key
    people: Annotated[int, Field(ge=1)]
    value: float
    half: NotNegative
    source: Key
    verified: bool
    calibrates: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the law says where the model is set; a precondition of everything it computes."""

    text: Text
    source: Key
    verified: bool


@dataclass(frozen=True, slots=True)
class PopulationModel:
    """A stated population; ``horizon`` in years, ``threshold`` in currency for one QALY."""

    key: Key
    title: Text
    currency: Text
    price_year: int
    protocol: Key
    horizon: Annotated[int, Field(ge=1, le=60)]
    threshold: NotNegative
    lawful: Standing
    inputs: dict[Key, Input]
    severity: Bands
    scenarios: tuple[Scenario, ...] = ()
    published: tuple[PublishedResult, ...] = ()
    citations: tuple[Citation, ...] = ()

    @property
    def values(self) -> dict[str, float]:
        """The stated value of each input."""
        return {key: each.value for key, each in self.inputs.items()}

    def under(self, scenario: str) -> "PopulationModel":
        """The same model under one of its scenarios; "" is the model as stated.

        Raises
        ------
        DefinitionError
            If it has no such scenario.
        """
        if not scenario:
            return self
        for each in self.scenarios:
            if each.key == scenario:
                changed = self.with_values(each.values)
                return replace(changed, horizon=each.horizon or self.horizon)
        raise DefinitionError(f"{self.key}: no scenario is called '{scenario}'")

    def with_values(self, values: Mapping[str, float]) -> "PopulationModel":
        """The same model with other values for some inputs, as uncertain in proportion.

        Raises
        ------
        DefinitionError
            Naming an input that no model has, or a value out of bounds.
        """
        unknown = sorted(set(values) - NAMES)
        if unknown:
            raise DefinitionError(f"{self.key}: no input is called '{unknown[0]}'")
        changed = {key: self.inputs[key].moved(value) for key, value in values.items()}
        found = replace(self, inputs={**self.inputs, **changed})
        faults = list(_values_at_fault(found.inputs))
        if faults:
            raise DefinitionError("\n".join(f"{self.key}: {fault}" for fault in faults))
        return found


@dataclass(frozen=True, slots=True)
class CourseHours:
    """Hours of one whole course of therapy, as the protocol pack states them."""

    sessions: float
    dosing: float
    therapists: int
    dosing_sessions: int

    @property
    def room(self) -> float:
        return self.sessions + self.dosing

    @property
    def therapist(self) -> float:
        return self.therapists * self.room


_ADAPTER = strict(PopulationModel, __name__)


@cache
def course_hours(protocol_key: str) -> CourseHours:
    """Hours of therapy with and without a dose, for everyone in the room, from a shipped pack.

    Raises
    ------
    DefinitionError
        If there is no such pack, or it has no dosing sessions.
    """
    protocol = load_shipped(protocol_key) if protocol_key in shipped() else None
    if protocol is None or protocol.dosing is None:
        raise DefinitionError(f"protocol '{protocol_key}' is no shipped pack with dosing sessions")
    minutes = {"dosing": 0, "other": 0}
    for visit in protocol.visits:
        if visit.minutes:
            minutes["dosing" if visit.phase == "dosing" else "other"] += visit.minutes
    dosing = protocol.dosing
    return CourseHours(
        minutes["other"] / 60,
        minutes["dosing"] / 60,
        dosing.practitioners_present,
        len(dosing.sessions),
    )


@cache
def shipped_population(key: str = "united-states") -> PopulationModel:
    """A population model that comes with Sojourn.

    Raises
    ------
    DefinitionError
        If there is none of that key.
    """
    if key not in SHIPPED:
        raise DefinitionError(f"'{key}' does not come with Sojourn; use {' or '.join(SHIPPED)}")
    return load_population(FOLDER / f"{key}.yaml")


def load_population(path: Path) -> PopulationModel:
    """The population model in a YAML file.

    Raises
    ------
    DefinitionError
        Naming each field at fault, its value and what would be right.
    """
    model: PopulationModel = checked(_ADAPTER, read(path), path, __name__)
    faults = [f"{path.name}: {fault}" for fault in _faults(model)]
    if faults:
        raise DefinitionError("\n".join(faults))
    course_hours(model.protocol)
    return model


def _faults(model: PopulationModel) -> Iterator[str]:
    missing = sorted(NAMES - set(model.inputs))
    for key in missing:
        yield f"inputs.{key} is missing; add it"
    for key in sorted(set(model.inputs) - NAMES):
        yield f"unknown input 'inputs.{key}'; remove it"
    if not missing:
        yield from _values_at_fault(model.inputs)
    yield from _severity_at_fault(model.severity)
    known = {ASSUMED, *(each.key for each in model.citations)}
    sources = {key: each.source for key, each in model.inputs.items()}
    sources |= {"severity": model.severity.source, "lawful": model.lawful.source}
    sources |= {f"published {each.key}": each.source for each in model.published}
    for key, source in sources.items():
        if source not in known:
            yield f"{key}: source '{source}' is not among the citations; add it there"
    for scenario in model.scenarios:
        for key in sorted(set(scenario.values) - NAMES):
            yield f"scenario {scenario.key}: no input is called '{key}'"
    yield from _calibration_at_fault(model)


def _calibration_at_fault(model: PopulationModel) -> Iterator[str]:
    scenarios = {each.key: each.values for each in model.scenarios}
    if len({each.under for each in model.published if each.calibrates}) > 1:
        yield "published: results that calibrate must be under one scenario"
    for result in model.published:
        name, there = result.calibrates, scenarios.get(result.under)
        if there is None:
            yield f"published {result.key}: no scenario is called '{result.under}'"
        elif name and name not in model.inputs:
            yield f"published {result.key}: no input is called '{name}'"
        elif name and name not in there and model.inputs[name].kind != "calibrated":
            yield f"inputs.{name} is set by {result.key}; its kind is calibrated"


def _values_at_fault(inputs: Mapping[str, Input]) -> Iterator[str]:
    for key in SHARES:
        if inputs[key].value > 1:
            yield f"inputs.{key} is {inputs[key].value:g}; a share from 0 to 1"
    if inputs["moderate-share"].value + inputs["severe-share"].value > 1:
        yield "moderate-share and severe-share are more than 1 together; they are parts of one"
    for key, each in inputs.items():
        low, high = each.low, each.high
        if low is not None and high is not None and low > high:
            yield f"inputs.{key} has low {low:g} above high {high:g}; exchange them"
        if bool(each.sd) != (each.distribution != "fixed"):
            yield f"inputs.{key} needs both sd and distribution, or neither"
        elif each.distribution in ("gamma", "lognormal") and not each.value:
            yield f"inputs.{key} is 0, which no {each.distribution} draws; leave sd out"
        elif each.distribution == "beta" and each.sd**2 >= each.value * (1 - each.value):
            yield f"inputs.{key} has sd {each.sd:g}; a share of {each.value:g} has no such spread"


def _severity_at_fault(severity: Bands) -> Iterator[str]:
    if tuple(band.key for band in severity.bands) != BANDS:
        yield f"severity.bands must be {', '.join(BANDS)}, in this order"
        return
    for name in ("before", "after", "without_drug"):
        shares = getattr(severity, name)
        if abs(shares.sum() - 1) > 1e-6:
            yield f"severity.bands: {name} adds up to {shares.sum():g}; make it 1"
    if severity.before[:FIRST_SEVERE].any():
        yield "severity.bands: before is above 0 in a band milder than severe; make it 0"
