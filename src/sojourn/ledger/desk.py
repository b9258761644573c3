"""The desk where every command arrives: load, decide, append, show; in one transaction.

A *decision* must match the version its author saw. An *observation* is decided
again when a colleague wrote first, at most three times.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sojourn import course as courses
from sojourn import instruments, medicines
from sojourn.conduct import reach
from sojourn.course import correction, guessing, locking
from sojourn.course.circumstances import Amended, Circumstances
from sojourn.course.screening import Randomise, Randomised
from sojourn.course.state import Course
from sojourn.ledger import allocating, clock, programmes, projections, stock, terminology
from sojourn.ledger.append import StaleVersion, append
from sojourn.ledger.read import read_stream, written_by
from sojourn.ledger.registry import kinds
from sojourn.ledger.turns import in_turn
from sojourn.record.command import signature_of
from sojourn.record.entry import Entry, Fact

RETRIES = 3


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks, and in which role."""

    name: str
    role: str


def stream_of(programme: str, participant: str) -> str:
    """The stream that holds this participant's course."""
    return f"course:{programme}:{participant}"


def load_course(programme: str, participant: str, *, as_of: datetime | None = None) -> Course:
    """The course as it stands, or as the record knew it at ``as_of``."""
    entries = read_stream(stream_of(programme, participant), as_of=as_of)
    return courses.fold(entries, kinds().read)


def execute(
    programme: str,
    participant: str,
    command: Any,
    by: Person,
    *,
    shown: int | None = None,
    key: str = "",
    signed: bool = False,
) -> tuple[Entry, ...]:
    """Decide and write one command about one participant.

    ``shown`` is the version of the course the person saw; a decision made on
    another version is not written. ``key`` makes a retry write nothing twice.
    ``signed`` says that the person has just proved who they are, for this very command.

    Raises
    ------
    sojourn.record.command.Refused
        If the command is not allowed or makes no sense.
    StaleVersion
        If a colleague wrote first.
    """
    for attempt in range(RETRIES):
        try:
            with at_desk(programme, participant, by) as desk:
                if written := desk.written_by(key):
                    return written
                if shown is not None and command.nature == "decision":
                    desk.must_be_at(shown)
                return desk.execute(command, key=key, signed=signed)
        except StaleVersion:
            if command.nature == "decision" or attempt == RETRIES - 1:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


def correct(
    programme: str,
    participant: str,
    sequence: int,
    command: Any,
    by: Person,
    *,
    reason: str,
    key: str = "",
) -> tuple[Entry, ...]:
    """Correct the entry ``sequence`` by what ``command`` says; both stay on the record."""
    with at_desk(programme, participant, by) as desk:
        return desk.correct(sequence, command, reason, key=key)


def circumstances(
    standing: programmes.Standing,
    by: Person,
    *,
    site: str,
    at: datetime,
    now: datetime,
    allocation: tuple[int, str] | None = None,
    amended: Amended | None = None,
    undelegated: str = "",
) -> Circumstances:
    """What a decision about something that happened at ``site`` and ``at`` may know.

    ``standing`` is the programme as it stands for that participant.
    """
    # What a file brings in happened before the programme stood on this record.
    moment = None if by.role == "import" else at
    return Circumstances(
        protocol=standing.protocol,
        instruments=instruments.load_shipped(),
        formulary=medicines.load_shipped(),
        drug_names=medicines.open_names(),
        clearance=programmes.clearance(standing.programme, at.date(), site, at=moment),
        author=by.name,
        role=by.role,
        now=now,
        terms=terminology.in_use(),
        allocation=allocation,
        amended=amended,
        undelegated=undelegated,
    )


@contextmanager
def at_desk(programme: str, participant: str, by: Person) -> Iterator["Desk"]:
    """Several commands about one participant as one: all are written or none."""
    with in_turn():
        desk = Desk(programme, participant, by)
        yield desk
        desk.project()


