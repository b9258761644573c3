"""A day is the day people lived: what spans midnight in Greenwich is one day in Sydney."""

from datetime import UTC, date, datetime

import pytest

from sojourn.course.consent import AgreementsRecorded
from sojourn.ledger import clock, registry
from sojourn.ledger.append import append
from sojourn.ledger.models import EntryRow
from sojourn.ledger.read import read_stream
from sojourn.ledger.registry import _shipped

EARLY = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)  # 9:30 on 2 March in Sydney
LATER = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # noon of the same day there


@pytest.fixture
def in_sydney(settings, db):
    settings.TIME_ZONE = "Australia/Sydney"


@pytest.mark.proves("who-when-why")
def test_what_is_read_carries_the_site_s_day_and_what_is_stored_is_utc(in_sydney):
    with registry.use(_shipped()):
        for number, moment in enumerate((EARLY, LATER)):
            append(
                "course:x:P-1",
                (AgreementsRecorded("none", True, ""),),
                expected=number,
                occurred_at=moment,
                author="ana",
                role="therapist",
            )
        early, later = read_stream("course:x:P-1")
    assert early.occurred_at.date() == later.occurred_at.date() == date(2026, 3, 2)
    assert (early.occurred_at, later.occurred_at) == (EARLY, LATER)
    stored = EntryRow.objects.order_by("sequence").values_list("occurred_at", flat=True)
    assert stored[0] == "2026-03-01T22:30:00.000000Z"


def test_the_clock_tells_the_site_s_day(in_sydney):
    assert str(clock.now().tzinfo) == "Australia/Sydney"
    assert clock.here(EARLY).date() == date(2026, 3, 2)
