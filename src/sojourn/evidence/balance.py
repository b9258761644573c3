"""Benefits and harms in short, for someone who decides: every figure from the register."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sojourn import definitions
from sojourn.evidence.answers import Answered, answer_all
from sojourn.evidence.forest import Forest
from sojourn.evidence.load import EvidenceError
from sojourn.evidence.model import Key, Text
from sojourn.evidence.register import Level, Measure, Verdict

FILE = Path(__file__).parent / "balance.yaml"


@dataclass(frozen=True, slots=True)
class Entry:
    label: Text
    claim: Key
    computation: Key


@dataclass(frozen=True, slots=True)
class Layout:
    benefits: tuple[Entry, ...]
    harms: tuple[Entry, ...]
    not_known: tuple[Entry, ...]
    alternatives: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its interval; ``low`` and ``high`` are missing where none was printed.

    ``of`` says what the number is of, where a point has several (arms of a trial, say).
    """

    of: str
    estimate: float | None
    low: float | None
    high: float | None
    verified: bool


@dataclass(frozen=True, slots=True)
class Point:
    """One line for the reader. No figure means that nobody counted it."""

    label: str
    measure: Measure
    figures: tuple[Figure, ...]
    studies: int
    people: int | None
    certainty: Level
    verdict: Verdict
    claim: str
    not_known: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProsAndCons:
    benefits: tuple[Point, ...]
    harms: tuple[Point, ...]
    not_known: tuple[Point, ...]
    alternatives: tuple[Point, ...]


_ADAPTER = definitions.strict(Layout, __name__)


def pros_and_cons(answers: Mapping[str, Answered] | None = None) -> ProsAndCons:
    """What is known and not known, from ``answers`` or from everything that is shipped.

    Raises
    ------
    EvidenceError
        When a line names a claim or computation that the register lacks.
    """
    answers = answer_all() if answers is None else answers
    layout = _layout()
    return ProsAndCons(
        benefits=_points(layout.benefits, answers),
        harms=_points(layout.harms, answers),
        not_known=_points(layout.not_known, answers),
        alternatives=_points(layout.alternatives, answers),
    )


@cache
def _layout() -> Layout:
    layout: Layout = definitions.checked(_ADAPTER, definitions.read(FILE), FILE, __name__)
    return layout


def _points(entries: tuple[Entry, ...], answers: Mapping[str, Answered]) -> tuple[Point, ...]:
    return tuple(_point(entry, answers) for entry in entries)


def _point(entry: Entry, answers: Mapping[str, Answered]) -> Point:
    if entry.claim not in answers:
        raise EvidenceError(
            f"{FILE.name}: claim '{entry.claim}' is not in the register: {', '.join(answers)}"
        )
    answered = answers[entry.claim]
    forest = answered.forest(entry.computation)
    return Point(
        label=entry.label,
        measure=forest.measure,
        figures=tuple(_figures(forest)),
        studies=len({line.study for line in forest.lines}),
        people=forest.summary.people if forest.summary else None,
        certainty=answered.certainty,
        verdict=answered.verdict,
        claim=entry.claim,
        not_known=answered.claim.not_known,
    )


def _figures(forest: Forest) -> Iterator[Figure]:
    """The pooled figure; where studies are shown as reported, each of them."""
    summary = forest.summary
    if summary:
        verified = not forest.unverified
        yield Figure("", summary.estimate, summary.low, summary.high, verified)
        return
    for line in forest.lines:
        yield Figure(line.label, line.estimate, line.low, line.high, line.verified)
