"""Every address, every method, every role and no role: only what the table says, and nothing it
does not name."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, reverse

from sojourn import definitions
from sojourn.clinic import authority
from sojourn.clinic.access import DESIGNERS
from sojourn.clinic.api import tokens
from sojourn.clinic.authority import ROLE_KEYS, printed
from sojourn.clinic.demo import PROGRAMME
from sojourn.clinic.models import Member
from sojourn.clinic.views import design, report
from sojourn.conduct import blinding
from sojourn.ledger import vault
from sojourn.ledger.rows import EventRow

ROOT = Path(__file__).resolve().parents[2]
USUAL = ("GET", "POST")
UNUSUAL = ("HEAD", "PUT", "PATCH", "DELETE", "OPTIONS")  # alike for all: tried as two of them
BY_COMMAND = ("command", "correct")  # what a command allows stands with the command
REFUSED, SIGN_IN, NO_METHOD = 403, 302, 405


def addresses(resolver=None, space="", known=frozenset()) -> Iterator[tuple[str, frozenset[str]]]:
    """The name of every address, and the words it takes."""
    for each in (resolver or get_resolver()).url_patterns:
        words = known | set(each.pattern.regex.groupindex)
        if hasattr(each, "url_patterns"):
            inner = f"{space}{each.namespace}:" if each.namespace else space
            yield from addresses(each, inner, words)
        else:
            yield f"{space}{each.name or ''}", words


@pytest.fixture
def samples(programme, in_session):
    row = EventRow.objects.order_by("stream", "event")[0]
    return {
        "programme": PROGRAMME, "participant": in_session, "sequence": 1, "event": row.event,
        "command": "safety.record-adverse-event", "country": "AU", "key": "none-such",
        "form": "cioms", "kind": "blinded", "pk": 1, "provider_id": "sign-on", "uidb36": "1",
        "topic": "therapy", "claim": "durability", "study": "mapp1", "number": 1,
        "site": "site-01", "task": "none-such",
        "resource": "Patient", "identity": "D-001", "rest": "a/b/c/d/e",
    }  # fmt: skip


def status_of(client, method, path):
    point = transaction.savepoint()
    try:
        return client.generic(method, path).status_code
    finally:
        transaction.savepoint_rollback(point)


@pytest.mark.proves("access-by-table")
def test_the_table_is_what_the_server_does(samples, monkeypatch):
    """Twice over: whom it names is not refused, and whom it does not name is."""
    monkeypatch.setattr(design.design_runs, "start", lambda *_, **__: None)
    monkeypatch.setattr(report.report_runs, "start", lambda *_: None)
    table = authority.authority()
    host = {"host": "127.0.0.1"}
    wrong = []
    for role in ("", *ROLE_KEYS):
        by_page = by_token = Client(headers=host, raise_request_exception=False)
        if role:
            member = Member.objects.filter(role=role)[0]
            by_page.force_login(member)
            told = {
                **host,
                "authorization": f"Bearer {tokens.make(member, 'all', ('read', 'write'), 1)}",
            }
            by_token = Client(headers=told, raise_request_exception=False)
        # Commands of one sort share a name, and with it whom the table lets in.
        for name, words in dict.fromkeys(addresses()):
            client = by_token if name.startswith("api:") else by_page
            path = reverse(name, kwargs={key: samples[key] for key in words})
            if name == "report-file":
                path = path.replace("cioms", "html")
            for method in (*USUAL, *(UNUSUAL if role in ("", "therapist") else ())):
                group = table.group(name, method)
                if group == authority.TOKEN or name in ("account_logout", "safety-pack"):
                    continue  # tried with their tokens elsewhere; ends our own sign-in; slow
                status = status_of(client, method, path)
                may = table.may(role, name, method)
                # Some pages answer no HEAD; nobody asks them for one.
                refused = status in (REFUSED, NO_METHOD) and method != "HEAD"
                if (may and refused and name not in BY_COMMAND) or status >= 500:
                    wrong.append((role, method, path, status, "the table allows it"))
                if not may and status not in (REFUSED, SIGN_IN, NO_METHOD, 401, 404):
                    wrong.append((role, method, path, status, "the table does not allow it"))
                if not may and role and group and status != REFUSED:
                    wrong.append((role, method, path, status, "refused by something else"))
    assert not wrong, "\n".join(map(str, wrong[:40]))


@pytest.mark.proves("access-by-table")
def test_every_address_has_a_name_and_every_page_of_the_table_an_address():
    names = {name for name, _ in addresses()}
    assert "" not in names
    assert set(authority.authority().pages) <= names


@pytest.mark.proves("access-by-table")
def test_whoever_has_no_role_sees_no_programme(programme):
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(Member.objects.create(username="nobody", role=""))
    for path in ("/", f"/{PROGRAMME}/", f"/{PROGRAMME}/participants/"):
        assert client.get(path).status_code == REFUSED
    assert client.get("/ways/").status_code == 200


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("groups: {a: [monk]}\nrefusals: {}\npages: {}", "monk"),
        ("groups: {a: [sponsor]}\nrefusals: {}\npages: {home: {get: b}}", "no group 'b'"),
    ],
)
def test_a_table_that_names_what_is_not_is_refused(tmp_path, monkeypatch, text, words):
    (tmp_path / "authority.yaml").write_text(text)
    monkeypatch.setattr(authority, "TABLE", tmp_path / "authority.yaml")
    authority.authority.cache_clear()
    try:
        with pytest.raises(definitions.DefinitionError, match=words):
            authority.authority()
    finally:
        authority.authority.cache_clear()


def test_the_printed_table_is_true():
    kept = (ROOT / "docs" / "authority.md").read_text().splitlines()
    assert kept == list(printed()), "run: sojourn authority > docs/authority.md"


def test_the_table_and_the_rules_of_blinding_say_the_same():
    """Pages lean on the table alone; what they show within leans on conduct/blinding.py."""
    groups = authority.authority().groups
    for group, may in (
        ("readers of courses", blinding.may_see_course),
        ("those who oversee", blinding.may_read_confidential),
        ("unblinded statistician", blinding.may_see_closed_session),
        ("unblinded", blinding.may_open_allocation),
        ("readers of names", vault.READERS.__contains__),
        ("designers", DESIGNERS.__contains__),
    ):
        assert groups[group] == {role for role in ROLE_KEYS if may(role)}, group
