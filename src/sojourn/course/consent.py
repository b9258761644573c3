"""Consent: signed in the version the ethics committee approved, and free to be withdrawn."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, ClassVar

from sojourn.course.circumstances import Circumstances
from sojourn.course.state import Consent, Course
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact


@dataclass(frozen=True, slots=True)
class SignConsent:
    name: ClassVar[str] = "consent.sign"
    title: ClassVar[str] = "Consent signed"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ("therapist", "prescriber", "coordinator", "import")

    at: Annotated[datetime, Ask("Signed at")]
    version: Annotated[str, Ask("Version of the consent form", choices_from="consent-versions")]


@dataclass(frozen=True, slots=True)
class WithdrawConsent:
    name: ClassVar[str] = "consent.withdraw"
    title: ClassVar[str] = "Consent withdrawn"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ("therapist", "prescriber", "coordinator")

    at: Annotated[datetime, Ask("Withdrawn at")]
    wish: Annotated[str, Ask("What the participant wishes", lines=3)]


@dataclass(frozen=True, slots=True)
class ConsentSigned:
    kind: ClassVar[str] = "consent.signed"
    schema: ClassVar[int] = 1
    version: str


@dataclass(frozen=True, slots=True)
class ConsentWithdrawn:
    kind: ClassVar[str] = "consent.withdrawn"
    schema: ClassVar[int] = 1
    wish: str


def in_force(course: Course, circumstances: Circumstances) -> bool:
    """Whether a consent is signed, not withdrawn and of a version still valid."""
    if not course.consents or course.consents[-1].withdrawn_at:
        return False
    approved = circumstances.clearance.consent_versions
    signed, needed = course.consents[-1].version, circumstances.clearance.consent_needed
    if signed not in approved or needed not in approved:
        return False
    return approved.index(signed) >= approved.index(needed)


def require(course: Course, circumstances: Circumstances) -> None:
    """Refuse whatever may not happen without consent."""
    if not in_force(course, circumstances):
        raise Refused("no consent is in force; record the signed consent first")


def sign(course: Course, command: SignConsent, circumstances: Circumstances) -> tuple[Fact, ...]:
    approved = circumstances.clearance.consent_versions
    if command.version not in approved:
        known = ", ".join(approved) or "none yet"
        raise Refused(
            f"consent version '{command.version}' is not approved; approved: {known}", "version"
        )
    return (ConsentSigned(command.version),)


def withdraw(
    course: Course, command: WithdrawConsent, circumstances: Circumstances
) -> tuple[Fact, ...]:
    if not course.consents or course.consents[-1].withdrawn_at:
        raise Refused("there is no consent in force to withdraw")
    return (ConsentWithdrawn(command.wish),)


def signed(course: Course, fact: ConsentSigned, entry: Entry) -> Course:
    return replace(course, consents=(*course.consents, Consent(fact.version, entry.occurred_at)))


def withdrawn(course: Course, fact: ConsentWithdrawn, entry: Entry) -> Course:
    last = replace(course.consents[-1], withdrawn_at=entry.occurred_at)
    return replace(course, consents=(*course.consents[:-1], last))


DECIDE: Mapping[type, Any] = {SignConsent: sign, WithdrawConsent: withdraw}
EVOLVE: Mapping[type, Any] = {ConsentSigned: signed, ConsentWithdrawn: withdrawn}
