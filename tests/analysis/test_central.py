"""Central statistical checks: reference values, a seeded fault found, honest data left alone."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from sojourn.analysis.central import (
    Moments,
    Readings,
    benjamini_hochberg,
    digit_preference,
    examine,
    outlying_sites,
    steady_participants,
    visit_times,
)
from sojourn.analysis.similarity import Answers, pairs, repeated, shares

SITES, EACH, REPEATS, ITEMS = 5, 16, 8, 20
DAY = 24 * 60


def people():
    names = [f"P-{number:03d}" for number in range(SITES * EACH)]
    return names, [f"site-{number % SITES}" for number in range(SITES * EACH)]


def measured(seed: int) -> Readings:
    """Systolic pressure of honest people: own levels, own readings, whole mmHg."""
    generator = np.random.default_rng(seed)
    names, sites = people()
    levels = generator.normal(125, 10, len(names))
    values = np.rint(generator.normal(np.repeat(levels, REPEATS), 8)).astype(int)
    return Readings("systolic", values, np.repeat(names, REPEATS), np.repeat(sites, REPEATS))


def answered(seed: int, visits: int = 3) -> Answers:
    """Answers 0 to 4 that go with each person's severity."""
    generator = np.random.default_rng(seed)
    names, sites = people()
    severity = np.repeat(generator.normal(2, 0.8, len(names)), visits)
    raw = generator.normal(severity[:, None], 0.9, (severity.size, ITEMS))
    return Answers(
        "caps-5",
        np.clip(np.rint(raw), 0, 4).astype(int),
        np.repeat(names, visits),
        np.repeat(sites, visits),
        np.tile(np.arange(visits), len(names)),
    )


def timed(seed: int) -> Moments:
    """Visits in office hours, one person an hour for each rater."""
    generator = np.random.default_rng(seed)
    names, sites = people()
    n = 3 * len(names)
    days = generator.integers(0, 60, n)
    days = days // 5 * 7 + days % 5 + 5 * (generator.random(n) < 0.02)
    minutes = days * DAY + 9 * 60 + 30 * generator.integers(0, 16, n)
    return Moments(minutes, names * 3, sites * 3, [f"rater {site}" for site in sites * 3])


# --- Reference values ---------------------------------------------------------


def test_the_adjustment_is_that_of_the_paper_s_example():
    """Benjamini & Hochberg 1995, section 3.2: of 15, the first four are rejected at 0.05."""
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
         0.5719, 0.6528, 0.7590, 1.0000]  # fmt: skip
    adjusted = benjamini_hochberg(np.array(p))
    assert (adjusted <= 0.05).sum() == 4
    assert adjusted[:4] == pytest.approx([0.0015, 0.003, 0.0095, 0.035625])
    assert benjamini_hochberg(np.array(p[::-1])) == pytest.approx(adjusted[::-1])


def test_last_digits_are_tested_by_chi_square_with_nine_degrees_of_freedom():
    """The table's 5% point for 9 df is 16.919 (NIST/SEMATECH e-Handbook, 1.3.6.7.4)."""
    assert stats.chi2.sf(16.919, 9) == pytest.approx(0.05, abs=1e-5)
    counts = (20, 5, 5, 5, 5, 20, 10, 10, 10, 10)
    values = np.repeat(np.arange(120, 130), counts) + 10 * (np.arange(100) % 4)
    [found] = digit_preference(Readings("x", values, ["P"] * 100, ["S"] * 100))
    assert found.p_value == pytest.approx(stats.chisquare(counts).pvalue)
    assert (found.measured, found.expected) == (0.2, 0.1)


def test_a_temperature_spreads_too_little_for_its_last_digits_to_be_even():
    tenths = np.random.default_rng(1).normal(368, 3, 400).round().astype(int)
    assert digit_preference(Readings("temperature", tenths, ["P"] * 400, ["S"] * 400)) == []


