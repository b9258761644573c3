"""The demonstration's training, documents and delegations; none of them is a real paper."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

from sojourn.clinic.demo.steps import LEAD
from sojourn.conduct.delegation import AcceptTasks, DelegateTasks, NameInvestigator
from sojourn.conduct.documents import AcknowledgeDocument, RecordDocument
from sojourn.conduct.training import RecordTraining
from sojourn.protocols.model import Protocol

INVESTIGATOR = ("prescriber", "prescriber")
SESSIONS = ("gcp", "protocol", "therapy-method")
TRAINED = (
    ("therapist", SESSIONS),
    ("therapist2", SESSIONS),
    ("prescriber", SESSIONS),
    ("coordinator", ("gcp", "protocol")),
    ("pharmacist", ("gcp", "protocol", "study-drug")),
    ("rater", ("gcp", "rater")),
)
DELEGATED = (
    ("therapist", "therapist", ("consent", "therapy", "dosing-supervision")),
    ("therapist2", "therapist", ("consent", "therapy", "dosing-supervision")),
    ("coordinator", "coordinator", ("consent", "allocation")),
    ("pharmacist", "pharmacist", ("dispensing",)),
    ("rater", "independent-rater", ("rating",)),
)
READERS = {"therapist", "therapist2", "coordinator"}
BROCHURE = "Investigator's brochure (demonstration only)"
Asked = tuple[Any, str, str]  # a command, who asks and in which role


def duties(since: datetime, today: date, protocol: Protocol) -> Iterator[Asked]:
    """Each command with who asks for it. Therapists' training in good practice runs out soon."""
    day, lead = since.date(), (LEAD.name, LEAD.role)
    rated = {e: 0 for v in protocol.visits if v.rated_by != "staff" for e in v.assessments}
    abouts = {"protocol": (protocol.version,), "rater": tuple(rated)}
    for member, trainings in TRAINED:
        for key in trainings:
            until = today + timedelta(days=40) if key == "gcp" else None
            for about in abouts.get(key, ("",)):
                trainer = "Trainer (demonstration only)"
                yield RecordTraining(since, member, key, day, trainer, about, until), *lead
    digest = sha256(BROCHURE.encode()).hexdigest()
    kept = "Nowhere: there is no such document"
    yield (
        RecordDocument(since, "investigators-brochure", BROCHURE, "1", day, digest, filed_at=kept),
        *lead,
    )
    yield NameInvestigator(since, INVESTIGATOR[0], day), *lead
    for number, (member, role, tasks) in enumerate(DELEGATED, 1):
        if member in READERS:
            yield AcknowledgeDocument(since, "DOC-1"), member, role
        yield DelegateTasks(since, member, tasks, day), *INVESTIGATOR
        yield AcceptTasks(since, f"D-{number}"), member, role
