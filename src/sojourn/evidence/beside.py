"""A programme's own counts beside the literature: the data of one forest plot."""

from collections.abc import Mapping
from dataclasses import dataclass

from sojourn.evidence.answers import Answered, answer_all
from sojourn.evidence.balance import Figure
from sojourn.evidence.effects import Count, wilson
from sojourn.evidence.forest import Forest

# Which computation each of a programme's counts stands beside.
BESIDE: Mapping[str, tuple[str, str]] = {
    "response": ("lasting-remission", "response-mdma"),
    "loss-of-diagnosis": ("lasting-remission", "diagnosis-mdma"),
    "remission": ("lasting-remission", "remission-mdma"),
    "discontinuation": ("conventional-dropout", "mdma"),
    "serious-adverse-event": ("no-lasting-harm", "serious-mdma"),
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


def beside(
    counts: Mapping[str, Count], answers: Mapping[str, Answered] | None = None
) -> tuple[Beside, ...]:
    """Each count, by outcome, beside the pooled share of the trials.

    The programme is not pooled with the trials: it has no comparison group.

    Raises
    ------
    ValueError
        For an outcome that the literature here doesn't count.
    """
    answers = answer_all() if answers is None else answers
    strangers = sorted(set(counts) - set(BESIDE))
    if strangers:
        raise ValueError(f"outcome '{strangers[0]}' is not one of: {', '.join(BESIDE)}")
    return tuple(_beside(outcome, count, answers) for outcome, count in counts.items())


def _beside(outcome: str, count: Count, answers: Mapping[str, Answered]) -> Beside:
    claim, computation = BESIDE[outcome]
    forest = answers[claim].forest(computation)
    low, high = wilson(count)
    predicted = forest.summary.predicted if forest.summary else None
    # The programme's own chance error counts too: its interval has to meet the range.
    expected = None if predicted is None else low <= predicted[1] and high >= predicted[0]
    own = Figure("this programme", count.events / count.n, low, high, verified=True)
    return Beside(outcome, own, count, forest, expected)
