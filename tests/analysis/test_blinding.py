"""Blinding indices against the published examples."""

import numpy as np
import pytest

from sojourn.analysis.blinding import Guesses, bang, bang_by_certainty, counted, james

# Bang, Ni & Davis 2004, table 7: the CRISP trial of cholesterol reduction.
CRISP = Guesses(82, 25, 170, 27, 29, 83)
# Houweling et al. 2014, table 2: the SOX trial of compression stockings, investigators, research
# coordinators and patients.
SOX = (
    Guesses(48, 4, 330, 22, 30, 319),
    Guesses(94, 11, 289, 52, 44, 284),
    Guesses(143, 14, 188, 104, 57, 175),
)


def published_variance(guesses):
    """The variance of the index as James et al. 1996 write it out, with weights 0, 1/2 and 1."""
    p = guesses.table.T / guesses.table.sum()
    unknown, w = p[2].sum(), np.array([[0, 0.5], [0.5, 0]])
    rows, columns = p.sum(axis=1)[:2], p[:2].sum(axis=0)
    chance = (w * np.outer(rows, columns)).sum() / (1 - unknown) ** 2
    kappa = ((w * p[:2]).sum() / (1 - unknown) - chance) / chance
    extra = (w.T @ rows)[None, :] + (w @ columns)[:, None]
    top = p[:2] * (1 - unknown) ** 2 * ((1 - unknown) * w - (1 + kappa) * extra) ** 2
    first = top.sum() / (4 * (w * np.outer(rows, columns)).sum() ** 2)
    second = unknown * (1 - unknown) - (1 - unknown) * (1 + kappa) * (
        unknown + (1 - unknown) * (1 + kappa) / 4
    )
    return (first + second) / guesses.table.sum()


def test_crisp_has_the_published_indices():
    whole = james(CRISP)
    assert whole.estimate == pytest.approx(0.75, abs=0.005)
    drug, placebo = bang(CRISP, ("drug", "placebo"))
    assert (drug.estimate, placebo.estimate) == pytest.approx((0.21, 0.01), abs=0.006)
    assert drug.low > 0
    assert placebo.low < 0 < placebo.high
    assert (drug.people, placebo.people, whole.people) == (277, 139, 416)


@pytest.mark.parametrize("guesses", [CRISP, *SOX])
def test_the_delta_method_is_the_variance_james_gives(guesses):
    assert james(guesses).standard_error ** 2 == pytest.approx(published_variance(guesses))


def test_sox_patients_were_unblinded_in_one_arm_and_guessed_against_it_in_the_other():
    # Houweling et al. 2014 report just that, with James indices that suggest a blind held.
    active, placebo = bang(SOX[2], ("active", "placebo"))
    assert active.low > 0.2
    assert placebo.high < 0
    assert james(SOX[2]).low > 0.5


def test_the_ends_of_the_scales():
    assert james(Guesses(0, 0, 50, 0, 0, 50)).estimate == 1.0
    assert james(Guesses(40, 0, 0, 0, 40, 0)).estimate == pytest.approx(0.0)
    assert james(Guesses(20, 20, 0, 20, 20, 0)).estimate == pytest.approx(0.5)
    right, wrong = bang(Guesses(30, 0, 0, 30, 0, 0), ("a", "b"))
    assert (right.estimate, wrong.estimate) == (1.0, -1.0)


def test_certainty_weighs_answers_as_bang_2004():
    # Strongly and somewhat right, not known, somewhat and strongly wrong.
    found = bang_by_certainty([10, 20, 30, 10, 5], [1, 0.5, 0, -0.5, -1], "a")
    assert found.estimate == pytest.approx((10 + 10 - 5 - 5) / 75)
    squares = (10 + 5 + 2.5 + 5) / 75
    assert found.standard_error**2 == pytest.approx((squares - found.estimate**2) / 75)


def test_answers_are_counted_and_an_unknown_arm_is_refused():
    pairs = [(arm, guess) for arm in "ab" for guess in ("a", "b", "unknown")] + [("a", "a")]
    assert counted(pairs, "a", "b") == Guesses(2, 1, 1, 1, 1, 1)
    with pytest.raises(ValueError, match="leave out who was not asked"):
        counted([("a", "")], "a", "b")
    with pytest.raises(ValueError, match="arm 'c'"):
        counted([("c", "a")], "a", "b")


def test_what_has_no_index_is_said():
    with pytest.raises(ValueError, match="nobody of an arm"):
        james(Guesses(1, 1, 1, 0, 0, 0))
    with pytest.raises(ValueError, match="not defined"):
        james(Guesses(5, 0, 0, 0, 0, 5))
    with pytest.raises(ValueError, match="from -1 to 1"):
        bang_by_certainty([1], [2], "a")
