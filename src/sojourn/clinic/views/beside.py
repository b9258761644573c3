"""Beside the literature: what a programme found, on the forest plot of the published trials."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString

from sojourn.clinic import evidence_tables, forest_picture, own_results, published
from sojourn.clinic.access import Visitor, in_programme
from sojourn.clinic.forest_picture import Row
from sojourn.clinic.own_results import LABELS, Own
from sojourn.clinic.views.outcomes import arms_of, observations
from sojourn.evidence import Count, Forest, beside
from sojourn.evidence.beside import BESIDE, Side, literature
from sojourn.evidence.wording import figure
from sojourn.protocols.model import Protocol

MEASURED_BY = frozenset({"caps-5"})  # the register's trials of PTSD
SIDES: Mapping[str, Side] = {
    "experimental": "active",
    "single": "active",
    "comparator": "control",
}
SIDE_LABELS: Mapping[Side, str] = {"active": "with MDMA", "control": "with placebo or a low dose"}


@dataclass(frozen=True, slots=True)
class Line:
    """One figure in the table. ``expected``: whether a further trial might well find it."""

    who: str
    people: str
    words: str
    expected: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    outcome: str
    label: str
    claim: str
    picture: SafeString
    lines: tuple[Line, ...]
    held_back: bool


@in_programme
def beside_literature(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The programme's outcomes and harms with the trials': by arm only for who opened the seal."""
    protocol = visitor.standing.protocol
    arms = arms_of(request, visitor)
    blinded = bool(protocol.randomisation and protocol.randomisation.blinded)
    compared = protocol.outcome.instrument in MEASURED_BY
    own: tuple[Own, ...] = ()
    if compared:
        own = own_results.counted(
            visitor.programme,
            observations(visitor, arms),
            protocol.outcome.visit,
            arms.get,
            sealed=blinded and not arms.shown,
        )
    context = {
        "visitor": visitor,
        "here": "outcomes",
        "compared": compared,
        "by_arm": arms.shown,
        "sealed": blinded and not arms.shown,
        "shown": _shown(own, protocol, blinded=blinded, by_arm=arms.shown),
        "fewest": own_results.FEWEST_PEOPLE,
        "either_way": own_results.FEWEST_EITHER_WAY,
    }
    return render(request, "clinic/beside.html", context)


def _shown(own: tuple[Own, ...], protocol: Protocol, *, blinded: bool, by_arm: bool) -> list[Shown]:
    sides = {arm.label: SIDES[arm.role] for arm in protocol.arms}
    found = []
    for outcome in BESIDE:
        mine = [each for each in own if each.outcome == outcome]
        if mine:
            found.append(_outcome(outcome, mine, sides, blinded=blinded, by_arm=by_arm))
    return found


def _outcome(
    outcome: str, mine: list[Own], sides: Mapping[str, Side], *, blinded: bool, by_arm: bool
) -> Shown:
    now = published.files()
    forest = _literature(now, outcome, "active")
    names = {key: f"{each.name}, {each.year}" for key, each in published.studies().items()}
    rows = [
        evidence_tables.row_of(
            line, figure("share", line.estimate, line.low, line.high), names[line.study]
        )
        for line in forest.lines
    ]
    lines = []
    several = blinded or by_arm
    for side in ("active", "control") if several else ("active",):
        trials = _literature(now, outcome, side)
        if trials.summary:
            who = f"Trials {SIDE_LABELS[side]}"
            drawn = evidence_tables.summary_rows("share", trials.summary, who)
            rows += drawn if side == "active" else drawn[:1]
            lines.append(Line(who, f"{trials.summary.people}", drawn[0].words))
    for each in mine:
        who = f"This programme, {each.arm or 'not allocated'}" if by_arm else "This programme"
        if each.count is None:
            lines.append(Line(who, "", "too few to be shown"))
            continue
        # Everyone together in a blinded trial is a mixture of arms: no trial's arm is like it.
        side = sides.get(each.arm, "active")
        comparable = bool(each.arm) or not several
        row, line = _own(who, each.count, _literature(now, outcome, side), comparable=comparable)
        rows.append(row)
        lines.append(line)
    picture = forest_picture.forest(rows, "share", None, LABELS[outcome])
    held_back = any(each.count is None for each in mine)
    return Shown(outcome, LABELS[outcome], BESIDE[outcome][0], picture, tuple(lines), held_back)


def _own(who: str, count: Count, trials: Forest, *, comparable: bool) -> tuple[Row, Line]:
    [found] = beside({"": count}, {"": trials})
    own = found.programme
    words = figure("share", own.estimate, own.low, own.high)
    expected = ""
    if comparable and found.expected is not None:
        expected = "as a further trial might" if found.expected else "unlike a further trial"
    return (
        Row(who, words, own.estimate, own.low, own.high, "own"),
        Line(who, f"{count.events}/{count.n}", words, expected),
    )


@lru_cache(maxsize=64)
def _literature(_: published.Files, outcome: str, side: Side) -> Forest:
    return literature(outcome, published.studies(), side)
