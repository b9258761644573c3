"""The demonstration trial of 104, loaded once, exported both ways, and its record thrown away."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction
from pytest_django import DjangoDbBlocker

from sojourn import course as courses
from sojourn.clinic.demo import PROGRAMME, load_demo
from sojourn.course.state import Course
from sojourn.exchange.cdisc.export import Exported, export
from sojourn.exchange.cdisc.odm import export_odm
from sojourn.exchange.cdisc.source import Wish, open_source
from sojourn.ledger import clock, opening
from sojourn.ledger.desk import Person
from sojourn.ledger.read import read_stream, streams
from sojourn.ledger.registry import kinds
from sojourn.record.entry import Entry
from tests.conftest import make_whole

STATISTICIAN = Person("ana", "statistician")
PURPOSE = "final analysis of the trial"


@dataclass(frozen=True)
class Trial:
    """The files of one trial, and what the record they came from held."""

    blinded: Exported
    opened: Exported
    odm: Path
    written: int  # entries in the ODM file
    entries: dict[str, tuple[Entry, ...]]  # by stream
    states: dict[str, Course]
    arms: dict[str, str]
    openings: tuple[Entry, ...]
    home: Path | None  # a record that holds it too, for a process of its own; None on PostgreSQL

    def entry(self, position: str) -> Entry:
        return self.by_position[int(position)]

    @property
    def by_position(self) -> dict[int, Entry]:
        return {each.position: each for some in self.entries.values() for each in some}


def states() -> dict[str, Course]:
    """Every course on the record, folded."""
    return {
        stream: courses.fold(read_stream(stream), kinds().read)
        for stream in streams(f"course:{PROGRAMME}:")
    }


def copied(home: Path) -> Path | None:
    """The record as it is inside this transaction, with its key, in a home of its own."""
    if connection.vendor != "sqlite":
        return None
    home.mkdir()
    # What is not committed is in it too, which a backup would wait for.
    (home / "record.sqlite3").write_bytes(connection.connection.serialize())
    shutil.copy(Path(settings.HOME) / "sealing.key", home)
    return home


@pytest.fixture(scope="session")
def trial(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Trial:
    """A trial of 104, in files."""
    folder = tmp_path_factory.mktemp("trial")
    with django_db_blocker.unblock(), transaction.atomic():
        make_whole()
        load_demo(today=clock.now())
        made = {}
        for opened in (False, True):
            wish = Wish(PROGRAMME, opened=opened, purpose=PURPOSE if opened else "")
            source = open_source(wish, STATISTICIAN)
            made[opened] = export(source, folder / str(opened), xpt=opened)
        by, told = STATISTICIAN, {"opened": True, "purpose": PURPOSE}
        written = export_odm(PROGRAMME, folder / "demo.xml", by, **told)
        export_odm(PROGRAMME, folder / "blinded.xml", by)
        entries = {each: read_stream(each) for each in streams(f"course:{PROGRAMME}:")}
        held = Trial(
            made[False],
            made[True],
            folder / "demo.xml",
            written,
            entries,
            states(),
            opening.allocations(PROGRAMME),
            read_stream(f"openings:{PROGRAMME}"),
            copied(folder / "home"),
        )
        transaction.set_rollback(True)
    return held
