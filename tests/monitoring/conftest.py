"""A dosing session that opened three hours ago; and a record that really commits."""

from datetime import datetime, timedelta

import pytest

from sojourn.ledger import clock
from tests.ledger.conftest import migrated, own_record  # noqa: F401  # fixtures
from tests.monitoring.sessions import found_programme, open_session


@pytest.fixture
def opened(db) -> datetime:
    """When the session of P-1 opened."""
    at = clock.now().replace(microsecond=0) - timedelta(hours=3)
    found_programme()
    open_session("P-1", at)
    return at
