"""A trial to come as one states it: means, covariance, sites, dropout, guesses, expectancy.

``models/`` holds those of two published trials, which a site copies and changes.
"""

from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from sojourn.definitions import DefinitionError, checked, read, strict
from sojourn.protocols.eligibility import Key, Text
from sojourn.protocols.model import Citation

FOLDER = Path(__file__).parent / "models"
SHIPPED = ("mapp1", "mapp2")
ASSUMED = "assumed"
Share = Annotated[float, Field(ge=0, le=1)]
Correlation = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Whole = Annotated[int, Field(ge=1, le=10_000)]


@dataclass(frozen=True, slots=True)
class ByVisit:
    """One number for each visit after baseline."""

    values: Annotated[tuple[float, ...], Field(min_length=1, max_length=12)]
    source: Key = ASSUMED
    verified: bool = False


@dataclass(frozen=True, slots=True)
class Baseline:
    """Mean and standard deviation at baseline, in points; nobody enters below ``least``."""

    mean: float
    sd: Positive
    least: float = 0.0
    source: Key = ASSUMED
    verified: bool = False


@dataclass(frozen=True, slots=True)
class StatedArm:
    """``change`` from baseline and ``sd`` of the total by visit, in points.

    ``left`` is the share no longer rated by each visit; ``guesses`` the share that believes
    to be in each arm (the rest does not know); ``heterogeneity`` the standard deviation of a
    person's own effect, growing to its full size at the last visit.
    """

    key: Key
    change: ByVisit
    sd: ByVisit
    ratio: Whole = 1
    left: ByVisit | None = None
    guesses: dict[Key, Share] = field(default_factory=dict)
    heterogeneity: NotNegative = 0.0


@dataclass(frozen=True, slots=True)
class Correlations:
    """Of every visit with baseline, and of neighbouring visits beyond that (autoregressive)."""

    baseline: Correlation = 0.5
    neighbouring: Correlation = 0.7
    source: Key = ASSUMED
    verified: bool = False


@dataclass(frozen=True, slots=True)
class Sites:
    """Standard deviations between sites of all totals and of the effect, in points."""

    count: Annotated[int, Field(ge=1, le=200)] = 1
    sd: NotNegative = 0.0
    effect_sd: NotNegative = 0.0


@dataclass(frozen=True, slots=True)
class Dropout:
    """Log odds ratio of leaving for each 10 points more, of what was seen last and of what is not.

    The first is missing at random, the second is not.
    """

    last_observed: float = 0.0
    unobserved: float = 0.0


@dataclass(frozen=True, slots=True)
class Interval:
    """A published difference at the last visit with its 95% interval, in points."""

    value: float
    low: float
    high: float
    source: Key
    verified: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class PublishedCount:
    arm: Key
    outcome: Literal["response", "remission"]
    count: Annotated[int, Field(ge=0)]
    of: Whole
    source: Key
    verified: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Published:
    """What simulated trials are held against; nothing here is used to simulate."""

    people: Whole
    difference: Interval
    outcomes: tuple[PublishedCount, ...] = ()


@dataclass(frozen=True, slots=True)
class StatedModel:
    """A stated trial. The first arm is the control; ``expectancy`` is in points by guess.

    A ``gamma`` distribution gives whole totals within ``least`` and ``most``, with stated means
    and spreads; ``normal`` is not bounded. The estimand is the difference of the second arm's
    stated mean at the last visit from the first's, without what guesses add.
    """

    key: Key
    title: Text
    visits: Annotated[tuple[Key, ...], Field(min_length=1, max_length=12)]
    baseline: Baseline
    arms: Annotated[tuple[StatedArm, ...], Field(min_length=2, max_length=2)]
    instrument: Key = "caps-5"
    distribution: Literal["normal", "gamma"] = "normal"
    least: float = 0.0
    most: float = 80.0
    correlation: Correlations = Correlations()
    sites: Sites = Sites()
    dropout: Dropout = Dropout()
    expectancy: dict[Key, float] = field(default_factory=dict)
    site_terms: bool = False
    response_fall: float = 10.0
    remission_total: float = 11.0
    citations: tuple[Citation, ...] = ()
    published: Published | None = None

    def null(self) -> "StatedModel":
        """The same trial with an active arm no better than the control."""
        control, active = self.arms
        same = replace(active, change=control.change, sd=control.sd, heterogeneity=0.0)
        return replace(self, arms=(control, same))


