"""A programme's pauses are weighed at the moment of what is entered, not of entering it."""

from datetime import timedelta

import pytest

from sojourn import conduct
from sojourn.conduct.authorisation import (
    FoundProgramme,
    OpenProgramme,
    PauseProgramme,
    RecordAuthorisation,
    ResumeProgramme,
)
from sojourn.ledger.programmes import clearance
from sojourn.record.command import Refused
from sojourn.record.entry import Entry
from tests.course.story import PROTOCOL, SITE_SETTINGS, START

HOUR = timedelta(hours=1)


def programme_after(*commands):
    found = conduct.fold("test", ())
    entries: list[Entry] = []
    for command in commands:
        for fact in conduct.decide(
            found, command, PROTOCOL, author="lead", role="sponsor", now=START + 99 * HOUR
        ):
            number = len(entries) + 1
            entries.append(
                Entry("programme:test", number, fact, command.at, command.at, "lead", "sponsor")
            )
            found = conduct.fold("test", entries)
    return found


def opened():
    return (
        FoundProgramme(START, "A programme"),
        RecordAuthorisation(START, "IND 1", "us-ind", START.date(), None, "file"),
        OpenProgramme(START + HOUR, SITE_SETTINGS),
    )


@pytest.mark.parametrize(
    ("hours", "is_open"), [(0, False), (1, True), (2, True), (3, False), (4, False), (5, True)]
)
def test_a_dose_entered_late_counts_the_pause_as_it_was_then(hours, is_open):
    programme = programme_after(
        *opened(),
        PauseProgramme(START + 3 * HOUR, "an event is looked into"),
        ResumeProgramme(START + 5 * HOUR, "looked into"),
    )
    moment = START + hours * HOUR

    assert clearance(programme, moment.date(), "", at=moment).programme_open is is_open
    assert clearance(programme, moment.date(), "").programme_open


def test_a_resumption_dated_before_its_pause_is_refused():
    with pytest.raises(Refused, match="give a later time"):
        programme_after(
            *opened(),
            PauseProgramme(START + 3 * HOUR, "an event is looked into"),
            ResumeProgramme(START + 2 * HOUR, "looked into"),
        )
