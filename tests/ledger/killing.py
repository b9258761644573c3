"""Killing a writer in the middle of its work, and looking at what it left."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from sojourn.ledger.findings import Problem
from sojourn.ledger.models import EntryRow
from sojourn.ledger.verify import verify

PROJECT = Path(__file__).resolve().parents[2]


def kill_a_writer(record: str, after_s: float) -> tuple[int, int, tuple[Problem, ...]]:
    """Let a writer write, kill it ``after_s`` seconds past its first entry.

    ``record`` is a PostgreSQL address or an SQLite file called record.sqlite3.
    Returns the last position it acknowledged, the last position on the record
    and the problems that verify finds.
    """
    environment = dict(os.environ, DJANGO_SETTINGS_MODULE="sojourn.clinic.settings")
    if record.startswith("postgresql:"):
        environment["SOJOURN_DATABASE"] = record
    else:
        environment["SOJOURN_HOME"] = str(Path(record).parent)
    environment["PYTHONPATH"] = os.pathsep.join(
        [str(PROJECT / "src"), str(PROJECT), environment.get("PYTHONPATH", "")]
    )
    writer = subprocess.Popen(
        [sys.executable, "-m", "tests.ledger.writer", "course:killed"],
        stdout=subprocess.PIPE,
        env=environment,
        cwd=PROJECT,
    )
    assert writer.stdout is not None
    lines: list[bytes] = [writer.stdout.readline()]
    reader = threading.Thread(target=lambda: lines.extend(writer.stdout or ()))
    reader.start()
    time.sleep(after_s)
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    reader.join()
    writer.stdout.close()
    acknowledged = max((int(line) for line in lines if line.endswith(b"\n")), default=0)
    last = EntryRow.objects.order_by("-position").values_list("position", flat=True).first()
    return acknowledged, last or 0, verify().problems
