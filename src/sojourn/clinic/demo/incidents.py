"""What a safety board is for: a serious event with its clocks, a signal of abuse, one report.

No publication gives these; they are staged, so that a visitor sees the board at work.
"""

from datetime import datetime, timedelta

from sojourn.clinic.demo.programme import PROGRAMME
from sojourn.clinic.demo.steps import PRESCRIBER, THERAPIST
from sojourn.conduct.confidential import ReportConfidentially
from sojourn.course.adverse_events import RecordAdverseEvent
from sojourn.course.reporting import BETWEEN, RecordReportSent, WriteNarrative
from sojourn.course.safety import ResolveAlert
from sojourn.ledger import confidential
from sojourn.ledger.desk import Desk, Person, at_desk
from sojourn.ledger.rows import OpenAlertRow, OpenSessionRow, ParticipantRow

NARRATIVE = (
    "The participant fainted at home while standing up, was taken to hospital by ambulance and "
    "kept for one night under observation. ECG and blood results were normal. Discharged well. "
    "The next session is put off until a cardiologist has seen them."
)


def stage(now: datetime) -> None:
    """Record the incidents with the last of those in progress who are not in a session."""
    people = _free()
    for participant, incident in zip(people, (_serious, _wanting_more), strict=False):
        with at_desk(PROGRAMME, participant, THERAPIST) as desk:
            incident(desk, now)
    if people:
        reporter = Person(people[0], "participant")
        at = now - timedelta(hours=20)
        text = "I was asked to say in my interview that the sessions had helped."
        confidential.execute(PROGRAMME, ReportConfidentially(at, "pressure", text), reporter)


def _free() -> list[str]:
    taken = {
        *OpenSessionRow.objects.filter(programme=PROGRAMME).values_list("participant", flat=True),
        *OpenAlertRow.objects.filter(programme=PROGRAMME).values_list("participant", flat=True),
    }
    dosed = ParticipantRow.objects.filter(
        programme=PROGRAMME, status="in-progress", sessions_dosed__gt=0
    )
    numbers = dosed.order_by("-participant").values_list("participant", flat=True)
    return [each for each in numbers if each not in taken]


def _serious(desk: Desk, now: datetime) -> None:
    known = now - timedelta(days=4, hours=3)
    desk.execute(
        RecordAdverseEvent(
            known,
            "fainted and taken to hospital",
            code="syncope",
            learned="spontaneous",
            grade=3,
            serious=True,
            seriousness=("hospitalisation",),
            relatedness="possible",
            expectedness="",
            action_taken="interrupted",
            outcome="recovering",
            valence="unpleasant",
            started_on=known.date(),
        )
    )
    event = list(desk.course.adverse_events)[-1]
    alert = list(desk.course.alerts)[-1]
    action = "Seen in hospital, ECG normal; cardiology asked; next session put off."
    desk.by = PRESCRIBER
    desk.execute(ResolveAlert(known + timedelta(hours=1), alert, action))
    desk.execute(WriteNarrative(known + timedelta(hours=8), event, NARRATIVE))
    sent = f"{event}{BETWEEN}site-to-sponsor"
    to = "Safety desk of the sponsor (demonstration only)"
    desk.execute(RecordReportSent(known + timedelta(hours=9), sent, to, "DEMO-SAE-1"))


def _wanting_more(desk: Desk, now: datetime) -> None:
    known = now - timedelta(days=2)
    desk.execute(
        RecordAdverseEvent(
            known,
            "wanting more of it since the session",
            code="psychiatric-disorders-other-specify",
            learned="prompted",
            grade=1,
            serious=False,
            relatedness="probable",
            expectedness="",
            action_taken="none",
            outcome="not-recovered",
            valence="pleasant",
            started_on=known.date(),
        )
    )
