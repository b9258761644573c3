"""A stated model: read, refused with the mend, drawn with the moments it states."""

from dataclasses import replace

import numpy as np
import pytest
import yaml

from sojourn.definitions import DefinitionError
from sojourn.design.drawing import allocation, draw, prepare
from sojourn.design.model import (
    FOLDER,
    SHIPPED,
    ByVisit,
    Dropout,
    Sites,
    StatedModel,
    load_model,
    shipped_model,
)


def plain(**changes: object) -> StatedModel:
    """MAPP2's moments without bounds, whole points or missing ratings."""
    model = shipped_model("mapp2")
    arms = tuple(replace(arm, left=None) for arm in model.arms)
    return replace(model, **{"distribution": "normal", "arms": arms, **changes})


@pytest.mark.parametrize("key", SHIPPED)
def test_drawn_trials_have_the_stated_moments(key):
    model = shipped_model(key)
    prepared = prepare(model)
    drawn = draw(prepared, 100, range(1500), seed=3)
    assert drawn.baseline.mean() == pytest.approx(model.baseline.mean, abs=0.1)
    assert drawn.baseline.std() == pytest.approx(model.baseline.sd, rel=0.02)
    assert drawn.baseline.min() >= model.baseline.least
    for number, arm in enumerate(model.arms):
        mine = drawn.totals[:, drawn.arm == number]
        means = np.nanmean(mine, axis=(0, 1)) - model.baseline.mean
        assert means == pytest.approx(arm.change.values, abs=0.2)
        assert np.nanstd(mine, axis=(0, 1)) == pytest.approx(arm.sd.values, rel=0.02)
        gone = np.isnan(mine).mean(axis=(0, 1))
        assert gone == pytest.approx(arm.left.values, abs=0.006)
        assert np.nanmin(mine) >= 0
        assert (mine[np.isfinite(mine)] % 1 == 0).all()


def test_correlations_are_the_stated_ones():
    model = plain()
    drawn = draw(prepare(model), 100, range(600), seed=4)
    mine = drawn.arm == 0
    flat = np.column_stack([drawn.baseline[:, mine].ravel(), drawn.totals[:, mine].reshape(-1, 3)])
    found = np.corrcoef(flat.T)
    link, step = model.correlation.baseline, model.correlation.neighbouring
    assert found[0, 1:] == pytest.approx([link] * 3, abs=0.02)
    for gap in (1, 2):
        assert found[1, 1 + gap] == pytest.approx(link**2 + (1 - link**2) * step**gap, abs=0.02)


def test_who_leaves_depends_on_what_was_seen_or_on_what_was_not():
    leaving = ByVisit((0.1, 0.2, 0.3))
    arms = tuple(replace(arm, left=leaving) for arm in plain().arms)
    for dropout in (Dropout(last_observed=1.0), Dropout(unobserved=1.0)):
        prepared = prepare(plain(arms=arms, dropout=dropout))
        whole = draw(prepare(plain()), 100, range(400), seed=6).totals
        drawn = draw(prepared, 100, range(400), seed=6)
        gone = np.isnan(drawn.totals)
        assert gone.mean(axis=(0, 1)) == pytest.approx(leaving.values, abs=0.01)
        # The same seed draws the same people, so that what was not seen can be looked up.
        just_left = gone[..., 1] & ~gone[..., 0]
        stayed = ~gone[..., 1]
        assert whole[just_left, 0].mean() > whole[stayed, 0].mean() + 3


def test_allocation_is_in_blocks_within_sites():
    arm, site = allocation(plain(sites=Sites(count=4)), 40)
    for each in range(4):
        assert abs(int(arm[site == each].sum()) * 2 - int((site == each).sum())) <= 1
    first, second = plain().arms
    arm, _ = allocation(plain(arms=(first, replace(second, ratio=2))), 90)
    assert np.bincount(arm).tolist() == [30, 60]


def test_sites_and_own_effects_spread_people_as_stated():
    first, second = plain().arms
    still = plain(sites=Sites(count=5, sd=4.0), arms=(first, replace(second, heterogeneity=9.0)))
    drawn = draw(prepare(still), 100, range(800), seed=8)
    before = draw(prepare(plain(sites=Sites(count=5))), 100, range(800), seed=8)
    added = drawn.totals - before.totals
    by_site = added[:, (drawn.arm == 0) & (drawn.site == 2), 0][:, 0]
    assert by_site.std() == pytest.approx(4.0, rel=0.1)
    own = added[:, drawn.arm == 1, 2] - added[:, drawn.arm == 1, 0]
    assert own.std() == pytest.approx(9.0 * 2 / 3, rel=0.05)


def test_a_trial_is_drawn_by_its_number_alone():
    prepared = prepare(shipped_model("mapp2"))
    together = draw(prepared, 60, range(20), seed=9)
    alone = draw(prepared, 60, [13], seed=9)
    assert np.array_equal(together.totals[13], alone.totals[0], equal_nan=True)
    other = draw(prepared, 60, [13], seed=10)
    assert not np.array_equal(alone.totals, other.totals, equal_nan=True)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("arms", 0, "change", "values"), [-1.0], "change has 1 values; give one for 3 visits"),
        (("arms", 0, "left", "values"), [0.2, 0.1, 0.3], "shares that never fall"),
        (("arms", 1, "sd", "values"), [1.0, 0.0, 1.0], "sd is 0.0; above 0"),
        (("arms", 1, "key"), "placebo", "each its own key"),
        (("arms", 1, "guesses"), {"ketamine": 0.5}, "'ketamine', which is no arm"),
        (("arms", 1, "guesses"), {"mdma": 0.8, "placebo": 0.4}, "guesses sum to"),
        (("arms", 1, "change", "values"), [-1.0, -2.0, -60.0], "mean total falls to"),
        (("expectancy",), {"nobody": 1.0}, "use placebo or mdma"),
        (("arms", 0, "change", "source"), "hearsay", "source 'hearsay' is no citation"),
        (("correlation", "baseline"), 1.5, "correlation.baseline is 1.5"),
        (("basline",), {}, "did you mean 'baseline'"),
        (("baseline", "mean"), 20.0, "baseline.mean is 20.0; above 28"),
    ],
)
def test_a_fault_is_named_with_its_mend(tmp_path, path, value, said):
    data = yaml.safe_load((FOLDER / "mapp2.yaml").read_text())
    place = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    file = tmp_path / "ours.yaml"
    file.write_text(yaml.safe_dump(data))
    with pytest.raises(DefinitionError, match=said):
        load_model(file)


def test_a_model_that_does_not_come_with_sojourn_is_refused():
    with pytest.raises(DefinitionError, match="use mapp1 or mapp2"):
        shipped_model("mapp9")
