"""Protocol deviations: found in the course itself, then classified and explained by people.

What can be read from the course and the protocol is no entry: it is found anew each time, under
a key that stays the same, so that a correction of the course makes it vanish. A dose given
against a rule is recorded (``dose_against_rule``) and stands here beside the others. A visit
whose window has passed without a word is overdue, and no deviation until it is settled.

An *important* deviation may significantly affect the rights, safety or well-being of a person,
or how complete, accurate and reliable the data are (ICH E3 Q&A (R1), question 7; ICH E6(R3)).
Minor and major are words of practice for what is less than that.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal

from sojourn.course import clearing, guessing
from sojourn.course.circumstances import Circumstances
from sojourn.course.deviation_state import Classified
from sojourn.course.schedule import Planned, plan
from sojourn.course.state import Course, Dose, Session, changed, with_item
from sojourn.protocols.model import Dosing, Protocol
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact

Category = Literal[
    "dose", "visit-window", "visit-missed", "assessment", "rater", "vitals", "session", "guess"
]
CATEGORIES: tuple[tuple[Category, str], ...] = (
    ("dose", "Dose"),
    ("visit-window", "Visit outside its window"),
    ("visit-missed", "Visit missed"),
    ("assessment", "Assessment missing"),
    ("rater", "Wrong rater"),
    ("vitals", "Vital signs missing"),
    ("session", "Session ended early"),
    ("guess", "Guess of the arm missing or off its days"),
)
CLASSES = (
    ("minor", "Minor: no bearing on anyone's rights or safety, or on the data"),
    ("major", "Major: bears on them, though not significantly"),
    (
        "important",
        "Important: may significantly affect rights, safety or well-being, or how complete, "
        "accurate and reliable the data are",
    ),
)
WORDS = 8  # characters of an explanation


@dataclass(frozen=True, slots=True)
class ClassifyDeviation:
    name: ClassVar[str] = "deviation.classify"
    title: ClassVar[str] = "Classify a protocol deviation"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ("prescriber", "coordinator", "sponsor", "monitor")

    at: Annotated[datetime, Ask("Classified at")]
    deviation: Annotated[str, Ask("Deviation", choices_from="deviations")]
    classification: Annotated[str, Ask("How grave", choices=CLASSES)]
    comment: Annotated[
        str, Ask("How it came about, and what is done about it", lines=3, longest=1000)
    ]


@dataclass(frozen=True, slots=True)
class DeviationClassified:
    kind: ClassVar[str] = "deviation.classified"
    schema: ClassVar[int] = 1
    deviation: str
    classification: str
    comment: str


@dataclass(frozen=True, slots=True)
class Deviation:
    """One departure from the protocol, known from the day ``since``."""

    key: str
    category: Category
    visit: str
    label: str
    since: date
    recorded: bool = False  # by a person; the others are found in the course


def found(
    course: Course, protocol: Protocol, planned: tuple[Planned, ...] | None = None
) -> tuple[Deviation, ...]:
    """Every deviation of the course, the oldest first; those of days to come are not sure yet."""
    planned = plan(course, protocol) if planned is None else planned
    each = (
        *_recorded(course),
        *_visits(course, planned),
        *_assessments(course, planned),
        *_sessions(course, protocol),
        *_guesses(course, protocol),
    )
    return tuple(sorted(each, key=lambda one: (one.since, one.key)))


def known(course: Course, protocol: Protocol, day: date) -> tuple[Deviation, ...]:
    """The deviations that stand on that day."""
    return tuple(each for each in found(course, protocol) if each.since <= day)


def classify(
    course: Course, command: ClassifyDeviation, circumstances: Circumstances
) -> tuple[Fact, ...]:
    standing = known(course, circumstances.protocol, circumstances.now.date())
    if command.deviation not in {each.key for each in standing}:
        raise Refused(
            f"no deviation '{command.deviation}' stands in this course; see its page", "deviation"
        )
    comment = command.comment.strip()
    if len(comment) < WORDS:
        raise Refused("say in a few words how it came about and what is done", "comment")
    before = course.classified.get(command.deviation)
    if before and (before.classification, before.comment) == (command.classification, comment):
        raise Refused(f"it is classified so already, by {before.by}", "classification")
    return (DeviationClassified(command.deviation, command.classification, comment),)


def classified(course: Course, fact: DeviationClassified, entry: Entry) -> Course:
    made = Classified(fact.classification, fact.comment, entry.occurred_at, entry.author)
    return changed(course, classified=with_item(course.classified, fact.deviation, made))


def _recorded(course: Course) -> Iterator[Deviation]:
    for each in course.deviations.values():
        label = f"{each.dose.capitalize()} dose given against a rule: {'; '.join(each.rules)}"
        yield Deviation(each.key, "dose", each.visit, label, each.at.date(), recorded=True)


def _visits(course: Course, planned: tuple[Planned, ...]) -> Iterator[Deviation]:
    for each in planned:
        key, label, on = each.visit.key, each.visit.label, each.on
        if on is None:
            continue
        if each.outside_window and each.earliest and each.latest:
            off = (each.earliest - on).days if on < each.earliest else (on - each.latest).days
            side = "before" if on < each.earliest else "after"
            days = f"{off} day{'s' if off > 1 else ''}"
            yield Deviation(
                f"visit-window:{key}",
                "visit-window",
                key,
                f"{label} took place {days} {side} its window ({each.earliest} to {each.latest})",
                on,
            )
        elif each.standing == "missed" and each.visit.required:
            why = course.visits[key].reason
            yield Deviation(
                f"visit-missed:{key}", "visit-missed", key, f"{label} was missed: {why}", on
            )


def _assessments(course: Course, planned: tuple[Planned, ...]) -> Iterator[Deviation]:
    treated_by = {who for session in course.sessions.values() for who in session.practitioners}
    for each in planned:
        if each.standing != "done" or each.on is None:
            continue
        visit = each.visit
        for instrument in visit.assessments:
            rated = course.assessments.get((visit.key, instrument))
            if rated is None:
                # The day itself is left for it.
                yield Deviation(
                    f"assessment-missing:{visit.key}:{instrument}",
                    "assessment",
                    visit.key,
                    f"{instrument.upper()} was not recorded at {visit.label}",
                    each.on + timedelta(days=1),
                )
            elif visit.rated_by == "independent-rater" and rated.role not in ("", "import"):
                why = _not_independent(rated.role, rated.author, treated_by)
                if why:
                    yield Deviation(
                        f"rater:{visit.key}:{instrument}",
                        "rater",
                        visit.key,
                        f"{instrument.upper()} at {visit.label} was rated by {why}",
                        rated.at.date(),
                    )


def _not_independent(role: str, author: str, treated_by: set[str]) -> str:
    if role != "independent-rater":
        return f"a {role}, not by an independent rater"
    return f"{author}, who is in the participant's sessions" if author in treated_by else ""


def _sessions(course: Course, protocol: Protocol) -> Iterator[Deviation]:
    explained = {(each.visit, each.dose) for each in course.deviations.values()}
    previous: Session | None = None
    for session in sorted(course.sessions.values(), key=lambda each: each.opened_at):
        # What was done is held against the version followed then, whatever was amended since.
        dosing = protocol.at(session.opened_at).dosing
        if session.initial is None or dosing is None:
            continue
        for dose, why in _doses(course, session, previous, dosing):
            if (session.visit, dose) not in explained:
                key = f"dose:{session.visit}:{dose}"
                on = session.initial.at.date()
                yield Deviation(key, "dose", session.visit, why, on)
        told = {dose for visit, dose in explained if visit == session.visit}
        yield from _vitals(session, session.initial, told)
        yield from _ended_early(session, session.initial, dosing)
        previous = session


def _doses(
    course: Course, session: Session, previous: Session | None, dosing: Dosing
) -> Iterator[tuple[str, str]]:
    """(dose, what is wrong with it), from the plan alone, at most one for each dose."""
    where, initial = f"in session {session.number}", session.initial
    if initial is None:
        return
    last = previous.initial if previous else None
    days = (initial.at.date() - last.at.date()).days if last else None
    weighed = course.characteristics.get(dosing.weight)
    # Weighed again since: by which weight this dose was worked out is no longer known here.
    known = weighed is None or weighed.at <= initial.at
    if known and initial.level_mg not in clearing.levels(dosing, session, "initial", course):
        yield (
            "initial",
            f"{initial.level_mg} {initial.unit} is no initial level of the protocol {where}",
        )
    elif days is not None and days < dosing.least_days_between:
        least = dosing.least_days_between
        yield "initial", f"Dose {days} days after the last session; at least {least} must pass"
    second, window = session.supplemental, dosing.supplemental
    if second is None:
        return
    allowed = clearing.levels(dosing, session, "supplemental", course)
    if window is None or second.level_mg not in allowed:
        yield "supplemental", f"{second.level_mg} {second.unit} is no supplemental level {where}"
        return
    minutes = (second.at - initial.at) // timedelta(minutes=1)
    if not window.from_min <= minutes <= window.until_min:
        yield (
            "supplemental",
            f"Supplemental dose {minutes} min after the first {where}; the window is "
            f"{window.from_min} to {window.until_min} min",
        )


def _vitals(session: Session, initial: Dose, told: set[str]) -> Iterator[Deviation]:
    """Readings that nobody took; those before a dose ``told`` of stand among its rules."""
    wanted = []
    if "initial" not in told:
        wanted.append(("before-initial", "before the first dose", session.opened_at, initial.at))
    if session.supplemental and "supplemental" not in told:
        second = session.supplemental.at
        wanted.append(("before-supplemental", "before the supplemental dose", initial.at, second))
    if session.closed_at:
        last = session.doses[-1].at
        wanted.append(("end", "at the end", last, session.closed_at))
    for moment, words, after, until in wanted:
        taken = any(each.moment == moment and after <= each.at <= until for each in session.vitals)
        if not taken:
            yield Deviation(
                f"vitals:{session.visit}:{moment}",
                "vitals",
                session.visit,
                f"No vital signs {words} of session {session.number}",
                until.date(),
            )


def _ended_early(session: Session, initial: Dose, dosing: Dosing) -> Iterator[Deviation]:
    if session.closed_at is None:
        return
    lasted = (session.closed_at - initial.at) // timedelta(minutes=1)
    if lasted < dosing.lasting_min:
        yield Deviation(
            f"session-short:{session.visit}",
            "session",
            session.visit,
            f"Session {session.number} ended {lasted} min after the dose; planned are "
            f"{dosing.lasting_min} min",
            session.closed_at.date(),
        )


def _guesses(course: Course, protocol: Protocol) -> Iterator[Deviation]:
    """That a guess is late or missing, and never what was guessed."""
    for each in guessing.asked(course, protocol):
        given = course.guesses.get(each.key)
        if given is None and course.ended_at and course.ended_at.date() <= each.last:
            continue
        if given is not None and each.first <= given.at.date() <= each.last:
            continue
        who = each.account or "the participant"
        what = "was not given" if given is None else f"was given on {given.at:%Y-%m-%d}"
        since = each.last + timedelta(days=1) if given is None else given.at.date()
        yield Deviation(
            f"guess:{':'.join(each.key)}",
            "guess",
            each.occasion.visit,
            f"Guess of the arm by {who}, {each.occasion.label.lower()}, {what}; asked for from "
            f"{each.first} to {each.last}",
            since,
        )


DECIDE: Mapping[type, Any] = {ClassifyDeviation: classify}
EVOLVE: Mapping[type, Any] = {DeviationClassified: classified}
