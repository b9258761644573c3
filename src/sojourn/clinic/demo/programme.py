"""The demonstration's programme and its accounts; nothing in it is a real paper."""

import secrets
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password

from sojourn import protocols
from sojourn.clinic.demo.duties import duties
from sojourn.clinic.demo.enrolling import CONSENT_VERSION, DEMONSTRATION_LIMITS
from sojourn.clinic.demo.steps import LEAD
from sojourn.clinic.models import Member
from sojourn.conduct import reporting
from sojourn.conduct.authorisation import FoundProgramme, OpenProgramme, RecordAuthorisation
from sojourn.conduct.practitioners import ApproveConsentVersion, RecordCredential
from sojourn.conduct.programme import ATTESTATIONS
from sojourn.conduct.reporting import RecordAuthorityReport
from sojourn.conduct.standing import RecordAttestation, RecordSupervision
from sojourn.ledger import programmes
from sojourn.protocols.model import Protocol

PROGRAMME = "demo"
PACK = "mdma-ptsd"
DAYS_OPEN = 1100
REFERENCE = "DEMO-IND-000000 (demonstration only)"
ACCOUNTS = (
    ("therapist", "therapist"),
    ("therapist2", "therapist"),
    ("prescriber", "prescriber"),
    ("coordinator", "coordinator"),
    ("pharmacist", "pharmacist"),
    ("rater", "independent-rater"),
    ("fidelity", "fidelity-rater"),
    ("monitor", "monitor"),
    ("statistician", "statistician"),
    ("lead", "sponsor"),
)
WORDS = "amber birch cedar coral delta ember fjord grove heath islet lotus maple olive pearl ridge"


def found_demo(now: datetime) -> Protocol:
    """Found, authorise, staff and open the demonstration programme; returns its protocol."""
    since = datetime.combine(now.date() - timedelta(days=DAYS_OPEN), time(9), now.tzinfo)
    title = "MDMA-assisted therapy for PTSD: demonstration with virtual participants"
    standing = programmes.found(
        PROGRAMME,
        protocols.shipped_text(PACK),
        FoundProgramme(since, title),
        author=LEAD.name,
        role=LEAD.role,
    )
    for command in _papers(since, now.date(), standing.protocol):
        programmes.execute(PROGRAMME, command, author=LEAD.name, role=LEAD.role)
    for command, author, role in duties(since, now.date(), standing.protocol):
        programmes.execute(PROGRAMME, command, author=author, role=role, signed=True)
    _send_reports(now)
    return standing.protocol


def demo_accounts() -> tuple[tuple[str, str, str], ...]:
    """One account per role (user name, role, password), all with one new readable password."""
    words = WORDS.split()
    password = "-".join(secrets.choice(words) for _ in range(4)) + f"-{secrets.randbelow(90) + 10}"
    hashed = make_password(password)
    for username, role in ACCOUNTS:
        Member.objects.update_or_create(
            username=username, defaults={"role": role, "password": hashed, "is_active": True}
        )
    return tuple((username, role, password) for username, role in ACCOUNTS)


def _send_reports(now: datetime) -> None:
    """All reports but the last: that one is due now."""
    standing = programmes.load(PROGRAMME)
    for each in reporting.unsent(standing.programme, standing.protocol, now.date())[:-1]:
        sent = datetime.combine(each.reportable_from + timedelta(days=30), time(9), now.tzinfo)
        receipt = "DEMO-RECEIPT (demonstration only)"
        command = RecordAuthorityReport(sent, REFERENCE, each.report.key, each.ends, receipt)
        programmes.execute(PROGRAMME, command, author=LEAD.name, role=LEAD.role)


def _papers(since: datetime, today: date, protocol: Protocol) -> Iterator[Any]:
    on = since.date()
    yield RecordAuthorisation(
        since,
        REFERENCE,
        "us-ind",
        on,
        today + timedelta(days=365),
        "Nowhere: there is no such document",
    )
    for username, profession in (
        ("therapist", "Psychotherapist"),
        ("therapist2", "Clinical psychologist"),
        ("prescriber", "Psychiatrist"),
    ):
        yield RecordCredential(
            since, username, profession, f"DEMO-LICENCE-{username} (demonstration only)", on
        )
        for subject, _ in ATTESTATIONS:
            yield RecordAttestation(since, username, subject, on, today + timedelta(days=60))
    for ago in (9, 23, 37):
        yield RecordSupervision(
            since + timedelta(days=DAYS_OPEN - ago),
            "Supervisor (demonstration only)",
            ("therapist", "therapist2"),
            60,
            "Staying with silence; how each of the two leaves room to the other.",
        )
    yield ApproveConsentVersion(since, CONSENT_VERSION, on, "Demonstration committee", False)
    limits = tuple((each.key, DEMONSTRATION_LIMITS[each.key]) for each in protocol.site_settings)
    yield OpenProgramme(since, limits)
