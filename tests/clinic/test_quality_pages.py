"""Data quality on the pages: queries, source verification, freeze, lock, statistical checks."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from sojourn.clinic.demo import PROGRAMME, load_demo
from sojourn.clinic.demo.programme import ACCOUNTS
from sojourn.clinic.models import Member
from sojourn.conduct.database_lock import LockDatabase, UnlockDatabase
from sojourn.course.locking import FreezeData, LockData
from sojourn.course.queries import OpenQuery
from sojourn.course.screening import RegisterParticipant
from sojourn.ledger import clock, programmes
from sojourn.ledger import desk as ledger_desk
from sojourn.ledger.desk import Person, load_course, stream_of
from sojourn.ledger.quality_rows import HoldRow, QueryRow, VerificationRow
from sojourn.ledger.read import read_stream
from sojourn.ledger.rebuild import fingerprint, rebuild
from sojourn.ledger.rows import ParticipantRow
from sojourn.record.command import Refused
from tests.clinic.test_pages import prefilled
from tests.kept import once

MONITOR, LEAD = Person("monitor", "monitor"), Person("lead", "sponsor")
QUESTION = "the date differs from the clinic file"
PASSWORD = "a long enough password"


@pytest.fixture
def programme(db, settings):
    """A demonstration of few people, so that each test is quick."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    once("9 people with passwords", nine_people)


def nine_people():
    load_demo(today=datetime.now(UTC), participants=9)
    for username, role in ACCOUNTS:
        member = Member(username=username, role=role)
        member.set_password(PASSWORD)
        member.save()


@pytest.fixture
def rated(programme) -> tuple[str, int, int]:
    """A participant nobody asked about yet, an entry of the rater and one of the team."""
    asked = set(
        VerificationRow.objects.filter(verified__gt=0).values_list("participant", flat=True)
    )
    people = ParticipantRow.objects.filter(randomised_on__isnull=False)
    for row in people.exclude(participant__in=asked):
        entries = read_stream(stream_of(PROGRAMME, row.participant))
        by_rater = [e.sequence for e in entries if e.role == "independent-rater"]
        by_team = [e.sequence for e in entries if e.fact.kind == "dosing.vitals-recorded"]
        if by_rater and by_team:
            return row.participant, by_rater[0], by_team[0]
    pytest.fail("the demonstration holds nobody who was rated and treated")


def unasked_and_ended() -> str:
    asked = QueryRow.objects.values_list("participant", flat=True)
    ended = ParticipantRow.objects.filter(ended_on__isnull=False)
    return ended.exclude(participant__in=list(asked))[0].participant


def ask(participant: str, entry: int, text: str = QUESTION) -> None:
    command = OpenQuery(clock.now(), entry, text, clock.now().date() + timedelta(days=5))
    ledger_desk.execute(PROGRAMME, participant, command, MONITOR)


def give(desk, role: str, participant: str, command: str, where: str = "", **said: object):
    path = f"participants/{participant}/do/{command}/{where}"
    page = desk(role).get(path)
    assert page.status_code == 200, page.content.decode()
    hidden = {name: prefilled_or_empty(page, name) for name in ("at", "key", "version")}
    return desk(role).post(path, **{**hidden, **said})


def prefilled_or_empty(page, name: str) -> str:
    try:
        return prefilled(page, name) or ""
    except (AssertionError, AttributeError, TypeError):
        return ""


def table(desk, role: str, **query: str) -> list[dict[str, str]]:
    answer = desk(role).get("queries/queries.csv", **query)
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


def test_a_query_goes_from_the_monitor_to_the_site_and_back(desk, rated):
    participant, _, team = rated
    due = clock.now().date() + timedelta(days=5)
    answer = give(desk, "monitor", participant, "quality.open-query", f"?entry={team}",
                  entry=team, question=QUESTION, due_on=f"{due}")  # fmt: skip
    assert answer.status_code == 302
    said = {"query": "query-1", "answer": "copied from the wrong page"}
    assert give(desk, "therapist", participant, "quality.answer-query", **said).status_code == 302
    page = desk("therapist").get(f"participants/{participant}/").content.decode()
    assert QUESTION in page
    assert "copied from the wrong page" in page
    [line] = table(desk, "lead", standing="answered", search=participant)
    assert (line["participant"], line["entry"]) == (participant, str(team))
    closing = {"query": "query-1", "reason": "seen on site, agrees"}
    assert give(desk, "monitor", participant, "quality.close-query", **closing).status_code == 302
    assert not table(desk, "lead", search=participant)
    before = fingerprint()
    rebuild()
    assert fingerprint() == before


