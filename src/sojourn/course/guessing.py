"""Guesses of the arm: what a blinded person believes, how surely, and what made them think so.

Asked on the occasions the pack names, so that how well the blind held can be told. A guess
is itself confidential: whoever gave it sees it, and nobody else does on any page. The
participant's is written down by a coordinator, because a therapist or a rater who heard it
would be influenced by it. Certainty is a number from 0 to 100 and not a word, because the
analysis weighs a guess by it (Bang, Ni & Davis 2004, doi 10.1016/j.cct.2003.10.016).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any, ClassVar

from sojourn.course import consent
from sojourn.course.circumstances import Circumstances
from sojourn.course.guess_state import Guess
from sojourn.course.state import Course, Session, changed, with_item
from sojourn.protocols.blinding_check import Guesser, Occasion
from sojourn.protocols.model import Protocol
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact

UNKNOWN = "unknown"
PARTICIPANT: Guesser = "participant"
PHASE = "blinding"  # of what is due
REASONS = (
    ("effects", "Effects felt or seen"),
    ("benefit", "Getting better, or not"),
    ("told", "Someone said or showed it"),
    ("other", "Something else"),
)
# Who writes down whose guess. A prescriber who sat in a session guesses as one of its therapists.
WRITTEN_BY: Mapping[Guesser, tuple[str, ...]] = {
    "participant": ("coordinator",),
    "therapist": ("therapist", "prescriber"),
    "independent-rater": ("independent-rater",),
}


@dataclass(frozen=True, slots=True)
class RecordOwnGuess:
    name: ClassVar[str] = "blinding.record-own-guess"
    title: ClassVar[str] = "Guess the arm yourself"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = ("therapist", "prescriber", "independent-rater")

    at: Annotated[datetime, Ask("Guessed at")]
    occasion: Annotated[str, Ask("Occasion", choices_from="guess-occasions")]
    guess: Annotated[
        str,
        Ask(
            "Which arm you believe it is",
            help="Nobody but you sees this before the results are opened.",
            choices_from="guesses",
        ),
    ]
    certainty_percent: Annotated[
        int | None,
        Ask(
            "How sure",
            unit="%",
            help="0 a mere guess, 100 certain. Empty where you don't know.",
            at_least=0,
            at_most=100,
            optional=True,
        ),
    ] = None
    reason: Annotated[
        str,
        Ask(
            "What made you think so most",
            help="Empty where you don't know.",
            choices=REASONS,
            optional=True,
        ),
    ] = ""


@dataclass(frozen=True, slots=True)
class RecordParticipantsGuess:
    name: ClassVar[str] = "blinding.record-participants-guess"
    title: ClassVar[str] = "The participant's guess of the arm"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = ("coordinator",)

    at: Annotated[datetime, Ask("Asked at")]
    occasion: Annotated[str, Ask("Occasion", choices_from="guess-occasions")]
    guess: Annotated[
        str,
        Ask(
            "Which arm the participant believes it is",
            help="Ask it alone with them; tell neither the therapists nor the rater.",
            choices_from="guesses",
        ),
    ]
    certainty_percent: Annotated[
        int | None,
        Ask(
            "How sure they are",
            unit="%",
            help="0 a mere guess, 100 certain. Empty where they don't know.",
            at_least=0,
            at_most=100,
            optional=True,
        ),
    ] = None
    reason: Annotated[
        str,
        Ask(
            "What made them think so most",
            help="Empty where they don't know.",
            choices=REASONS,
            optional=True,
        ),
    ] = ""


@dataclass(frozen=True, slots=True)
class GuessRecorded:
    """``guesser`` is 'participant', 'therapist' or 'independent-rater'; ``account`` is theirs,
    empty for the participant, whose words the author wrote down.

    ``guess`` is the key of an arm or 'unknown', which has no certainty and no reason.
    """

    kind: ClassVar[str] = "blinding.guess-recorded"
    schema: ClassVar[int] = 1
    occasion: str
    visit: str
    guesser: str
    account: str
    guess: str
    certainty_percent: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A guess somebody is to give, and the days on which it is asked for."""

    occasion: Occasion
    guesser: Guesser
    account: str
    first: date
    last: date

    @property
    def key(self) -> tuple[str, str, str]:
        """What the guess is found under once it is given."""
        return self.occasion.key, self.guesser, self.account

    @property
    def command(self) -> str:
        """Name of the command that writes it down."""
        kind = RecordParticipantsGuess if self.guesser == PARTICIPANT else RecordOwnGuess
        return kind.name


