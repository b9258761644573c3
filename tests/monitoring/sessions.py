"""A programme whose site has set its limits, and dosing sessions that are going on."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from unittest.mock import patch

from sojourn import protocols
from sojourn.clinic.founding import Founding, found
from sojourn.conduct.practitioners import RecordCredential
from sojourn.conduct.programme import ATTESTATIONS
from sojourn.conduct.standing import RecordAttestation
from sojourn.course.consent import SignConsent
from sojourn.course.dosing import OpenSession
from sojourn.course.readings import Reading
from sojourn.course.screening import RegisterParticipant
from sojourn.ledger import clock, programmes
from sojourn.ledger.desk import Person, at_desk, load_course
from sojourn.ledger.monitoring import Delivery, Receipt, Sender, receive

PROGRAMME = "watched"
VISIT = "dosing-1"
ANA = Person("ana", "therapist")
GATEWAY = Sender("device:gateway", "gateway", "device")
LIMITS = {
    "systolic-mmhg-max": 160,
    "diastolic-mmhg-max": 100,
    "pulse-bpm-max": 110,
    "temperature-tenths-c-max": 380,
    "vitals-fresh-min": 30,
    "vitals-every-min": 30,
    "systolic-mmhg-emergency": 190,
    "diastolic-mmhg-emergency": 120,
    "pulse-bpm-emergency": 150,
    "temperature-tenths-c-emergency": 390,
    "temperature-rise-tenths-c": 10,
    "systolic-mmhg-min": 85,
    "pulse-bpm-min": 45,
    "spo2-percent-min": 90,
    "readings-missing-s": 60,
    "readings-unchanging-s": 300,
    "qtc-ms-max-male": 450,
    "qtc-ms-max-female": 460,
    "serious-report-hours": 24,
}
PROTOCOL = protocols.load_shipped("mdma-ptsd")


def found_programme(key: str = PROGRAMME) -> None:
    """An open programme with two practitioners in good standing."""
    since = date(2020, 1, 1)
    # Settings that have nothing to do with vital signs may have any value.
    settings = tuple((e.key, LIMITS.get(e.key, e.lowest)) for e in PROTOCOL.site_settings)
    founding = Founding(
        key, "mdma-ptsd", "Watched", "us-ind", "IND 1", since, "1.0", "committee", settings
    )
    at = clock.now() - timedelta(days=2)  # sessions of these tests lie up to a day back
    with patch.object(clock, "now", lambda: at):
        found(founding, author="lead")
    for name in ("ana", "ben"):
        papers = [RecordCredential(at, name, "Psychologist", f"LIC-{name}", since)]
        papers += [
            RecordAttestation(at, name, subject, since, at.date() + timedelta(days=300))
            for subject, _ in ATTESTATIONS
        ]
        for paper in papers:
            programmes.execute(key, paper, author="lead", role="sponsor")


def open_session(participant: str, at: datetime, *, site: str = "site-1") -> None:
    """A participant in a dosing session that opened at ``at``."""
    checklist = tuple(item.key for item in PROTOCOL.dosing.checklist)
    before = at - timedelta(days=1)
    with at_desk(PROGRAMME, participant, ANA) as desk:
        desk.execute(RegisterParticipant(before, participant, site, 1980, "female"))
        both = ("participant", "investigator")
        desk.execute(SignConsent(before, "1.0", "ana", "English", "shown", "present", both))
        desk.execute(OpenSession(at, VISIT, ("ana", "ben"), checklist))


def ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def each_second(
    signal: str, values: Iterable[int | None], start: datetime, *, step_s: float = 1
) -> tuple[Reading, ...]:
    """Readings of one signal, ``step_s`` apart; None is a gap."""
    return tuple(
        Reading(ms(start) + round(number * step_s * 1000), signal, value)
        for number, value in enumerate(values)
        if value is not None
    )


def deliver(
    readings: Iterable[Reading],
    batch: str,
    *,
    participant: str = "P-1",
    clock_ms: int | None = None,
    visit: str = "",
    sender: Sender = GATEWAY,
) -> Receipt:
    """One delivery, and its receipt."""
    delivery = Delivery(participant, batch, tuple(readings), clock_ms, visit)
    (receipt,) = receive(PROGRAMME, [delivery], sender)
    return receipt


def open_alerts(participant: str = "P-1") -> list[str]:
    """Rules of the open alerts of a course."""
    return [each.rule for each in load_course(PROGRAMME, participant).open_alerts]
