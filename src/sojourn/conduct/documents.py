"""Documents a programme works by: version, date, approval and SHA-256, and who has read which.

The record holds a document's digest and no file: a file is checked against it (``known``). A later
version supersedes an earlier one; both stay. ICH E6(R3), appendix C: essential records are
identifiable, version-controlled and available.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated, Any, ClassVar

from sojourn.conduct import tasks
from sojourn.conduct.programme import Programme
from sojourn.conduct.qualification import Acknowledged, Document
from sojourn.conduct.tasks import Task
from sojourn.protocols.model import Protocol
from sojourn.record.command import Ask, Nature, Refused, digest_of
from sojourn.record.entry import Entry, Fact

FILING = ("sponsor", "coordinator")
READING = (
    "therapist", "prescriber", "coordinator", "pharmacist", "independent-rater", "fidelity-rater",
    "monitor", "statistician", "sponsor",
)  # fmt: skip
KINDS = (
    ("protocol", "Protocol"),
    ("investigators-brochure", "Investigator's brochure"),
    ("consent-form", "Consent form"),
    ("therapy-manual", "Manual of the therapy"),
    ("pharmacy-manual", "Pharmacy manual"),
    ("sop", "Standard operating procedure"),
    ("ethics-approval", "Approval of the ethics committee"),
    ("authority-approval", "Approval of an authority"),
    ("agreement", "Agreement or contract"),
    ("other", "Another document"),
)


@dataclass(frozen=True, slots=True)
class RecordDocument:
    name: ClassVar[str] = "document.record"
    title: ClassVar[str] = "Record a document"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = FILING

    at: Annotated[datetime, Ask("Recorded at")]
    document_kind: Annotated[str, Ask("Kind", choices=KINDS)]
    name_of_document: Annotated[str, Ask("Title", longest=200)]
    document_version: Annotated[str, Ask("Version", longest=40)]
    dated: Annotated[date, Ask("Dated", help="As it stands on the document.")]
    digest: Annotated[
        str, Ask("SHA-256 of the file", help="sha256sum FILE prints it; 64 digits 0-9 a-f.")
    ]
    approval: Annotated[str, Ask("Approval", help="By whom, and its reference.", optional=True)] = (
        ""
    )
    approved_on: Annotated[date | None, Ask("Approved on", optional=True)] = None
    filed_at: Annotated[str, Ask("Where the file is kept", optional=True)] = ""
    supersedes: Annotated[
        str, Ask("Takes the place of", choices_from="documents-in-use", optional=True)
    ] = ""


@dataclass(frozen=True, slots=True)
class WithdrawDocument:
    """A document no longer in use that nothing takes the place of, or one recorded wrongly."""

    name: ClassVar[str] = "document.withdraw"
    title: ClassVar[str] = "Withdraw a document"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = FILING

    at: Annotated[datetime, Ask("Withdrawn at")]
    document: Annotated[str, Ask("Which", choices_from="documents-in-use")]
    cause: Annotated[str, Ask("Why", lines=2)]


@dataclass(frozen=True, slots=True)
class AcknowledgeDocument:
    name: ClassVar[str] = "document.acknowledge"
    title: ClassVar[str] = "Say that you have read a document"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = READING
    signed: ClassVar[str] = "I have read this document and understood what it asks of me."

    at: Annotated[datetime, Ask("Read at")]
    document: Annotated[str, Ask("Which", choices_from="documents-unread")]
    by: str = ""  # the author; nobody reads in another's name


@dataclass(frozen=True, slots=True)
class DocumentRecorded:
    kind: ClassVar[str] = "document.recorded"
    schema: ClassVar[int] = 1
    document: str
    document_kind: str
    title: str
    version: str
    dated: date
    digest: str
    approval: str
    approved_on: date | None
    filed_at: str
    supersedes: str


@dataclass(frozen=True, slots=True)
class DocumentWithdrawn:
    kind: ClassVar[str] = "document.withdrawn"
    schema: ClassVar[int] = 1
    document: str
    cause: str


@dataclass(frozen=True, slots=True)
class DocumentAcknowledged:
    kind: ClassVar[str] = "document.acknowledged"
    schema: ClassVar[int] = 1
    document: str


def record(programme: Programme, command: RecordDocument, protocol: Protocol) -> tuple[Fact, ...]:
    digest = digest_of(command.digest, "digest")
    title, version = command.name_of_document.strip(), command.document_version.strip()
    if same := next((e for e in programme.documents if e.digest == digest and e.in_use), None):
        raise Refused(f"this very file is {same.key} already: {same.in_words}", "digest")
    for each in programme.documents:
        if each.in_use and (each.document_kind, each.title, each.version) == (
            command.document_kind, title, version,
        ):  # fmt: skip
            raise Refused(f"{each.key} is that version with another file", "document_version")
    today = command.at.date()
    for field in ("dated", "approved_on"):
        day = getattr(command, field)
        if day and day > today:
            raise Refused(f"{day} is still to come", field)
    if command.supersedes:
        earlier = _in_use(programme, command.supersedes, "supersedes")
        if earlier.document_kind != command.document_kind:
            raise Refused(f"{earlier.key} is of another kind", "supersedes")
    return (
        DocumentRecorded(
            f"DOC-{len(programme.documents) + 1}",
            command.document_kind,
            title,
            version,
            command.dated,
            digest,
            command.approval.strip(),
            command.approved_on,
            command.filed_at.strip(),
            command.supersedes,
        ),
    )


def withdraw(
    programme: Programme, command: WithdrawDocument, protocol: Protocol
) -> tuple[Fact, ...]:
    _in_use(programme, command.document, "document")
    if not command.cause.strip():
        raise Refused("say why it is no longer in use", "cause")
    return (DocumentWithdrawn(command.document, command.cause.strip()),)


def acknowledge(
    programme: Programme, command: AcknowledgeDocument, protocol: Protocol
) -> tuple[Fact, ...]:
    document = _in_use(programme, command.document, "document")
    if document.read_by(command.by):
        raise Refused(f"you have read {document.key} already", "document")
    return (DocumentAcknowledged(document.key),)


def unread(programme: Programme, member: str, task: Task) -> tuple[str, ...]:
    """Documents in use that the task asks its member to have read and they have not, in words."""
    return tuple(
        f"not read: {each.in_words}"
        for each in programme.documents
        if each.in_use and each.document_kind in task.reads and not each.read_by(member)
    )


def readers(programme: Programme, document: Document) -> tuple[str, ...]:
    """Whose delegated tasks ask for that document."""
    known = tasks.shipped()
    asking = {each.key for each in known.tasks if document.document_kind in each.reads}
    return tuple(
        dict.fromkeys(
            each.member
            for each in programme.log.delegations
            if each.ended_on is None and asking & set(each.tasks)
        )
    )


def known(programme: Programme, digest: str) -> Iterator[tuple[str, bool]]:
    """What on the record has that SHA-256, in words, and whether it is in use.

    Documents, protocol texts, authorisations, evidence of training and locked analysis plans.
    """
    for each in programme.documents:
        if each.digest == digest:
            why = f"; {each.out_of_use}" if each.out_of_use else ""
            yield f"{each.key}: {each.in_words}, dated {each.dated}{why}", each.in_use
    newest = programme.protocol_digest
    for version in programme.versions:
        if version.digest == digest:
            yield f"text of protocol {programme.protocol} {version.version}", digest == newest
    for held in programme.authorisations:
        if held.document_digest == digest:
            yield f"authorisation {held.reference}", not held.revoked
    for trained in programme.trainings:
        if trained.evidence_digest == digest:
            yield f"evidence of training {trained.key}: {trained.member}", not trained.withdrawn
    for plan in programme.plans:
        if plan.digest == digest:
            yield f"analysis plan {plan.title} {plan.version}", plan == programme.plans[-1]


def _in_use(programme: Programme, key: str, field: str) -> Document:
    found = next((each for each in programme.documents if each.key == key and each.in_use), None)
    if found is None:
        raise Refused(f"no document '{key}' is in use", field)
    return found


def recorded(programme: Programme, fact: DocumentRecorded, entry: Entry) -> Programme:
    made = Document(
        fact.document,
        fact.document_kind,
        fact.title,
        fact.version,
        fact.dated,
        fact.digest,
        fact.approval,
        fact.approved_on,
        fact.filed_at,
    )
    superseded = _changed(
        programme.documents, fact.supersedes, out_of_use=f"superseded by {fact.document}"
    )
    return replace(programme, documents=(*superseded, made))


def withdrawn(programme: Programme, fact: DocumentWithdrawn, entry: Entry) -> Programme:
    because = f"withdrawn on {entry.occurred_at:%Y-%m-%d}: {fact.cause}"
    changed = _changed(programme.documents, fact.document, out_of_use=because)
    return replace(programme, documents=changed)


def acknowledged(programme: Programme, fact: DocumentAcknowledged, entry: Entry) -> Programme:
    made = Acknowledged(entry.author, entry.occurred_at)
    read = fact.document
    changed = tuple(
        replace(each, acknowledged=(*each.acknowledged, made)) if each.key == read else each
        for each in programme.documents
    )
    return replace(programme, documents=changed)


def _changed(documents: tuple[Document, ...], key: str, *, out_of_use: str) -> tuple[Document, ...]:
    return tuple(
        replace(each, out_of_use=out_of_use) if each.key == key else each for each in documents
    )


DECIDE: Mapping[type, Any] = {
    RecordDocument: record,
    WithdrawDocument: withdraw,
    AcknowledgeDocument: acknowledge,
}
EVOLVE: Mapping[type, Any] = {
    DocumentRecorded: recorded,
    DocumentWithdrawn: withdrawn,
    DocumentAcknowledged: acknowledged,
}
IN_OWN_NAME: Mapping[type, str] = {AcknowledgeDocument: "by"}
