"""Whoever works where and comes home in whatever order: the central record is what all did."""

from collections import defaultdict
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sojourn.course.screening import RegisterParticipant
from sojourn.ledger import carrying, clock, desk, leases
from sojourn.ledger.desk import load_course
from sojourn.ledger.read import streams
from tests.ledger.two_records import (
    KEY,
    NURSE,
    consent,
    medicate,
    register,
    said,
    whole,
)

WHERE = ("centre", "north", "south")
GIVEN_OUT = 2  # entries of the one participant each site begins with
number = count()
# Where, what, and whom it is about; a copy of a site's record may be merged while it works on.
works = st.lists(
    st.tuples(
        st.sampled_from(WHERE),
        st.sampled_from(("register", "medicate", "medicate", "correct", "copy")),
        st.integers(0, 2),
    ),
    max_size=12,
)


class Places:
    """One programme written in three places, and what was said of each participant."""

    def __init__(self, records) -> None:
        self.key = KEY
        self.turn = next(number)
        self.records = records
        self.people: dict[str, list[str]] = defaultdict(list)
        self.said: dict[str, list] = {}
        for where in WHERE:
            self.register(where)
        self.sites = {}
        for where in WHERE[1:]:
            site = records.new_site()
            site.begin(records.take_out(self.key, self.site(where), numbers=self.numbers(where)))
            self.sites[where] = site

    def site(self, where: str) -> str:
        return f"{where}-{self.turn}"

    def numbers(self, where: str) -> str:
        return f"{self.turn}{where[0].upper()}-"

    def register(self, where: str) -> None:
        participant = f"{self.numbers(where)}{len(self.people[where])}"
        self.people[where].append(participant)
        register(self.key, participant, self.site(where))
        consent(self.key, participant)
        self.said[participant] = said(self.key, participant)

    def work(self, where: str, what: str, whom: int) -> None:
        """One command at one place; the centre writes while the others are out."""
        participant = self.people[where][whom % len(self.people[where])]
        if what == "register":
            self.register(where)
        elif what == "medicate":
            medicate(self.key, participant, f"medicine {len(self.said[participant])}")
        elif what == "correct":
            year = 1950 + len(self.said[participant])
            right = RegisterParticipant(clock.now(), participant, self.site(where), year, "female")
            desk.correct(self.key, participant, 1, right, NURSE, reason="a slip of the pen")
        self.said[participant] = said(self.key, participant)

    def do(self, where: str, what: str, whom: int) -> None:
        if where == "centre":
            self.work(where, what, whom)
            return
        site = self.sites[where]
        if what == "copy":
            self.records.merge(site.copy(self.records.file()))
            return
        with site.here():
            self.work(where, what, whom)

    def come_home(self, order: list[str]) -> None:
        for where in order:
            back = self.sites[where].give_back(self.key, self.records.file())
            self.records.merge(back)
            assert not self.records.merge(back).written


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(work=works, order=st.permutations(WHERE[1:]))
def test_what_disjoint_streams_hold_is_their_union_in_any_order(records, work, order):
    places = Places(records)
    for each in work:
        places.do(*each)
    places.come_home(order)
    here = {name for each in WHERE for name in streams(f"course:{KEY}:{places.numbers(each)}")}
    assert here == {f"course:{KEY}:{each}" for each in places.said}
    for participant, entries in places.said.items():
        assert said(places.key, participant) == entries
        assert load_course(places.key, participant).version == len(entries)
    for where, lease in zip(WHERE[1:], leases.standing(KEY).all[-2:], strict=True):
        held, amiss = carrying.check(KEY, lease.key)
        written = sum(len(places.said[each]) for each in places.people[where])
        assert (held, amiss) == (written - GIVEN_OUT, ())
    whole()
