"""Roles by site: what nobody gave, nobody holds; each is given by an entry with a reason."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn import conduct
from sojourn.conduct import reach
from sojourn.conduct.authorisation import FoundProgramme
from sojourn.conduct.membership import (
    GrantRole,
    OpenInEmergency,
    RequireGrants,
    ReviewEmergency,
    WithdrawRole,
)
from sojourn.conduct.reach import Reach, out_of_reach, reach_of
from sojourn.record.command import Refused
from sojourn.record.entry import Entry
from tests.course.story import PROTOCOL, START

WHY = "delegated on the site's log"
LATER = START + timedelta(hours=1)
LEAD = ("lead", "sponsor")


def programme_after(*steps):
    """The programme after (author, role, command) steps."""
    found, entries = conduct.fold("test", ()), []
    for author, role, command in ((*LEAD, FoundProgramme(START, "A programme")), *steps):
        now = LATER + timedelta(days=9)
        for fact in conduct.decide(found, command, PROTOCOL, author=author, role=role, now=now):
            number = len(entries) + 1
            entries.append(
                Entry("programme:test", number, fact, command.at, command.at, author, role)
            )
        found = conduct.fold("test", entries)
    return found


def given_role(member, role, sites="", by="lead"):
    return (by, "sponsor", GrantRole(LATER, member, role, WHY, sites))


def taken(member, sites="", by="lead"):
    return (by, "sponsor", WithdrawRole(LATER, member, "left the site for good", sites))


def test_without_any_grant_an_account_acts_in_its_own_role_everywhere():
    programme = programme_after()

    assert reach_of(programme, "eva", "therapist") == Reach("therapist")
    assert reach_of(programme, "eva", "") == reach.NOBODY


def test_a_role_at_one_site_reaches_no_other_site_and_no_participant_without_one():
    found = reach_of(programme_after(given_role("eva", "therapist", "perth")), "eva", "therapist")

    assert found.includes("perth")
    assert not found.includes("hobart")
    assert not found.includes("")
    assert not found.everywhere


def test_a_monitor_of_several_sites_and_a_statistician_of_all():
    programme = programme_after(
        given_role("mo", "monitor", "perth"),
        given_role("mo", "monitor", "hobart\n perth "),
        given_role("stan", "statistician"),
    )

    assert reach_of(programme, "mo", "").sites == {"perth", "hobart"}
    assert reach_of(programme, "stan", "").everywhere


def test_what_is_taken_away_does_not_fall_back_to_the_accounts_own_role():
    programme = programme_after(
        given_role("eva", "therapist", "perth\nhobart"), taken("eva", "perth")
    )
    assert reach_of(programme, "eva", "therapist").sites == {"hobart"}

    programme = programme_after(given_role("eva", "therapist", "perth"), taken("eva"))
    assert reach_of(programme, "eva", "therapist") == reach.NOBODY
    # An account that was never given anything can be kept out too.
    assert reach_of(programme_after(taken("eva")), "eva", "therapist") == reach.NOBODY


def test_once_grants_are_required_nobody_else_gets_in_and_the_lead_stays():
    programme = programme_after(
        given_role("eva", "therapist", "perth"), (*LEAD, RequireGrants(LATER, WHY))
    )

    assert reach_of(programme, "eva", "therapist").sites == {"perth"}
    assert reach_of(programme, "other", "therapist") == reach.NOBODY
    assert reach_of(programme, "lead", "sponsor") == Reach("sponsor")


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ((given_role("lead", "pharmacist"),), "nobody gives themselves"),
        ((taken("lead"),), "nobody takes their own"),
        ((given_role("eva", "surgeon"),), "no role"),
        ((given_role("eva", "therapist"), given_role("eva", "monitor")), "take that away first"),
        (
            (given_role("eva", "pharmacist"), taken("eva"), given_role("eva", "therapist")),
            "can't go back to a blinded one",
        ),
        ((given_role("eva", "therapist"), given_role("eva", "therapist", "perth")), "already"),
        ((given_role("eva", "therapist", "perth"), taken("eva", "hobart")), "no role at hobart"),
        ((given_role("eva", "therapist"), taken("eva", "perth")), "every site"),
        (
            (given_role("sub", "sponsor", "perth"), given_role("eva", "monitor", "cairns", "sub")),
            "you lead perth only",
        ),
        (
            (given_role("sub", "sponsor", "perth"), given_role("eva", "monitor", by="sub")),
            "you lead perth only",
        ),
        ((*[(*LEAD, GrantRole(LATER, "eva", "therapist", " - "))],), "is no reason"),
    ],
)  # fmt: skip
def test_grants_that_make_no_sense_are_refused(steps, words):
    with pytest.raises(Refused, match=words):
        programme_after(*steps)


def in_emergency(by="eva", role="therapist", site="hobart", hours=2, reason="found unwell, alone"):
    return (by, role, OpenInEmergency(LATER, "P-9", site, reason, hours))


def test_in_an_emergency_one_participant_opens_for_the_hours_asked_and_is_reviewed_by_another():
    programme = programme_after(given_role("eva", "therapist", "perth"), in_emergency())

    def may(participant, hours):
        at = LATER + timedelta(hours=hours)
        return not out_of_reach(programme, "eva", "therapist", "hobart", participant, at)

    assert [may("P-9", hours) for hours in (-0.01, 0, 1.99, 2)] == [False, True, True, False]
    assert not may("P-8", 1)
    everyone = Reach("monitor")
    assert [each.key for each in reach.to_review(programme, everyone, "mo")] == ["emergency-1"]
    assert not reach.to_review(programme, Reach("monitor", frozenset({"perth"})), "mo")
    assert not reach.to_review(programme, everyone, "eva")

    review = ReviewEmergency(LATER, "emergency-1", "justified", "asked the site; agreed")
    steps = (given_role("eva", "therapist", "perth"), in_emergency(), ("mo", "monitor", review))
    programme = programme_after(*steps)
    assert not reach.to_review(programme, everyone, "mo")
    assert programme.emergencies[0].reviewed_by == "mo"


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (in_emergency(site="perth"), "open to you"),
        (in_emergency(by="other"), "hold no role"),
        (in_emergency(reason="   "), "Why you need it now|no reason"),
        (in_emergency(hours=5), "above 4"),
        (in_emergency(by="pia", role="pharmacist"), "not for a pharmacist"),
    ],
)
def test_access_in_an_emergency_is_refused_to_who_needs_none_or_may_not(step, words):
    with pytest.raises(Refused, match=words):
        programme_after(given_role("eva", "therapist", "perth"), step)


def test_nobody_reviews_their_own_access():
    review = ReviewEmergency(LATER, "emergency-1", "justified", "it was needed")
    with pytest.raises(Refused, match="nobody reviews their own"):
        programme_after(
            given_role("eva", "therapist", "perth"), in_emergency(), ("eva", "sponsor", review)
        )


SITES = st.lists(st.sampled_from(["perth", "hobart", "cairns"]), max_size=3).map("\n".join)
STEPS = st.lists(
    st.one_of(
        st.builds(given_role, st.just("eva"), st.sampled_from(["therapist", "monitor"]), SITES),
        st.builds(taken, st.just("eva"), SITES),
    ),
    max_size=8,
)


@given(STEPS)
def test_whatever_was_given_and_taken_a_member_holds_one_role_and_named_sites_only(steps):
    allowed = []
    for step in steps:
        try:
            programme_after(*allowed, step)
        except Refused:
            continue
        allowed.append(step)
    programme = programme_after(*allowed)
    found = reach_of(programme, "eva", "coordinator")
    named = {site for _, _, command in allowed for site in command.sites.split()}

    assert sum(each.member == "eva" for each in programme.grants) <= 1
    assert found.role in ("", "therapist", "monitor") if allowed else found.role == "coordinator"
    assert found.sites is None or found.sites <= named
