"""How often may be asked: counted over all workers, told as the asker understands it."""

import shutil
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import OperationalError
from django.test import Client

from sojourn import definitions
from sojourn.clinic import limits
from sojourn.clinic.authority import authority
from sojourn.clinic.models import RequestCount
from sojourn.conduct.reach import ROLE_KEYS
from sojourn.ledger import clock

pytestmark = pytest.mark.django_db
HOST = {"host": "127.0.0.1"}


def try_proof(whom: str) -> None:
    limit = limits.in_use().requests["proof"]
    limits.hit(limit, "asker", whom, limit.per_asker)


@pytest.fixture
def at_most(settings, tmp_path, monkeypatch):
    """A site's own file, in which every limit is this one; the clock stands still."""

    def allow(most: int) -> None:
        text = limits.SHIPPED.read_text()
        for number in (60, 120, 240, 600, 1200, 6000, 12000):
            text = text.replace(f"per address: {number}\n", f"per address: {most}\n")
        text = text.replace("per asker: 20\n", f"per asker: {most}\n")
        (tmp_path / "limits.yaml").write_text(text)
        settings.LIMITS = str(tmp_path / "limits.yaml")
        now = clock.now()
        monkeypatch.setattr(clock, "now", lambda: now)

    return allow


def test_what_is_shipped_names_pages_that_are_there_and_every_role():
    found = limits.in_use()

    assert set(found.by_page) <= set(authority().pages)
    assert set(found.signed_in_hours) == ROLE_KEYS
    assert {"sign-in", "fhir", "devices", "diary-links", "files"} <= set(found.requests)


@pytest.mark.parametrize(
    ("path", "kind", "words"),
    [
        ("/account/login/", "text/html", "Too many requests"),
        ("/fhir/Patient", "application/fhir+json", "throttled"),
        ("/api/v1/vitals/alarms", "application/problem+json", "Too Many Requests"),
        ("/diary/open/no-such-key/", "text/html", "Too many requests"),
    ],
)
def test_the_one_too_many_is_told_when_to_come_back(at_most, path, kind, words):
    at_most(3)
    client = Client(headers=HOST)

    def ask(address="10.0.0.1"):
        method = client.post if "account" in path or "diary" in path else client.get
        return method(path, REMOTE_ADDR=address)

    assert all(ask().status_code != 429 for _ in range(3))
    answer = ask()
    assert answer.status_code == 429
    assert 1 <= int(answer["Retry-After"]) <= 300
    assert answer["Content-Type"].startswith(kind)
    assert words in answer.content.decode()
    assert ask("10.0.0.2").status_code != 429, "another address is another count"


def test_a_window_that_has_ended_counts_anew_and_its_row_goes(at_most, monkeypatch):
    at_most(1)
    try_proof("member 1")
    with pytest.raises(limits.TooMany) as refused:
        try_proof("member 1")
    later = clock.now() + timedelta(seconds=refused.value.seconds)
    monkeypatch.setattr(clock, "now", lambda: later)

    try_proof("member 1")

    assert RequestCount.objects.count() == 1, "one row, whatever the window"
    end = later + timedelta(seconds=301)
    monkeypatch.setattr(clock, "now", lambda: end)
    assert limits.forget_past() == 1


def test_what_is_counted_says_neither_address_nor_token(at_most):
    at_most(9)
    client = Client(headers={**HOST, "authorization": "Bearer fhir.demo.x.secret"})
    client.get("/fhir/Patient", REMOTE_ADDR="10.9.8.7")

    kept = str(list(RequestCount.objects.values_list("counted", flat=True)))
    assert RequestCount.objects.count() == 2
    assert "10.9.8.7" not in kept
    assert "secret" not in kept


def test_two_processes_count_together(at_most):
    """Given another process that counted in the database, this one knows of it."""
    at_most(2)
    try_proof("member 1")
    RequestCount.objects.update(times=2)

    with pytest.raises(limits.TooMany):
        try_proof("member 1")


def test_where_the_database_can_not_be_written_a_process_counts_for_itself(at_most, monkeypatch):
    at_most(2)

    def locked():
        raise OperationalError("database is locked")

    monkeypatch.setattr(limits, "hurried", locked)
    for _ in range(2):
        try_proof("member 7")
    with pytest.raises(limits.TooMany):
        try_proof("member 7")


def test_tries_of_a_second_factor_are_kept_where_every_worker_sees_them(settings):
    assert settings.CACHES["default"]["BACKEND"].endswith("DatabaseCache")
    cache.set("tried", [1.0], 60)
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM sojourn_cache")
        assert cursor.fetchone()[0] >= 1


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("  sponsor: 2\n", "", "sponsor"),
        ("sponsor: 2", "sponsor: 48", "from 1 to 24"),
        ("per address: 240\n", "per adress: 240\n", "not known"),
        ("per address: 240\n    seconds: 300", "per address: 240", "give 'seconds'"),
    ],
)
def test_a_file_that_can_not_be_used_says_why(tmp_path, old, new, words):
    file = tmp_path / "own.yaml"
    shutil.copy(limits.SHIPPED, file)
    file.write_text(file.read_text().replace(old, new, 1))

    with pytest.raises(definitions.DefinitionError, match=words):
        limits.limits(file)
