"""Queries: a question about one entry, answered by the site, closed by who asked or the monitor."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated, Any, ClassVar

from sojourn.course.circumstances import Circumstances
from sojourn.course.quality_state import Query, Remark, Standing
from sojourn.course.state import Course, changed, with_item
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact

ASKING = ("monitor", "sponsor")
ANSWERING = ("therapist", "prescriber", "coordinator", "pharmacist", "independent-rater")
# A guess is shown to nobody but who wrote it down; what asks and what answers is no data.
NOT_ASKED_ABOUT = ("blinding.", "quality.", "identity.")
WORDS = 8  # characters of a question or an answer


@dataclass(frozen=True, slots=True)
class OpenQuery:
    name: ClassVar[str] = "quality.open-query"
    title: ClassVar[str] = "Ask about an entry"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = ASKING

    at: Annotated[datetime, Ask("Asked at")]
    entry: Annotated[int, Ask("Entry", help="Its number in the history.", at_least=1)]
    question: Annotated[
        str, Ask("What is to be checked or explained", lines=3, longest=1000, help="No arm.")
    ]
    due_on: Annotated[date, Ask("Answer due on")]


@dataclass(frozen=True, slots=True)
class AnswerQuery:
    name: ClassVar[str] = "quality.answer-query"
    title: ClassVar[str] = "Answer a query"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = ANSWERING

    at: Annotated[datetime, Ask("Answered at")]
    query: Annotated[str, Ask("Query", choices_from="queries-to-answer")]
    answer: Annotated[
        str,
        Ask("Answer", lines=3, longest=1000, help="A wrong entry is corrected on its own form."),
    ]


@dataclass(frozen=True, slots=True)
class CloseQuery:
    name: ClassVar[str] = "quality.close-query"
    title: ClassVar[str] = "Close a query"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ASKING

    at: Annotated[datetime, Ask("Closed at")]
    query: Annotated[str, Ask("Query", choices_from="queries-to-close")]
    reason: Annotated[str, Ask("Why it is settled", lines=2, longest=1000)]


@dataclass(frozen=True, slots=True)
class ReopenQuery:
    name: ClassVar[str] = "quality.reopen-query"
    title: ClassVar[str] = "Reopen a query"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ASKING

    at: Annotated[datetime, Ask("Reopened at")]
    query: Annotated[str, Ask("Query", choices_from="queries-to-reopen")]
    reason: Annotated[str, Ask("What is still open", lines=2, longest=1000)]
    due_on: Annotated[date, Ask("Answer due on")]


@dataclass(frozen=True, slots=True)
class QueryOpened:
    """``entry`` is the sequence of the entry asked about, ``about`` its kind."""

    kind: ClassVar[str] = "quality.query-opened"
    schema: ClassVar[int] = 1
    query: str
    entry: int
    about: str
    visit: str
    question: str
    due_on: date


@dataclass(frozen=True, slots=True)
class QueryAnswered:
    kind: ClassVar[str] = "quality.query-answered"
    schema: ClassVar[int] = 1
    query: str
    answer: str


@dataclass(frozen=True, slots=True)
class QueryClosed:
    kind: ClassVar[str] = "quality.query-closed"
    schema: ClassVar[int] = 1
    query: str
    reason: str


@dataclass(frozen=True, slots=True)
class QueryReopened:
    kind: ClassVar[str] = "quality.query-reopened"
    schema: ClassVar[int] = 1
    query: str
    reason: str
    due_on: date


def unsettled(course: Course) -> tuple[Query, ...]:
    """Queries that are not closed, in the order they were asked."""
    return tuple(each for each in course.queries.values() if each.standing != "closed")


def may_close(query: Query, author: str, role: str) -> bool:
    """Whether this person may close or reopen it: who opened it, or a monitor."""
    return role == "monitor" or (role in ASKING and query.opened.by == author)


def ask(course: Course, command: OpenQuery, circumstances: Circumstances) -> tuple[Fact, ...]:
    entry = next((e for e in circumstances.entries if e.sequence == command.entry), None)
    if entry is None:
        raise Refused(f"this course has no entry {command.entry}; see its history", "entry")
    fact = entry.fact
    if fact.kind.startswith(NOT_ASKED_ABOUT):
        raise Refused(f"nothing is asked about entry {command.entry} ({fact.kind})", "entry")
    question = _said(command.question, "question", "say what is to be checked or explained")
    _still_to_come(command.due_on, circumstances)
    for each in unsettled(course):
        if (each.entry, each.question) == (command.entry, question):
            raise Refused(f"this is asked already, as {each.key}", "question")
    key = f"query-{len(course.queries) + 1}"
    visit = getattr(fact, "visit", "")
    return (QueryOpened(key, command.entry, fact.kind, visit, question, command.due_on),)


def answer(course: Course, command: AnswerQuery, circumstances: Circumstances) -> tuple[Fact, ...]:
    query = _find(course, command.query)
    if circumstances.role == "independent-rater" and not _about_a_rating(query, circumstances):
        raise Refused("a rater answers for ratings only", "query")
    if query.standing == "closed":
        raise Refused(f"{query.key} is closed; nothing is asked there any more", "query")
    return (QueryAnswered(query.key, _said(command.answer, "answer", "say what was found")),)


def close(course: Course, command: CloseQuery, circumstances: Circumstances) -> tuple[Fact, ...]:
    query = _find(course, command.query)
    _must_be_theirs(query, circumstances)
    if query.standing == "closed":
        raise Refused(f"{query.key} was closed already, by {query.last.by}", "query")
    return (QueryClosed(query.key, _said(command.reason, "reason", "say why it is settled")),)


def reopen(course: Course, command: ReopenQuery, circumstances: Circumstances) -> tuple[Fact, ...]:
    query = _find(course, command.query)
    _must_be_theirs(query, circumstances)
    if query.standing == "open":
        raise Refused(f"{query.key} is open and waits for an answer", "query")
    _still_to_come(command.due_on, circumstances)
    reason = _said(command.reason, "reason", "say what is still open")
    return (QueryReopened(query.key, reason, command.due_on),)


def asked(course: Course, fact: QueryOpened, entry: Entry) -> Course:
    remark = _remark("opened", fact.question, entry)
    query = Query(fact.query, fact.entry, fact.about, fact.visit, fact.due_on, "open", (remark,))
    return changed(course, queries=with_item(course.queries, fact.query, query))


def answered(course: Course, fact: QueryAnswered, entry: Entry) -> Course:
    return _moved(course, fact.query, "answered", _remark("answered", fact.answer, entry))


def closed(course: Course, fact: QueryClosed, entry: Entry) -> Course:
    return _moved(course, fact.query, "closed", _remark("closed", fact.reason, entry))


def reopened(course: Course, fact: QueryReopened, entry: Entry) -> Course:
    remark = _remark("reopened", fact.reason, entry)
    return _moved(course, fact.query, "open", remark, fact.due_on)


def _moved(
    course: Course, key: str, standing: Standing, remark: Remark, due_on: date | None = None
) -> Course:
    before = course.queries[key]
    after = replace(
        before,
        standing=standing,
        remarks=(*before.remarks, remark),
        due_on=due_on or before.due_on,
    )
    return changed(course, queries=with_item(course.queries, key, after))


def _remark(did: str, text: str, entry: Entry) -> Remark:
    return Remark(did, text, entry.occurred_at, entry.author, entry.role)


def _find(course: Course, key: str) -> Query:
    query = course.queries.get(key)
    if query is None:
        raise Refused(f"this course has no '{key}'; see its page", "query")
    return query


def _about_a_rating(query: Query, circumstances: Circumstances) -> bool:
    # What else was recorded could tell a rater the arm.
    visit = circumstances.protocol.visit(query.visit)
    rated = visit is not None and visit.rated_by == "independent-rater"
    return rated and query.about == "assessment.recorded"


def _must_be_theirs(query: Query, circumstances: Circumstances) -> None:
    if not may_close(query, circumstances.author, circumstances.role):
        raise Refused(
            f"{query.key} was opened by {query.opened.by}; they or a monitor decide on it", "query"
        )


def _said(text: str, field: str, mend: str) -> str:
    text = text.strip()
    if len(text) < WORDS:
        raise Refused(f"{mend} in a few words", field)
    return text


def _still_to_come(due_on: date, circumstances: Circumstances) -> None:
    today = circumstances.now.date()
    if due_on < today:
        raise Refused(f"{due_on} is past; give a day from {today} on", "due_on")


DECIDE: Mapping[type, Any] = {
    OpenQuery: ask,
    AnswerQuery: answer,
    CloseQuery: close,
    ReopenQuery: reopen,
}
EVOLVE: Mapping[type, Any] = {
    QueryOpened: asked,
    QueryAnswered: answered,
    QueryClosed: closed,
    QueryReopened: reopened,
}
