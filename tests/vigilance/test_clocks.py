"""Reporting clocks: the law as data, the deadline as a function of the moment of knowledge."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.protocols import jurisdiction
from sojourn.vigilance.clocks import RELATED, SERIOUSNESS, Assessed, duties, load_shipped

LEARNED = datetime(2026, 3, 1, 22, 15, tzinfo=UTC)
SUSAR = Assessed(True, ("hospitalisation",), "possible", "unexpected")
HOURS = {"serious-report-hours": 24}


def due(assessed: Assessed, *jurisdictions: str) -> dict[str, timedelta]:
    found = duties(load_shipped(), jurisdictions, assessed, LEARNED, HOURS)
    return {each.clock.key: each.due_at - LEARNED for each in found}


@pytest.mark.proves("reporting-clocks")
@pytest.mark.parametrize(
    ("jurisdiction", "criteria", "expected"),
    [
        ("US", ("hospitalisation",), {"us-fda-15": 15}),
        ("US", ("death",), {"us-fda-7": 7, "us-fda-15": 15}),
        ("US", ("life-threatening",), {"us-fda-7": 7, "us-fda-15": 15}),
        ("NL", ("life-threatening",), {"eu-susar-7": 7, "eu-susar-15": 15}),
        ("AU", ("disability",), {"au-tga-15": 15}),
        ("CH", ("death",), {"ch-susar-7": 7, "ch-susar-15": 15}),
        # Swiss law names death alone for the seven days.
        ("CH", ("life-threatening",), {"ch-susar-15": 15}),
        ("EU", ("hospitalisation",), {"eu-susar-15": 15}),
        ("CA", ("death",), {"ca-hc-7": 7, "ca-hc-15": 15}),
        ("GB", ("disability",), {"gb-mhra-15": 15}),
        # Nobody described the law there: someone must look now.
        ("JP", ("death",), {"authority-not-described": 0}),
    ],
)
def test_deadlines_by_jurisdiction(jurisdiction, criteria, expected):
    days = {key: timedelta(days=number) for key, number in expected.items()}
    assert due(replace(SUSAR, seriousness=criteria), jurisdiction) == {
        "site-to-sponsor": timedelta(hours=24),
        **days,
    }


@given(
    st.booleans(),
    st.lists(st.sampled_from([key for key, _ in SERIOUSNESS]), unique=True).map(tuple),
    st.sampled_from(["not-related", "unlikely", *sorted(RELATED)]),
    st.sampled_from(["expected", "unexpected"]),
    st.sampled_from(["US", "DE", "AU", "CH", "JP"]),
)
def test_every_serious_event_is_told_to_the_sponsor_and_none_else_to_anyone(
    serious, criteria, relatedness, expectedness, jurisdiction
):
    found = due(Assessed(serious, criteria, relatedness, expectedness), jurisdiction)
    assert ("site-to-sponsor" in found) is serious
    suspected = serious and relatedness in RELATED and expectedness == "unexpected"
    assert (len(found) > 1) is suspected


def test_without_hours_set_by_the_site_the_sponsor_is_told_at_once():
    (only, *_) = duties(load_shipped(), (), SUSAR, LEARNED, {})
    assert only.due_at == LEARNED


@pytest.mark.parametrize("code", sorted(jurisdiction.load_shipped()))
def test_clocks_agree_with_what_each_jurisdiction_says_of_its_reports(code):
    for route in jurisdiction.load_shipped()[code].routes:
        for report in route.reports:
            if report.every == "event" and report.within_days is not None:
                assert timedelta(days=report.within_days) in due(SUSAR, code).values()


def test_each_clock_says_where_it_is_written():
    assert all(each.source and each.url for each in load_shipped())
