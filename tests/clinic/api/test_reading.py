"""Reading over the API: what pages list, who may, as it was known, and what has not changed."""

import json
from datetime import timedelta

import pytest
from django.test import Client

from sojourn.clinic.authority import authority
from sojourn.clinic.demo.programme import ACCOUNTS
from sojourn.clinic.models import AccessLine
from sojourn.conduct import blinding
from sojourn.ledger import clock
from sojourn.ledger.desk import load_course
from sojourn.ledger.quality_rows import QueryRow
from sojourn.ledger.rows import ParticipantRow
from tests.clinic.api.calling import Program, address
from tests.clinic.test_blinding import TEAM_VISIT

LISTS = {
    "": "programme", "entries": "programme-entries", "commands": "programme-commands",
    "practitioners": "practitioners", "record": "record", "today": "today",
    "participants": "participants", "safety": "safety", "deviations": "deviations",
    "aftercare": "aftercare", "confidential": "confidential", "queries": "queries",
    "monitoring": "monitoring", "containers": "containers",
    "sites/site-01/register": "drug-register", "sites/site-01/commands": "stock-commands",
}  # fmt: skip


@pytest.fixture
def program(programme):
    return Program


@pytest.mark.parametrize(("username", "role"), [e for e in ACCOUNTS if e[0] != "therapist2"])
def test_each_role_reads_what_the_table_gives_it(program, username, role, in_session):
    mine = program(username)
    one = {f"participants/{in_session}{each}": "participant" for each in ("", "/entries")}
    for path, name in {**LISTS, **one}.items():
        answer = mine.get(path)
        may = authority().may(role, f"api:{name}", "GET")
        assert answer.status_code == (200 if may else 403), path
        kind = "application/json; charset=utf-8" if may else "application/problem+json"
        assert answer.headers["Content-Type"] == kind
    page = Client(headers={"host": "127.0.0.1"})
    assert page.get(address("today")).status_code == 401


def test_the_list_goes_by_pages_until_everyone_was_seen(program):
    mine, seen, after = program("therapist"), [], ""
    while True:
        page = mine.get("participants", limit=7, after=after).json()
        seen += [each["participant"] for each in page["participants"]]
        after = page["next_after"]
        if not after:
            break
    assert seen == sorted(ParticipantRow.objects.values_list("participant", flat=True))
    assert all(
        each["status"] == "completed"
        for each in mine.get("participants", status="completed").json()["participants"]
    )


def test_a_history_goes_by_pages_oldest_first(program, in_session):
    mine, seen, after = program("prescriber"), [], 0
    while after is not None:
        page = mine.get(f"participants/{in_session}/entries", limit=50, after=after).json()
        seen += [each["sequence"] for each in page["entries"]]
        after = page["next_after"]
    assert seen == sorted(seen)
    assert len(seen) > 100


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("participants", {"limit": "0"}),
        ("participants", {"limit": "9999"}),
        ("participants", {"status": "dead"}),
        ("participants", {"serch": "D"}),
        ("queries", {"after": "yesterday"}),
        ("deviations", {"after": "yesterday"}),
        ("deviations", {"after": "2026-99-01|a|b"}),
        ("entries", {"after": "-1"}),
        ("participants/D-001", {"as_fo": "2026-01-01T00:00"}),
    ],
)
def test_what_is_not_understood_is_refused_and_named(program, path, asked):
    answer = program("lead").get(path, **asked)
    assert answer.status_code in (400, 422)
    ((name, _),) = asked.items()
    assert answer.json()["errors"][0]["field"] == name


def test_a_course_is_shown_as_the_record_knew_it(program, in_session):
    mine = program("therapist")
    first = mine.get(f"participants/{in_session}/entries").json()["entries"][0]["recorded_at"]
    then = mine.get(f"participants/{in_session}", as_of=first).json()
    assert then["version"] < load_course("demo", in_session).version
    assert then["team"]["sessions"] == []
    early = (clock.now() - timedelta(days=9000)).isoformat()
    for wrong in (early, "yesterday", "2026-02-30T10:00Z"):
        assert mine.get(f"participants/{in_session}", as_of=wrong).status_code == 404


def test_what_has_not_changed_is_not_sent_again(program, in_session):
    mine, path = program("therapist"), f"participants/{in_session}"
    tag = mine.get(path).headers["ETag"]
    assert tag.startswith(f'"{load_course("demo", in_session).version}-')
    same = mine.get(path, headers={"if-none-match": tag})
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", tag)
    body = {"at": clock.now().isoformat(), "concern": "seems tired"}
    mine.send(f"{path}/commands/safety.raise-concern", body)
    assert mine.get(path, headers={"if-none-match": tag}).status_code == 200


def test_what_is_offered_is_what_is_taken(program, in_session):
    prescriber = program("prescriber")
    found = prescriber.get(f"participants/{in_session}/commands")
    by_name = {each["name"]: each for each in found.json()["commands"]}
    assert "dosing.record-vitals" in by_name
    assert "dosing.open-session" not in by_name  # it is open
    contact = {each["field"] for each in by_name["dosing.give-dose"]["fields"]}
    assert "level" in {each.removesuffix("_mg") for each in contact}
    known = prescriber.client.get("/api/v1/openapi.json").json()["paths"]
    for each in by_name.values():
        template = "/api/v1" + each["send_to"].replace("/demo/", "/{programme}/").replace(
            in_session, "{participant}"
        )
        assert template in known