def test_a_rater_sees_only_queries_about_ratings(desk, rated):
    participant, rating, team = rated
    ask(participant, team, "the pulse of the second hour is missing")
    ask(participant, rating, "item 20 reads like item 19")

    for path in ("queries/", f"participants/{participant}/"):
        page = desk("rater").get(path).content.decode()
        assert "item 20" in page
        assert "pulse of the second hour" not in page
    assert f"entry {rating}" not in desk("rater").get("queries/").content.decode()
    [line] = table(desk, "rater", standing="", search=participant)
    assert "entry" not in line
    form = desk("rater").get(f"participants/{participant}/do/quality.answer-query/")
    assert "pulse of the second hour" not in form.content.decode()
    refused = give(desk, "rater", participant, "quality.answer-query",
                   query="query-1", answer="a long enough answer")  # fmt: skip
    assert refused.status_code == 422
    own = {"query": "query-2", "answer": "item 20 was read out twice"}
    assert give(desk, "rater", participant, "quality.answer-query", **own).status_code == 302
    assert desk("rater").get("monitoring/").status_code == 403
    assert desk("therapist").get("monitoring/central/").status_code == 403


def test_the_monitor_verifies_a_visit_and_the_page_counts_it(desk, rated):
    participant, _, _ = rated
    visit = next(
        e.fact.visit for e in read_stream(stream_of(PROGRAMME, participant))
        if e.fact.kind == "visit.held"
    )  # fmt: skip
    path = f"?visit={visit}"
    page = desk("monitor").get(f"participants/{participant}/do/quality.verify-source/{path}")
    chosen = [str(e) for e in page.context["form"].initial["entries"]]
    assert chosen
    sent = {"entries": chosen, "source": "clinic file, on site"}
    answer = give(desk, "monitor", participant, "quality.verify-source", path, **sent)
    assert answer.status_code == 302
    mine = VerificationRow.objects.filter(participant=participant)
    assert sum(mine.values_list("verified", flat=True)) == len(chosen)
    assert "verified against source" in desk("monitor").get(
        f"participants/{participant}/", history="all"
    ).content.decode()  # fmt: skip
    of = sum(mine.values_list("entries", flat=True))
    assert f"{len(chosen)} of {of}" in desk("lead").get("monitoring/").content.decode()


@pytest.mark.proves("locked-data")
def test_a_lock_is_signed_and_the_database_after_every_course(desk, rated):
    ended = unasked_and_ended()
    now = clock.now()
    ledger_desk.execute(PROGRAMME, ended, FreezeData(now, "cleaning"), LEAD)
    said = {"reason": "complete and checked"}
    assert give(desk, "lead", ended, "quality.lock", **said, signature="no").status_code == 422
    assert give(desk, "lead", ended, "quality.lock", **said, signature=PASSWORD).status_code == 302
    entry = read_stream(stream_of(PROGRAMME, ended))[-1]
    assert (entry.fact.kind, entry.signature) == ("quality.data-locked", LockData.signed)
    page = desk("lead").get(f"participants/{ended}/").content.decode()
    assert "The data are locked since" in page
    assert "Unlock the data" in page
    assert "Ask about an entry" not in page

    lock = LockDatabase(now, "last patient out")
    sign = {"author": "lead", "role": "sponsor", "signed": True}
    with pytest.raises(Refused, match="participants are locked; lock the others"):
        programmes.execute(PROGRAMME, lock, **sign)


def test_a_locked_database_takes_nobody_new_and_unlocks_before_its_courses(programme):
    people = list(ParticipantRow.objects.values_list("participant", flat=True))
    for each in people:  # as if all had been locked: what the lock itself looks at
        HoldRow.objects.create(
            stream=stream_of(PROGRAMME, each), programme=PROGRAMME, participant=each,
            state="locked", since_on=clock.now().date(), by="lead",
        )  # fmt: skip
    now = clock.now()
    sign = {"author": "lead", "role": "sponsor", "signed": True}
    ended = ParticipantRow.objects.filter(ended_on__isnull=False)[0].participant
    HoldRow.objects.filter(participant=ended).delete()
    QueryRow.objects.all().delete()
    ask(ended, 1)
    ledger_desk.execute(PROGRAMME, ended, FreezeData(now, "cleaning"), LEAD)
    HoldRow.objects.filter(participant=ended).update(state="locked")
    with pytest.raises(Refused, match="1 queries are not closed"):
        programmes.execute(PROGRAMME, LockDatabase(now, "done"), **sign)
    QueryRow.objects.all().delete()
    programmes.execute(PROGRAMME, LockDatabase(now, "last patient out"), **sign)
    assert programmes.load(PROGRAMME).programme.database_lock.by == "lead"

    register = RegisterParticipant(clock.now(), "D-900", "site-01")
    with pytest.raises(Refused, match="database is locked"):
        ledger_desk.execute(PROGRAMME, "D-900", register, Person("c", "coordinator"))
    programmes.execute(PROGRAMME, UnlockDatabase(clock.now(), "a late report"), **sign)
    ledger_desk.execute(PROGRAMME, "D-900", register, Person("c", "coordinator"))
    assert load_course(PROGRAMME, "D-900").participant


@pytest.mark.proves("review-of-data")
def test_the_statistical_checks_are_shown_without_an_arm(desk, programme):
    page = desk("monitor").get("monitoring/central/")
    text = page.content.decode()
    assert page.context["found"].findings
    assert "All tests" in text
    assert "Last digits" in text
    assert "placebo" not in text.lower()
