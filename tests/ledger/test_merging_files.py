"""What comes from a site is believed only once every hash of it was made again."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from itertools import takewhile
from pathlib import Path

import pytest
from django.db import connection, transaction

from sojourn.ledger import archive, beginning, carrying, checkpoint, leases
from sojourn.ledger.archive import BadArchive
from sojourn.ledger.desk import load_course, stream_of
from sojourn.ledger.models import EntryRow, Head
from sojourn.ledger.triggers import remove
from sojourn.ledger.verify import verify
from sojourn.record.hashing import BEFORE_THE_FIRST, hash_of
from tests.ledger.killing import PROJECT
from tests.ledger.two_records import KEY, LEAD, found_programme, medicate, register, whole

ROW = 14  # where a row's hash stands


@pytest.fixture
def site(records):
    """The north, with one medication recorded offline."""
    site = records.new_site()
    site.begin(records.take_out(KEY, "north"))
    with site.here():
        medicate(KEY, "N-1", "sertraline")
    return site


def forged(records, file: Path, change) -> Path:
    """The copy with its rows of entries as ``change`` gives them, sealed with the right key."""
    lines = list(archive.read(file, records.key))
    first = lines.index(json.dumps({"table": EntryRow._meta.label})) + 1
    rows = list(map(json.loads, takewhile(lambda each: each.startswith("["), lines[first:])))
    head, after = lines[:first], lines[first + len(rows) :]
    rows = change(rows)
    told = json.loads(head[0])
    told["copied"] |= {
        "size": len(rows),
        "root": carrying.root_of(each[ROW] for each in rows),
    }
    made = [json.dumps(told), *head[1:], *map(json.dumps, rows), *after]
    path = records.file()
    archive.write(path, records.key, made)
    return path


def rehashed(rows: list[list]) -> list[list]:
    """The rows with every hash and chain made to fit, as someone would who owns the site."""
    tails: dict[str, str] = {}
    for row in rows:
        row[13] = tails.get(row[1], BEFORE_THE_FIRST)
        row[ROW] = tails[row[1]] = hash_of(*row[:14])
    return rows


def said_otherwise(rows: list[list], old: str, new: str) -> list[list]:
    for row in rows:
        row[5] = row[5].replace(old, new)
    return rows


def refused(records, file: Path, why: str, **how: object) -> None:
    position = Head.objects.get().position
    with pytest.raises(BadArchive, match=why):
        records.merge(file, **how)
    assert Head.objects.get().position == position


def test_a_changed_entry_is_named_whoever_sealed_the_file_again(records, site):
    copy = site.copy(records.file())
    name = r"entry 11 \(course:away:N-1 3\)"
    changed = forged(records, copy, lambda rows: said_otherwise(rows, "sertraline", "aspirin"))
    refused(records, changed, f"{name} does not match its hash: it was changed")
    left_out = forged(records, copy, lambda rows: [r for r in rows if r[0] != 10])
    refused(records, left_out, "entry 10 is missing")
    given = forged(records, copy, lambda rows: rehashed(said_otherwise(rows, "1980", "1970")))
    refused(records, given, r"entry \d+ \(course:away:N-1 1\) is not the one given out")

    def elsewhere(rows):
        rows[-1][1:3] = ["course:away:C-1", 1]
        return rehashed(rows)

    refused(records, forged(records, copy, elsewhere), "C-1 1.*no stream that was taken out")
    assert records.merge(copy).written


def test_a_record_rewritten_as_a_whole_is_found_against_what_was_lodged_or_merged(records, site):
    with site.here():
        lodged = checkpoint.make_checkpoint("nurse")
    copy = site.copy(records.file())
    lied = forged(
        records, copy, lambda rows: rehashed(said_otherwise(rows, "sertraline", "aspirin"))
    )
    refused(records, lied, "counts other entries: one was rewritten since", lodged=lodged)
    refused(records, copy, "counts 99 entries", lodged=replace(lodged, size=99))
    assert records.merge(copy, lodged=lodged).written
    refused(records, lied, r"entry 11 .* is not the one merged before: it was rewritten")


def test_a_file_that_is_cut_or_damaged_or_something_else_is_refused(records, site, tmp_path):
    copy = site.copy(records.file())
    whole_file, bad = copy.read_bytes(), tmp_path / "bad"
    for data, why in (
        (whole_file[:-200], "damaged|cut off"),
        (whole_file[:900] + bytes([whole_file[900] ^ 1]) + whole_file[901:], "damaged"),
        (b"nothing", "no backup"),
    ):
        bad.write_bytes(data)
        refused(records, bad, why)
    unended = records.file()
    archive.write(unended, records.key, list(archive.read(copy, records.key))[:-1])
    refused(records, unended, "ends before its last line")
    with site.here():
        assert verify().problems == ()
    with records.new_site().here(), pytest.raises(BadArchive, match="not made by"):
        beginning.begin(copy, records.key, LEAD)


def test_a_file_of_another_centre_or_of_a_second_record_is_refused(records, site, settings):
    out = records.file()
    with transaction.atomic():  # a lease that is not on record in the end
        given = records.take_out(KEY, "centre")
        transaction.set_rollback(True)
    other = records.new_site()
    other.begin(given)
    refused(records, other.copy(records.file()), "this record never gave")
    copy = site.copy(out)
    home, settings.HOME = settings.HOME, records.folder / "another-seal"
    refused(records, copy, "of another central record")
    settings.HOME = home
    twin = records.new_site()
    twin.begin(next(records.folder.glob("file-2")))
    with twin.here():
        medicate(KEY, "N-2", "aspirin")
    assert records.merge(copy).written
    refused(records, twin.copy(records.file()), "two were at work under one lease")


def test_copies_come_in_any_number_and_never_backwards(records, site):
    first = site.copy(records.file())
    with site.here():
        medicate(KEY, "N-1", "aspirin")
    second = site.copy(records.file())
    assert records.merge(first).added == 1
    assert records.merge(second).added == 1
    refused(records, first, "older than what was merged")
    assert not records.merge(second).written
    third = site.give_back(KEY, records.file())
    done = records.merge(third)
    assert (done.added, done.written, done.ended) == (0, True, True)
    assert len(load_course(KEY, "N-1").medications) == 2
    lease = leases.standing(KEY).all[-1]
    assert len(lease.merges) == 3
    assert carrying.check(KEY, lease.key) == (2, ())
    whole()


def test_a_merged_entry_changed_here_is_found_against_the_site_s_own_hashes(records, site):
    records.merge(site.copy(records.file()))
    lease = leases.standing(KEY).all[-1].key
    remove(connection)
    row = EntryRow.objects.filter(stream=stream_of(KEY, "N-1")).latest("sequence")
    data = row.data.replace("sertraline", "aspirin")
    EntryRow.objects.filter(position=row.position).update(data=data)
    held, amiss = carrying.check(KEY, lease)
    assert held == 1
    assert amiss == (
        f"entry {row.position} (course:away:N-1 3) is not the one the site wrote as its entry 11",
    )


def test_the_rules_of_taking_out_hold_at_the_record(records):
    found_programme("other")
    register("other", "N-1", "north")
    records.take_out("other", "north")
    register(KEY, "N-3", "north")  # another programme's lease is none of this one's


def test_a_merge_killed_in_the_middle_writes_nothing(records, site, own_record):
    copy = site.copy(records.file())
    before = Head.objects.get().position
    connection.close()
    environment = dict(os.environ, DJANGO_SETTINGS_MODULE="sojourn.clinic.settings")
    place = "SOJOURN_DATABASE" if own_record.startswith("postgresql:") else ""
    environment["SOJOURN_DATABASE"] = own_record if place else ""
    environment["SOJOURN_HOME"] = str(records.folder / "central")
    if not place:
        (records.folder / "central" / "record.sqlite3").symlink_to(own_record)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(copy), str(records.folder / "key")],
        env=environment | {"PYTHONPATH": str(PROJECT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, f"{before + 2}\n"), done.stderr
    assert Head.objects.get().position == before
    assert verify().problems == ()
    assert records.merge(copy).added == 1
    whole()


KILLED = """
import os, signal, sys
from pathlib import Path
import django
django.setup()
from sojourn.ledger import archive, merging
from sojourn.ledger.desk import Person
from sojourn.ledger.models import Head

def killed(*_):
    print(Head.objects.get().position, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

merging._bring_identities = killed
key = archive.read_key(Path(sys.argv[2]))
merging.merge(Path(sys.argv[1]), key, Person("lead", "sponsor"), write=True)
"""
