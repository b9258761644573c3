"""Adverse events: people, events, rates and differences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.analysis.risk import risk_difference
from sojourn.analysis.safety import (
    Event,
    Exposure,
    by_system,
    differences,
    of_special_interest,
    poisson_rate,
)

EXPOSED = [Exposure(f"m{n}", "mdma", 100) for n in range(4)] + [
    Exposure(f"p{n}", "placebo", 50) for n in range(5)
]
EVENTS = [
    Event("m0", "Psychiatric", "Anxiety", 10, 1, False),
    Event("m0", "Psychiatric", "Anxiety", 30, 3, True),
    Event("m0", "Psychiatric", "Insomnia", 5, None, False),
    Event("m1", "Psychiatric", "Anxiety", 40, 2, False),
    Event("m2", "Cardiac", "Palpitations", 1, None, False, "cardiac"),
    Event("p0", "Psychiatric", "Anxiety", 20, 1, False),
    Event("p1", "Psychiatric", "Anxiety", 60, 1, False),
    Event("x9", "Psychiatric", "Anxiety", 2, 1, False),
    Event("m3", "Cardiac", "Palpitations", 0, 1, False),
]


def line(table, arm, group="", term=""):
    [row] = [each for each in table.rows if (each.arm, each.group, each.term) == (arm, group, term)]
    return row


@pytest.mark.parametrize(
    ("count", "low", "high"),
    # Garwood 1936, doi 10.1093/biomet/28.3-4.437: limits of a Poisson mean, 95%.
    [(0, 0.0, 3.69), (1, 0.0253, 5.57), (5, 1.62, 11.67), (10, 4.80, 18.39), (50, 37.11, 65.92)],
)
def test_rates_have_garwoods_limits(count, low, high):
    found = poisson_rate(count, 100 * 365.25)
    assert found.per_100_years == pytest.approx(count)
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.006)


def test_no_time_is_no_rate():
    assert poisson_rate(0, 0).per_100_years is None


def test_people_and_events_are_counted_apart():
    anxiety = line(by_system(EVENTS, EXPOSED), "mdma", "Psychiatric", "Anxiety")
    assert (anxiety.participants, anxiety.people, anxiety.events) == (2, 4, 3)
    assert anxiety.share == 0.5
    assert anxiety.grades == ((2, 1), (3, 1))


def test_a_person_counts_once_in_a_system_by_their_worst_grade():
    system = line(by_system(EVENTS, EXPOSED), "mdma", "Psychiatric")
    assert (system.participants, system.events, system.grades) == (2, 4, ((2, 1), (3, 1)))
    cardiac = line(by_system(EVENTS, EXPOSED), "mdma", "Cardiac")
    assert cardiac.grades == ((None, 1),)


def test_incidence_counts_time_until_the_first_event_only():
    anxiety = line(by_system(EVENTS, EXPOSED), "mdma", "Psychiatric", "Anxiety")
    assert anxiety.incidence.person_years == pytest.approx((10 + 40 + 100 + 100) / 365.25)
    assert anxiety.incidence.count == 2
    assert anxiety.event_rate.person_years == pytest.approx(400 / 365.25)
    assert anxiety.event_rate.count == 3


def test_events_outside_the_time_at_risk_are_counted_but_in_no_line():
    table = by_system(EVENTS, EXPOSED)
    assert table.outside == 3
    assert line(table, "placebo").participants == 1


def test_every_line_is_there_for_every_arm():
    quiet = line(by_system(EVENTS, EXPOSED), "placebo", "Cardiac", "Palpitations")
    assert (quiet.participants, quiet.people, quiet.events, quiet.grades) == (0, 5, 0, ())
    assert quiet.incidence.person_years == pytest.approx(250 / 365.25)
    assert quiet.interval[0] == 0


def test_serious_and_special_interest_have_tables_of_their_own():
    serious = by_system(EVENTS, EXPOSED, serious=True)
    assert line(serious, "mdma").events == 1
    special = of_special_interest(EVENTS, EXPOSED)
    assert line(special, "mdma", "cardiac", "Palpitations").participants == 1
    assert {row.group for row in special.rows} == {"", "cardiac"}


def test_differences_are_newcombes():
    found = differences(by_system(EVENTS, EXPOSED), "placebo")
    any_event = next(each for each in found if not each.group)
    assert any_event.difference == risk_difference(3, 4, 1, 5)
    with pytest.raises(ValueError, match="'c' is no arm"):
        differences(by_system(EVENTS, EXPOSED), "c")


def test_nothing_happened_is_a_table_too():
    table = by_system([], EXPOSED)
    assert [row.participants for row in table.rows] == [0, 0]


def test_two_exposures_or_no_time_are_refused():
    with pytest.raises(ValueError, match="'m0' has two exposures"):
        by_system(EVENTS, [*EXPOSED, EXPOSED[0]])
    with pytest.raises(ValueError, match="at risk for 0 days"):
        by_system(EVENTS, [Exposure("a", "x", 0)])


@given(
    st.lists(
        st.builds(
            Event,
            st.sampled_from([each.participant for each in EXPOSED]),
            st.sampled_from(["S1", "S2"]),
            st.sampled_from(["T1", "T2"]),
            st.integers(-5, 120),
            st.one_of(st.none(), st.integers(1, 5)),
            st.booleans(),
        ),
        max_size=30,
    )
)
def test_every_event_is_in_one_line_or_outside(events):
    table = by_system(events, EXPOSED)
    for kind in (lambda r: not r.group, lambda r: r.group and not r.term, lambda r: r.term):
        assert sum(row.events for row in table.rows if kind(row)) + table.outside == len(events)
    for row in table.rows:
        assert sum(people for _, people in row.grades) == row.participants <= row.people
        assert row.incidence.person_years <= row.event_rate.person_years
