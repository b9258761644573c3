"""Both worlds, written once for all these tests; the record that stays is that of "this" one."""

import os
import random
from collections.abc import Iterator

import pytest
from django.db import connection, transaction
from django.utils import timezone

from sojourn.clinic.demo.programme import ACCOUNTS
from sojourn.clinic.models import Member
from sojourn.ledger import clock
from tests.blinding.worlds import NOW, WORLDS, Chance, World, leaves, under
from tests.conftest import make_whole


@pytest.fixture(scope="module")
def chance() -> Iterator[Chance]:
    """The clock stands still and chance repeats itself."""
    drawn = Chance()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: clock.here(NOW))
        patch.setattr(timezone, "now", lambda: NOW)
        patch.setattr(random, "_urandom", drawn)
        patch.setattr(os, "urandom", drawn)
        yield drawn


@pytest.fixture(scope="module")
def worlds(django_db_setup, django_db_blocker, chance) -> Iterator[dict[str, World]]:
    if connection.vendor != "sqlite":
        pytest.skip("numbers the database gives go on after a rollback; compared on SQLite")
    with django_db_blocker.unblock(), transaction.atomic():
        make_whole()
        found = {name: leaves(name, chance, stay=name == "this") for name in reversed(WORLDS)}
        for username, role in ACCOUNTS:
            Member.objects.create(username=username, role=role)
        with under(found["this"].ideal):
            yield found
        transaction.set_rollback(True)
