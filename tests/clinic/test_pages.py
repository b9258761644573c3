"""Every page, as each role sees it; bad input is told beside its field and nothing is written."""

import re

import pytest
from django.test import Client

from sojourn.clinic.demo.programme import ACCOUNTS
from sojourn.clinic.offers import PAGE_OF
from sojourn.conduct import blinding
from sojourn.ledger.desk import load_course, stream_of
from sojourn.ledger.models import Head
from sojourn.ledger.read import read_stream, version
from sojourn.ledger.rows import ParticipantRow

PAGES = ("", "participants/", "outcomes/", "programme/", "practitioners/", "record/")
ROLES = dict(ACCOUNTS)


def written() -> int:
    return Head.objects.get().position


def prefilled(response, name: str) -> str:
    return re.search(rf'name="{name}" value="([^"]*)"', response.content.decode()).group(1)


@pytest.mark.proves("access-by-table")
@pytest.mark.parametrize("path", ["/", "/demo/", "/demo/participants/D-001/", "/demo/record/"])
def test_nobody_sees_anything_without_signing_in(programme, path):
    response = Client(headers={"host": "127.0.0.1"}).get(path)
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/account/login/")


@pytest.mark.proves("unique-people")
def test_nobody_opens_an_account_for_themselves(programme):
    page = Client(headers={"host": "127.0.0.1"}).get("/account/signup/")
    assert "password1" not in page.content.decode()


@pytest.mark.parametrize(
    "username", [name for name, role in ACCOUNTS if role not in blinding.RATERS]
)
def test_each_role_reads_every_page(desk, username, in_progress):
    for path in (*PAGES, f"participants/{in_progress}/"):
        assert desk(username).get(path).status_code == 200, path


def test_an_account_without_a_role_sees_nothing(programme):
    from sojourn.clinic.models import Member

    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(Member.objects.create(username="nobody", role=""))
    assert client.get("/demo/").status_code == 403


def test_a_programme_or_participant_that_is_not_there_is_not_found(desk):
    assert desk("therapist").client.get("/elsewhere/").status_code == 404
    assert desk("therapist").get("participants/D-999/").status_code == 404


def test_today_shows_the_session_the_alert_and_what_is_overdue(desk, in_session):
    page = desk("therapist").get("").content.decode()
    assert in_session in page
    assert "Open alerts (1)" in page
    assert re.search(r"Overdue \([1-9]", page)


@pytest.mark.proves("blinding")
def test_a_rater_sees_ratings_and_nothing_that_could_tell_the_arm(desk, in_session):
    rater = desk("rater")
    assert rater.get("outcomes/").status_code == 403
    pages = (
        rater.get("").content.decode() + rater.get(f"participants/{in_session}/").content.decode()
    )
    for word in (
        "dose",
        "mmHg",
        "pulse",
        "Nausea",
        "supplemental",
        "checklist",
        "contact",
        "alert",
    ):
        assert word.lower() not in pages.lower(), word
    assert rater.get(f"participants/{in_session}/do/dosing.give-dose/").status_code == 403


@pytest.mark.proves("blinding")
@pytest.mark.parametrize("username", ["therapist", "prescriber", "coordinator", "monitor", "lead"])
def test_no_blinded_page_names_an_arm_of_anyone(desk, username, in_progress):
    member = desk(username)
    for path in ("", "participants/", f"participants/{in_progress}/", "record/"):
        page = member.get(path).content.decode().lower()
        # A guess is its writer's to read: a therapist's own, a participant's as it was told.
        guessed = re.sub("<dt>guess</dt><dd>[^<]*</dd>", "", page)
        assert "placebo" not in guessed, path
        assert page == guessed or username in ("therapist", "coordinator")
    outcomes = member.get("outcomes/").content.decode()
    assert "All participants" in outcomes
    assert "Placebo with therapy</h3>" not in outcomes
    opened = member.post("outcomes/open/", purpose="curiosity about it")
    assert opened.status_code == 403
    assert version("openings:demo") == 0


