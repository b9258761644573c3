"""Where exports read: the programme at a cut, and its participants one at a time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, partial

from sojourn import instruments, medicines
from sojourn.conduct.blinding import may_export, may_see_closed_session
from sojourn.conduct.randomisation import AllocationMade
from sojourn.course.circumstances import Circumstances
from sojourn.exchange.cdisc.codes import questions
from sojourn.exchange.cdisc.standard import word
from sojourn.exchange.cdisc.study import Arm, Study, Subject, arms, planned_visits, subject
from sojourn.ledger import opening, programmes, terminology
from sojourn.ledger.cut import Cut, cut_at, told_by
from sojourn.ledger.desk import Person
from sojourn.ledger.read import read_stream, streams
from sojourn.record.command import Refused

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Wish:
    """Which export is asked for. ``as_of`` None: the programme's last entry."""

    programme: str
    as_of: datetime | None = None
    opened: bool = False
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """The programme at the cut: the study, and what ``subjects`` reads."""

    wish: Wish
    cut: Cut
    by: Person
    study: Study
    allotted: Mapping[str, tuple[Arm, int]]

    @property
    def streams(self) -> tuple[str, ...]:
        """The streams of the programme's courses, in the order of their bytes."""
        return tuple(streams(f"course:{self.cut.programme}:"))

    def subjects(
        self, names: Sequence[str] | None = None, progress: Progress | None = None
    ) -> Iterator[Subject]:
        """Each participant in those streams, or in all; one at a time is held in memory."""
        names = self.streams if names is None else names
        for done, stream in enumerate(names, start=1):
            found = told_by(stream, self.cut.position)
            if found is not None:
                yield subject(self.study, found, self.allotted)
            if progress:
                progress(done, len(names))


def open_source(wish: Wish, by: Person) -> Source:
    """The programme at the cut asked for; the allocation is opened first, on the record.

    Raises
    ------
    Refused
        If there is no such programme, or the role may not have this export.
    """
    if not may_export(by.role):
        raise Refused(f"a {by.role} may not export the trial's data")
    if wish.opened and not may_see_closed_session(by.role):
        raise Refused(f"a {by.role} may not see data by arm; ask for the blinded export")
    if wish.opened and not opening.says_why(wish.purpose):
        raise Refused("say in a few words what the allocation is opened for", "purpose")
    standing = programmes.load(wish.programme)
    cut = cut_at(wish.programme, wish.as_of)
    study = _study(wish, cut, standing, by)
    plan = standing.protocol.randomisation
    if not wish.opened or plan is None or not plan.blinded:
        return Source(wish, cut, by, study, {})
    opening.record(wish.programme, wish.purpose, by)
    return Source(wish, cut, by, study, _allotted(study, cut))


def reopen(wish: Wish, cut: Cut, by: Person, allotted: Mapping[str, tuple[Arm, int]]) -> Source:
    """A source another process has opened, in this one; nothing is opened again."""
    return Source(wish, cut, by, _study(wish, cut, programmes.load(wish.programme), by), allotted)


def _study(wish: Wish, cut: Cut, standing: programmes.Standing, by: Person) -> Study:
    protocol, programme = standing.protocol, standing.programme
    day, asked = cut.as_of.date(), instruments.load_shipped()
    known = Circumstances(
        protocol=protocol,
        instruments=asked,
        formulary=medicines.load_shipped(),
        drug_names=medicines.open_names(),
        clearance=programmes.clearance(programme, day, ""),
        author=by.name,
        role=by.role,
        now=cut.as_of,
        terms=terminology.in_use(),
    )
    return Study(
        wish.programme,
        protocol.title,
        cut.as_of,
        wish.opened,
        read_stream(programmes.PREFIX + wish.programme, until=1)[0].position,
        protocol,
        planned_visits(programmes.whole_schedule(standing)),
        arms(protocol, opened=wish.opened),
        cache(partial(_country, standing, day)),
        known,
        lambda course: programmes.followed(standing, course).protocol,
        questions(asked, protocol),
    )


def _country(standing: programmes.Standing, day: date, site: str) -> str | None:
    """Three letters of a site's country: of the place its authorisation holds in."""
    programme = standing.programme
    ever = [each for each in programme.authorisations if each.reaches(site)]
    # A trial that is over was somewhere all the same.
    held = programme.authorisation(day, site) or (ever[-1] if ever else None)
    return word("country", held.jurisdiction) or None if held else None


def _allotted(study: Study, cut: Cut) -> dict[str, tuple[Arm, int]]:
    by_key = {each.key: each for each in study.arms}
    clear = opening.allocations(cut.programme)
    return {
        entry.fact.participant: (by_key[clear[entry.fact.participant]], entry.position)
        for stream in streams(f"allocation:{cut.programme}:")
        for entry in read_stream(stream)
        if isinstance(entry.fact, AllocationMade) and entry.position <= cut.position
    }
