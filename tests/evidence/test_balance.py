"""What a person deciding sees: every figure from the register, none typed into a sentence."""

import re

import pytest

from sojourn.evidence import balance
from sojourn.evidence.answers import answer_all
from sojourn.evidence.balance import pros_and_cons
from sojourn.evidence.load import EvidenceError


def points():
    found = pros_and_cons()
    return [*found.benefits, *found.harms, *found.not_known, *found.alternatives]


def test_no_sentence_holds_a_number():
    for point in points():
        assert not re.search(r"\d", point.label), point.label


def test_every_figure_is_the_registers():
    answers = answer_all()
    layout = balance._layout()
    entries = [*layout.benefits, *layout.harms, *layout.not_known, *layout.alternatives]
    for point, entry in zip(points(), entries, strict=True):
        forest = answers[entry.claim].forest(entry.computation)
        if forest.summary:
            [figure] = point.figures
            assert figure.estimate == forest.summary.estimate
            assert (figure.low, figure.high) == (forest.summary.low, forest.summary.high)
            assert point.people == forest.summary.people
        else:
            assert len(point.figures) == len(forest.lines)


def test_both_arms_and_three_outcomes_are_there():
    found = pros_and_cons()
    labels = [point.label for point in (*found.benefits, *found.harms)]
    for outcome in ("response", "diagnosis", "remission", "Not measured"):
        with_drug, without = [label for label in labels if outcome in label]
        assert "with MDMA-assisted therapy" in with_drug
        assert "placebo" in without


def test_harms_come_with_differences_and_what_is_not_known_is_said():
    found = pros_and_cons()
    assert sum(point.measure == "risk-difference" for point in found.harms) >= 6
    lasting = next(point for point in found.not_known if "harmed" in point.label)
    assert lasting.figures == ()
    assert lasting.not_known


def test_figures_from_memory_are_marked():
    guessed = next(p for p in pros_and_cons().not_known if "Nearly everyone" in p.label)
    assert not guessed.figures[0].verified
    remission = next(p for p in pros_and_cons().benefits if "remission" in p.label)
    assert remission.figures[0].verified


def test_a_line_on_a_claim_that_is_not_there_is_refused():
    with pytest.raises(EvidenceError, match="lasting-remission"):
        pros_and_cons({"durability": answer_all()["durability"]})