@pytest.mark.proves("unblinding")
def test_opening_the_allocation_is_itself_an_entry(desk):
    statistician = desk("statistician")
    before = statistician.get("outcomes/").content.decode()
    assert "Placebo with therapy</h3>" not in before

    statistician.post("outcomes/open/", purpose="interim report to the board")

    assert "Placebo with therapy</h3>" in statistician.get("outcomes/").content.decode()
    [entry] = read_stream("openings:demo")
    assert (entry.author, entry.fact.purpose) == ("statistician", "interim report to the board")


@pytest.mark.proves("blinding")
def test_the_arm_is_nowhere_in_a_blinded_record(programme):
    for row in ParticipantRow.objects.all():
        assert row.arm == ""
        for entry in read_stream(stream_of("demo", row.participant)):
            if entry.fact.kind != "blinding.guess-recorded":  # what someone believes is no arm
                assert "placebo" not in repr(entry.fact).lower()


def test_vital_signs_are_recorded_and_shown(desk, in_session):
    path = f"participants/{in_session}/do/dosing.record-vitals/"
    therapist = desk("therapist")
    form = therapist.get(path)
    answer = therapist.post(
        path,
        key=prefilled(form, "key"),
        version=prefilled(form, "version"),
        at=prefilled(form, "at"),
        moment="during",
        systolic_mmhg="131",
        diastolic_mmhg="84",
        pulse_bpm="88",
        temperature_tenths_c="371",
    )
    assert answer.status_code == 302
    last = load_course("demo", in_session).open_session.vitals[-1]
    assert (last.systolic_mmhg, last.pulse_bpm) == (131, 88)


def test_bad_vital_signs_are_told_beside_their_field_and_nothing_is_written(desk, in_session):
    path = f"participants/{in_session}/do/dosing.record-vitals/"
    before = written()
    answer = desk("therapist").post(
        path, at="2020-13-40T99:99", moment="during", systolic_mmhg="900",
        diastolic_mmhg="x", pulse_bpm="", temperature_tenths_c="371",
    )  # fmt: skip
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "less than or equal to 300" in page
    assert page.count("errorlist") >= 4
    assert written() == before


@pytest.mark.proves("written-once")
def test_a_decision_on_an_old_page_is_shown_as_a_conflict(desk, in_session):
    path = f"participants/{in_session}/do/dosing.withhold-dose/"
    therapist = desk("therapist")
    form = therapist.get(path)
    at = prefilled(form, "at")
    data = {"key": "k-1", "at": at, "which": "supplemental", "reason": "prefers not to"}
    before = written()

    stale = therapist.post(path, version=int(prefilled(form, "version")) - 1, **data)
    assert stale.status_code == 409
    assert "colleague recorded something first" in stale.content.decode()
    assert written() == before

    fresh = therapist.post(path, version=prefilled(form, "version"), **data)
    assert fresh.status_code == 302
    assert written() == before + 1


@pytest.mark.proves("written-once")
def test_pressing_twice_writes_once(desk, in_session):
    path = f"participants/{in_session}/do/safety.raise-concern/"
    therapist = desk("therapist")
    form = therapist.get(path)
    at = prefilled(form, "at")
    before = written()
    for _ in range(2):
        answer = therapist.post(path, key="same-key", at=at, concern="seems very tired today")
        assert answer.status_code == 302
    assert written() == before + 1


@pytest.mark.proves("append-only")
def test_a_correction_stands_beside_what_it_corrects(desk, in_session):
    entries = read_stream(stream_of("demo", in_session))
    wrong = [each for each in entries if each.fact.kind == "dosing.vitals-recorded"][-1]
    path = f"participants/{in_session}/correct/{wrong.sequence}/"
    therapist = desk("therapist")
    form = therapist.get(path)
    assert f'value="{wrong.fact.systolic_mmhg}"' in form.content.decode()

    data = {
        "at": prefilled(form, "at"),
        "moment": wrong.fact.moment,
        "systolic_mmhg": wrong.fact.systolic_mmhg - 3,
        "diastolic_mmhg": wrong.fact.diastolic_mmhg,
        "pulse_bpm": wrong.fact.pulse_bpm,
        "temperature_tenths_c": wrong.fact.temperature_tenths_c,
    }
    assert therapist.post(path, **data).status_code == 422
    answer = therapist.post(path, **data, reason_for_correction="misread the display")
    assert answer.status_code == 302

    page = therapist.get(f"participants/{in_session}/").content.decode()
    assert f"Correction of entry {wrong.sequence}" in page
    assert "Reason: misread the display" in page
    assert load_course("demo", in_session).open_session.vitals[-1].systolic_mmhg == (
        wrong.fact.systolic_mmhg - 3
    )


