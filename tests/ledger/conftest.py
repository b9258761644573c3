"""A record of its own for each test that commits.

Django empties tables after a transactional test; the record's triggers refuse
that, and no test gets a way round them. So a test that needs real commits or
several connections takes ``own_record``: a fresh copy of a migrated database
(a file on SQLite, a database made from a template on PostgreSQL) that is thrown
away whole. Tests that need neither use ``django_db`` as everywhere.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, connections
from pytest_django.plugin import DjangoDbBlocker

from sojourn.ledger import registry
from tests.ledger.facts import KINDS
from tests.ledger.two_records import central, records, template  # noqa: F401  # fixtures

OF_THE_CLINIC = ("test_golden", "test_merging", "test_merging_files", "test_union")


@pytest.fixture(autouse=True)
def facts_of_no_clinic(request: pytest.FixtureRequest) -> Iterator[None]:
    """Facts of the tests' own, except where the kinds the clinic stores are what is tested."""
    if request.module.__name__.rpartition(".")[2] in OF_THE_CLINIC:
        yield
        return
    with registry.use(KINDS):
        yield


@contextmanager
def _connected_to(name: str) -> Iterator[None]:
    """Let every connection opened meanwhile, on any thread, be to the database ``name``."""
    usual, usual_name = connections["default"], connection.settings_dict["NAME"]
    # The usual one is set aside open: closing it would end a database in memory.
    usual.settings_dict["NAME"] = name
    connections["default"] = connections.create_connection("default")
    try:
        yield
    finally:
        connections["default"].close()
        usual.settings_dict["NAME"] = usual_name
        connections["default"] = usual


def _administer(statement: str) -> None:
    with _connected_to("postgres"), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.fixture(scope="session")
def migrated(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """A database with all tables and triggers and no entries, to be copied."""
    with django_db_blocker.unblock():
        if connection.vendor == "sqlite":
            name = str(tmp_path_factory.mktemp("record") / "migrated.sqlite3")
        else:
            # A folder that imports this fixture makes a copy of its own.
            name = f"sojourn_migrated_{os.getpid()}_{tmp_path_factory.mktemp('copy').name}"
            _administer(f"CREATE DATABASE {name}")
        with _connected_to(name):
            call_command("migrate", verbosity=0)
        yield name
        if connection.vendor != "sqlite":
            _administer(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def own_record(migrated: str, django_db_blocker: DjangoDbBlocker, tmp_path: Path) -> Iterator[str]:
    """A record nobody else uses; yields its SOJOURN_DATABASE, or its file on SQLite."""
    with django_db_blocker.unblock():
        if connection.vendor == "sqlite":
            name = address = str(tmp_path / "record.sqlite3")
            shutil.copy(migrated, name)
        else:
            name = f"sojourn_own_{os.getpid()}"
            _administer(f"CREATE DATABASE {name} TEMPLATE {migrated}")
            user, host = connection.settings_dict["USER"], connection.settings_dict["HOST"]
            address = f"postgresql://{user}@/{name}?host={host}"
        with _connected_to(name):
            yield address
        if connection.vendor != "sqlite":
            _administer(f"DROP DATABASE {name} WITH (FORCE)")
