"""Who gets in: a second factor, lockout, single sign-on, and how long it lasts."""

import time
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.core.cache import cache
from django.test import Client

from sojourn.clinic.models import Member
from sojourn.ledger import clock

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough password"


@pytest.fixture
def ana():
    member = Member(username="ana", role="therapist")
    member.set_password(PASSWORD)
    member.save()
    return member


@pytest.fixture
def visitor(settings):
    cache.clear()  # attempts are counted there
    settings.SECOND_FACTOR = "required"
    return Client(headers={"host": "127.0.0.1"})


def sign_in(client, password=PASSWORD, name="ana"):
    return client.post("/account/login/", {"login": name, "password": password})


def code_now(secret):
    return totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30))


def with_app(client):
    """Set an authenticator app up as a person does; the secret it holds."""
    path = "/account/second-factor/totp/activate/"
    again = client.get(path).headers["Location"]  # the password once more, before it is trusted
    client.post(again, {"password": PASSWORD})
    page = client.get(path)
    secret = page.context["form"].secret
    answer = client.post(path, {"code": code_now(secret)})
    assert answer.status_code == 302, answer.content.decode()
    return secret


@pytest.mark.proves("sign-in")
def test_the_password_is_kept_by_argon2(ana):
    assert ana.password.startswith("argon2")


@pytest.mark.proves("sign-in")
def test_without_a_second_factor_nothing_of_a_programme_is_seen(ana, visitor):
    sign_in(visitor)
    for path in ("/", "/demo/", "/demo/participants/D-0001/"):
        assert visitor.get(path).headers["Location"] == "/account/second-factor/"
    with_app(visitor)
    assert visitor.get("/").status_code == 200


@pytest.mark.proves("sign-in")
def test_with_an_app_the_password_alone_opens_nothing(ana, visitor):
    sign_in(visitor)
    secret = with_app(visitor)
    visitor.post("/account/logout/")
    assert sign_in(visitor).headers["Location"] == "/account/second-factor/authenticate/"
    assert "/account/login/" in visitor.get("/").headers["Location"]
    wrong = visitor.post("/account/second-factor/authenticate/", {"code": "000000"})
    assert wrong.status_code == 200
    visitor.post("/account/second-factor/authenticate/", {"code": code_now(secret)})
    assert visitor.get("/").status_code == 200


def test_codes_can_not_be_tried_one_after_the_other(ana, visitor):
    sign_in(visitor)
    secret = with_app(visitor)
    visitor.post("/account/logout/")
    sign_in(visitor)
    path = "/account/second-factor/authenticate/"
    right = code_now(secret)
    for number in range(25):
        visitor.post(path, {"code": f"{(int(right) + 1 + number) % 1_000_000:06d}"})
    visitor.post(path, {"code": code_now(secret)})
    assert "/account/login/" in visitor.get("/").headers["Location"]


def test_a_recovery_code_opens_once(ana, visitor):
    sign_in(visitor)
    with_app(visitor)
    codes = Authenticator.objects.get(user=ana, type="recovery_codes").wrap().get_unused_codes()
    for expected in ("/", "/account/login/"):
        visitor.post("/account/logout/")
        sign_in(visitor)
        visitor.post("/account/second-factor/authenticate/", {"code": codes[0]})
        answer = visitor.get("/")
        assert (answer.status_code == 200) == (expected == "/")


def test_secrets_of_second_factors_lie_under_the_sites_seal(ana, visitor):
    sign_in(visitor)
    secret = with_app(visitor)
    kept = Authenticator.objects.get(user=ana, type="totp").data["secret"]
    assert secret not in kept


@pytest.mark.proves("sign-in")
def test_five_wrong_passwords_lock_the_name_here_and_the_right_one_too(ana, visitor):
    statuses = [sign_in(visitor, "wrong").status_code for _ in range(5)]
    assert statuses[-1] == 429
    answer = sign_in(visitor)
    assert answer.status_code == 429
    assert "Too many attempts" in answer.content.decode()
    elsewhere = Client(headers={"host": "127.0.0.1"}, REMOTE_ADDR="10.0.0.9")
    assert sign_in(elsewhere).status_code == 302
    from axes.utils import reset

    assert reset(username="ana")
    assert sign_in(visitor).status_code == 302


def test_a_name_that_does_not_exist_is_answered_like_a_wrong_password(ana, visitor):
    wrong, nobody = sign_in(visitor, "wrong"), sign_in(visitor, "wrong", "nobody")
    told = [answer.context["form"].errors for answer in (wrong, nobody)]
    assert told[0] == told[1]


@pytest.mark.proves("sign-in")
@pytest.mark.parametrize(("role", "hours"), [("therapist", 12), ("monitor", 2)])
def test_how_long_one_stays_signed_in_follows_from_the_role(
    ana, visitor, settings, monkeypatch, role, hours
):
    settings.SECOND_FACTOR = "optional"
    Member.objects.update(role=role)
    sign_in(visitor)
    began = clock.now()
    for later, status in ((hours - 0.1, 200), (hours + 0.1, 302)):
        monkeypatch.setattr(clock, "now", lambda later=later: began + timedelta(hours=later))
        assert visitor.get("/").status_code == status


@pytest.mark.proves("unique-people")
def test_nobody_opens_an_account_by_themselves(visitor):
    for path in ("/account/signup/", "/account/second-factor/webauthn/signup/"):
        assert "<form" not in visitor.get(path).content.decode() or visitor.get(path).status_code


def test_every_answer_forbids_what_no_page_needs(ana, visitor):
    for path in ("/account/login/", "/ways/", "/health/live", "/nothing-here/"):
        headers = visitor.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        assert "camera=()" in headers["Permissions-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_whom_to_tell_of_a_weakness_is_said_where_the_site_named_somebody(visitor, settings):
    assert visitor.get("/.well-known/security.txt").status_code == 404
    settings.SECURITY_CONTACT = "mailto:security@clinic.example"
    assert "security@clinic.example" in visitor.get("/.well-known/security.txt").content.decode()
