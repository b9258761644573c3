"""Roles by site on the pages, at the desk and over FHIR: nothing of another site is shown."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from sojourn.clinic import authority
from sojourn.clinic.demo import PROGRAMME
from sojourn.clinic.models import Member
from sojourn.conduct.membership import GrantRole, OpenInEmergency, RequireGrants, WithdrawRole
from sojourn.course.screening import RegisterParticipant
from sojourn.exchange.fhir import callers
from sojourn.ledger import clock, programmes
from sojourn.ledger import desk as ledger_desk
from sojourn.ledger.desk import Person
from sojourn.ledger.rows import DueRow, EventRow, OpenSessionRow, ParticipantRow, StatusCount
from sojourn.record.command import Refused
from tests.clinic.test_authority import addresses

WHY = "delegated on the site's log"
PASSWORD = "a long and plain pass phrase"
HOST = {"host": "127.0.0.1"}
# A stream that never ends, one that is slow, and the page that says back whom was asked for.
WITHOUT = ("room-news", "safety-pack", "emergency-access")


def give(member: str, role: str, *sites: str) -> None:
    command = GrantRole(clock.now(), member, role, WHY, "\n".join(sites))
    programmes.execute(PROGRAMME, command, author="lead", role="sponsor")


@pytest.fixture
def places(programme) -> tuple[str, str]:
    """The site of the open session, and another."""
    there = OpenSessionRow.objects.get().site
    here = ParticipantRow.objects.exclude(site=there).order_by("site").first().site
    return here, there


def of(site: str) -> set[str]:
    rows = ParticipantRow.objects.filter(site=site)
    return set(rows.values_list("participant", flat=True))


def pages(participant: str, site: str):
    """Every page of the programme that is read, filled with that participant and site."""
    event = EventRow.objects.filter(participant=participant).first()
    words = {
        "programme": PROGRAMME, "participant": participant, "sequence": 1,
        "event": event.event if event else "event-1", "command": "safety.record-adverse-event",
        "form": "csv", "kind": "blinded", "number": 1, "site": site, "task": "task-1",
    }  # fmt: skip
    for name, known in addresses():
        if "programme" in known and name not in WITHOUT:
            yield name, reverse(name, kwargs={key: words[key] for key in known})


@pytest.mark.proves("roles-by-site")
@pytest.mark.parametrize("username", ["therapist", "monitor", "pharmacist"])
def test_no_page_shows_a_participant_of_a_site_the_member_holds_no_role_at(places, username):
    here, there = places
    give(username, Member.objects.get(username=username).role, here)
    client = Client(headers=HOST)
    client.force_login(Member.objects.get(username=username))
    elsewhere = re.compile("|".join(sorted(of(there))))
    mine, theirs = sorted(of(here))[0], sorted(of(there))[0]
    shown = 0
    for name, path in [*pages(mine, here), *pages(theirs, there)]:
        answer = client.get(path)
        if answer.status_code != 200:
            continue
        text = b"".join(answer) if answer.streaming else answer.content
        shown += 1
        assert not elsewhere.search(text.decode(errors="replace")), (name, path)
        assert name in authority.authority().kept_to_sites, name
    assert shown > 10
    lists = client.get(f"/{PROGRAMME}/participants/").content.decode()
    assert of(here) <= set(re.findall(r"D-\d+", lists))
    assert client.get(f"/{PROGRAMME}/outcomes/").status_code == 403


def test_lists_are_filtered_in_sql_and_counted_by_site(places, django_assert_max_num_queries):
    here, _ = places
    give("therapist", "therapist", here)
    client = Client(headers=HOST)
    client.force_login(Member.objects.get(username="therapist"))
    counted = StatusCount.objects.filter(site=here).values_list("participants", flat=True)

    with django_assert_max_num_queries(25):
        page = client.get(f"/{PROGRAMME}/participants/")

    assert page.context["total"] == sum(counted) == len(of(here))


def test_a_list_of_one_site_is_read_by_an_index_in_its_order(programme):
    if connection.vendor != "sqlite":
        pytest.skip("the plan is asked of SQLite here")
    rows = DueRow.objects.filter(programme=PROGRAMME, site__in=["site-01"])

    plan = rows.filter(latest_on__lt=clock.now().date()).order_by("latest_on")[:12].explain()

    assert "due_at_site_by_latest" in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.proves("roles-by-site")
def test_nothing_is_written_about_a_participant_of_another_site(places):
    here, there = places
    give("therapist", "therapist", here)
    me = Person("therapist", "therapist")
    register = RegisterParticipant(clock.now(), "N-1", there, 1980, "female")

    with pytest.raises(Refused, match="no role at site"):
        ledger_desk.execute(PROGRAMME, "N-1", register, me)
    with pytest.raises(Refused, match="holds the role therapist"):
        ledger_desk.execute(PROGRAMME, "N-1", register, Person("therapist", "coordinator"))


def test_once_grants_are_required_an_account_without_one_sees_nothing(desk):
    command = RequireGrants(clock.now(), WHY)
    programmes.execute(PROGRAMME, command, author="lead", role="sponsor")

    assert desk("therapist").get("").status_code == 403
    assert desk("lead").get("").status_code == 200
    assert desk("therapist").client.get("/").status_code in (200, 302)


def test_a_role_of_this_programme_counts_and_not_the_accounts_own(desk):
    give("coordinator", "monitor")

    assert desk("coordinator").get("monitoring/").status_code == 200
    assert desk("coordinator").get("register/").status_code == 200
    assert b"Monitor (blinded)" in desk("coordinator").get("").content


def granted(desk, by: str, member: str, role: str, sites: str):
    now = f"{clock.now():%Y-%m-%dT%H:%M}"
    return desk(by).post(
        "programme/do/access.grant-role/", at=now, member=member, role=role, reason=WHY, sites=sites
    )


def test_a_role_is_given_on_the_programmes_page_to_an_account_that_is_there(places, desk):
    here, _ = places
    wrong = granted(desk, "lead", "therpist", "therapist", here)
    assert wrong.status_code == 422
    assert "there is no account" in wrong.content.decode()

    assert granted(desk, "lead", "therapist", "therapist", here).status_code == 302
    page = desk("lead").get("programme/").content.decode()
    assert "therapist" in page
    assert here in page


def test_a_lead_of_one_site_decides_nothing_for_the_whole_programme(places, desk):
    here, there = places
    Member.objects.create(username="sublead", role="sponsor")
    give("sublead", "sponsor", here)

    assert desk("sublead").get("programme/do/programme.pause/").status_code == 404
    assert granted(desk, "sublead", "therapist", "therapist", there).status_code == 422
    assert granted(desk, "sublead", "therapist", "therapist", here).status_code == 302


@pytest.mark.proves("roles-by-site")
def test_over_fhir_a_program_reaches_what_its_member_reaches(places):
    here, there = places
    token = callers.add(PROGRAMME, "reader", "monitor", "system/*.rs", author="lead")
    give("monitor", "monitor", here)
    client = Client(headers={**HOST, "authorization": f"Bearer {token}"})
    theirs = sorted(of(there))[0]

    found = client.get("/fhir/Patient", {"_count": "200"}).json()["entry"]
    assert {each["resource"]["id"] for each in found} == of(here)
    assert client.get(f"/fhir/Patient/{theirs}").status_code == 404
    assert client.get(f"/fhir/Provenance/{theirs}.1").status_code == 404
    asked = client.get("/fhir/Observation", {"patient": theirs}).json()
    assert not asked.get("entry")
    lines = b"".join(client.get("/fhir/$export", {"part": "Observation"}))
    assert not re.search("|".join(of(there)), lines.decode())
    assert client.get("/fhir/AuditEvent").status_code == 403

    command = WithdrawRole(clock.now(), "monitor", "left the trial for good")
    programmes.execute(PROGRAMME, command, author="lead", role="sponsor")
    assert client.get("/fhir/Patient").status_code == 401


def test_in_an_emergency_a_participant_opens_and_those_who_oversee_are_told(places, desk):
    here, there = places
    give("therapist", "therapist", here)
    member = Member.objects.get(username="therapist")
    member.set_password(PASSWORD)
    member.save()
    theirs = OpenSessionRow.objects.get().participant
    visits = desk("therapist")
    page = f"participants/{theirs}/"

    refused = visits.get(page)
    assert refused.status_code == 403
    assert f"{page}emergency/" in refused.content.decode()
    asked = {"reason": "Found unwell on our ward, alone", "hours": "2", "signature": "wrong"}
    assert visits.post(f"{page}emergency/", **asked).status_code == 422
    assert visits.get(page).status_code == 403
    assert visits.post(f"{page}emergency/", **asked | {"signature": PASSWORD}).status_code == 302

    assert visits.get(page).status_code == 200
    assert visits.get(f"{page}room/").status_code == 200
    assert visits.get(f"{page}unblinding/").status_code == 403, "the arm is another matter"
    others = of(there) - {theirs}
    assert visits.get(f"participants/{sorted(others)[0]}/").status_code == 403
    assert theirs not in visits.get("participants/").content.decode()
    for reviewer in ("lead", "monitor"):
        assert b"Found unwell on our ward" in desk(reviewer).get("").content
        assert b"Found unwell on our ward" in desk(reviewer).get("safety/").content
    assert b"Found unwell" not in desk("rater").get("programme/").content
    form = desk("monitor").post(
        "programme/do/access.review-emergency/",
        at=f"{clock.now():%Y-%m-%dT%H:%M}", access="emergency-1", finding="justified",
        note="Spoke with both sites; it was needed.",
    )  # fmt: skip
    assert form.status_code == 302, form.content.decode()
    assert b"to be reviewed" not in desk("lead").get("").content


def test_access_in_an_emergency_ends_by_itself_and_is_nothing_without_a_signature(
    places, desk, monkeypatch
):
    here, there = places
    give("therapist", "therapist", here)
    theirs = sorted(of(there))[0]
    command = OpenInEmergency(clock.now(), theirs, there, "found unwell, alone", 1)
    with pytest.raises(Refused, match="signed"):
        programmes.execute(PROGRAMME, command, author="therapist", role="therapist")
    programmes.execute(PROGRAMME, command, author="therapist", role="therapist", signed=True)
    assert desk("therapist").get(f"participants/{theirs}/").status_code == 200
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(hours=1, seconds=1))

    assert desk("therapist").get(f"participants/{theirs}/").status_code in (302, 403)
