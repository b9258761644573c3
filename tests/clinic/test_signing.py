"""Electronic signatures on the pages: proof for each one, its meaning kept, never twice."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp

from sojourn.clinic.demo import load_demo
from sojourn.clinic.demo.programme import ACCOUNTS
from sojourn.clinic.models import Member
from sojourn.conduct.analysis_plan import MEANING
from sojourn.course.next_dose import DecideNextDose
from sojourn.ledger import clock
from sojourn.ledger import desk as ledger_desk
from sojourn.ledger.desk import load_course, stream_of
from sojourn.ledger.programmes import PREFIX
from sojourn.ledger.read import read_stream
from sojourn.ledger.verify import verify
from sojourn.record.command import Refused
from tests.clinic.test_pages import prefilled
from tests.clinic.test_signing_in import code_now
from tests.kept import once
from tests.reporting.test_report import PLAN

PASSWORD = "a long enough password"
USER = "account_authentication_methods_user"
COMMAND = "dosing.decide-next-dose"


@pytest.fixture
def programme(db, settings):
    """A demonstration of few people, so that each test is quick."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    once("9 people", nine_people)


def nine_people():
    load_demo(today=datetime.now(UTC), participants=9)
    for username, role in ACCOUNTS:
        Member.objects.create(username=username, role=role)


@pytest.fixture
def deciding(programme) -> tuple[str, str]:
    """Someone between two sessions, and the visit of the next."""
    from sojourn.ledger.rows import ParticipantRow

    for row in ParticipantRow.objects.filter(status="in-progress", sessions_dosed__in=(1, 2)):
        course = load_course("demo", row.participant)
        if course.open_session is None:
            return row.participant, f"dosing-{row.sessions_dosed + 1}"
    pytest.fail("the demonstration holds nobody between two sessions")


@pytest.fixture
def prescriber(desk):
    member = Member.objects.get(username="prescriber")
    member.set_password(PASSWORD)
    member.first_name, member.last_name = "Petra", "Sample"
    member.save()
    return desk("prescriber")


def typed(page, visit: str, **signature: str) -> dict[str, str]:
    return {
        "at": prefilled(page, "at"),
        "key": prefilled(page, "key"),
        "version": prefilled(page, "version"),
        "visit": visit,
        "decision": "go-on",
        "reasons": "slept well, wants to go on",
        **signature,
    }


def signatures(participant: str) -> list[str]:
    entries = read_stream(stream_of("demo", participant))
    return [
        each.signature
        for each in entries
        if each.fact.kind == "dosing.next-dose-decided" and each.fact.reasons.startswith("slept")
    ]


@pytest.mark.proves("signatures")
def test_the_form_says_what_is_signed_and_the_history_who_signed_it(prescriber, deciding):
    participant, visit = deciding
    path = f"participants/{participant}/do/{COMMAND}/"
    page = prescriber.get(path)
    assert DecideNextDose.signed in page.content.decode()
    assert "You sign as Petra Sample." in page.content.decode()

    answer = prescriber.post(path, **typed(page, visit, signature=PASSWORD))

    assert answer.status_code == 302
    assert signatures(participant) == [DecideNextDose.signed]
    history = prescriber.get(f"participants/{participant}/").content.decode()
    assert f"“{DecideNextDose.signed}”" in history
    assert "Signed by Petra Sample, prescriber" in history
    assert not verify().problems


@pytest.mark.proves("signatures")
def test_signed_in_is_not_enough_and_nothing_typed_is_lost(prescriber, deciding):
    participant, visit = deciding
    path = f"participants/{participant}/do/{COMMAND}/"
    page = prescriber.get(path)

    for wrong in ("", "not my password"):
        answer = prescriber.post(path, **typed(page, visit, signature=wrong))
        assert answer.status_code == 422
        assert "slept well, wants to go on" in answer.content.decode()
        assert "not my password" not in answer.content.decode()
    assert signatures(participant) == []


def test_a_retry_signs_once(prescriber, deciding):
    participant, visit = deciding
    path = f"participants/{participant}/do/{COMMAND}/"
    sent = typed(prescriber.get(path), visit, signature=PASSWORD)

    for _ in range(3):
        assert prescriber.post(path, **sent).status_code == 302
    assert len(signatures(participant)) == 1