def test_a_rater_learns_no_more_than_on_the_pages(program, in_session, in_progress):
    ParticipantRow.objects.update(arm="placebo-arm", next_visit="Dosing session 2")
    rater = program("rater")
    told = [
        rater.get(path).content.decode()
        for path in (
            "today", "participants", "queries", f"participants/{in_progress}",
            f"participants/{in_session}", f"participants/{in_session}/commands",
            f"participants/{in_session}/entries", f"participants/{in_progress}/entries",
        )
    ]  # fmt: skip
    for text in told:
        assert "placebo-arm" not in text
        assert "Dosing session" not in text
        assert "vitals" not in text
        assert not TEAM_VISIT.search(text)
    course = json.loads(told[4])
    assert course["team"] is None
    assert course["version"] is None
    assert all(each["entry"] is None for each in course["queries"])
    for each in json.loads(told[6])["entries"]:
        assert blinding.may_see("independent-rater", each["kind"], own=each["author"] == "rater")
    shown = rater.get(f"participants/{in_session}").headers["ETag"]
    assert "-" not in shown  # no version
    version = load_course("demo", in_session).version
    body = {"at": clock.now().isoformat(), "concern": "seems tired"}
    for guess in (version, version + 1):
        path = f"participants/{in_session}/commands/safety.raise-concern"
        assert rater.send(path, body, version=guess).status_code == 412
    done = rater.send(path, body)
    assert (done.status_code, done.json()) == (201, {"version": None, "entries": []})


def test_a_rater_sees_the_queries_of_the_page_and_no_others(program, desk):
    listed = program("rater").get("queries", standing="waiting").json()["queries"]
    page = desk("rater").get("queries/").content.decode()
    for row in QueryRow.objects.exclude(standing="closed"):
        mine = [e for e in listed if (e["participant"], e["query"]) == (row.participant, row.query)]
        assert bool(mine) == (row.question in page)


def test_a_rater_of_a_pool_is_told_nothing_of_whom_and_when(program, in_progress):
    lead, rater = program("lead"), program("rater")
    assert rater.get("participants").status_code == 200
    body = {"at": clock.now().isoformat(), "raters": "rater\nrater2", "reason": "blind to visits"}
    seen = lead.get().json()["version"]
    assert lead.send("commands/programme.set-rater-pool", body, version=seen).status_code == 201
    for path in ("", "participants", "today", "queries", "entries", f"participants/{in_progress}"):
        answer = rater.get(path)
        assert (answer.status_code, answer.headers["Content-Type"]) == (
            403,
            "application/problem+json",
        )
    said = {"at": clock.now().isoformat(), "category": "pressure", "text": "asked to rate low"}
    path = "confidential/commands/safety.report-confidentially"
    assert rater.send(path, said).status_code == 201


def test_a_role_held_at_one_site_shows_that_site_alone(program, in_session):
    lead, therapist = program("lead"), program("therapist")
    granted = {
        "at": clock.now().isoformat(),
        "member": "therapist",
        "role": "therapist",
        "reason": "works there only",
        "sites": "site-02",
    }
    box = lead.get("containers").json()["containers"][0]["number"]
    seen = lead.get().json()["version"]
    answer = lead.send("commands/access.grant-role", granted, version=seen)
    assert answer.status_code == 201, answer.content
    listed = therapist.get("participants").json()["participants"]
    assert {each["site"] for each in listed} <= {"site-02"}
    said = {"at": clock.now().isoformat(), "concern": "seems tired"}
    command = f"participants/{in_session}/commands/safety.raise-concern"
    for path in (f"participants/{in_session}", f"participants/{in_session}/entries", "record"):
        assert therapist.get(path).status_code == 403, path
    assert therapist.send(command, said).status_code == 403
    assert not therapist.get("today").json()["sessions"]

    pharmacist = program("pharmacist")
    asked = {**granted, "member": "pharmacist", "role": "pharmacist"}
    assert lead.send("commands/access.grant-role", asked, version=seen + 1).status_code == 201
    mine = pharmacist.get("containers").json()["containers"]
    assert {each["site"] for each in mine} == {"site-02"}
    assert pharmacist.get(f"containers/{box}").status_code == 403
    assert pharmacist.get("sites/site-01/register").status_code == 403
    unknown = lead.send("commands/access.grant-role", {**asked, "member": "nobody-here"}, version=1)
    assert "there is no account" in unknown.json()["detail"]


def test_who_read_a_participant_over_the_api_stands_in_the_access_log(program, in_session):
    program("therapist").get(f"participants/{in_session}")
    line = AccessLine.objects.filter(participant=in_session).latest("id")
    assert (line.member, line.page, line.status) == ("therapist", "api:participant", 200)
