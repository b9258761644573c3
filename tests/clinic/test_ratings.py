"""A rater of a pool: tasks by number, and nothing anywhere that tells whom they rate or when."""

import re

import pytest
from django.test import Client

from sojourn.clinic.authority import authority
from sojourn.clinic.demo import PROGRAMME
from sojourn.clinic.models import Member
from sojourn.conduct.rater_pool import RATER, RatingAllocated, SetRaterPool
from sojourn.exchange.fhir import callers
from sojourn.ledger import clock, programmes, ratings
from sojourn.ledger.append import append
from sojourn.ledger.desk import Person, load_course, stream_of
from sojourn.ledger.read import read_stream
from sojourn.ledger.rows import ParticipantRow
from tests.blinding import crawling
from tests.clinic.conftest import HOST

COORDINATOR = Person("coordinator", "coordinator")


@pytest.fixture
def pool(programme):
    Member.objects.create(username="rater2", role=RATER)
    command = SetRaterPool(clock.now(), "rater\nrater2", "Raters are to be blind to the visit too")
    programmes.execute(PROGRAMME, command, author="lead", role="sponsor")


def give(*tasks: RatingAllocated) -> None:
    append(
        ratings.RATINGS + PROGRAMME,
        tasks,
        expected=0,
        occurred_at=clock.now(),
        author="coordinator",
        role="coordinator",
    )


def plain(answer, task: str) -> tuple[int, str]:
    """The answer without what is drawn at random, and without the task's own number."""
    text = answer.content.decode().replace(task, "TASK")
    text = re.sub(r'(name="(csrfmiddlewaretoken|key)" value=)"[^"]+"', r"\1", text)
    return answer.status_code, re.sub(r'"X-CSRFToken": "\w+"', "", text)


@pytest.mark.proves("blinding")
def test_tasks_of_all_visits_have_the_same_pages_but_for_their_numbers(pool, desk):
    visits = [e.key for e in programmes.load(PROGRAMME).protocol.visits if e.rated_by == RATER]
    people = [row.participant for row in ParticipantRow.objects.order_by("participant")]
    tasks = [f"TASK{letter}" for letter in "ABCDEFG"[: len(visits)]]
    give(
        *(
            RatingAllocated(task, who, visit, "caps-5", "rater")
            for task, who, visit in zip(tasks, people, visits, strict=False)
        )
    )
    rater = desk("rater")
    wrong = {"answers-1": "77"}
    whole = {f"answers-{n}": "1" for n in range(1, 31)} | {"at": "1999-01-01T10:00"}
    for asked in (
        lambda task: rater.get(f"ratings/{task}/"),
        lambda task: rater.get(f"ratings/{task}/concern/"),
        lambda task: rater.post(f"ratings/{task}/", **wrong),
        lambda task: rater.post(f"ratings/{task}/", **whole),
        lambda task: rater.post(f"ratings/{task}/concern/"),
    ):
        seen = {plain(asked(task), task) for task in tasks}
        assert len(seen) == 1
    lines = [plain(rater.get("ratings/"), task)[1].count("TASK") for task in tasks]
    assert len(set(lines)) == 1


def test_a_rating_is_given_out_made_by_its_number_and_done(pool, desk):
    assert desk("coordinator").post("ratings/").status_code == 302
    found = ratings.load(PROGRAMME)
    assert found.open
    assert {each.rater for each in found.open} <= {"rater", "rater2"}
    task = next(each for each in found.open if each.wanted.instrument == "caps-5")
    mine, other = desk(task.rater), desk({"rater": "rater2", "rater2": "rater"}[task.rater])
    assert task.task in mine.get("ratings/").content.decode()
    assert other.get(f"ratings/{task.task}/").status_code == 404
    page = mine.get(f"ratings/{task.task}/").content.decode()
    asked = dict.fromkeys(re.findall(r'name="(answers-\d+)"', page), "1")
    at = re.search(r'name="at" value="([^"]+)"', page)[1]

    assert mine.post(f"ratings/{task.task}/", at=at, **asked).status_code == 302

    who, where = task.wanted.participant, (task.wanted.visit, "caps-5")
    assert load_course(PROGRAMME, who).assessments[where].author == task.rater
    assert ratings.load(PROGRAMME).tasks[task.task].standing == "done"
    assert mine.get(f"ratings/{task.task}/").status_code == 404
    assert task.task not in mine.get("ratings/").content.decode()
    shown = desk("coordinator").get("ratings/").content.decode()
    assert "Done so far: 1" in shown


