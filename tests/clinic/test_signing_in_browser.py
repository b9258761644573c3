"""Signing in with a real browser: an app, a passkey, a hospital's own sign-on; and no page fights
its own policy."""

import re
import time

import pytest
from allauth.mfa.totp.internal import auth as totp

from tests.axe import violations
from tests.clinic.serving import Served, evening_zone, free_port
from tests.clinic.sign_on import sign_on

pytestmark = pytest.mark.browser
PASSWORD = "a long enough password"
OPEN = """
import sys, django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from allauth.account.models import EmailAddress
from sojourn.clinic.models import Member
member = Member(username="ana", role="therapist", email="ana@hospital.example")
member.set_password(sys.argv[1])
member.save()
EmailAddress.objects.create(user=member, email=member.email, verified=True, primary=True)
"""


@pytest.fixture
def page(chromium):
    context = chromium.new_context()
    page = context.new_page()
    page.refused = []
    page.on("console", lambda said: page.refused.append(said.text) if "Policy" in said.text else 0)
    yield page
    context.close()


@pytest.fixture(scope="module")
def strict(tmp_path_factory, chromium):
    """A site that asks for a second factor, with one account."""
    site = Served(tmp_path_factory.mktemp("strict"), free_port())
    site.settings["SOJOURN_SECOND_FACTOR"] = "required"
    site.run(OPEN, PASSWORD)
    site.start()
    yield site
    site.kill()


def sign_in(page, site):
    # A passkey belongs to a name, not to an address of numbers.
    page.goto(f"http://localhost:{site.port}/account/login/")
    page.fill("#id_login", "ana")
    page.fill("#id_password", PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def confirm(page):
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button", name="Confirm").click()


def test_a_passkey_is_added_and_then_opens_without_a_password(strict, page):
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    key = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True}
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": {**key, "hasUserVerification": True, "isUserVerified": True}},
    )
    sign_in(page, strict)
    page.wait_for_url("**/account/second-factor/")
    assert not violations(page)
    page.goto(f"http://localhost:{strict.port}/account/second-factor/webauthn/add/")
    confirm(page)
    page.check("input[name=passwordless]")
    page.click("#mfa_webauthn_add")
    page.wait_for_url("**/recovery-codes/**")
    page.goto(f"http://localhost:{strict.port}/")
    assert "/account/" not in page.url
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"http://localhost:{strict.port}/account/login/")
    assert not violations(page)
    page.click("#passkey_login")
    page.wait_for_selector(".who")
    assert page.refused == []


def test_an_app_is_set_up_by_its_picture_or_secret(strict, page):
    strict.run(
        "import django; django.setup()\nfrom allauth.mfa.models import Authenticator\n"
        "Authenticator.objects.all().delete()"
    )
    sign_in(page, strict)
    page.wait_for_url("**/account/second-factor/")
    page.goto(f"http://localhost:{strict.port}/account/second-factor/totp/activate/")
    confirm(page)
    assert page.locator("img").first.evaluate("each => each.naturalWidth") > 0
    assert not violations(page)
    secret = page.input_value("#authenticator_secret")
    page.fill(
        "input[name=code]", totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30))
    )
    page.get_by_role("button", name="Activate").click()
    page.wait_for_url("**/recovery-codes/**")
    assert page.refused == []


@pytest.mark.proves("unique-people")
@pytest.mark.parametrize(
    ("email", "verified", "enters"),
    [
        ("ana@hospital.example", True, True),
        ("ana@hospital.example", False, False),
        ("stranger@hospital.example", True, False),
    ],
)
def test_single_sign_on_opens_a_known_account_and_makes_none(
    tmp_path, page, email, verified, enters
):
    with sign_on("clinic", email, verified=verified) as service:
        site = Served(tmp_path, free_port())
        site.settings["SOJOURN_SECOND_FACTOR"] = "required"  # the hospital asked for it
        site.settings["SOJOURN_OIDC"] = service.replace("http://", "http://clinic:secret@")
        site.settings["SOJOURN_OIDC_NAME"] = "Hospital account"
        site.run(OPEN, PASSWORD)
        site.start()
        try:
            page.goto(f"{site.url}/account/login/")
            page.get_by_role("link", name="Hospital account").click()
            if page.get_by_role("button", name="Continue").count():
                page.get_by_role("button", name="Continue").click()
            page.wait_for_load_state()
            page.goto(f"{site.url}/")
            assert ("/account/login/" not in page.url) is enters
            count = "from sojourn.clinic.models import Member\nprint(Member.objects.count())"
            assert site.run(f"import django; django.setup()\n{count}").strip() == "1"
        finally:
            site.kill()


def test_no_page_is_refused_anything_by_the_policy_it_is_served_with(tmp_path, page):
    site = Served(tmp_path, free_port(), evening_zone())
    site.load()
    site.start()
    try:
        page.goto(f"{site.url}/account/login/")
        page.fill("#id_login", "lead")
        page.fill("#id_password", site.password)
        page.keyboard.press("Enter")
        page.wait_for_selector(".who")
        seen, waiting = set(), ["/demo/", "/pros-and-cons/", "/ways/", "/"]
        while waiting:
            path = waiting.pop()
            shape = re.sub(r"[A-Z]+-\d+|\d+", "#", path.partition("?")[0])
            if shape in seen or re.search(r"logout|\.(pdf|json|csv|xml)$|/do/", path):
                continue
            seen.add(shape)
            if page.goto(site.url + path).headers.get("content-type", "").startswith("text/html"):
                waiting += page.evaluate(
                    "[...document.querySelectorAll('a[href^=\"/\"]')].map(a => a.pathname)"
                )
        assert len(seen) > 15
        assert page.refused == []
    finally:
        site.kill()
