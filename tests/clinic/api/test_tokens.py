"""Personal tokens: made once, shown once, within scopes, never more than their member."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import get_resolver

from sojourn.clinic.api import tokens
from sojourn.clinic.models import Member, PersonalToken
from sojourn.ledger import clock
from sojourn.ledger.devices import digest
from sojourn.record.command import Refused
from tests.clinic.api.calling import Program, address

PASSWORD = "a long enough password"
HOST = {"host": "127.0.0.1"}
WANTED = {"do": "make", "name": "Nightly import", "scopes": ["participants:read"], "days": 30}


@pytest.fixture
def ana(db, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    member = Member(username="ana", role="therapist")
    member.set_password(PASSWORD)
    member.save()
    return member


@pytest.fixture
def signed_in(ana):
    client = Client(headers=HOST)
    client.force_login(ana)
    return client


def reauthenticated(client):
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    return client


def shown_token(page) -> str:
    return re.search(r"personal\.[\w-]{43}", page.content.decode())[0]


def test_a_token_is_made_after_a_proof_and_shown_once(ana, signed_in):
    asked = signed_in.post("/tokens/", WANTED)
    assert asked.status_code == 302
    assert asked.headers["Location"].startswith("/account/reauthenticate/")
    assert not PersonalToken.objects.exists()

    page = reauthenticated(signed_in).post("/tokens/", WANTED)

    token = shown_token(page)
    assert page.headers["Cache-Control"] == "no-store"
    kept = PersonalToken.objects.get()
    assert (kept.digest, kept.scopes) == (digest(token), "participants:read")
    assert token not in signed_in.get("/tokens/").content.decode()
    assert "never used" in signed_in.get("/tokens/").content.decode()
    client = Client(headers={**HOST, "authorization": f"Bearer {token}"})
    assert client.get("/api/v1/programmes/none/participants").status_code == 404
    assert "last used" in signed_in.get("/tokens/").content.decode()
    taken = signed_in.post("/tokens/", WANTED)
    assert (taken.status_code, "revoke it first" in taken.content.decode()) == (422, True)


def test_a_revoked_token_opens_nothing_and_only_its_member_revokes_it(ana, signed_in):
    token = tokens.make(ana, "import", ("read",), 30)
    ben = Member.objects.create(username="ben", role="therapist")
    number = PersonalToken.objects.get().pk
    with pytest.raises(Refused, match="no token"):
        tokens.revoke(ben, number)
    client = Client(headers={**HOST, "authorization": f"Bearer {token}"})
    assert client.get("/api/v1/programmes").status_code == 200
    assert signed_in.post("/tokens/", {"do": "revoke", "token": number}).status_code == 302
    assert client.get("/api/v1/programmes").status_code == 401
    again = signed_in.post("/tokens/", {"do": "revoke", "token": "x"})
    assert again.status_code == 422


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": " "}, "no name"),
        ({"name": "a\x00"}, "no name"),
        ({"scopes": ()}, "at least one"),
        ({"scopes": ("everything",)}, "no scope"),
        ({"days": 366}, "1 to 365"),
        ({"days": 0}, "1 to 365"),
    ],
)
def test_a_token_that_makes_no_sense_is_not_made(ana, change, words):
    asked = {"name": "import", "scopes": ("read",), "days": 30} | change
    with pytest.raises(Refused, match=words):
        tokens.make(ana, **asked)


def refused_as(token: str, path: str = "/api/v1/programmes"):
    answer = Client(headers={**HOST, "authorization": token}).get(path)
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.status_code


def test_without_a_good_token_nothing_is_shown_whoever_is_signed_in(ana, signed_in):
    token = tokens.make(ana, "import", ("read",), 30)
    assert signed_in.get("/api/v1/programmes").status_code == 401
    for wrong in ("", "Bearer", f"Basic {token}", f"Bearer {token}x", "Bearer personal.é",
                  f"Bearer {token.removeprefix('personal.')}"):  # fmt: skip
        assert refused_as(wrong) == 401
    assert refused_as("", "/api/v1/nothing/here") == 404
    assert "Bearer" in Client(headers=HOST).get("/api/v1/programmes").headers["WWW-Authenticate"]
    assert Client(headers=HOST).get("/api/v1/openapi.json").status_code == 200

    ana.is_active = False
    ana.save()
    assert refused_as(f"Bearer {token}") == 401
    Member.objects.update(is_active=True, role="")
    assert refused_as(f"Bearer {token}") == 403
    Member.objects.update(role="therapist")
    PersonalToken.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    assert refused_as(f"Bearer {token}") == 401


def test_every_address_of_the_api_asks_for_a_token(db):
    (patterns,) = [e for e in get_resolver().url_patterns if getattr(e, "namespace", "") == "api"]
    client = Client(headers=HOST)
    for each in patterns.url_patterns:
        if each.name in ("openapi-json", "api-root"):
            continue
        path = "/api/v1/" + re.sub(r"<[^>]+>", "1", str(each.pattern))
        assert {client.get(path).status_code, client.post(path).status_code} == {401}, path


@pytest.mark.parametrize(
    ("scopes", "path", "reads"),
    [
        (("read",), "participants", True),
        (("participants:read",), "participants", True),
        (("participants:read",), "today", True),
        (("participants:read",), "safety", False),
        (("quality:read",), "queries", True),
        (("safety:read",), "aftercare", True),
        (("programme:read",), "entries", True),
        (("participants:write",), "participants", False),
        (("write",), "participants", False),
    ],
)
def test_a_scope_reaches_its_area_and_no_further(programme, scopes, path, reads):
    answer = Program("therapist", *scopes).get(path)
    assert answer.status_code == (200 if reads else 403)
    if not reads:
        assert answer.json()["type"].endswith(":scope")


def test_reading_scopes_write_nothing_and_a_scope_gives_no_right_a_role_has_not(
    programme, in_session
):
    body = {"at": clock.now().isoformat(), "concern": "seems tired"}
    path = f"participants/{in_session}/commands/safety.raise-concern"
    for scopes in (("read",), ("participants:read", "safety:write")):
        assert Program("therapist", *scopes).send(path, body).status_code == 403
    assert Program("therapist", "participants:write").send(path, body).status_code == 201
    assert Program("therapist", "stock:read").get("containers").status_code == 403
    assert Program("statistician", "write").send(path, body).status_code == 403


def test_a_cookie_neither_opens_nor_narrows_what_a_token_may(programme):
    program = Program("rater")
    program.client.force_login(Member.objects.get(username="lead"))
    assert program.get("safety").status_code == 403
    assert program.client.get(address("participants")).json()["participants"][0]["arm"] is None
