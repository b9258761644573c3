"""What the record tells at a data cut, in the shape that analyses take it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import polars as pl

from sojourn.analysis import safety
from sojourn.analysis.estimand import Handled, Occurrence

EVERYONE = "All participants"
POPULATIONS = ("randomised", "randomised-and-dosed", "enrolled", "enrolled-and-dosed")


@dataclass(frozen=True, slots=True)
class Participant:
    """One participant at the cut. Entries are given by their positions in the record.

    ``arm`` is its label, or ``EVERYONE`` where the allocation is sealed; empty before
    randomisation. ``included``: randomised, or found eligible where nobody is randomised.
    ``days`` since enrolment, ``days_at_risk`` since the first dose, both up to the end of their
    course or the cut and counting their first day; None where there is no such day. ``pair``
    names the practitioners of the first session; ``levels`` pairs a subgroup's factor with this
    person's level, where known.
    """

    key: str
    arm: str
    site: str
    sex: str
    age: int | None
    status: str
    reason: str
    included: bool
    doses: int
    days: int | None
    days_at_risk: int | None
    flow: tuple[int, ...]  # entries that say how far they came
    registered: tuple[int, ...]
    dosed: tuple[int, ...]
    allocated: tuple[int, ...]
    pair: str = ""
    paired: tuple[int, ...] = ()
    levels: tuple[tuple[str, str], ...] = ()
    history: tuple[int, ...] = ()  # entries that ``levels`` beyond sex and site come from

    def level(self, factor: str) -> str:
        """The level of that factor; empty where the record holds none."""
        known = {"sex": self.sex, "site": self.site, **dict(self.levels)}
        return known.get(factor, "")

    def telling(self, factor: str) -> tuple[int, ...]:
        """The entries that factor's level comes from."""
        return self.registered if factor in ("sex", "site") else self.history


@dataclass(frozen=True, slots=True)
class Happened:
    """An adverse event with the entries that tell of it."""

    event: safety.Event
    sources: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Deviation:
    """What did not go as the protocol plans it; ``foreseen`` where it foresees that too.

    ``classification`` is empty until someone said how grave it was.
    """

    participant: str
    what: str
    visit: str
    sources: tuple[int, ...]
    classification: str = ""
    foreseen: bool = False


@dataclass(frozen=True, slots=True)
class Arisen:
    """An intercurrent event with the entries that tell of it."""

    occurrence: Occurrence
    sources: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Guessed:
    """What one person believed about a participant's arm.

    ``guess`` is the label of an arm, or 'unknown'; ``certainty_percent`` None where not said.
    """

    participant: str
    occasion: str
    guesser: str  # participant, therapist or independent-rater
    guess: str
    certainty_percent: int | None
    sources: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The words of the protocol: ``rated`` pairs visits that rate the outcome with labels.

    ``arms`` are labels with the reference first; one label alone where all are pooled.
    ``opened``: people are told apart by arm. ``single``: the programme randomises nobody.
    ``planned`` is each rated visit's planned day. ``handled`` are the intercurrent events the
    estimand has a rule for; ``failure`` the change in points that a composite one stands for.
    ``occasions`` pairs the occasions on which guesses are asked for with their labels.
    """

    instrument: str
    baseline: str
    outcome: str
    rated: tuple[tuple[str, str], ...]
    arms: tuple[str, ...]
    opened: bool
    single: bool = False
    planned: Mapping[str, int] = field(default_factory=dict)
    handled: tuple[Handled, ...] = ()
    failure: int | None = None
    occasions: tuple[tuple[str, str], ...] = ()

    @property
    def after_baseline(self) -> tuple[str, ...]:
        """Rated visits after baseline up to the one of the primary outcome, in their order."""
        keys = [key for key, _ in self.rated]
        first = keys.index(self.baseline) + 1 if self.baseline in keys else 0
        return tuple(keys[first : keys.index(self.outcome) + 1])

    @property
    def later(self) -> tuple[str, ...]:
        """Rated visits after the one of the primary outcome, in their order."""
        keys = [key for key, _ in self.rated]
        return tuple(keys[keys.index(self.outcome) + 1 :])

    def label(self, visit: str) -> str:
        return dict(self.rated).get(visit, visit)


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything a report is computed from.

    ``observations`` has the columns of ``outcomes.COLUMNS``, outcome instrument only;
    ``ratings`` the entries of each participant's rating at a visit.
    """

    layout: Layout
    people: tuple[Participant, ...]
    observations: pl.DataFrame
    ratings: Mapping[tuple[str, str], tuple[int, ...]]
    events: tuple[Happened, ...]
    deviations: tuple[Deviation, ...]
    arisen: tuple[Arisen, ...] = ()
    guesses: tuple[Guessed, ...] = ()

    def population(self, name: str) -> tuple[Participant, ...]:
        """Those included, or of them those with a dose.

        Raises
        ------
        ValueError
            For another name.
        """
        if name not in POPULATIONS:
            raise ValueError(f"population '{name}' is not known; there are {POPULATIONS}")
        dosed = name.endswith("-and-dosed")
        return tuple(each for each in self.people if each.included and (each.doses or not dosed))

    def rated(self, people: Iterable[Participant]) -> pl.DataFrame:
        """Their observations."""
        return self.observations.filter(pl.col("participant").is_in([each.key for each in people]))

    def entries(self, people: Iterable[Participant], visits: Iterable[str]) -> tuple[int, ...]:
        """The entries of these people's ratings at these visits, and of their allocation."""
        visits = tuple(visits)
        found: set[int] = set()
        for each in people:
            rated = [self.ratings.get((each.key, visit), ()) for visit in visits]
            found.update(place for places in rated for place in places)
            if any(rated):
                found.update(each.allocated)
        return tuple(sorted(found))


def columns(
    inputs: Inputs, people: Iterable[Participant]
) -> tuple[tuple[str, tuple[Participant, ...]], ...]:
    """The people of each arm, in the order of the arms."""
    people = tuple(people)
    return tuple(
        (arm, tuple(each for each in people if each.arm == arm)) for arm in inputs.layout.arms
    )


def places(
    people: Iterable[Participant], of: Callable[[Participant], tuple[int, ...]]
) -> tuple[int, ...]:
    """The entries that ``of`` picks from each, and those of their allocation, each once."""
    return tuple(sorted({place for each in people for place in (*of(each), *each.allocated)}))