def test_what_cannot_be_recorded_is_said_without_a_visit_or_a_day(pool, desk):
    row = ParticipantRow.objects.filter(status="completed")[0]
    give(RatingAllocated("TASKA", row.participant, "baseline", "caps-5", "rater"))
    before = load_course(PROGRAMME, row.participant).version
    answers = {f"answers-{n}": "1" for n in range(1, 31)}
    at = clock.now().strftime("%Y-%m-%dT%H:%M")
    answer = desk("rater").post("ratings/TASKA/", at=at, **answers)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Tell the coordinator" in page
    assert "aseline" not in page
    assert load_course(PROGRAMME, row.participant).version == before
    assert ratings.load(PROGRAMME).tasks["TASKA"].standing == "open"


def test_a_concern_of_a_rater_reaches_the_team(pool, desk, in_progress):
    give(RatingAllocated("TASKA", in_progress, "week-18", "caps-5", "rater"))
    at = clock.now().strftime("%Y-%m-%dT%H:%M")
    words = "They spoke of not wanting to live on"
    assert desk("rater").post("ratings/TASKA/concern/", at=at, concern=words).status_code == 302
    last = read_stream(stream_of(PROGRAMME, in_progress))[-1]
    assert (last.author, last.fact.kind) == ("rater", "safety.alert-raised")
    assert words in desk("therapist").get("").content.decode()


def test_a_task_is_taken_back_with_a_reason_by_who_arranges(pool, desk, in_progress):
    give(RatingAllocated("TASKA", in_progress, "week-18", "caps-5", "rater"))
    assert desk("rater").post("ratings/", task="TASKA", reason="not for me").status_code == 403
    desk("coordinator").post("ratings/", task="TASKA", reason="ill")
    assert ratings.load(PROGRAMME).open
    desk("coordinator").post("ratings/", task="TASKA", reason="the rater is ill")
    assert not ratings.load(PROGRAMME).open
    assert desk("rater").get("ratings/TASKA/").status_code == 404


def test_no_page_that_is_left_to_a_rater_of_a_pool_names_a_participant(pool, desk, in_session):
    give(RatingAllocated("TASKA", in_session, "week-18", "caps-5", "rater"))
    rater, known = desk("rater"), crawling.values() | {"task": ("TASKA",)}
    numbers = set(ParticipantRow.objects.values_list("participant", flat=True))
    opened = set()
    for each in crawling.requests(RATER, known, "?history=all"):
        answer = rater.client.get(each.path)
        if f"/{PROGRAMME}/" in each.path and answer.status_code == 200:
            opened.add(each.name)
            assert not any(number in answer.content.decode() for number in numbers), each
    assert opened <= authority().left_to_a_pool
    assert {"ratings", "rating", "protocol"} <= opened
    assert rater.get("").url == f"/{PROGRAMME}/ratings/"


def test_over_fhir_a_rater_of_a_pool_reads_and_writes_nothing_of_a_course(pool, in_session):
    token = callers.add(PROGRAMME, "program", "rater", "system/*.cruds", author="lead")
    client = Client(headers={**HOST, "authorization": f"Bearer {token}"})
    for path in ("Patient", f"Patient/{in_session}", "QuestionnaireResponse", "Observation"):
        assert client.get(f"/fhir/{path}").status_code in (403, 404), path
    assert client.get("/fhir/PlanDefinition").status_code == 200
    body = '{"resourceType": "QuestionnaireResponse"}'
    kind = "application/fhir+json"
    refused = client.post("/fhir/QuestionnaireResponse", body, content_type=kind)
    assert refused.status_code == 403


def test_strangers_rate_nothing(programme, desk):
    command = SetRaterPool(clock.now(), "rater nobody-here", "Raters blind to the visit")
    programmes.execute(PROGRAMME, command, author="lead", role="sponsor")
    page = desk("coordinator").client.post(f"/{PROGRAMME}/ratings/", follow=True)
    assert "nobody-here can&#x27;t sign in here" in page.content.decode()
    assert not ratings.load(PROGRAMME).tasks
