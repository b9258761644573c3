"""Commands over the API: decided like on a page, once, on the version that was seen."""

import json
from datetime import timedelta

import pytest

from sojourn.clinic.body_limits import bounded
from sojourn.clinic.models import PersonalToken
from sojourn.ledger import clock, programmes
from sojourn.ledger.desk import load_course, stream_of
from sojourn.ledger.read import read_stream
from tests.clinic.api.calling import Program
from tests.clinic.test_blinding import rated_by_hand
from tests.clinic.test_pages import written
from tests.conftest import run_apart


@pytest.fixture
def program(programme):
    return Program


def moment(minutes_ago: int = 1) -> str:
    return (clock.now() - timedelta(minutes=minutes_ago)).isoformat()


def concern(participant: str, text: str = "seems tired"):
    return f"participants/{participant}/commands/safety.raise-concern", {
        "at": moment(),
        "concern": text,
    }


def withdrawal(participant: str):
    return f"participants/{participant}/commands/consent.withdraw", {
        "at": moment(),
        "wish": "asked to stop",
        "scope": "treatment",
    }


def kind_of(answer) -> str:
    return answer.json()["type"].removeprefix("urn:sojourn:problem:")


def test_an_observation_is_written_under_its_members_name_and_says_where_from(program, in_session):
    answer = program("therapist").send(*concern(in_session))

    assert answer.status_code == 201
    (entry,) = answer.json()["entries"]
    assert (entry["author"], entry["role"], entry["via_api"]) == ("therapist", "therapist", True)
    assert entry["facts"]["label"].endswith("seems tired")
    assert answer.json()["version"] == entry["sequence"] == load_course("demo", in_session).version
    number = PersonalToken.objects.get().pk
    assert read_stream(stream_of("demo", in_session))[-1].command.startswith(f"api:{number}:")


def test_a_decision_must_match_the_version_that_was_seen(program, in_session):
    prescriber = program("prescriber")
    path, body = withdrawal(in_session)
    shown = prescriber.get(f"participants/{in_session}").headers["ETag"]
    prescriber.send(*concern(in_session))
    before = written()

    assert prescriber.send(path, body).status_code == 428
    stale = prescriber.send(path, body, **{"if-match": shown})
    assert (stale.status_code, kind_of(stale)) == (412, "stale")
    assert prescriber.send(path, body, **{"if-match": "17"}).status_code == 412
    assert written() == before

    fresh = prescriber.get(f"participants/{in_session}").headers["ETag"]
    assert prescriber.send(path, body, **{"if-match": fresh}).status_code == 201
    assert load_course("demo", in_session).consents[-1].scope == "treatment"


def test_an_observation_may_ask_that_nothing_came_first(program, in_session):
    therapist = program("therapist")
    seen = therapist.course(in_session)["version"]
    assert therapist.send(*concern(in_session), version=seen).status_code == 201
    before = written()
    assert therapist.send(*concern(in_session, "still"), version=seen).status_code == 412
    assert written() == before


def test_a_retry_is_answered_as_before_and_writes_nothing(program, in_session):
    prescriber = program("prescriber")
    path, body = withdrawal(in_session)
    version = prescriber.course(in_session)["version"]
    first = prescriber.send(path, body, version=version, key="stop-1")
    assert first.status_code == 201
    before = written()

    again = prescriber.send(path, body, version=version, key="stop-1")
    assert (again.status_code, again.content) == (201, first.content)
    other = prescriber.send(path, {**body, "wish": "changed"}, version=version, key="stop-1")
    elsewhere = prescriber.send(*concern(in_session), key="stop-1")
    assert {kind_of(other), kind_of(elsewhere)} == {"key-reused"}
    assert {other.status_code, elsewhere.status_code} == {422}
    assert written() == before


