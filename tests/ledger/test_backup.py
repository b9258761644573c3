"""The worst day, rehearsed: the machine is gone, and the record comes back as it was.

Runs the command line as an operator would, each time in a process of its own.
"""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

from sojourn.ledger import clock, drill
from tests.ledger.killing import PROJECT

POSTGRESQL = os.environ.get("SOJOURN_DATABASE", "")
# What is copied there and back is tried on PostgreSQL; the rest says nothing new there.
embedded = pytest.mark.skipif(bool(POSTGRESQL), reason="tried on an embedded record")


def sojourn(home, *words, refused=False, **settings):
    """What the command says; ``refused`` when it must not succeed."""
    environment = {**os.environ, "SOJOURN_HOME": str(home), "SOJOURN_DATABASE": "", **settings}
    done = subprocess.run(
        [sys.executable, "-m", "sojourn.cli", *map(str, words)],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert bool(done.returncode) is refused, done.stdout + done.stderr
    return " ".join((done.stdout + done.stderr).split())


def root(said):
    return re.search(r"\b[0-9a-f]{64}\b", said)[0]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A programme at work, the key of its copies, and a copy of all of it."""
    folder = tmp_path_factory.mktemp("site")
    sojourn(folder / "home", "demo", "--no-serve")
    sojourn(folder / "home", "backup", "key", folder / "key")
    sojourn(folder / "home", "backup", "make", folder / "sunday", "--key", folder / "key")
    return folder


def new_home(site, tmp_path):
    """Another machine, to which only the site's sealing key was brought."""
    home = tmp_path / "another"
    home.mkdir()
    shutil.copy(site / "home" / "sealing.key", home)
    return home


@pytest.mark.proves("copies-restored")
@embedded
def test_after_the_machine_is_lost_the_record_is_what_it_was(site, tmp_path):
    home = new_home(site, tmp_path)
    said = sojourn(home, "restore", site / "sunday", "--key", site / "key")
    before = sojourn(site / "home", "verify")
    assert root(said) == root(before) == root(sojourn(home, "verify"))
    one, other = (sqlite3.connect(each / "record.sqlite3") for each in (site / "home", home))
    tables = [name for (name,) in one.execute("SELECT name FROM sqlite_master WHERE type='table'")]
    passing = {"django_migrations", "django_session", "sqlite_sequence"}
    for table in set(tables) - passing:
        rows = [sorted(map(repr, db.execute(f"SELECT * FROM {table}"))) for db in (one, other)]
        assert rows[0] == rows[1], table
    one.close()
    other.close()
    again = sojourn(home, "restore", site / "sunday", "--key", site / "key", refused=True)
    assert "restore into an empty one" in again


@embedded
def test_a_later_copy_goes_on_from_an_earlier_and_none_may_be_left_out(site, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(site / "home", home)
    day = ["--valid-from", "2000-01-01", "--as", "lead"]
    ground = ["--kind", "data-licence", "--reference", "CC0"]
    for number, name in enumerate(("monday", "tuesday")):
        title = ["--pack", "observed-depression-trial", "--title", name]
        sojourn(home, "programme", "found", name, *title, *ground, *day)
        after = tmp_path / "monday" if number else site / "sunday"
        words = ["--key", site / "key", "--after", after]
        said = sojourn(home, "backup", "make", tmp_path / name, *words)
        assert re.match(r"\d entries", said)
    copies = [site / "sunday", tmp_path / "monday", tmp_path / "tuesday"]
    brought = new_home(site, tmp_path)
    for some in (copies[1:], [copies[0], copies[2]], copies[::-1]):
        said = sojourn(brought, "restore", *some, "--key", site / "key", refused=True)
        assert "nothing was restored" in said
        assert "leave none out" in said
    said = sojourn(brought, "restore", *copies, "--key", site / "key")
    assert root(said) == root(sojourn(home, "verify"))
    assert "tuesday" in sojourn(brought, "programme", "list")


@pytest.mark.proves("copies-restored")
@embedded
def test_the_record_comes_back_as_it_stood_at_a_moment(site, tmp_path):
    record = sqlite3.connect(site / "home" / "record.sqlite3")
    (moment,) = record.execute("SELECT recorded_at FROM ledger_entry WHERE position=9").fetchone()
    by_then = record.execute(
        "SELECT MIN(position) - 1 FROM ledger_entry WHERE recorded_at > ?", [moment]
    ).fetchone()[0]
    record.close()
    home = new_home(site, tmp_path)
    words = ["restore", site / "sunday", "--key", site / "key"]
    said = sojourn(home, *words, "--until", moment)
    assert said.startswith(f"{by_then} entries restored")
    assert sojourn(home, "verify").startswith(f"{by_then} entries hold")
    other = tmp_path / "nowhere"
    assert "time zone" in sojourn(other, *words, "--until", "2026-01-31T18:00", refused=True)


@embedded
def test_a_copy_is_tried_without_touching_a_record(site, tmp_path):
    said = sojourn(tmp_path / "none", "restore", site / "sunday", "--key", site / "key", "--try")
    assert "can be restored" in said
    assert not (tmp_path / "none").exists()


@pytest.mark.proves("copies-restored")
@embedded
@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda data: data[: len(data) // 2], "damaged|cut off"),
        (lambda data: data[:5000] + bytes([data[5000] ^ 1]) + data[5001:], "damaged"),
        (lambda data: b"PK\x03\x04" + data, "no backup"),
    ],
)
def test_a_damaged_copy_restores_nothing(site, tmp_path, change, why):
    bad = tmp_path / "bad"
    bad.write_bytes(change((site / "sunday").read_bytes()))
    home = new_home(site, tmp_path)
    said = sojourn(home, "restore", bad, "--key", site / "key", refused=True)
    assert re.search(why, said)
    assert "0 entries hold" in sojourn(home, "verify")


@embedded
def test_without_the_sites_seal_nothing_is_restored_unless_asked_for(site, tmp_path):
    words = ["restore", site / "sunday", "--key", site / "key"]
    said = sojourn(tmp_path / "bare", *words, refused=True)
    assert "sealing.key" in said
    sojourn(tmp_path / "bare", *words, "--without-seal")


@pytest.mark.proves("copies-restored")
@pytest.mark.skipif(not POSTGRESQL, reason="tried on PostgreSQL, with tests/with_postgresql.py")
def test_an_embedded_record_moves_to_postgresql_and_back(site, tmp_path):
    import psycopg

    place = POSTGRESQL.replace("/sojourn?", "/sojourn_moved?")
    with psycopg.connect(POSTGRESQL, autocommit=True) as connection:
        connection.execute("CREATE DATABASE sojourn_moved")
    said = sojourn(site / "home", "migrate-to", place)
    there = sojourn(site / "home", "verify", SOJOURN_DATABASE=place)
    assert root(said) == root(there) == root(sojourn(site / "home", "verify"))
    again = sojourn(site / "home", "migrate-to", place, refused=True)
    assert "restore into an empty one" in again
    # A copy made there comes back to an embedded record, row for row.
    words = ["backup", "make", tmp_path / "copy", "--key", site / "key"]
    sojourn(site / "home", *words, SOJOURN_DATABASE=place)
    home = new_home(site, tmp_path)
    back = sojourn(home, "restore", tmp_path / "copy", "--key", site / "key")
    assert root(back) == root(said)


@embedded
def test_the_drill_of_every_night_says_when_it_last_went_well(tmp_path):
    unit = (PROJECT / "deploy" / "sojourn-backup.service").read_text()
    words = re.search(r"^ExecStart=(.*)$", unit, re.MULTILINE)[1].split()
    assert words[0] == "/opt/sojourn/.venv/bin/sojourn"
    own = {"/var/backups/sojourn": tmp_path / "copies", "/etc/sojourn/backup.key": tmp_path / "key"}
    words = [own.get(each, each) for each in words[1:]]
    (tmp_path / "copies").mkdir()
    home = tmp_path / "home"
    sojourn(home, "backup", "key", tmp_path / "key")
    ground = ["--kind", "data-licence", "--reference", "CC0", "--valid-from", "2000-01-01"]
    pack = ["--pack", "observed-depression-trial", "--title", "small"]
    sojourn(home, "programme", "found", "small", *pack, *ground)
    said = sojourn(home, *words)
    told = json.loads((home / "drill.json").read_text())
    verified = sojourn(home, "verify")
    assert f"{told['entries']} entries" in verified
    assert told["root"] == root(said) == root(verified)

    (copy,) = (tmp_path / "copies").iterdir()
    copy.write_bytes(copy.read_bytes()[:-9])
    assert re.search("damaged|cut off", sojourn(home, *words, refused=True))
    assert json.loads((home / "drill.json").read_text()) == told


@embedded
@pytest.mark.django_db
def test_the_age_of_the_last_good_drill_is_measured(tmp_path, settings, client):
    settings.METRICS_TOKEN, settings.HOME = "a-token", tmp_path
    asked = {"Authorization": "Bearer a-token"}
    assert "drill_age" not in client.get("/metrics", headers=asked).content.decode()
    drill.note(tmp_path / "copy", 4, "0" * 64)
    with patch.object(clock, "now", lambda: datetime.now(UTC) + timedelta(hours=30)):
        said = client.get("/metrics", headers=asked).content.decode()
    age = int(re.search(r"^sojourn_drill_age_seconds (\d+)$", said, re.MULTILINE)[1])
    assert 30 * 3600 <= age < 30 * 3600 + 60


def test_a_move_to_no_postgresql_is_refused(site):
    assert "postgresql://" in sojourn(site / "home", "migrate-to", "mysql://db", refused=True)
    assert Path(site / "home" / "record.sqlite3").exists()