def asked(course: Course, protocol: Protocol) -> Iterator[Asked]:
    """Every guess asked for so far, given or not, in the pack's order."""
    check = protocol.blinding_check
    if check is None or course.randomised_at is None or not _blinded(protocol):
        return
    for occasion in check.occasions:
        took_place = _took_place(course, occasion)
        if took_place is None:
            continue
        first, last = (
            took_place.date() + timedelta(days=days)
            for days in (occasion.from_day, occasion.until_day)
        )
        for guesser in occasion.asks:
            for account in _accounts(course, occasion, guesser):
                yield Asked(occasion, guesser, account, first, last)


def pending(course: Course, protocol: Protocol) -> tuple[Asked, ...]:
    """The guesses still to be given; none once the course has ended."""
    if course.ended:
        return ()
    return tuple(each for each in asked(course, protocol) if each.key not in course.guesses)


def to_give(course: Course, protocol: Protocol, role: str, account: str) -> tuple[Asked, ...]:
    """The guesses still to be given that this person writes down."""
    return tuple(
        each
        for each in pending(course, protocol)
        if role in WRITTEN_BY[each.guesser] and each.account in ("", account)
    )


def record_own(
    course: Course, command: RecordOwnGuess, circumstances: Circumstances
) -> tuple[Fact, ...]:
    guesser: Guesser = (
        "independent-rater" if circumstances.role == "independent-rater" else "therapist"
    )
    for each in course.unblindings.values():
        if each.shown_at and each.by == circumstances.author:
            raise Refused(f"you saw the arm at {each.shown_at:%Y-%m-%d %H:%M}; it is no guess")
    return (_decided(course, command, guesser, circumstances.author, circumstances),)


def record_participants(
    course: Course, command: RecordParticipantsGuess, circumstances: Circumstances
) -> tuple[Fact, ...]:
    return (_decided(course, command, PARTICIPANT, "", circumstances),)


def recorded(course: Course, fact: GuessRecorded, entry: Entry) -> Course:
    guess = Guess(
        fact.occasion,
        fact.visit,
        fact.guesser,
        fact.account,
        fact.guess,
        fact.certainty_percent,
        fact.reason,
        entry.occurred_at,
        entry.author,
        entry.sequence,
    )
    key = (fact.occasion, fact.guesser, fact.account)
    return changed(course, guesses=with_item(course.guesses, key, guess))


def _decided(
    course: Course,
    command: RecordOwnGuess | RecordParticipantsGuess,
    guesser: Guesser,
    account: str,
    circumstances: Circumstances,
) -> GuessRecorded:
    occasion = _occasion(command.occasion, guesser, circumstances)
    consent.require(course, circumstances)
    if circumstances.allocation_opened_at:
        raise Refused(
            f"the allocation was opened on {circumstances.allocation_opened_at:%Y-%m-%d at %H:%M}; "
            "no guess is taken or changed after that",
            "at",
        )
    if course.randomised_at is None:
        raise Refused("the participant has no arm yet; guesses come after randomisation")
    took_place = _took_place(course, occasion)
    if took_place is None:
        raise Refused(
            f"'{occasion.visit}' has not taken place or is not over; ask after it", "occasion"
        )
    if command.at < took_place:
        raise Refused(
            f"'{occasion.visit}' was over at {took_place:%Y-%m-%d %H:%M}; give a later time", "at"
        )
    first = took_place.date() + timedelta(days=occasion.from_day)
    if command.at.date() < first:
        raise Refused(f"it is asked from {first} on, not before; ask then", "at")
    if account and account not in _accounts(course, occasion, guesser):
        part = "rated at it" if guesser == "independent-rater" else "was in a session before it"
        raise Refused(f"'{account}' is not asked {occasion.label.lower()}: only who {part} is")
    if (occasion.key, guesser, account) in course.guesses:
        raise Refused(
            f"the guess {occasion.label.lower()} is recorded; only a typing error in it is "
            "corrected, by who wrote it",
            "occasion",
        )
    _sound(command, circumstances.protocol)
    return GuessRecorded(
        occasion.key,
        occasion.visit,
        guesser,
        account,
        command.guess,
        command.certainty_percent,
        command.reason,
    )