def test_steadiness_within_a_person_is_the_f_ratio():
    one, two = [120, 121, 120, 121, 120, 121], [110, 130, 118, 141, 99, 125]
    readings = Readings("x", np.array(one + two), ["A"] * 6 + ["B"] * 6, ["S"] * 12)
    steady = next(each for each in steady_participants(readings) if each.place == "A")
    ratio = (np.var(one, ddof=1) + 1 / 12) / (np.var(two, ddof=1) + 1 / 12)
    assert steady.p_value == pytest.approx(stats.f.cdf(ratio, 5, 5))


def test_a_site_s_mean_is_tested_as_by_a_permutation_of_people():
    readings = measured(3)
    finding = next(
        each
        for each in outlying_sites(readings, np.random.default_rng(1), 4999)
        if (each.check, each.place) == ("site-mean", "site-2")
    )
    sites = people()[1]
    means = readings.values.reshape(-1, REPEATS).mean(axis=1)
    own = np.array(sites) == "site-2"
    reference = stats.permutation_test(
        (means[own], means[~own]), lambda a, b: a.mean() - b.mean(),
        permutation_type="independent", n_resamples=4999, rng=np.random.default_rng(2),
    )  # fmt: skip
    assert finding.p_value == pytest.approx(reference.pvalue, abs=0.03)
    assert finding.measured == pytest.approx(means[own].mean())


def test_weekends_are_tested_by_fisher_s_exact_test():
    minutes = np.array([DAY * (5 if n < 6 else 1) + 600 for n in range(10)] + [DAY + 600] * 10)
    sites = ["A"] * 10 + ["B"] * 10
    names = [f"P{n}" for n in range(20)]
    found = visit_times(Moments(minutes, names, sites, names))
    weekend = next(each for each in found if (each.check, each.place) == ("weekend", "A"))
    exact = stats.fisher_exact([[6, 4], [0, 10]], alternative="greater").pvalue
    assert weekend.p_value == pytest.approx(exact)


def test_a_record_of_one_answer_is_nobody_s_copy():
    nothing = np.zeros((4, 6), dtype=int)
    nothing[:, 0] = 1
    told = Answers("x", nothing, list("ABCD"), list("SSTT"), np.zeros(4, dtype=int))
    assert pairs(told) == ()
    varied = replace(told, items=np.tile([0, 1, 2, 3, 0, 1], (4, 1)))
    assert len(pairs(varied)) == 6


def test_shares_leave_out_what_either_left_unanswered():
    items = np.array([[1, 2, 3, -1], [1, 2, 0, 4], [-1, -1, -1, 4]])
    assert shares(items, items)[0, 1] == pytest.approx(2 / 3)
    assert shares(items, items)[0, 2] == 0.0


# --- A seeded fault is found, and only where it lies --------------------------


def flagged(readings=(), answers=(), moments=None, permutations=9999):
    generator = np.random.default_rng(99)
    found = examine(readings, readings, answers, moments, generator, permutations)
    return {(each.check, each.place) for each in found if each.flagged}


def test_rounding_to_tens_at_one_site_is_found():
    honest = measured(1)
    there = np.asarray(honest.sites) == "site-3"
    rounded = np.where(there, np.rint(honest.values / 10).astype(int) * 10, honest.values)
    assert flagged([replace(honest, values=rounded)]) == {("digits", "site-3")}


def test_a_site_that_invents_steady_people_is_found():
    honest = measured(2)
    there = np.asarray(honest.sites) == "site-1"
    means = np.repeat(honest.values.reshape(-1, REPEATS).mean(axis=1), REPEATS)
    invented = np.rint(means + (honest.values - means) / 6).astype(int)
    found = flagged([replace(honest, values=np.where(there, invented, honest.values))])
    assert ("site-steady", "site-1") in found
    own = {name for name, site in zip(*people(), strict=True) if site == "site-1"}
    steady = {place for check, place in found if check == "steady"}
    assert steady
    assert steady <= own


def test_a_site_with_another_mean_or_no_spread_is_found():
    honest = measured(4)
    there = np.asarray(honest.sites) == "site-0"
    higher = replace(honest, values=honest.values + 12 * there)
    assert ("site-mean", "site-0") in flagged([higher])
    means = np.repeat(honest.values.reshape(-1, REPEATS).mean(axis=1), REPEATS)
    alike = np.rint(np.where(there, honest.values - means + 125, honest.values)).astype(int)
    assert ("site-spread", "site-0") in flagged([replace(honest, values=alike)])


