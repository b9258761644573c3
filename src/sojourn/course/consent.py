"""Consent: explained, understood, signed in the approved version, and free to be withdrawn.

Withdrawn from treatment, a participant is dosed no more while follow-up may go on.
Withdrawn altogether, nothing more is recorded, but for what safety requires.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, ClassVar

from sojourn.course.circumstances import Circumstances
from sojourn.course.state import Agreements, Consent, Course, changed
from sojourn.record.command import Ask, Nature, Refused, digest_of
from sojourn.record.entry import Entry, Fact

TEAM = ("therapist", "prescriber", "coordinator")
UNDERSTANDING = (
    ("shown", "Shown: told the risks, the alternatives and the right to leave in own words"),
    ("not-shown", "Not shown yet"),
)
CAPACITY = (("present", "Able to decide"), ("doubtful", "In doubt"))
SIGNATURES = (("participant", "Participant"), ("investigator", "Investigator"))
SCOPES = (
    ("treatment", "No more treatment; follow-up may go on"),
    ("all", "Nothing more is to be recorded, but for safety"),
)
TOUCH = (
    ("none", "No touch"),
    ("supportive", "Supportive touch as described, to be asked for each time"),
)


@dataclass(frozen=True, slots=True)
class SignConsent:
    name: ClassVar[str] = "consent.sign"
    title: ClassVar[str] = "Consent signed"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = TEAM

    at: Annotated[datetime, Ask("Signed at")]
    form_version: Annotated[str, Ask("Version of the form", choices_from="consent-versions")]
    explained_by: Annotated[str, Ask("Explained by", help="Sign-in name.")]
    language: Annotated[str, Ask("Language of the talk and the form")]
    understanding: Annotated[str, Ask("Understanding", choices=UNDERSTANDING)]
    capacity: Annotated[str, Ask("Capacity to consent, as judged today", choices=CAPACITY)]
    signatures: Annotated[tuple[str, ...], Ask("Signed by", choices=SIGNATURES)]
    document_digest: Annotated[
        str, Ask("SHA-256 of the signed form", help="Of the scan or file.", optional=True)
    ] = ""


@dataclass(frozen=True, slots=True)
class RecordConsentElsewhere:
    """Consent given in a trial whose data are brought in; its form is kept there."""

    name: ClassVar[str] = "consent.record-elsewhere"
    title: ClassVar[str] = "Record a consent kept elsewhere"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ("import",)

    at: Annotated[datetime, Ask("Signed at")]
    form_version: Annotated[str, Ask("Version of the form", choices_from="consent-versions")]


@dataclass(frozen=True, slots=True)
class WithdrawConsent:
    name: ClassVar[str] = "consent.withdraw"
    title: ClassVar[str] = "Consent withdrawn"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = TEAM

    at: Annotated[datetime, Ask("Withdrawn at")]
    wish: Annotated[str, Ask("What the participant wishes", lines=3)]
    scope: Annotated[str, Ask("From what", choices=SCOPES)] = "all"


@dataclass(frozen=True, slots=True)
class RecordAgreements:
    """Agreed apart from consent, and changed at any time."""

    name: ClassVar[str] = "consent.record-agreements"
    title: ClassVar[str] = "Agreements on touch and recording"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = TEAM

    at: Annotated[datetime, Ask("Agreed at")]
    touch: Annotated[str, Ask("Touch", choices=TOUCH)]
    recording: Annotated[bool, Ask("Sessions may be recorded")]
    note: Annotated[str, Ask("In the participant's words", lines=2, optional=True)] = ""


@dataclass(frozen=True, slots=True)
class RecordSafetyContact:
    """After a withdrawal from everything: whether the team may still ask how they are."""

    name: ClassVar[str] = "consent.record-safety-contact"
    title: ClassVar[str] = "Contact for safety after withdrawal"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = TEAM

    at: Annotated[datetime, Ask("Said at")]
    agreed: Annotated[bool, Ask("Agrees to be contacted, for safety alone")]
    wish: Annotated[str, Ask("In the participant's words", lines=2)]


@dataclass(frozen=True, slots=True)
class ConsentSigned:
    kind: ClassVar[str] = "consent.signed"
    schema: ClassVar[int] = 2
    version: str
    explained_by: str
    language: str
    understanding: str
    capacity: str
    signatures: tuple[str, ...]
    document_digest: str


@dataclass(frozen=True, slots=True)
class ConsentWithdrawn:
    kind: ClassVar[str] = "consent.withdrawn"
    schema: ClassVar[int] = 2
    wish: str
    scope: str


@dataclass(frozen=True, slots=True)
class SafetyContactRecorded:
    kind: ClassVar[str] = "consent.safety-contact-recorded"
    schema: ClassVar[int] = 1
    agreed: bool
    wish: str


@dataclass(frozen=True, slots=True)
class AgreementsRecorded:
    kind: ClassVar[str] = "consent.agreements-recorded"
    schema: ClassVar[int] = 1
    touch: str
    recording: bool
    note: str


def in_force(course: Course, circumstances: Circumstances) -> bool:
    """Whether a signed consent of a version still valid lets anything be recorded."""
    return hindrance(course, circumstances, treatment=False) == ""


def hindrance(
    course: Course,
    circumstances: Circumstances,
    *,
    treatment: bool,
    safety: bool = False,
    at: datetime | None = None,
) -> str:
    """Why consent does not reach, in words; empty when it does.

    ``treatment`` asks for consent to be treated, not only to be followed up; ``safety`` only to
    be asked how one is. With ``at``, a withdrawal since then does not count.
    """
    if not course.consents:
        return "no consent is in force"
    last = course.consents[-1]
    withdrawn = last.withdrawn_at is not None and (at is None or last.withdrawn_at <= at)
    if withdrawn and safety and last.safety_contact:
        return ""
    if withdrawn and (treatment or last.scope == "all"):
        return f"no consent is in force: withdrawn on {last.withdrawn_at:%Y-%m-%d}"
    approved = circumstances.clearance.consent_versions
    needed = circumstances.clearance.consent_needed
    if last.version not in approved or needed not in approved:
        return f"no consent is in force: version {last.version} is not approved"
    if approved.index(last.version) < approved.index(needed):
        return (
            f"no consent is in force: version {last.version} was replaced by {needed}; sign again"
        )
    return ""


def require(
    course: Course,
    circumstances: Circumstances,
    *,
    treatment: bool = False,
    safety: bool = False,
) -> None:
    """Refuse whatever may not happen without consent."""
    why = hindrance(course, circumstances, treatment=treatment, safety=safety)
    if why and safety and from_all(course):
        raise Refused(f"{why}; if they agree to contact for safety, record that first")
    if why:
        raise Refused(f"{why}; record the signed consent first")


def from_all(course: Course) -> bool:
    """Whether the last consent was withdrawn from everything."""
    last = course.consents[-1] if course.consents else None
    return last is not None and last.withdrawn_at is not None and last.scope == "all"


def sign(course: Course, command: SignConsent, circumstances: Circumstances) -> tuple[Fact, ...]:
    _approved(command.form_version, circumstances)
    if command.understanding != "shown":
        raise Refused(
            "explain again and let the participant show that it was understood", "understanding"
        )
    if command.capacity != "present":
        raise Refused("capacity is in doubt; nobody signs today", "capacity")
    lacking = [label for key, label in SIGNATURES if key not in command.signatures]
    if lacking:
        raise Refused(f"the signature of the {lacking[0].lower()} is missing", "signatures")
    digest = digest_of(command.document_digest, "document_digest")
    return (
        ConsentSigned(
            command.form_version,
            command.explained_by.strip(),
            command.language.strip(),
            command.understanding,
            command.capacity,
            command.signatures,
            digest,
        ),
    )


def record_elsewhere(
    course: Course, command: RecordConsentElsewhere, circumstances: Circumstances
) -> tuple[Fact, ...]:
    _approved(command.form_version, circumstances)
    elsewhere = "recorded-elsewhere"
    return (ConsentSigned(command.form_version, "", "", elsewhere, elsewhere, (), ""),)


def withdraw(
    course: Course, command: WithdrawConsent, circumstances: Circumstances
) -> tuple[Fact, ...]:
    last = course.consents[-1] if course.consents else None
    if last is None or (last.withdrawn_at and last.scope == "all"):
        raise Refused("there is no consent in force to withdraw")
    if last.withdrawn_at and command.scope == last.scope:
        raise Refused("consent to treatment was withdrawn already", "scope")
    return (ConsentWithdrawn(command.wish, command.scope),)


def agree(
    course: Course, command: RecordAgreements, circumstances: Circumstances
) -> tuple[Fact, ...]:
    require(course, circumstances)
    return (AgreementsRecorded(command.touch, command.recording, command.note),)


def record_safety_contact(
    course: Course, command: RecordSafetyContact, circumstances: Circumstances
) -> tuple[Fact, ...]:
    if not from_all(course):
        raise Refused("consent was not withdrawn from everything; there is no need to ask")
    if command.at < (course.consents[-1].withdrawn_at or command.at):
        raise Refused("consent was withdrawn after that; give a later time", "at")
    if not command.wish.strip():
        raise Refused("say in their words what they wish", "wish")
    return (SafetyContactRecorded(command.agreed, command.wish.strip()),)


def signed(course: Course, fact: ConsentSigned, entry: Entry) -> Course:
    consent = Consent(
        fact.version, entry.occurred_at, fact.explained_by, fact.language, fact.signatures
    )
    return changed(course, consents=(*course.consents, consent))


def withdrawn(course: Course, fact: ConsentWithdrawn, entry: Entry) -> Course:
    last = replace(course.consents[-1], withdrawn_at=entry.occurred_at, scope=fact.scope)
    return changed(course, consents=(*course.consents[:-1], last))


def safety_contact_recorded(course: Course, fact: SafetyContactRecorded, entry: Entry) -> Course:
    last = replace(course.consents[-1], safety_contact=fact.agreed)
    return changed(course, consents=(*course.consents[:-1], last))


def agreed(course: Course, fact: AgreementsRecorded, entry: Entry) -> Course:
    made = Agreements(fact.touch, fact.recording, fact.note, entry.occurred_at)
    return changed(course, agreements=made)


def _approved(version: str, circumstances: Circumstances) -> None:
    approved = circumstances.clearance.consent_versions
    if version not in approved:
        known = ", ".join(approved) or "none yet"
        raise Refused(
            f"consent version '{version}' is not approved; approved: {known}", "form_version"
        )


DECIDE: Mapping[type, Any] = {
    SignConsent: sign,
    RecordConsentElsewhere: record_elsewhere,
    WithdrawConsent: withdraw,
    RecordAgreements: agree,
    RecordSafetyContact: record_safety_contact,
}
EVOLVE: Mapping[type, Any] = {
    ConsentSigned: signed,
    ConsentWithdrawn: withdrawn,
    AgreementsRecorded: agreed,
    SafetyContactRecorded: safety_contact_recorded,
}
