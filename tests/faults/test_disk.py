"""A disk that is full, that can't be written, that is slow: nothing acknowledged is lost."""

import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

ROOM = 96  # MiB of the disk that will be filled


def mounted(*words: str) -> bool:
    return subprocess.run(["mount", *words], capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A home on a small disk of its own."""
    disk = tmp_path_factory.mktemp("disk")
    if not shutil.which("mount") or not mounted("-t", "tmpfs", "-o", f"size={ROOM}m", "t", disk):
        pytest.skip("this account may not mount a disk; full and read-only disks were not tried")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def filled(disk: Path) -> Path:
    """The file that takes the last byte of the disk."""
    path = disk / "filler"
    with path.open("wb", buffering=0) as filler:
        for size in (1 << 20, 4096, 1):
            try:
                while filler.write(b"x" * size):
                    pass
            except OSError:
                continue
    return path


@pytest.mark.proves("nothing-lost")
def test_a_full_disk_is_said_plainly_and_what_was_kept_stays(served, staff, place):
    assert staff.note("before") == 200
    filler = filled(place)
    try:
        statuses = [staff.note(f"while full {number}") for number in range(30)]
        by_form = {"tap": "note", "text": "by form", "key": "f", "age_ms": "0"}
        status, page = staff.post(staff.room + "tap/", by_form)
        read, _ = staff.get(staff.room)
    finally:
        filler.unlink()
    assert set(statuses) <= {200, 503}
    assert 503 in statuses
    assert (status, "can't be reached just now" in page) == (503, True)
    assert read == 200, "what is recorded can be read though nothing more can be written"
    kept = [f"while full {number}" for number, status in enumerate(statuses) if status == 200]
    assert [each for each in staff.noted() if "full" in each] == kept
    lost = [f"while full {number}" for number, status in enumerate(statuses) if status != 200]
    assert [staff.note(each) for each in lost] == [200] * len(lost)
    assert sorted(each for each in staff.noted() if "full" in each) == sorted(kept + lost)


@pytest.mark.proves("nothing-lost")
def test_on_a_read_only_disk_the_server_does_not_pretend(served, staff, place):
    assert staff.note("on a good disk") == 200
    served.stop()
    assert mounted("-o", "remount,ro", place)
    try:
        command = [sys.executable, "-m", "sojourn.cli", "serve", "--port", str(served.port)]
        said = subprocess.run(
            command, env=served.environment(), capture_output=True, text=True, check=False
        )
    finally:
        assert mounted("-o", "remount,rw", place)
    assert said.returncode == 1
    assert "the record can't be opened" in said.stderr
    assert "Traceback" not in said.stderr
    served.start()
    assert staff.note("on a good disk again") == 200
    assert "on a good disk" in staff.noted()


def test_a_slow_writer_before_us_makes_us_wait_not_fail(served, staff, place):
    record = sqlite3.connect(place / "record.sqlite3", timeout=20, check_same_thread=False)
    record.execute("BEGIN IMMEDIATE")

    def finish():
        time.sleep(2)
        record.rollback()

    slow = threading.Thread(target=finish)
    slow.start()
    begun = time.monotonic()
    assert staff.note("behind a slow disk") == 200
    slow.join()
    record.close()
    assert time.monotonic() - begun >= 1
    assert staff.noted().count("behind a slow disk") == 1