def test_weekend_night_and_crowded_visits_of_one_site_are_found():
    honest = timed(5)
    there = np.asarray(honest.sites) == "site-4"
    saturday = honest.minutes // (7 * DAY) * 7 * DAY + 5 * DAY + honest.minutes % DAY
    every_week = replace(honest, minutes=np.where(there, saturday, honest.minutes))
    assert ("weekend", "site-4") in flagged(moments=every_week)
    late = honest.minutes // DAY * DAY + 23 * 60
    assert ("night", "site-4") in flagged(
        moments=replace(honest, minutes=np.where(there, late, honest.minutes))
    )
    in_a_row = 10 * 60 + 2 * (np.arange(honest.minutes.size) // SITES)
    crowded = replace(honest, minutes=np.where(there, in_a_row, honest.minutes))
    assert ("crowded", "site-4") in flagged(moments=crowded)


def test_answers_copied_between_people_and_carried_forward_are_found():
    honest = answered(6)
    names = np.asarray(honest.participants)
    items = honest.items.copy()
    for number in range(2, 2 + 4 * SITES, SITES):  # four people of site-2 with one original
        items[names == f"P-{number + SITES:03d}"] = items[names == "P-002"]
    found = replace(honest, items=items)
    assert ("copied", "site-2") in flagged(answers=[found])
    assert {pairs(found)[0].first, pairs(found)[0].second} <= {
        f"P-{number:03d}" for number in range(2, 80, SITES)
    }

    items = honest.items.copy()
    there = (np.asarray(honest.sites) == "site-1") & (honest.visits == 1)
    items[there] = honest.items[np.flatnonzero(there) - 1]
    assert ("carried-forward", "site-1") in flagged(answers=[replace(honest, items=items)])


def test_honest_data_are_flagged_no_more_often_than_the_level_says():
    """With nothing to find, the rate of any flag is the false discovery rate: at most 5%."""
    runs = 120
    wrong = sum(
        bool(flagged([measured(seed)], [answered(seed)], timed(seed), permutations=999))
        for seed in range(1000, 1000 + runs)
    )
    upper = stats.binom.ppf(0.999, runs, 0.05)
    assert wrong <= upper, f"{wrong} of {runs} honest trials were flagged"


def test_three_equal_temperatures_are_no_sign_of_anything():
    generator = np.random.default_rng(5)
    tenths = np.rint(generator.normal(np.repeat(generator.normal(368, 2, 600), 3), 1.1)).astype(int)
    readings = Readings("temperature", tenths, np.repeat(np.arange(600), 3), ["S"] * 1800)
    p_values = np.array([each.p_value for each in steady_participants(readings)])
    assert (p_values < 0.05).mean() <= 0.05
    assert benjamini_hochberg(p_values).min() > 0.05


def test_no_single_check_finds_more_in_honest_data_than_its_level():
    """Unadjusted, each check's p values lie below 5% in at most 5% of its tests."""
    rates: dict[str, list[bool]] = {}
    for seed in range(2000, 2060):
        generator = np.random.default_rng(seed)
        found = examine(
            [measured(seed)], [measured(seed)], [answered(seed)], timed(seed), generator, 199
        )
        for each in found:
            rates.setdefault(each.check, []).append(each.p_value <= 0.05)
    assert len(rates) == 10
    for check, below in rates.items():
        # Sites share the others they are compared with, so that tests are not independent.
        slack = 4 * np.sqrt(0.05 * 0.95 / len(below))
        assert np.mean(below) <= 0.05 + slack, f"{check}: {np.mean(below):.3f}"


def test_one_site_alone_is_compared_with_nobody():
    alone = replace(measured(7), sites=["site-0"] * SITES * EACH * REPEATS)
    found = examine([alone], [alone], [], None, np.random.default_rng(1), 99)
    assert {each.check for each in found} == {"digits", "steady"}
    assert repeated(replace(answered(7), sites=["one"] * 240)) == ()
    assert examine([], [], [], None, np.random.default_rng(1)) == ()
