"""A claim as its page shows it: each figure in a picture and in a table that says the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe

from sojourn.clinic import forest_picture
from sojourn.clinic.forest_picture import Row
from sojourn.evidence import Answered, Forest, Line, Moment, Study, Summary
from sojourn.evidence.league import League
from sojourn.evidence.register import Measure
from sojourn.evidence.wording import figure

VERDICT_TAGS = {"supported": "yes", "partly": "due", "contested": "open", "not shown": "no"}
# What an axis shows, said once beside it.
AXES = {
    "share": "Share of people",
    "risk-difference": "Difference, of 100 people",
    "risk-ratio": "Risk ratio, log scale",
    "odds-ratio": "Odds ratio, log scale",
    "standardised-difference": "Standard deviations",
    "mean-difference": "Points of the scale",
    "as-reported": "Number as reported",
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A claim in the register: its leading figure in words and drawn small."""

    answered: Answered
    of: str
    words: str
    picture: SafeString
    studies: int
    people: int | None
    tag: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A study's line: its figure and the counts it rests on, in words."""

    line: Line
    study: str
    words: str
    counts: tuple[str, str]
    weight: str


@dataclass(frozen=True, slots=True)
class Steady:
    """What the figure would be with other studies: until a year, or without one."""

    label: str
    words: str


@dataclass(frozen=True, slots=True)
class Told:
    """One computation of a claim, ready for its page."""

    forest: Forest
    pictures: tuple[tuple[str, SafeString], ...]
    shown: tuple[Shown, ...]
    pooled: str
    predicted: str
    over_time: SafeString
    moments: tuple[Steady, ...]
    without_each: tuple[Steady, ...]
    retracted: tuple[Study, ...]

    @property
    def counted(self) -> bool:
        """Whether there are counts to show."""
        return any(side for each in self.shown for side in each.counts)

    @property
    def weighted(self) -> bool:
        """Whether the model has weights to show."""
        return any(each.weight for each in self.shown)


def listed(answered: Answered) -> Listed:
    """The claim in a line: the figure it is measured by, else its first."""
    claim = answered.claim
    forest = answered.forest(claim.claimed.computation) if claim.claimed else answered.forests[0]
    of, words, picture = forest.label, "", mark_safe("")
    if answered.league:
        asked, labels = answered.league.asked, answered.league.labels
        of = f"{labels[asked.first]} against {labels[asked.second]}, indirectly"
        words = figure("standardised-difference", asked.estimate, asked.low, asked.high)
        interval = (asked.low, asked.high)
        picture = forest_picture.small(
            "standardised-difference", asked.estimate, interval, 0, f"{of}: {words}"
        )
    elif forest.summary:
        words = _pooled(forest.measure, forest.summary)
        interval = (forest.summary.low, forest.summary.high)
        picture = forest_picture.small(
            forest.measure, forest.summary.estimate, interval, forest.no_effect, f"{of}: {words}"
        )
    elif forest.lines:
        words = _range(forest.lines)
    return Listed(
        answered=answered,
        of=of,
        words=words,
        picture=picture,
        studies=len({line.study for each in answered.forests for line in each.lines}),
        people=forest.summary.people if forest.summary else None,
        tag=VERDICT_TAGS[answered.verdict],
    )


def told(forest: Forest, studies: Mapping[str, Study]) -> Told:
    """The computation with its pictures; figures of different measures never share an axis."""
    summary = forest.summary
    shown = tuple(_shown(line, studies) for line in forest.lines)
    return Told(
        forest=forest,
        pictures=tuple(_pictures(forest, shown)),
        shown=shown,
        pooled=_pooled(forest.measure, summary) if summary else "",
        predicted=figure(forest.measure, None, *summary.predicted)
        if summary and summary.predicted
        else "",
        over_time=_over_time(forest),
        moments=tuple(
            Steady(_until(moment), _at(forest.measure, moment)) for moment in forest.over_time
        ),
        without_each=tuple(
            Steady(studies[key].name, figure(forest.measure, estimate, low, high))
            for key, estimate, low, high in forest.without_each
        ),
        retracted=tuple(studies[key] for key in forest.retracted_left_out),
    )


def league_rows(found: League) -> list[tuple[str, list[str]]]:
    """The league table: the row's treatment against each column's, in SD units."""
    names = found.network.treatments
    return [
        (
            found.labels[one],
            ["" if one == other else _compared(found, one, other) for other in names],
        )
        for one in names
    ]