_ADAPTER = strict(StatedModel, __name__)


@cache
def shipped_model(key: str) -> StatedModel:
    """A stated model that comes with Sojourn.

    Raises
    ------
    DefinitionError
        If there is none of that key.
    """
    if key not in SHIPPED:
        raise DefinitionError(f"'{key}' does not come with Sojourn; use {' or '.join(SHIPPED)}")
    return load_model(FOLDER / f"{key}.yaml")


def load_model(path: Path) -> StatedModel:
    """The stated model in a YAML file.

    Raises
    ------
    DefinitionError
        Naming each field at fault, its value and what would be right.
    """
    model: StatedModel = checked(_ADAPTER, read(path), path, __name__)
    faults = [f"{path.name}: {fault}" for fault in _faults(model)]
    if faults:
        raise DefinitionError("\n".join(faults))
    return model


def _faults(model: StatedModel) -> list[str]:
    found = []
    keys = [arm.key for arm in model.arms]
    if len(set(keys)) < len(keys):
        found.append(f"arms are both '{keys[0]}'; give each its own key")
    for guess in set(model.expectancy) - set(keys):
        found.append(f"expectancy names '{guess}', which is no arm; use {' or '.join(keys)}")
    if model.distribution == "gamma" and not model.least <= model.baseline.least:
        found.append(f"baseline.least is {model.baseline.least}; not below {model.least}")
    if model.baseline.mean <= model.baseline.least:
        found.append(f"baseline.mean is {model.baseline.mean}; above {model.baseline.least}")
    for arm in model.arms:
        found += [f"arm '{arm.key}': {fault}" for fault in _arm_faults(model, arm, keys)]
    known = {each.key for each in model.citations} | {ASSUMED}
    for source in sorted(_sources(model) - known):
        found.append(f"source '{source}' is no citation here; cite one of {sorted(known)}")
    return found


def _arm_faults(model: StatedModel, arm: StatedArm, keys: list[str]) -> list[str]:
    found, span = [], len(model.visits)
    for name, course in (("change", arm.change), ("sd", arm.sd), ("left", arm.left)):
        if course and len(course.values) != span:
            found.append(f"{name} has {len(course.values)} values; give one for {span} visits")
    if min(arm.sd.values) <= 0:
        found.append(f"sd is {min(arm.sd.values)}; above 0")
    left = (0.0, *arm.left.values) if arm.left else (0.0,)
    if list(left) != sorted(left) or not 0 <= left[-1] < 1:
        found.append(f"left is {list(left[1:])}; shares that never fall, below 1")
    for guess in set(arm.guesses) - set(keys):
        found.append(f"guesses name '{guess}', which is no arm; use {' or '.join(keys)}")
    if sum(arm.guesses.values()) > 1 + 1e-9:
        found.append(f"guesses sum to {sum(arm.guesses.values())}; at most 1")
    if model.distribution == "gamma":
        least = min(model.baseline.mean + change for change in arm.change.values)
        if least <= model.least:
            found.append(f"mean total falls to {least:g}; above {model.least:g}")
    return found


def _sources(model: StatedModel) -> set[str]:
    found = {model.baseline.source, model.correlation.source}
    for arm in model.arms:
        found |= {each.source for each in (arm.change, arm.sd, arm.left) if each}
    if model.published:
        found |= {model.published.difference.source}
        found |= {each.source for each in model.published.outcomes}
    return found
