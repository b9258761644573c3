"""Need, capacity and every person: the flow adds up, and people agree with the cohort."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from sojourn.definitions import DefinitionError
from sojourn.design.population.capacity import flow, need
from sojourn.design.population.economics import run
from sojourn.design.population.model import FOLDER, load_population, shipped_population
from sojourn.design.population.people import draw, mixed, simulate

N = 40_000
ALL_AT_ONCE = {
    "moderate-share": 0, "severe-share": 1, "chronic-share": 1, "medically-eligible-share": 1,
    "in-care-share": 1, "willing-share": 1, "age-sd": 0, "therapists": 1e9, "sites": 1e9,
    "new-cases": 0, "recovery": 0.03,
}  # fmt: skip


@pytest.fixture(scope="module")
def model():
    return shipped_population()


def test_need_shrinks_step_by_step_by_the_stated_shares(model):
    steps = need(model)
    assert steps[0].people == 13_000_000
    shares = model.values
    assert steps[-1].people == pytest.approx(
        13e6 * shares["severe-share"] * shares["chronic-share"]
        * shares["medically-eligible-share"] * shares["in-care-share"] * shares["willing-share"]
    )  # fmt: skip


def test_in_a_closed_population_everyone_is_treated_left_or_waits(model):
    closed = model.with_values({"new-cases": 0, "stops-waiting": 0, "recovery": 0, "mortality": 0})
    found = flow(closed)
    for year, after in zip(found.years, found.years[1:], strict=False):
        assert after.waiting == pytest.approx(year.waiting - year.treated, abs=1e-6)
    assert found.treated == pytest.approx(need(closed)[-1].people)


@pytest.mark.parametrize(
    ("values", "limit"),
    [
        ({"therapists": 10, "therapists-trained": 0}, "therapists"),
        ({"sites": 1, "sites-opened": 0}, "rooms"),
        ({"therapists": 1e9, "sites": 1e9}, "need"),
    ],
)
def test_what_holds_the_others_up_is_named(model, values, limit):
    assert flow(model.with_values(values)).years[0].limit == limit


def test_courses_follow_from_therapist_hours_and_room_hours_by_hand(model):
    first = flow(model).years[0]
    assert first.by_therapists == pytest.approx(800 * 700 / (84 * 1.3))
    assert first.by_rooms == pytest.approx(60 * 3 * 2000 / 42)
    assert first.treated == first.capacity


def test_more_therapists_never_take_longer_and_too_few_never_finish(model):
    cleared = [
        flow(model.with_values({"therapists-trained": float(each)})).cleared
        for each in (500, 1500, 3000)
    ]
    assert cleared == sorted(cleared, reverse=True)
    assert flow(model.with_values({"therapists-trained": 0})).cleared is None


def test_the_mixing_of_numbers_is_splitmix64():
    # The first outputs of SplitMix64 seeded with 1234567, as printed with its reference code.
    step, state, found = 0x9E3779B97F4A7C15, 1234567, []
    for _ in range(3):
        state = (state + step) % 2**64
        found.append(int(mixed(np.uint64(state))))
    assert found == [6457827717110365317, 3203168211198807973, 9817491932198370423]
    drawn = [draw(np.uint64(mixed(np.uint64(person))), 3) for person in range(20_000)]
    assert np.mean(drawn) == pytest.approx(0.5, abs=0.01)
    assert np.var(drawn) == pytest.approx(1 / 12, abs=0.003)


def test_the_answer_is_the_same_whatever_the_chunks_and_threads(model):
    whole = simulate(model, 9, people=20_000)
    heard = []
    with ThreadPoolExecutor(3) as pool:
        parts = simulate(
            model, 9, people=20_000, chunk=777, spread=pool.map,
            each=lambda done, _: heard.append(done),
        )  # fmt: skip
    assert (whole.members == parts.members).all()
    assert (whole.treated == parts.treated).all()
    assert (whole.steps == parts.steps).all()
    assert heard[-1] == 20_000
    assert heard == sorted(heard)
    assert (simulate(model, 10, people=20_000).members != whole.members).any()


def test_everyone_is_in_one_state_at_every_moment_and_the_dead_stay_dead(model):
    found = simulate(model, 4, people=20_000)
    assert (found.members.sum(axis=2) == 20_000).all()
    assert (np.diff(found.members[:, :, -1], axis=1) >= 0).all()
    assert list(found.steps) == sorted(found.steps, reverse=True)
    assert found.treated.sum() <= found.steps[-1]


def test_people_one_by_one_agree_with_the_cohort_within_monte_carlo_error(model):
    ours = model.with_values(ALL_AT_ONCE)
    found, arms = simulate(ours, 2, people=N), run(ours)
    for world, expected in enumerate((arms.usual_members, arms.therapy_members)):
        error = np.sqrt(expected * (1 - expected) / N)
        off = np.abs(found.members[world] / N - expected)
        assert (off <= 4.5 * error + 1e-12).all()
    difference, stated = found.difference(ours), arms.difference
    assert float(difference.effect) / N == pytest.approx(float(stated.effect), rel=0.02)
    assert float(difference.cost) / N == pytest.approx(float(stated.cost), abs=400)
    assert found.deaths_averted / N == pytest.approx(float(arms.deaths_averted), abs=0.003)


def test_people_one_by_one_are_treated_as_the_flow_says(model):
    ours = model.with_values({**ALL_AT_ONCE, "people": N, "therapists": 3000 / 700 * 109.2,
                              "therapists-trained": 60})  # fmt: skip
    found, stated = simulate(ours, 6), flow(ours)
    expected = np.array([year.treated for year in stated.years])
    assert stated.cleared is not None
    assert found.treated == pytest.approx(expected, abs=5 * np.sqrt(expected.max()))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("value: 0.331", "value: 1.331", "moderate-share is 1.331; a share from 0 to 1"),
        ("after: 0.284", "after: 0.384", "after adds up to 1.1; make it 1"),
        ("  willing-share:", "  wiling-share:", "inputs.willing-share is missing; add it"),
        ("source: wang-2005", "source: wong-2005", "'wong-2005' is not among the citations"),
        ("kind: calibrated, low: 0.005", "kind: assumed, low: 0.005", "its kind is calibrated"),
        ("calibrates: cost-growth", "calibrates: growth", "no input is called 'growth'"),
        ("{relapse: 0.5}", "{relaps: 0.5}", "no input is called 'relaps'"),
        ("people: 1000, value: 61.4", "people: 0, value: 61.4", "published.2.people is 0"),
        ("value: 0.913", "value: -0.1", "inputs.completion.value is -0.1"),
        ("sd: 0.041, distribution: beta", "sd: 0.041", "needs both sd and distribution"),
        ("protocol: mdma-ptsd", "protocol: mdma", "'mdma' is no shipped pack with dosing"),
        ("under: marseille-2022", "under: m", "results that calibrate must be under one"),
        ("under: stanicic-2025", "under: m", "no scenario is called 'm'"),
        ("value: 0.913", "value: 1.0", "has sd 0.041; a share of 1 has no such spread"),
        ("value: 131.869", "value: 0", "is 0, which no gamma draws; leave sd out"),
        ("verified: false", "verifed: false", "did you mean 'verified'?"),
    ],
)
def test_a_fault_in_a_model_names_the_field_and_the_mend(tmp_path, old, new, said):
    text = (FOLDER / "united-states.yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "ours.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DefinitionError) as error:
        load_population(path)
    assert said in str(error.value)


def test_nothing_is_taken_for_verified_that_was_read_in_copies_only(model):
    for key, each in model.inputs.items():
        assert not each.verified, key
        assert each.source != "assumed" or each.kind in ("assumed",), key
    assert not any(each.verified for each in model.published)


def test_people_and_chunks_must_be_there(model):
    with pytest.raises(ValueError, match="0 people"):
        simulate(model, 1, people=0)
    with pytest.raises(ValueError, match="compared with care as usual only"):
        simulate(model.under("without-drug"), 1, people=10)
    with pytest.raises(ValueError, match="years is 61"):
        flow(model, 61)
    with pytest.raises(DefinitionError, match="no scenario is called 'x'"):
        model.under("x")
    with pytest.raises(DefinitionError, match="no input is called 'y'"):
        model.with_values({"y": 1})
    with pytest.raises(DefinitionError, match="relapse is 2; a share"):
        model.with_values({"relapse": 2})
    assert replace(model).values == model.values