def league_picture(found: League) -> SafeString:
    """Every treatment against that which trials share most, pairs without a trial named so."""
    names = found.network.treatments
    hub = max(names, key=lambda name: sum(n for pair, n in found.trials.items() if name in pair))
    rows = []
    for first, second in [(hub, name) for name in names if name != hub] + [
        (found.asked.first, found.asked.second)
    ]:
        each = found.network.compare(first, second)
        trials = found.trials.get((first, second), 0) + found.trials.get((second, first), 0)
        about = f"{trials} trials" if trials else "indirect"
        label = f"{found.labels[first]} against {found.labels[second]} ({about})"
        words = figure("standardised-difference", each.estimate, each.low, each.high)
        kind: forest_picture.Kind = "study" if trials else "predicted"
        rows.append(Row(label, words, each.estimate, each.low, each.high, kind))
    return forest_picture.forest(rows, "standardised-difference", 0, "Network")


def row_of(line: Line, words: str, label: str = "") -> Row:
    """A study's row of a forest plot."""
    kind: forest_picture.Kind = "study" if line.verified else "unverified"
    return Row(label or line.label, words, line.estimate, line.low, line.high, kind, line.weight)


def summary_rows(measure: Measure, summary: Summary, label: str = "Together") -> list[Row]:
    """The diamond, and where a further study's true value would lie."""
    rows = [
        Row(
            label,
            _pooled(measure, summary),
            summary.estimate,
            summary.low,
            summary.high,
            "pooled",
        )
    ]
    if summary.predicted:
        words = figure(measure, None, *summary.predicted)
        rows.append(Row("A further study", words, None, *summary.predicted, "predicted"))
    return rows


def _shown(line: Line, studies: Mapping[str, Study]) -> Shown:
    return Shown(
        line=line,
        study=f"{studies[line.study].name}, {line.year}",
        words=figure(line.measure, line.estimate, line.low, line.high),
        counts=tuple(  # type: ignore[arg-type]
            f"{side.events}/{side.n}" if side else "" for side in (line.active, line.control)
        ),
        weight=f"{100 * line.weight:.0f}%" if line.weight is not None else "",
    )


def _pictures(forest: Forest, shown: Sequence[Shown]) -> list[tuple[str, SafeString]]:
    groups: dict[Measure, list[Shown]] = {}
    for each in shown:
        groups.setdefault(each.line.measure, []).append(each)
    reported = forest.measure == "as-reported"
    found = []
    for measure, members in groups.items():
        rows = [
            row_of(each.line, each.words, _who(each) if reported else each.study)
            for each in members
        ]
        if forest.summary:
            rows += summary_rows(measure, forest.summary)
        no_effect = forest.no_effect if not reported else _no_effect(measure)
        found.append((AXES[measure], forest_picture.forest(rows, measure, no_effect, forest.label)))
    return found


def _who(shown: Shown) -> str:
    return f"{shown.line.label} ({shown.study})"


def _no_effect(measure: Measure) -> float | None:
    if measure in forest_picture.RATIOS:
        return 1.0
    return 0.0 if measure == "standardised-difference" else None


def _over_time(forest: Forest) -> SafeString:
    if len(forest.over_time) < 2:
        return mark_safe("")
    rows = [
        Row(
            _until(moment),
            _at(forest.measure, moment),
            moment.estimate,
            moment.low,
            moment.high,
        )
        for moment in forest.over_time
    ]
    title = f"{forest.label}, as it stood at the end of each year"
    return forest_picture.forest(rows, forest.measure, forest.no_effect, title)


def _until(moment: Moment) -> str:
    return f"Until {moment.year} ({moment.studies} stud{'y' if moment.studies == 1 else 'ies'})"


def _at(measure: Measure, moment: Moment) -> str:
    return figure(measure, moment.estimate, moment.low, moment.high)


def _pooled(measure: Measure, summary: Summary) -> str:
    return figure(measure, summary.estimate, summary.low, summary.high)


def _range(lines: Sequence[Line]) -> str:
    """From the lowest to the highest figure, where all are of one measure."""
    values = [line.estimate for line in lines if line.estimate is not None]
    if len({line.measure for line in lines}) > 1 or not values:
        return f"{len(lines)} figures as reported"
    if len(values) == 1 or min(values) == max(values):
        return figure(lines[0].measure, values[0])
    return figure(lines[0].measure, None, min(values), max(values))


def _compared(found: League, one: str, other: str) -> str:
    each = found.network.compare(one, other)
    words = figure("standardised-difference", each.estimate, each.low, each.high)
    return words if each.direct else f"{words}, indirect"
