"""From the estimand as written to the values that count."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.analysis.estimand import STRATEGIES, Occurrence, analysis_set, written

VISITS = {"week-6": 42, "week-12": 84, "week-18": 126}


def estimand(**strategies):
    return written(
        {
            "treatment": "MDMA with therapy against placebo with therapy",
            "population": "Randomised and dosed",
            "variable": "Change in CAPS-5 to week 18",
            "intercurrent_events": [
                {"event": event, "strategy": strategy} for event, strategy in strategies.items()
            ],
            "summary": "Difference in means",
        }
    )


def observed(*rows):
    return pl.DataFrame(
        rows, schema=["participant", "visit", "day", "value"], orient="row"
    ).with_columns(pl.col("value").cast(pl.Float64))


SEEN = observed(
    ("1", "week-6", 40, -5), ("1", "week-12", 90, -10), ("1", "week-18", 130, -20),
    ("2", "week-6", 42, -3),
)  # fmt: skip
ARMS = {"1": "a", "2": "b"}


def found(asked, happened, **options):
    given = {"arms": ARMS, "visits": VISITS, "outcome_visit": "week-18", **options}
    return analysis_set(asked, SEEN, happened, **given)


def rows(result, participant="1"):
    own = result.values.filter(pl.col("participant") == participant)
    return dict(zip(own["visit"], zip(own["value"], own["status"], strict=True), strict=True))


def test_under_treatment_policy_every_value_counts():
    result = found(estimand(stopped="treatment-policy"), [Occurrence("1", "stopped", 50)])
    assert rows(result) == {
        "week-6": (-5, "used"), "week-12": (-10, "used"), "week-18": (-20, "used"),
    }  # fmt: skip
    assert result.departs == {}


def test_under_a_hypothetical_strategy_later_values_do_not_count():
    result = found(estimand(stopped="hypothetical"), [Occurrence("1", "stopped", 50)])
    assert rows(result) == {
        "week-6": (-5, "used"), "week-12": (None, "not-used"), "week-18": (None, "not-used"),
    }  # fmt: skip
    assert result.departs == {"1": "week-12"}
    kept = result.values.filter(pl.col("visit") == "week-18", pl.col("participant") == "1")
    assert kept["observed"].to_list() == [-20]


def test_under_a_composite_strategy_the_event_is_a_failure_seen_or_not():
    result = found(
        estimand(rescue="composite"),
        [Occurrence("1", "rescue", 50), Occurrence("2", "rescue", 50)],
        failure=0.0,
    )
    assert rows(result)["week-18"] == (0, "composite")
    assert rows(result, "2") == {
        "week-6": (-3, "used"), "week-12": (0, "composite"), "week-18": (0, "composite"),
    }  # fmt: skip


def test_while_on_treatment_the_last_value_before_the_event_is_the_outcome():
    asked = estimand(stopped="while-on-treatment")
    result = found(asked, [Occurrence("1", "stopped", 100), Occurrence("2", "stopped", 10)])
    assert rows(result)["week-12"] == (-10, "used")
    assert rows(result)["week-18"] == (-10, "last-on-treatment")
    assert rows(result, "2")["week-6"] == (None, "not-used")
    assert rows(result, "2")["week-18"] == (None, "none-on-treatment")


def test_a_visit_that_did_not_take_place_is_missing_not_zero():
    result = found(estimand(stopped="hypothetical"), [])
    assert rows(result, "2")["week-18"] == (None, "missing")


def test_a_value_on_the_day_of_the_event_still_counts():
    result = found(estimand(stopped="hypothetical"), [Occurrence("1", "stopped", 90)])
    assert rows(result)["week-12"] == (-10, "used")
    assert rows(result)["week-18"] == (None, "not-used")


def test_the_earliest_event_settles_it_and_on_one_day_the_composite_one():
    asked = estimand(stopped="hypothetical", rescue="composite", moved="treatment-policy")
    late = [Occurrence("1", "stopped", 50), Occurrence("1", "rescue", 60)]
    assert rows(found(asked, late, failure=0.0))["week-18"] == (None, "not-used")
    same = [Occurrence("1", "stopped", 50), Occurrence("1", "rescue", 50)]
    assert rows(found(asked, same, failure=0.0))["week-18"] == (0, "composite")
    policy = [Occurrence("1", "moved", 1), Occurrence("1", "stopped", 100)]
    assert rows(found(asked, policy, failure=0.0))["week-12"] == (-10, "used")


def test_everyone_of_the_population_is_counted_at_every_visit():
    result = found(estimand(stopped="hypothetical"), [Occurrence("1", "stopped", 50)])
    at_end = [(c.arm, c.status, c.event, c.participants) for c in result.counts
              if c.visit == "week-18"]  # fmt: skip
    assert at_end == [("a", "not-used", "stopped", 1), ("b", "missing", "", 1)]


@given(
    st.lists(st.tuples(st.sampled_from("12"), st.sampled_from("wxyz"), st.integers(0, 140))),
)
def test_whatever_happens_everyone_has_one_row_a_visit(happened):
    asked = estimand(**dict(zip("wxyz", STRATEGIES, strict=True)))
    result = found(asked, [Occurrence(*each) for each in happened], failure=0.0)
    assert len(result.values) == len(ARMS) * len(VISITS)
    assert sum(each.participants for each in result.counts) == len(result.values)
    used = result.values.filter(pl.col("status") == "used")
    assert (used["value"] == used["observed"]).all()


def test_who_is_outside_the_population_does_not_count():
    result = found(estimand(stopped="hypothetical"), [Occurrence("9", "stopped", 1)],
                   arms={"1": "a"})  # fmt: skip
    assert set(result.values["participant"]) == {"1"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"summary": ""}, "no 'summary'"),
        ({"colour": "blue"}, "'colour' is no attribute"),
        ({"intercurrent_events": "stopping"}, "give a list"),
        ({"intercurrent_events": ["stopping"]}, "give its event and strategy"),
        (
            {"intercurrent_events": [{"event": "s", "strategy": "principal-stratum"}]},
            "'principal-stratum' of 's' is not one of",
        ),
        (
            {"intercurrent_events": [{"event": "s", "strategy": "composite"}] * 2},
            "'s' has two strategies",
        ),
    ],
)
def test_an_estimand_that_is_not_whole_is_refused(change, words):
    plain = {
        "treatment": "t", "population": "p", "variable": "v", "summary": "s",
        "intercurrent_events": [],
    }  # fmt: skip
    assert written(plain).intercurrent_events == ()
    with pytest.raises(ValueError, match=words):
        written({**plain, **change})


def test_data_the_estimand_does_not_cover_are_refused():
    with pytest.raises(ValueError, match="no strategy for 'death'"):
        found(estimand(stopped="hypothetical"), [Occurrence("1", "death", 1)])
    with pytest.raises(ValueError, match="which value stands for failure"):
        found(estimand(rescue="composite"), [])
    with pytest.raises(ValueError, match="visit 'week-99'"):
        found(estimand(), [], outcome_visit="week-99")