def test_a_key_is_of_its_token_and_a_refusal_leaves_it_free(program, in_session):
    therapist, prescriber = program("therapist"), program("prescriber")
    path, body = concern(in_session)
    assert therapist.send(path, {**body, "concern": ""}, key="1").status_code == 422
    assert therapist.send(path, body, key="1").status_code == 201
    assert prescriber.send(path, {**body, "concern": "pale"}, key="1").status_code == 201
    assert therapist.send(path, body, key="no key").status_code == 422


def test_what_is_signed_is_signed_by_a_person(program, in_session):
    before = written()
    prescriber = program("prescriber")
    path = f"participants/{in_session}/commands/screening.confirm-eligibility"
    body = {"at": moment(), "rationale": "criteria met"}
    answer = prescriber.send(path, body, version=1)
    assert (answer.status_code, kind_of(answer)) == (403, "signature")
    assert "sign on the page" in answer.json()["detail"]
    assert written() == before


def test_a_command_of_another_role_is_refused(program, in_session):
    answer = program("monitor").send(*withdrawal(in_session), version=1)
    assert (answer.status_code, kind_of(answer)) == (403, "not-allowed")


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"concern": ""}, "concern", "required"),
        ({"concern": 7}, "concern", "string"),
        ({"concern": "x" * 2001}, "concern", "2000"),
        ({"mood": 3}, "mood", "leave it out"),
        ({"at": "2026-03-02T09:00"}, "at", "time zone"),
        ({"at": "2999-01-01T00:00:00Z"}, "at", "still to come"),
        ({"at": 1772442000}, "at", "time zone"),
        ({"at": None}, "at", "time zone"),
    ],
)
def test_each_fault_names_its_field_what_was_sent_and_the_mend(
    program, in_session, change, field, words
):
    path, body = concern(in_session)
    before = written()
    answer = program("therapist").send(path, body | change)
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert fault["field"] == field
    assert words in fault["mend"]
    assert str(change[field])[:19] in fault["value"] or change[field] in ("", None)
    assert written() == before


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b'{"at": "2026-01-01T00:00:00Z", "concern": "a", "concern": "b"}', {}, 400),
        (b'{"concern": "\xff"}', {}, 400),
        (b'{"concern": "\\u0000"}', {}, 400),
        (b"[" * 100_000, {}, 400),
        (b'{"concern": ' + b'{"a":' * 50 + b"1" + b"}" * 51, {}, 400),
        (b'{"concern": NaN}', {}, 400),
        (b"[]", {}, 400),
        (b"", {}, 422),
        (b"{}", {"content-type": "text/xml"}, 415),
        (b"{}", {"content-type": "application/json; charset=latin-1"}, 415),
        (b"{}", {"content-encoding": "gzip"}, 415),
        (b'"' + b"x" * 2_100_000 + b'"', {}, 413),
        (b'"' + b"x" * 3_000_000 + b'"', {}, 413),
    ],
)
def test_a_hostile_body_is_refused_and_nothing_written(program, in_session, body, headers, status):
    path, _ = concern(in_session)
    before = written()
    client = program("therapist").client
    kind = headers.pop("content-type", "application/json") if headers else "application/json"
    answer = client.post(
        f"/api/v1/programmes/demo/{path}", body, content_type=kind, headers=headers
    )
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert written() == before


def test_a_rating_is_checked_item_by_item_and_a_wrong_one_corrected(program, in_progress):
    rater = program("rater")
    wrong = rated_by_hand(in_progress)
    answers = list(wrong.fact.answers)
    body = {
        "at": wrong.occurred_at.isoformat(),
        "visit": "baseline",
        "instrument": wrong.fact.instrument,
        "answers": answers,
        "reason_for_correction": "read the wrong line",
    }
    path = f"participants/{in_progress}/entries/{wrong.sequence}/corrections/assessment.record"

    refused = rater.send(path, {**body, "answers": [9, *answers[1:]]})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "answers.1"
    too_many = rater.send(path, {**body, "answers": [*answers, *[0] * 9]})
    assert "leave it out" in too_many.json()["errors"][0]["mend"]

    changed = [(answers[0] + 1) % 4, *answers[1:]]
    done = rater.send(path, {**body, "answers": changed})
    assert done.status_code == 201
    assert done.json()["version"] is None
    held = load_course("demo", in_progress).assessments["baseline", wrong.fact.instrument]
    assert list(held.answers) == changed
    elsewhere = path.replace("assessment.record", "dosing.record-vitals")
    assert rater.send(elsewhere, {}).status_code in (403, 422)


