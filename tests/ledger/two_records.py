"""A central record and records of sites beside it, each with a home and a seal of its own."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.db.utils import load_backend

from sojourn.clinic.founding import Founding, found
from sojourn.course.consent import SignConsent
from sojourn.course.medication import RecordMedication
from sojourn.course.screening import RegisterParticipant
from sojourn.ledger import archive, backup, beginning, clock, desk, merging, taking_out
from sojourn.ledger.desk import Person, stream_of
from sojourn.ledger.read import read_stream
from sojourn.ledger.rebuild import fingerprint, rebuild
from sojourn.ledger.verify import verify
from sojourn.protocols import load_shipped

KEY = "away"
LEAD = Person("lead", "sponsor")
NURSE = Person("nurse", "coordinator")
DOCTOR = Person("doctor", "prescriber")
PROTOCOL = load_shipped("mdma-ptsd")
SINCE = date(2020, 1, 1)


@dataclass
class Site:
    """A site's own embedded record."""

    home: Path
    key: bytes

    @contextmanager
    def here(self) -> Iterator[None]:
        """Everything inside happens in this record."""
        usual, home = connections["default"], settings.HOME
        name = self.home / "record.sqlite3"
        database = {
            **usual.settings_dict,
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(name),
            "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20},
        }
        own = load_backend("django.db.backends.sqlite3").DatabaseWrapper(database, "default")
        connections["default"], settings.HOME = own, self.home
        try:
            yield
        finally:
            own.close()
            connections["default"], settings.HOME = usual, home

    def begin(self, file: Path) -> None:
        with self.here():
            beginning.begin(file, self.key, LEAD)

    def copy(self, to: Path) -> Path:
        """A copy of all of it, as it stands."""
        with self.here():
            backup.back_up(to, self.key)
        return to

    def give_back(self, programme: str, to: Path) -> Path:
        with self.here():
            beginning.give_back(programme, LEAD)
        return self.copy(to)


@dataclass
class Records:
    """The central record is the connection in use; sites are made beside it."""

    folder: Path
    key: bytes
    template: Path
    made: int = 0

    def new_site(self) -> Site:
        self.made += 1
        home = self.folder / f"site-{self.made}"
        home.mkdir()
        shutil.copy(self.template, home / "record.sqlite3")
        return Site(home, self.key)

    def file(self) -> Path:
        self.made += 1
        return self.folder / f"file-{self.made}"

    def take_out(self, programme: str, site: str, numbers: str = "", **how: object) -> Path:
        path, until = self.file(), clock.now().date() + timedelta(days=9)
        taking_out.take_out(
            programme, site, path, self.key, until=until, by=LEAD, numbers=numbers, **how
        )
        return path

    def merge(self, file: Path, *, write: bool = True, **how: object) -> merging.Merged:
        return merging.merge(file, self.key, LEAD, write=write, **how)


def empty_embedded(folder: Path) -> Path:
    """An embedded record with all tables and nothing in it."""
    site = Site(folder, b"")
    with site.here():
        call_command("migrate", verbosity=0)
    return folder / "record.sqlite3"


@pytest.fixture(scope="session")
def template(migrated, django_db_blocker, tmp_path_factory) -> Path:
    """An embedded record to begin in, whatever database the central record is in."""
    if connection.vendor == "sqlite":
        return Path(migrated)
    with django_db_blocker.unblock():
        return empty_embedded(tmp_path_factory.mktemp("embedded"))


@pytest.fixture
def central(own_record, template, tmp_path, settings) -> Records:
    """A central record without a programme."""
    settings.HOME = tmp_path / "central"
    archive.new_key(tmp_path / "key")
    return Records(tmp_path, archive.read_key(tmp_path / "key"), template)


@pytest.fixture
def records(central) -> Records:
    """A programme with a participant at the centre and two in the north."""
    found_programme(KEY)
    for participant, site in (("C-1", "centre"), ("N-1", "north"), ("N-2", "north")):
        register(KEY, participant, site)
        consent(KEY, participant)
    return central


def said(programme: str, participant: str) -> list[tuple[object, ...]]:
    """What the entries of a course say, whichever record holds them."""
    entries = read_stream(stream_of(programme, participant))
    return [(each.sequence, each.fact, each.occurred_at, each.author) for each in entries]


def whole() -> None:
    """The record verifies, and its lists are what a rebuild gives."""
    assert verify().problems == ()
    lists = fingerprint()
    rebuild()
    assert fingerprint() == lists


def found_programme(key: str) -> None:
    limits = tuple((each.key, each.lowest) for each in PROTOCOL.site_settings)
    title, reference = "Taken offline", "IND 1"
    found(
        Founding(key, "mdma-ptsd", title, "us-ind", reference, SINCE, "1.0", "board", limits),
        author="lead",
    )


def register(programme: str, participant: str, site: str) -> None:
    command = RegisterParticipant(clock.now(), participant, site, 1980, "female")
    desk.execute(programme, participant, command, NURSE)


def medicate(programme: str, participant: str, medicine: str) -> None:
    command = RecordMedication(clock.now(), medicine, "as told", SINCE, as_written=True)
    desk.execute(programme, participant, command, DOCTOR)


def consent(programme: str, participant: str) -> None:
    both = ("participant", "investigator")
    command = SignConsent(clock.now(), "1.0", "nurse", "English", "shown", "present", both)
    desk.execute(programme, participant, command, NURSE, signed=True)