@pytest.mark.proves("signatures")
def test_after_five_wrong_passwords_even_the_right_one_does_not_sign(prescriber, deciding):
    participant, visit = deciding
    path = f"participants/{participant}/do/{COMMAND}/"
    page = prescriber.get(path)

    for _ in range(5):
        prescriber.post(path, **typed(page, visit, signature="a guess of somebody"))
    prescriber.post(path, **typed(page, visit, signature=PASSWORD))
    assert signatures(participant) == []


@pytest.mark.proves("signatures")
def test_a_code_of_the_app_signs_once(prescriber, deciding):
    participant, visit = deciding
    member = Member.objects.get(username="prescriber")
    secret = totp.generate_totp_secret()
    totp.TOTP.activate(member, secret)
    path = f"participants/{participant}/do/{COMMAND}/"
    code = code_now(secret)

    page = prescriber.get(path)
    assert prescriber.post(path, **typed(page, visit, signature="000000")).status_code == 422
    assert prescriber.post(path, **typed(page, visit, signature=code)).status_code == 302
    page = prescriber.get(path)
    assert prescriber.post(path, **typed(page, visit, signature=code)).status_code == 422
    assert len(signatures(participant)) == 1


def with_a_key_alone() -> Member:
    member = Member.objects.get(username="prescriber")
    member.set_unusable_password()
    member.save()
    Authenticator.objects.create(user=member, type=Authenticator.Type.WEBAUTHN, data={})
    return member


def touched(desk, member: Member, ago_s: float = 0) -> None:
    """As allauth notes that a key was touched."""
    session = desk.client.session
    session[USER] = str(member.pk)
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [
        {"method": "mfa", "at": time.time() - ago_s, "type": "webauthn", "reauthenticated": True}
    ]
    session.save()


def test_a_key_is_asked_for_elsewhere_and_what_was_typed_waits(desk, deciding):
    participant, visit = deciding
    member = with_a_key_alone()
    prescriber = desk("prescriber")
    path = f"participants/{participant}/do/{COMMAND}/"
    sent = typed(prescriber.get(path), visit)
    touched(prescriber, member, ago_s=6 * 60)

    away = prescriber.post(path, **sent)
    assert away.headers["Location"].startswith("/account/second-factor/webauthn/reauthenticate/")
    assert signatures(participant) == []

    touched(prescriber, member)
    back = prescriber.get(path)
    assert "slept well, wants to go on" in back.content.decode()
    assert prefilled(back, "key") == sent["key"]
    assert "second-factor" not in prescriber.post(path, **sent).headers["Location"]
    assert len(signatures(participant)) == 1

    another = typed(prescriber.get(path), visit)
    assert "second-factor" in prescriber.post(path, **another).headers["Location"]
    assert len(signatures(participant)) == 1


def test_whoever_can_prove_nothing_here_signs_nothing(desk, deciding):
    participant, visit = deciding
    member = Member.objects.get(username="prescriber")
    member.set_unusable_password()
    member.save()
    prescriber = desk("prescriber")
    path = f"participants/{participant}/do/{COMMAND}/"

    answer = prescriber.post(path, **typed(prescriber.get(path), visit))
    assert answer.status_code == 422
    assert "neither a password nor a second factor" in answer.content.decode()


@pytest.mark.proves("signatures")
def test_no_other_door_writes_what_is_to_be_signed(deciding):
    participant, visit = deciding
    command = DecideNextDose(clock.now() - timedelta(minutes=1), visit, "go-on", "slept well")
    with pytest.raises(Refused, match="this is signed"):
        ledger_desk.execute("demo", participant, command, ledger_desk.Person("p", "prescriber"))


def test_the_analysis_plan_is_signed_on_its_form(desk, programme):
    member = Member.objects.get(username="statistician")
    member.set_password(PASSWORD)
    member.save()
    path = "programme/do/programme.lock-analysis-plan/"
    pages = desk("statistician")
    page = pages.get(path)
    sent = {"at": prefilled(page, "at"), "version": prefilled(page, "version"), "plan": PLAN}

    assert pages.post(path, **sent, signature="wrong password").status_code == 422
    assert pages.post(path, **sent, signature=PASSWORD).status_code == 302
    assert pages.post(path, **sent, signature=PASSWORD).status_code in (409, 422)
    signed = [e.signature for e in read_stream(PREFIX + "demo") if e.role == "statistician"]
    assert [each for each in signed if each] == [MEANING]
    assert f"“{MEANING}”" in pages.get("programme/").content.decode()