class Desk:
    """One participant's course, open for commands within a transaction."""

    def __init__(self, programme: str, participant: str, by: Person) -> None:
        self.by = by
        self._programme_stands = programmes.load(programme)
        self._programme = programme
        self._participant = participant
        self._stream = stream_of(programme, participant)
        self._entries = read_stream(self._stream)
        self.course = courses.fold(self._entries, kinds().read)
        self._shown_rows = self._rows()

    @property
    def standing(self) -> programmes.Standing:
        """The programme as it stands for this participant."""
        return programmes.followed(self._programme_stands, self.course)

    def must_be_at(self, shown: int) -> None:
        """Refuse to go on when the course is no longer what the person saw."""
        if self.course.version != shown:
            raise StaleVersion(self._stream, shown, self.course.version)

    def written_by(self, key: str) -> tuple[Entry, ...]:
        """What a command under this key wrote before: a retry is answered, not decided again."""
        return written_by(self._stream, key)

    def execute(
        self,
        command: Any,
        *,
        key: str = "",
        recorded_at: datetime | None = None,
        signed: bool = False,
    ) -> tuple[Entry, ...]:
        """Decide ``command`` and append its facts."""
        command = clock.as_lived_here(command)
        now = recorded_at or clock.now()
        self._refuse_out_of_reach(command)
        next_one = None
        if isinstance(command, Randomise):
            # Decided once with no arm at hand: for whom it is refused, nothing is opened.
            courses.decide(self.course, command, self._circumstances(command, now, (0, "")))
            next_one = allocating.allocate(self._programme, self.standing.protocol, self.course)
        told = (next_one.number, next_one.arm) if next_one else None
        facts = courses.decide(self.course, command, self._circumstances(command, now, told))
        if next_one and any(isinstance(fact, Randomised) for fact in facts):
            allocating.keep(next_one, self._participant, command.at)
        before = self.course.version
        signature = signature_of(command, signed=signed, role=self.by.role)
        written = self._append(facts, command.at, key=key, recorded_at=now, signature=signature)
        if self.course.version > before:
            stock.follow(self._programme, self.course, facts, command.at)
        return written

    def correct(
        self, sequence: int, command: Any, reason: str, *, key: str = ""
    ) -> tuple[Entry, ...]:
        """Decide ``command`` on the history without the wrong entry, and append the correction."""
        if written := self.written_by(key):
            return written
        if not reason.strip():
            raise courses.Refused("say why the entry is corrected", "reason")
        command = clock.as_lived_here(command)
        now = clock.now()
        self._refuse_out_of_reach(command)
        wrong = correction.as_it_reads(self._entries, sequence, kinds().read)
        correction.require_author(wrong, self.by.name)
        locking.refuse_correction(self.course, wrong)
        before = courses.fold(correction.without(self._entries, sequence), kinds().read)
        # What was recorded wrongly is put right after the end of the course too.
        before = replace(before, alerts=self.course.alerts, ended=None, hold=None)
        then = courses.fold(self._entries[:sequence], kinds().read)
        before = correction.as_consented(before, then, self.course, command.at)
        facts = courses.decide(before, command, self._circumstances(command, now))
        facts = correction.under_its_name(wrong, facts)
        _, schema, text = kinds().write(facts[0])
        facts = correction.correct(wrong, facts, command.at, (schema, text))
        return self._append(facts, now, key=key, reason=reason.strip(), recorded_at=now)

    def _refuse_out_of_reach(self, command: Any) -> None:
        # Whoever registers says where; a correction may move a participant to a site of theirs.
        sites = {self.course.site, getattr(command, "site", "")} - {""}
        for site in sites or {""}:
            why = reach.out_of_reach(
                self.standing.programme,
                self.by.name,
                self.by.role,
                site,
                self._participant,
                clock.now(),
            )
            if why:
                raise courses.Refused(why, "site" if hasattr(command, "site") else "")

    def project(self) -> None:
        """Bring the rows that lists are read from in line with the course."""
        projections.write(self._shown_rows, self._rows())

    def _append(
        self,
        facts: tuple[Fact, ...],
        at: datetime,
        *,
        recorded_at: datetime,
        key: str = "",
        reason: str = "",
        signature: str = "",
    ) -> tuple[Entry, ...]:
        written = append(
            self._stream,
            facts,
            expected=self.course.version,
            occurred_at=at,
            author=self.by.name,
            role=self.by.role,
            command=key,
            reason=reason,
            signature=signature,
            recorded_at=recorded_at,
        )
        if written and written[0].sequence <= self.course.version:
            return written  # a retry: these entries were there before
        self._entries = (*self._entries, *written)
        if reason:
            self.course = courses.fold(self._entries, kinds().read)
        else:
            for entry in written:
                self.course = courses.evolve(self.course, entry)
        return written

    def _circumstances(
        self, command: Any, now: datetime, allocation: tuple[int, str] | None = None
    ) -> Circumstances:
        site = self.course.site or getattr(command, "site", "")
        whole = self._programme_stands
        lacking = whole.programme.log.lacking(
            self.by.name, self.by.role, command.name, command.at.date(), site
        )
        found = circumstances(
            programmes.followed(whole, self.course, command.at),
            self.by,
            site=site,
            at=command.at,
            now=now,
            allocation=allocation,
            amended=programmes.amended(whole.programme),
            undelegated=lacking,
        )
        if type(command) in courses.QUALITY:
            return replace(found, entries=correction.effective(self._entries, kinds().read))
        if type(command) not in guessing.DECIDE:
            return found
        # Asked while we hold the writers' turn: nobody can open the allocation in between.
        return replace(found, allocation_opened_at=programmes.opened_at(self._programme))

    def _rows(self) -> projections.Rows:
        return projections.rows(self._context(), self.course, self._entries)

    def _context(self) -> projections.Context:
        in_force = self._programme_stands.protocol
        return projections.Context(self._programme, self._stream, self.standing.protocol, in_force)
