"""Reports made beside the pages: one run for each programme and kind, with its progress.

Where a run has got to lies in a file, so that every worker of the server knows of it and a reload
loses nothing. A run is made as the command line makes it, so that the bytes are the same.
"""

import secrets
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from django.conf import settings
from django.db import connections

from sojourn import reporting
from sojourn.clinic import run_files
from sojourn.ledger import clock
from sojourn.ledger.desk import Person
from sojourn.record.command import Refused

WRITTEN_EVERY = timedelta(milliseconds=300)
Kind = Literal["opened", "blinded"]
State = Literal["running", "done", "stopped"]
_turn = threading.Semaphore(1)


@dataclass(frozen=True, slots=True)
class Run:
    """A run as the page shows it: ``done`` of ``of`` participants read, ``said`` why it stopped."""

    run: str
    by: str
    at: str  # when it was last heard of
    state: State = "running"
    done: int = 0
    of: int = 0
    said: str = ""


def start(wish: reporting.Wish, by: Person) -> None:
    """Begin a run, unless one of that kind is going already: both would give the same report."""
    kind: Kind = "blinded" if wish.blinded else "opened"
    present = run_of(wish.programme, kind)
    if present and present.state == "running":
        return
    run = Run(secrets.token_hex(8), by.name, clock.now().isoformat())
    path = _path(wish.programme, kind)
    _write(path, run)
    _begin(lambda: _work(wish, by, path, run))


def run_of(programme: str, kind: Kind) -> Run | None:
    """The last run of that kind, wherever it has got to."""
    found = run_files.read(_path(programme, kind))
    if found is None:
        return None
    run = Run(**found)
    silent = clock.now() - datetime.fromisoformat(run.at)
    if run.state == "running" and silent > run_files.SILENT:
        return replace(run, state="stopped", said="nothing was heard of it; make it again")
    return run


def _begin(work: Callable[[], None]) -> None:
    def apart() -> None:
        try:
            work()
        finally:
            connections.close_all()

    threading.Thread(target=apart, daemon=True).start()


def _work(wish: reporting.Wish, by: Person, path: Path, run: Run) -> None:
    heard = clock.now()

    def progress(done: int, of: int) -> None:
        nonlocal heard, run
        now = clock.now()
        if now - heard > WRITTEN_EVERY or done == of:
            heard, run = now, replace(run, at=now.isoformat(), done=done, of=of)
            _write(path, run)

    with _turn:
        try:
            made = reporting.make(wish, by, progress)
            reporting.write(made, reporting.shelf(wish.programme, blinded=not made.by_arm))
        except Refused as refused:
            _write(path, replace(run, state="stopped", said=refused.message))
        except Exception:
            # The page tells it; a thread has nobody else to tell. The cause goes to the log.
            run_files.write(
                path, asdict(replace(run, state="stopped", said="the server has logged why"))
            )
            raise
        else:
            _write(path, replace(run, at=clock.now().isoformat(), state="done"))


def _path(programme: str, kind: Kind) -> Path:
    folder = Path(settings.HOME) / "report-runs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{programme}-{kind}.json"


def _write(path: Path, run: Run) -> None:
    run_files.write(path, asdict(run))
