"""Intercurrent events read off a course: stopped treatment, an excluded medicine, a death."""

from datetime import timedelta

from sojourn import medicines
from sojourn.course.adverse_events import RecordAdverseEvent
from sojourn.course.consent import WithdrawConsent
from sojourn.course.dosing import CloseSession, WithholdDose
from sojourn.course.followup import WithdrawParticipant
from sojourn.course.intercurrent import intercurrent
from sojourn.course.medication import RecordMedication
from tests.course.story import PROTOCOL, Story


def happened(story):
    found = intercurrent(story.course, PROTOCOL, medicines.load_shipped())
    return [(each.event, each.on, each.kinds) for each in found]


def test_treatment_goes_on_while_nothing_ends_it():
    assert happened(Story().ready().session_done()) == []


def test_consent_to_treatment_withdrawn_between_sessions_stops_it_on_that_day():
    story = Story().ready().session_done().pass_time(days=3)
    story.ask(WithdrawConsent(story.at, "no more sessions, ratings are fine", "treatment"))
    stopped = ("treatment-stopped", story.at.date(), ("consent.withdrawn",))
    assert happened(story) == [stopped]
    # Whatever ends the course afterwards, the first day counts.
    story.pass_time(days=10)
    story.ask(WithdrawParticipant(story.at, PROTOCOL.withdrawal_reasons[0][0]))
    assert happened(story) == [stopped]


def test_a_session_without_a_dose_stops_it_only_once_no_dose_can_follow():
    story = Story().ready()
    day = story.at.date()
    story.ask(WithholdDose(story.at, "initial", "Feverish this morning."))
    story.ask(CloseSession(story.at, "escorted-home", "No dose was given."))
    assert happened(story) == []
    story.pass_time(days=40)
    story.ask(WithdrawParticipant(story.at, PROTOCOL.withdrawal_reasons[0][0]))
    ((event, on, kinds),) = happened(story)
    assert (event, on) == ("treatment-stopped", day)
    assert "dosing.dose-withheld" in kinds


def test_an_excluded_medicine_counts_from_its_first_day_after_randomisation():
    story = Story().ready().session_done().pass_time(days=5)
    before, since = story.at.date() - timedelta(days=200), story.at.date() - timedelta(days=1)
    for name, started in (("sertraline", before), ("ibuprofen", since)):
        story.ask(RecordMedication(story.at, name, "pain or mood", started, None, ended=False,
                                   as_written=True))  # fmt: skip
    assert happened(story) == []
    story.ask(RecordMedication(story.at, "escitalopram", "low mood", since))
    assert happened(story) == [("excluded-medicine", since, ("medication.recorded",))]
    # Without its first day nobody can tell what came before it.
    other = Story().ready().session_done().pass_time(days=5)
    other.ask(RecordMedication(other.at, "escitalopram", "low mood"))
    assert happened(other) == []


def test_a_death_counts_from_the_day_it_is_told_of():
    story = Story().ready().session_done().pass_time(days=2)
    story.ask(
        RecordAdverseEvent(
            story.at, "cardiac arrest", code="cardiac-arrest", learned="spontaneous", grade=5,
            serious=True, seriousness=("death",), relatedness="possible", expectedness="",
            action_taken="interrupted", outcome="fatal", valence="unpleasant",
            started_on=story.at.date(), ended_on=story.at.date(),
        ),
        "therapist",
    )  # fmt: skip
    kinds = ("safety.adverse-event-recorded", "safety.adverse-event-updated")
    assert happened(story) == [("death", story.at.date(), kinds)]
