"""A programme's own counts beside the literature: the data of one forest plot."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from sojourn.evidence.balance import Figure
from sojourn.evidence.effects import Count, wilson
from sojourn.evidence.forest import Forest, answer
from sojourn.evidence.load import shipped_studies
from sojourn.evidence.model import Study
from sojourn.evidence.register import shipped_claims

Side = Literal["active", "control"]
# Which computation each of a programme's counts stands beside; its share of one side is taken.
BESIDE: Mapping[str, tuple[str, str]] = {
    "response": ("lasting-remission", "response-mdma"),
    "loss-of-diagnosis": ("lasting-remission", "diagnosis-mdma"),
    "remission": ("lasting-remission", "remission-mdma"),
    "discontinuation": ("conventional-dropout", "mdma"),
    "serious-adverse-event": ("no-lasting-harm", "serious-mdma"),
    "muscle-tightness": ("temporary-side-effects", "muscle-tightness"),
    "nausea": ("temporary-side-effects", "nausea"),
    "decreased-appetite": ("temporary-side-effects", "appetite"),
    "excessive-sweating": ("temporary-side-effects", "sweating"),
    "feeling-cold": ("temporary-side-effects", "feeling-cold"),
    "jaw-clenching": ("temporary-side-effects", "jaw-clenching"),
}
# Words under which a programme records the event, as spoken or as coded.
EVENTS: Mapping[str, frozenset[str]] = {
    "muscle-tightness": frozenset({"muscle tightness", "muscle tension"}),
    "nausea": frozenset({"nausea"}),
    "decreased-appetite": frozenset({"decreased appetite", "anorexia"}),
    "excessive-sweating": frozenset({"excessive sweating", "hyperhidrosis"}),
    "feeling-cold": frozenset({"feeling cold"}),
    "jaw-clenching": frozenset({"jaw clenching", "bruxism"}),
}


@dataclass(frozen=True, slots=True)
class Beside:
    """``expected`` says whether the programme's share lies where a further study's would.

    It is None where fewer than three studies were pooled: there is then no such range.
    """

    outcome: str
    programme: Figure
    count: Count
    literature: Forest
    expected: bool | None


def literature(
    outcome: str, studies: Mapping[str, Study] | None = None, side: Side = "active"
) -> Forest:
    """The share of the trials that a programme's count of ``outcome`` stands beside.

    Raises
    ------
    ValueError
        For an outcome that the literature here doesn't count.
    """
    if outcome not in BESIDE:
        raise ValueError(f"outcome '{outcome}' is not one of: {', '.join(BESIDE)}")
    claim, key = BESIDE[outcome]
    computation = shipped_claims()[claim].computation(key)
    share = replace(computation, measure="share", of=side)
    return answer(share, shipped_studies() if studies is None else studies)


def beside(
    counts: Mapping[str, Count], forests: Mapping[str, Forest] | None = None
) -> tuple[Beside, ...]:
    """Each count, by outcome, beside the pooled share of the trials.

    ``forests`` are the literature of each outcome; that of the active arms when absent. The
    programme is never pooled with the trials: it has no comparison group.

    Raises
    ------
    ValueError
        For an outcome that the literature here doesn't count.
    """
    found = {key: literature(key) for key in counts} if forests is None else forests
    return tuple(_beside(outcome, count, found[outcome]) for outcome, count in counts.items())


def _beside(outcome: str, count: Count, forest: Forest) -> Beside:
    low, high = wilson(count)
    predicted = forest.summary.predicted if forest.summary else None
    # The programme's own chance error counts too: its interval has to meet the range.
    expected = None if predicted is None else low <= predicted[1] and high >= predicted[0]
    own = Figure("this programme", count.events / count.n, low, high, verified=True)
    return Beside(outcome, own, count, forest, expected)
