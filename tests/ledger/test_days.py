"""A day is the day people lived: what spans midnight in Greenwich is one day in Sydney."""

from datetime import UTC, date, datetime, time, timedelta
from unittest.mock import patch

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
    assert clock.now().tzname() in ("AEST", "AEDT")
    assert clock.here(EARLY).date() == date(2026, 3, 2)


AUTUMN, SPRING = date(2026, 10, 25), date(2027, 3, 28)  # when the clocks change in Berlin


@pytest.fixture
def in_berlin(settings, db):
    settings.TIME_ZONE = "Europe/Berlin"


def test_the_night_the_clocks_change_is_as_long_as_it_was(in_berlin):
    first = clock.here(datetime(2026, 10, 25, 0, 30, tzinfo=UTC))  # 2:30 in summer time
    then = clock.here(datetime(2026, 10, 25, 1, 10, tzinfo=UTC))  # 2:10 in winter time
    assert first.date() == then.date() == AUTUMN
    assert then - first == timedelta(minutes=40)
    assert first < then
    evening = clock.here(datetime(2027, 3, 27, 23, 30, tzinfo=UTC))
    assert clock.here(datetime(2027, 3, 28, 2, 0, tzinfo=UTC)) - evening == timedelta(hours=2.5)


@pytest.mark.parametrize(
    ("now", "shown", "meant"),
    [
        ((2026, 10, 25, 0, 35), "02:30", (0, 30)),  # the hour comes for the first time
        ((2026, 10, 25, 1, 35), "02:30", (1, 30)),  # and again
        ((2026, 10, 25, 1, 10), "02:30", (0, 30)),  # its second half past has not come again yet
        ((2026, 10, 25, 5, 0), "04:00", (3, 0)),
        ((2027, 3, 28, 5, 0), "01:59", (0, 59)),
        ((2027, 3, 28, 5, 0), "03:00", (1, 0)),
    ],
)
def test_what_the_clock_on_the_wall_showed_is_one_moment(in_berlin, now, shown, meant):
    day = date(*now[:3])
    with patch.object(clock, "now", lambda: datetime(*now, tzinfo=UTC)):
        moment = clock.lived_at(datetime.combine(day, time.fromisoformat(shown)))
    assert moment == datetime(*now[:3], *meant, tzinfo=UTC)
    assert f"{moment:%H:%M}" == shown


def test_an_hour_that_never_was_is_named(in_berlin):
    with pytest.raises(ValueError, match=r"no clock showed 02:30 on 2027-03-28.*03:30 or 01:30"):
        clock.lived_at(datetime.combine(SPRING, time(2, 30)))
