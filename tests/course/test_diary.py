"""The days after a session: calls, diaries, and who is called back."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sojourn.course import after_session, diary, reminding, watching
from sojourn.course.aftercare import ContactNotReached, RecordAttempt, RecordContact
from sojourn.course.consent import WithdrawConsent
from sojourn.course.diary import (
    EffectsReviewed,
    EntryMade,
    MakeEntry,
    NoteMissedDiary,
    ReviewEffects,
)
from sojourn.course.diary_access import OpenDiary, RevokeAccess, SendLink, WishReminders
from sojourn.course.diary_state import DiaryAccess, DiaryEntry
from sojourn.course.followup import WithdrawParticipant
from sojourn.course.medication import RecordMedication, StopMedication
from sojourn.course.reminding import RecordReminder
from sojourn.course.safety import AlertRaised, ResolveAlert
from sojourn.course.state import Course, Session
from sojourn.record.command import Refused
from tests.course.story import PROTOCOL, Story

PLAN = PROTOCOL.diary


def after_session_one() -> Story:
    return Story().ready().session_done()


def with_diary() -> Story:
    story = after_session_one()
    story.ask(SendLink(story.at, story.at + timedelta(minutes=30)))
    story.ask(OpenDiary(story.at))
    return story


def told(story: Story, mood: int = 6, **more: object) -> tuple:
    answers = {"mood": str(mood), "suicidal_thoughts": "no", **more}
    pairs = [
        (key.replace("_", "-"), value)
        for key, given in answers.items()
        for value in (given if isinstance(given, list) else [given])
        if value is not None
    ]
    return story.ask(MakeEntry(story.at, story.at.date(), tuple(pairs)))


def rules(facts: tuple) -> list[str]:
    return [each.rule for each in facts if isinstance(each, AlertRaised)]


# --- calls ------------------------------------------------------------------


def test_a_call_that_reaches_nobody_says_when_the_next_is_and_stays_due():
    story = after_session_one().pass_time(days=1)
    attempt = RecordAttempt(story.at, "contact-1-1", "call", story.at + timedelta(hours=3))
    assert story.ask(attempt) == (
        ContactNotReached("contact-1-1", 1, "call", story.at + timedelta(hours=3)),
    )
    assert "contact-1-1" not in story.course.visits
    with pytest.raises(Refused, match="when the next attempt is"):
        story.ask(RecordAttempt(story.at, "contact-1-1", "call"))


def test_after_the_packs_number_of_attempts_someone_takes_the_emergency_step():
    story = after_session_one().pass_time(days=1)
    later = story.at + timedelta(hours=2)
    for _ in range(PROTOCOL.aftercare.attempts - 1):
        assert not rules(story.ask(RecordAttempt(story.at, "contact-1-1", "call", later)))
    facts = story.ask(RecordAttempt(story.at, "contact-1-1", "call"))
    assert rules(facts) == ["aftercare-not-reached"]
    assert "3 attempts; call the emergency contact" in facts[1].label
    # One more try does not stack up the same alert, and being reached is still recorded.
    assert not rules(story.ask(RecordAttempt(story.at, "contact-1-1", "call")))
    story.ask(RecordContact(story.at, "contact-1-1", 5, 6, "none"))
    assert story.course.visits["contact-1-1"].held
    with pytest.raises(Refused, match="took place"):
        story.ask(RecordAttempt(story.at, "contact-1-1", "call"))


def test_no_attempt_before_a_session_has_ended():
    story = Story().ready()
    with pytest.raises(Refused, match="has not ended"):
        story.ask(RecordAttempt(story.at, "contact-1-1", "call"))


# --- the diary --------------------------------------------------------------


def test_an_entry_is_kept_as_told_and_effects_wait_for_a_person():
    story = with_diary()
    facts = told(story, 7, effects=["craving", "close"], line="  slept\n well ")
    assert facts == (
        EntryMade(
            "diary-1",
            story.at.date(),
            (
                ("mood", "7"),
                ("suicidal-thoughts", "no"),
                ("effects", "craving"),
                ("effects", "close"),
                ("line", "slept well"),
            ),
            0,
        ),
    )
    [waiting] = diary.to_review(story.course, PLAN)
    assert diary.effects(waiting, PLAN) == (
        "Wanting more of the study drug (craving)",
        "Close to people",
    )
    assert story.course.adverse_events == {}
    assert story.ask(ReviewEffects(story.at, "diary-1", "no-event", "mild")) == (
        EffectsReviewed("diary-1", "no-event", "mild"),
    )
    assert diary.to_review(story.course, PLAN) == ()
    with pytest.raises(Refused, match="was reviewed"):
        story.ask(ReviewEffects(story.at, "diary-1", "known"))


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ((("mood", "11"),), "mood"),
        ((("mood", "-1"),), "mood"),
        ((("mood", "６"),), "mood"),
        ((("mood", "3"), ("mood", "4")), "mood"),
        ((("suicidal-thoughts", "maybe"),), "suicidal-thoughts"),
        ((("effects", "flying"),), "effects"),
        ((("line", "x" * 281),), "line"),
        ((("weather", "fine"),), "weather"),
        ((), ""),
        ((("line", "   "),), ""),
    ],
)
def test_what_no_question_can_take_is_refused_by_name(answers, field):
    story = with_diary()
    with pytest.raises(Refused) as refused:
        story.ask(MakeEntry(story.at, story.at.date(), answers))
    assert refused.value.field == field


def test_nobody_of_staff_writes_in_the_diary_and_a_participant_gives_no_other_command():
    story = with_diary()
    entry = MakeEntry(story.at, story.at.date(), (("mood", "5"),))
    for role in ("therapist", "prescriber", "coordinator", "sponsor", "system"):
        with pytest.raises(Refused):
            story.ask(entry, role)
    with pytest.raises(Refused):
        story.ask(RevokeAccess(story.at, "no reason"), "participant")
    with pytest.raises(Refused):
        story.ask(SendLink(story.at, story.at), "participant")


@pytest.mark.parametrize("strength", [None, "passing", "often", "how", "intent"])
def test_any_thought_of_suicide_raises_an_alert_each_time(strength):
    story = with_diary()
    for number in (1, 2):
        facts = told(story, 8, suicidal_thoughts="yes", suicidal_strength=strength)
        assert rules(facts) == ["diary-suicidality"]
        assert len(story.course.open_alerts) == number
    if strength == "intent":
        assert facts[1].label.endswith("i might act on them")


def test_the_question_on_suicide_left_open_asks_someone_to_ask():
    story = with_diary()
    facts = told(story, 8, suicidal_thoughts=None)
    assert rules(facts) == ["diary-suicidality"]
    assert "left open; ask" in facts[1].label


def test_a_slip_elsewhere_on_the_page_holds_back_no_call_for_help():
    story = with_diary()
    answers = (
        ("weather", "fine"),
        ("mood", "high"),
        ("anxiety", "9"),
        ("suicidal-thoughts", "no"),
        ("suicidal-thoughts", "yes"),
        ("suicidal-strength", "often"),
    )
    facts = story.ask(MakeEntry(story.at, story.at.date(), answers))
    assert rules(facts) == ["diary-suicidality"]
    assert facts[0].answers == (
        ("anxiety", "9"),
        ("suicidal-thoughts", "yes"),
        ("suicidal-strength", "often"),
    )


def test_a_strength_without_the_thought_is_not_kept():
    story = with_diary()
    [entry] = told(story, 8, suicidal_strength="intent")
    assert "suicidal-strength" not in dict(entry.answers)


def test_thoughts_of_suicide_reach_the_team_even_after_consent_is_withdrawn():
    story = with_diary()
    story.ask(WithdrawConsent(story.at, "stop everything", "all"))
    with pytest.raises(Refused, match="nothing more is recorded"):
        told(story, 8)
    facts = told(story, 2, suicidal_thoughts="yes")
    assert [type(each) for each in facts] == [AlertRaised, AlertRaised]
    assert story.course.diary == ()


def test_a_consent_form_replaced_meanwhile_loses_no_entry():
    story = with_diary().with_clearance(consent_versions=("1.0", "2.0"), consent_needed="2.0")
    assert isinstance(told(story)[0], EntryMade)


def test_low_mood_is_told_at_the_sites_limit_and_not_above():
    story = with_diary()
    told(story, 3)
    assert rules(told(story, 3)) == []
    assert rules(told(story, 2)) == ["diary-mood-low"]
    assert rules(told(story, 1)) == []  # the alert is open; a trend is not told twice
    [alert] = story.course.open_alerts
    story.ask(ResolveAlert(story.at, alert.key, "called at once; safe"))
    assert rules(told(story, 1)) == ["diary-mood-low"]


def test_a_fall_is_measured_from_the_persons_own_mood_before_the_session():
    story = Story().ready()
    story.ask(SendLink(story.at, story.at))
    for mood in (7, 9, 8):
        told(story, mood)
    story.session_done().pass_time(days=2)
    assert watching.baseline(story.course, PLAN) == 8
    assert rules(told(story, 5)) == []
    facts = told(story, 4)
    assert rules(facts) == ["diary-mood-fall"]
    assert "from 8 to 4, the limit is 4 points" in facts[1].label


def test_without_earlier_mood_the_first_after_the_session_is_the_baseline():
    story = with_diary().pass_time(days=1)
    assert watching.baseline(story.course, PLAN) is None
    story.ask(RecordContact(story.at, "contact-1-1", 9, 7, "none"))
    assert watching.baseline(story.course, PLAN) == 9
    assert rules(told(story.pass_time(hours=1), 5)) == ["diary-mood-fall"]


def test_an_antidepressant_ended_for_the_course_moves_the_limits():
    story = Story().consented()
    story.ask(RecordMedication(story.at, "sertraline", "depression"))
    story.ask(StopMedication(story.at, "sertraline", story.at.date()))
    [low] = [each for each in PLAN.rules if each.at_most_setting]
    [fall] = [each for each in PLAN.rules if each.drop_setting]
    circumstances = story.circumstances("system")
    assert watching.watched_closely(story.course, circumstances)
    assert watching.limit_of(low, story.clearance, closer=True) == 3
    assert watching.limit_of(fall, story.clearance, closer=True) == 3
    entry = DiaryEntry("diary-1", story.at.date(), story.at, (("mood", "3"),), 0)
    found = list(watching.findings(story.course, entry, PLAN, circumstances))
    low_mood = [each for each in found if each.rule is low]
    assert "antidepressant was ended" in low_mood[0].label


def test_a_limit_nobody_set_is_named_and_never_replaced():
    story = with_diary().with_clearance(settings=())
    assert rules(told(story, 0)) == []
    assert len(watching.unset(PLAN, story.clearance)) == 3
    seen = after_session.seen(story.course, story.circumstances("therapist"), story.at.date(), UTC)
    assert sum("set no limit" in each for each in seen.flags) == 3
    assert rules(told(story, 0, suicidal_thoughts="yes")) == ["diary-suicidality"]


# --- silence ----------------------------------------------------------------


def missed(story: Story) -> list[str]:
    return rules(story.ask(NoteMissedDiary(story.at, story.at.date(), 0)))


def test_a_diary_left_empty_raises_one_alert_for_each_stretch():
    story = with_diary()
    told(story, 6)
    assert missed(story.pass_time(days=1)) == []  # today is not over
    assert missed(story.pass_time(days=1)) == []  # one day empty
    assert missed(story.pass_time(days=1)) == ["diary-missed"]
    assert missed(story.pass_time(days=1)) == []  # told once
    told(story, 6)
    assert missed(story.pass_time(days=3)) == ["diary-missed"]


def test_silence_counts_only_days_on_which_the_diary_was_asked_for():
    story = after_session_one()
    assert missed(story.pass_time(days=5)) == []  # never given
    story.ask(SendLink(story.at, story.at))
    assert watching.gap(story.course, PLAN, story.at.date(), UTC) is None
    late = watching.gap(story.course, PLAN, story.at.date() + timedelta(days=30), UTC)
    assert late.days == 3  # days 5, 6 and 7 after the session
    story.ask(RevokeAccess(story.at, "phone lost"))
    assert watching.gap(story.course, PLAN, story.at.date() + timedelta(days=30), UTC) is None


# --- access and wishes ------------------------------------------------------


def test_access_is_given_ended_and_given_again():
    story = with_diary()
    story.ask(RevokeAccess(story.at, "phone lost"))
    with pytest.raises(Refused, match="not open"):
        story.ask(OpenDiary(story.at))
    with pytest.raises(Refused, match="nothing to end"):
        story.ask(RevokeAccess(story.at, "again"))
    story.ask(SendLink(story.pass_time(hours=1).at, story.at))
    assert story.course.diary_access.open
    assert story.course.diary_access.given_at == story.at


def test_no_link_without_consent():
    story = Story().registered()
    with pytest.raises(Refused, match="no consent is in force"):
        story.ask(SendLink(story.at, story.at))


def test_reminders_are_not_wished_into_quiet_hours():
    story = with_diary()
    with pytest.raises(Refused, match="quiet hours"):
        story.ask(WishReminders(story.at, True, "22", "21", "9"))
    story.ask(WishReminders(story.at, False, "8", "21", "7"))
    assert reminding.due(story.course, PLAN, UTC, story.at) == ""


# --- reminders --------------------------------------------------------------

ZONES = ("UTC", "America/New_York", "Australia/Lord_Howe", "Europe/Zurich", "America/Sao_Paulo",
         "Pacific/Apia", "Asia/Kathmandu")  # fmt: skip


def course_with(zone: ZoneInfo, session_on: date, filled: frozenset[int] = frozenset()) -> Course:
    """A session at nine in the morning there, the diary given, and entries on some days after."""
    opened = datetime.combine(session_on, datetime.min.time(), zone) + timedelta(hours=9)
    opened = opened.astimezone(UTC)
    session = Session("dosing-1", 1, opened, (), (), closed_at=opened + timedelta(hours=8))
    entries = tuple(
        DiaryEntry(f"diary-{n}", session_on + timedelta(days=n), opened, (("mood", "6"),), 0)
        for n in sorted(filled)
    )
    access = DiaryAccess(given_at=opened)
    return Course(
        participant="P-1", sessions={"dosing-1": session}, diary=entries, diary_access=access
    )


@given(
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    session_on=st.dates(date(2011, 12, 20), date(2026, 12, 31)),
    filled=st.frozensets(st.integers(0, 7)),
    step=st.sampled_from([7, 15, 60]),
    start=st.integers(0, 59),
)
@settings(deadline=None)
def test_each_day_is_reminded_once_never_in_quiet_hours_whatever_the_clocks_do(
    zone, session_on, filled, step, start
):
    # The whole of 30 December 2011 was left out in Apia: nobody was dosed on it.
    assume(zone.key != "Pacific/Apia" or session_on != date(2011, 12, 30))
    course = course_with(zone, session_on, filled)
    moment = datetime.combine(session_on, datetime.min.time(), UTC) + timedelta(minutes=start)
    moment -= timedelta(days=2)
    reminded: list[date] = []
    while moment < datetime.combine(session_on, datetime.min.time(), UTC) + timedelta(days=12):
        key = reminding.due(course, PLAN, zone, moment)
        if key:
            here = moment.astimezone(zone)
            assert PLAN.remind_at <= here.hour < PLAN.quiet_from
            assert reminding.due(course, PLAN, zone, moment) == key
            reminded.append(here.date())
            course = replace(course, reminders=course.reminders | {key})
            assert reminding.due(course, PLAN, zone, moment) == ""
        moment += timedelta(minutes=step)
    days = {session_on + timedelta(days=n) for n in range(PLAN.until_day + 1) if n not in filled}
    if zone.key == "Pacific/Apia":
        days.discard(date(2011, 12, 30))
    assert reminded == sorted(days)


def test_a_recorded_reminder_is_not_recorded_again():
    story = with_diary()
    assert len(story.ask(RecordReminder(story.at, "diary-1-0"))) == 1
    assert story.ask(RecordReminder(story.at, "diary-1-0")) == ()


def test_no_reminder_once_the_course_has_ended():
    story = with_diary()
    evening = story.at.replace(hour=19)
    assert reminding.due(story.course, PLAN, UTC, evening) == "diary-1-0"
    story.ask(WithdrawParticipant(story.at, "choice"))
    assert reminding.due(story.course, PLAN, UTC, evening) == ""


# --- what the team sees -----------------------------------------------------


def test_the_team_sees_who_was_reached_and_what_stands_out():
    story = with_diary().pass_time(days=1)
    story.ask(RecordContact(story.at, "contact-1-1", 8, 7, "none"))
    story.pass_time(days=2)
    story.ask(RecordAttempt(story.at, "contact-1-3", "call", story.at + timedelta(hours=2)))
    told(story, 7, effects=["elated"])
    seen = after_session.seen(story.course, story.circumstances("therapist"), story.at.date(), UTC)
    assert [each.state for each in seen.calls] == [
        "reached", "overdue", "due", "to come", "to come", "to come", "to come",
    ]  # fmt: skip
    assert seen.day == 3
    assert seen.next_attempt == story.at + timedelta(hours=2)
    assert seen.baseline == 8
    assert "Of special interest, to review: Unusually happy (euphoria)" in seen.flags
    assert story.folded() == story.course