def test_a_programme_is_changed_on_the_version_seen_and_once(program):
    lead = program("lead")
    shown = lead.get().headers["ETag"]
    body = {"at": moment(), "cause": "a visit of the authority"}
    paused = lead.send("commands/programme.pause", body, key="p1", **{"if-match": shown})
    assert paused.status_code == 201, paused.content
    assert programmes.load("demo").programme.status == "paused"
    again = lead.send("commands/programme.pause", body, key="p1", **{"if-match": shown})
    assert again.content == paused.content
    late = lead.send("commands/programme.resume", body, **{"if-match": shown})
    assert late.status_code in (412, 422)


def test_the_pharmacy_counts_and_a_confidential_report_arrives(program):
    pharmacist, therapist, lead = program("pharmacist"), program("therapist"), program("lead")
    box = next(
        each for each in pharmacist.get("containers").json()["containers"] if each["in_stock"]
    )
    offered = pharmacist.get("sites/site-01/commands").json()["commands"]
    (count,) = [each for each in offered if each["name"] == "drug.count"]
    witness = next(each for each in count["fields"] if each["field"] == "witness")["choices"][0]
    body = {
        "at": moment(),
        "container": box["number"],
        "units": box["in_stock"] + box["returned"],
        "witness": witness["value"],
    }
    counted = pharmacist.send(count["send_to"].removeprefix("/programmes/demo/"), body, key="c1")
    assert counted.status_code == 201, counted.content
    assert counted.json()["entries"][0]["kind"] == "drug.counted"
    assert program("pharmacist").send("sites/nowhere/commands/drug.count", body).status_code == 404

    said = {"at": moment(), "category": "pressure", "text": "asked to stay silent"}
    sent = therapist.send("confidential/commands/safety.report-confidentially", said)
    assert sent.status_code == 201
    assert "asked to stay silent" in lead.get("confidential").content.decode()
    assert therapist.get("confidential").status_code == 403


def test_someone_is_registered_and_found_in_the_list(program):
    coordinator = program("coordinator")
    body = {"at": moment(), "participant": "D-900", "site": "site-01", "sex": "female"}
    made = coordinator.send("participants", body, key="r1")
    assert made.status_code == 201, made.content
    assert coordinator.send("participants", body, key="r1").content == made.content
    listed = coordinator.get("participants", search="D-900").json()["participants"]
    assert [each["status"] for each in listed] == ["screening"]
    refused = coordinator.send("participants", body)
    assert "registered already" in refused.json()["errors"][0]["mend"]


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_too_long_is_refused_before_a_page_reads_it(announced):
    """Whether it says how long it is, or is just sent on and on."""
    sent, pieces = [], iter([b"x" * 1_500_000] * 3)
    length = [(b"content-length", b"4500000")] if announced else []

    async def receive():
        return {"type": "http.request", "body": next(pieces), "more_body": True}

    async def send(message):
        sent.append(message)

    async def pages(scope, receive, send):
        while (await receive())["type"] == "http.request":
            pass

    scope = {"type": "http", "path": "/api/v1/programmes/demo/participants", "headers": length}
    run_apart(bounded(pages)(scope, receive, send))

    assert sent[0]["status"] == 413
    assert dict(sent[0]["headers"])[b"content-type"] == b"application/problem+json"
    assert json.loads(sent[1]["body"])["type"] == "urn:sojourn:problem:too-long"
