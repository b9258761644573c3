"""A writer that dies at any moment loses nothing it had said was kept."""

import random

import pytest
from django.db import connection

from tests.ledger.killing import kill_a_writer


@pytest.mark.proves("nothing-lost")
@pytest.mark.usefixtures("own_record")
def test_a_killed_writer_loses_no_acknowledged_entry(own_record: str) -> None:
    generator = random.Random(3)
    total = 0
    for _ in range(5):
        connection.close()
        acknowledged, kept, problems = kill_a_writer(own_record, generator.uniform(0.02, 0.3))
        total += acknowledged
        assert kept >= acknowledged
        assert problems == ()
    assert total > 0