def _occasion(key: str, guesser: Guesser, circumstances: Circumstances) -> Occasion:
    protocol = circumstances.protocol
    if not _blinded(protocol):
        raise Refused(
            f"'{key}': protocol {protocol.key} is not blinded and randomised; nobody has to guess",
            "occasion",
        )
    occasions = protocol.blinding_check.occasions if protocol.blinding_check else ()
    mine = [each for each in occasions if guesser in each.asks]
    found = next((each for each in mine if each.key == key), None)
    if found is None:
        known = ", ".join(each.key for each in mine) or "none"
        raise Refused(
            f"'{key}' is no occasion of protocol {protocol.key} for the {guesser}; there is: "
            f"{known}",
            "occasion",
        )
    return found


def _sound(command: RecordOwnGuess | RecordParticipantsGuess, protocol: Protocol) -> None:
    arms = [each.key for each in protocol.arms]
    if command.guess not in (*arms, UNKNOWN):
        raise Refused(
            f"'{command.guess}' is no arm of this protocol; give {', '.join(arms)} or {UNKNOWN}",
            "guess",
        )
    if command.guess == UNKNOWN:
        if command.certainty_percent is not None:
            raise Refused(
                f"{command.certainty_percent} % sure of not knowing says nothing; leave it empty",
                "certainty_percent",
            )
        if command.reason:
            raise Refused(f"'{command.reason}' is a reason for no guess; leave it empty", "reason")
        return
    if command.certainty_percent is None:
        raise Refused("how sure is missing; give 0 to 100 %", "certainty_percent")
    if not command.reason:
        raise Refused("what made them think so is missing; choose what weighed most", "reason")


def _blinded(protocol: Protocol) -> bool:
    return protocol.randomisation is not None and protocol.randomisation.blinded


def _took_place(course: Course, occasion: Occasion) -> datetime | None:
    """When the occasion's visit was over; None before that, and where no dose was given in it."""
    session = course.sessions.get(occasion.visit)
    if session is not None:
        return session.closed_at if session.initial else None
    done = course.visits.get(occasion.visit)
    return done.at if done and done.held else None


def _accounts(course: Course, occasion: Occasion, guesser: Guesser) -> tuple[str, ...]:
    """Whose guesses are asked for: '' stands for the participant."""
    if guesser == PARTICIPANT:
        return ("",)
    if guesser == "therapist":
        return tuple(dict.fromkeys(_therapists(course, occasion)))
    rated = [each for each in course.assessments.values() if each.visit == occasion.visit]
    return tuple(dict.fromkeys(each.author for each in rated if each.role == guesser))


def _therapists(course: Course, occasion: Occasion) -> Iterator[str]:
    """Who opened that session together; at another visit, who opened any before it."""
    session: Session | None = course.sessions.get(occasion.visit)
    for each in (session,) if session else course.sessions.values():
        if each.initial:
            yield from each.practitioners


DECIDE: Mapping[type, Any] = {
    RecordOwnGuess: record_own,
    RecordParticipantsGuess: record_participants,
}
EVOLVE: Mapping[type, Any] = {GuessRecorded: recorded}
