"""One person's steps, taken at the desk as long as they lie in the past."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

from sojourn.clinic.demo.programme import PROGRAMME
from sojourn.clinic.demo.steps import PRESCRIBER, Step
from sojourn.clinic.demo.treating import DOSE_MINUTE
from sojourn.conduct import accountability
from sojourn.course.aftercare import RecordContact
from sojourn.course.dosing import RecordVitals
from sojourn.course.safety import AlertRaised, ResolveAlert
from sojourn.design.answers import cssrs
from sojourn.design.virtual import VirtualParticipant
from sojourn.ledger import stock
from sojourn.ledger.desk import Desk
from sojourn.record.entry import Entry

ACTIONS = {
    "vital-signs": "Rested, measured every 15 minutes until within limits; physician told.",
    "suicidality-item-9": "Asked about suicide at once (C-SSRS): no intent, no plan; safety plan.",
    "aftercare-concern": "Called back within the hour; a clinician saw them the same day.",
}
SLIPS = (
    "Typing slip: the call sheet says otherwise.",
    "Scale read upside down; checked with the participant.",
    "Entered for another participant's call; source sheet compared.",
)
LIVE_LEAD_MIN = 42  # from the first signature on the checklist to the dose
LIVE_SINCE_DOSE_MIN = 92  # the window of the supplemental dose has just opened


class Walk:
    """One person's steps, taken at the desk as long as they lie in the past."""

    def __init__(self, desk: Desk, person: VirtualParticipant, now: datetime, oddity: str) -> None:
        self._desk, self._person, self._now, self._oddity = desk, person, now, oddity
        self._scene = person.scene.key if person.scene else ""
        self._skipped = person.scene.skipped if person.scene else ()

    def take(self, step: Step) -> None:
        """Give the step's command if its time has come, and act on any alert it raises."""
        at = self._moment(step)
        if at is None:
            return
        command = step.ask(self._desk.course, at)
        if command is None or getattr(command, "visit", "") in self._skipped:
            return
        if type(command) in accountability.DECIDE:
            course = self._desk.course
            stock.execute(PROGRAMME, course.site, command, step.by, course=course)
            return
        command = self._in_scene(command)
        self._desk.by = step.by
        slip = self._slip(command)
        written = self._desk.execute(slip or command, signed=True)
        if slip is not None:
            reason = SLIPS[int(self._oddity.removeprefix("slip-")) % len(SLIPS)]
            self._desk.correct(written[0].sequence, command, reason)
        self._act_on(written, at)

    def _moment(self, step: Step) -> datetime | None:
        if step.day < self._now.date():
            midnight = datetime.combine(step.day, time(), self._now.tzinfo)
            return midnight + timedelta(minutes=step.minute)
        if step.day > self._now.date() or self._scene != "session-in-progress":
            return None  # what is due today is left for the visitor to do
        midnight = datetime.combine(self._now.date(), time(), self._now.tzinfo)
        # Early in the day the morning is squeezed, so that all of it has happened by now.
        lead = timedelta(minutes=LIVE_LEAD_MIN + LIVE_SINCE_DOSE_MIN)
        pace = min(1.0, (self._now - midnight) / lead)
        since_dose = timedelta(minutes=step.minute - DOSE_MINUTE)
        at = self._now + (since_dose - timedelta(minutes=LIVE_SINCE_DOSE_MIN)) * pace
        return at if since_dose <= timedelta(minutes=LIVE_SINCE_DOSE_MIN) else None

    def _in_scene(self, command: Any) -> Any:
        if self._scene == "open-alert" and self._is_alarming(command):
            if isinstance(command, RecordContact):
                return replace(command, mood=2, concern="watch", note="Low since the session.")
            return replace(command, answers=cssrs(4))
        first_vitals = isinstance(command, RecordVitals) and command.moment == "before-initial"
        if first_vitals and self._pressure_too_high():
            return replace(command, systolic_mmhg=182, diastolic_mmhg=108, pulse_bpm=98)
        return command

    def _pressure_too_high(self) -> bool:
        session = self._desk.course.open_session
        return self._oddity == "dose-withheld" and session is not None and session.number == 3

    def _is_alarming(self, command: Any) -> bool:
        yesterday = self._now.date() - timedelta(days=1)
        contact = str(getattr(command, "visit", "")).startswith("contact-")
        return contact and command.at.date() == yesterday

    def _slip(self, command: Any) -> Any:
        first = isinstance(command, RecordContact) and command.visit == "contact-1-5"
        if not first or not self._oddity.startswith("slip-"):
            return None
        return replace(command, mood=10 - command.mood if command.mood != 5 else 0)

    def _act_on(self, written: tuple[Entry, ...], at: datetime) -> None:
        for entry in written:
            if not isinstance(entry.fact, AlertRaised) or self._left_open(at):
                continue
            later = min(at + timedelta(minutes=3), self._now)
            self._desk.by = PRESCRIBER
            action = ACTIONS.get(entry.fact.rule, "Seen by the physician; safe, plan agreed.")
            if self._pressure_too_high():
                action = "Physician called: rest, and no dose while it stays above the limit."
            self._desk.execute(ResolveAlert(later, entry.fact.alert, action))

    def _left_open(self, at: datetime) -> bool:
        return self._scene == "open-alert" and at.date() == self._now.date() - timedelta(days=1)