@pytest.mark.proves("as-known-then")
def test_the_course_is_shown_as_the_record_knew_it(desk, in_progress):
    page = desk("monitor").get(f"participants/{in_progress}/", as_of="2000-01-01T00:00")
    assert page.status_code == 404
    page = desk("monitor").get(f"participants/{in_progress}/", as_of="2100-01-01T00:00")
    assert "as the record knew it" in page.content.decode()


def test_a_new_participant_is_registered_and_a_name_is_refused(desk):
    coordinator = desk("coordinator")
    at = prefilled(coordinator.get("register/"), "at")
    data = {"at": at, "site": "site-01", "sex": "female", "birth_year": "1985"}

    refused = coordinator.post("register/", participant="Ana Maria", **data)
    assert refused.status_code == 422
    assert "may hold only letters" in refused.content.decode()

    assert coordinator.post("register/", participant="N-001", **data).status_code == 302
    assert ParticipantRow.objects.get(participant="N-001").status == "screening"


def test_participants_are_searched_filtered_and_paged(desk):
    therapist = desk("therapist")
    first = therapist.get("participants/").content.decode()
    assert "Next page" in first
    after = re.search(r"after=([^\"&]+)", first).group(1)
    second = therapist.get("participants/", after=after).content.decode()
    assert after not in re.findall(r"participants/([^/]+)/", second)
    only = therapist.get("participants/", search="D-00").content.decode()
    assert set(re.findall(r"participants/(D-\d+)/", only)) == {
        f"D-{n:03}" for n in range(1, 10)
    } & set(ParticipantRow.objects.values_list("participant", flat=True))
    lost = therapist.get("participants/", status="screen-failed").content.decode()
    assert "tag completed" not in lost


def test_the_record_is_verified_and_checkpointed_from_its_page(desk):
    monitor = desk("monitor")
    monitor.post("record/checkpoint/")
    page = monitor.post("record/verify/").content.decode()
    assert re.search(r"Verified: \d+ entries hold", page)
    assert monitor.get("record/checkpoint.json").json()["size"] == written()


def test_a_prescriber_pauses_the_programme_and_no_dose_is_given(desk, in_session):
    path = "programme/do/programme.pause/"
    prescriber = desk("prescriber")
    at = prefilled(prescriber.get(path), "at")
    assert prescriber.post(path, at=at, cause="a safety question").status_code == 302
    page = prescriber.get(f"participants/{in_session}/do/dosing.give-dose/").content.decode()
    assert "the programme is not open" in page


@pytest.mark.proves("access-by-table")
@pytest.mark.parametrize("username", ["therapist", "monitor", "rater"])
def test_a_command_of_another_role_is_not_there(desk, username, in_progress):
    answer = desk(username).get(f"participants/{in_progress}/do/screening.confirm-eligibility/")
    assert answer.status_code in (403, 404)


def test_every_form_of_every_command_opens(desk, in_session, in_progress):
    from sojourn.course import COMMANDS

    roles = {role: username for username, role in ACCOUNTS}
    for name, command in COMMANDS.items():
        for role in set(command.roles) & set(roles):
            for participant in (in_session, in_progress):
                if name in ("screening.register", *PAGE_OF):
                    continue
                path = f"participants/{participant}/do/{name}/"
                assert desk(roles[role]).get(path).status_code == 200, (role, path)


def test_an_empty_form_is_answered_with_errors_whatever_the_command(desk, in_session):
    from sojourn.course import COMMANDS

    roles = {role: username for username, role in ACCOUNTS}
    before = written()
    for name, command in COMMANDS.items():
        role = next((each for each in command.roles if each in roles), None)
        if role is None or name in (
            "screening.register",
            *PAGE_OF,
        ):
            continue
        answer = desk(roles[role]).post(f"participants/{in_session}/do/{name}/")
        assert answer.status_code in (200, 422), name
    assert written() == before
