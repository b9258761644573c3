"""What a monitor leaves behind on a visit: entries compared with their source, and questions."""

from datetime import datetime, timedelta

from sojourn.clinic.demo.programme import PROGRAMME
from sojourn.clinic.demo.steps import COORDINATOR, RATER
from sojourn.course import verification
from sojourn.course.queries import AnswerQuery, CloseQuery, OpenQuery
from sojourn.course.verification import VerifySource
from sojourn.ledger.desk import Person, at_desk, stream_of
from sojourn.ledger.read import read_stream
from sojourn.ledger.rows import ParticipantRow
from sojourn.record.entry import Entry

MONITOR = Person("monitor", "monitor")
SEEN = 3  # people whose courses have ended and were looked at
QUESTIONS = (
    # About entries of those who answer, so that a rater is asked about ratings.
    ("consent.signed", "The copy in the file shows no date. Please check.", None, ""),
    (
        "assessment.recorded",
        "The rating sheet has two answers to one item. Which is meant?",
        RATER,
        "The later one, initialled; it is the one recorded.",
    ),
    (
        "medication.recorded",
        "The referral letter names another dose.",
        COORDINATOR,
        "The dose was changed since the letter; the one recorded is right.",
    ),
)


def stage(now: datetime) -> None:
    """Verify critical entries of a few whose course has ended, and ask about some."""
    ended = ParticipantRow.objects.filter(programme=PROGRAMME, ended_on__isnull=False)
    people = ended.order_by("participant").values_list("participant", flat=True)[:SEEN]
    for participant, (kind, question, answering, answer) in zip(people, QUESTIONS, strict=False):
        entries = read_stream(stream_of(PROGRAMME, participant))
        _verify(participant, entries, now)
        role = answering.role if answering else ""
        mine = tuple(each for each in entries if role in ("", each.role))
        _ask(participant, mine, kind, question, now)
        if answering is not None:
            with at_desk(PROGRAMME, participant, answering) as desk:
                if desk.course.queries:
                    desk.execute(AnswerQuery(now, "query-1", answer), recorded_at=now)
        if answering is COORDINATOR:
            with at_desk(PROGRAMME, participant, MONITOR) as desk:
                if desk.course.queries:
                    desk.execute(
                        CloseQuery(now, "query-1", "Seen on site; the doses agree."),
                        recorded_at=now,
                    )


def _verify(participant: str, entries: tuple[Entry, ...], now: datetime) -> None:
    seen = tuple(str(e.sequence) for e in entries if e.fact.kind in verification.CRITICAL)
    if seen:
        with at_desk(PROGRAMME, participant, MONITOR) as desk:
            desk.execute(VerifySource(now, seen, "Clinic file, on site"), recorded_at=now)


def _ask(
    participant: str, entries: tuple[Entry, ...], kind: str, question: str, now: datetime
) -> None:
    about = next((each for each in entries if each.fact.kind == kind), None)
    if about is not None:
        due = (now + timedelta(days=14)).date()
        with at_desk(PROGRAMME, participant, MONITOR) as desk:
            desk.execute(OpenQuery(now, about.sequence, question, due), recorded_at=now)
