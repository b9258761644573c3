"""Source data verification: a monitor found that an entry says what its source says.

A check is of an entry as it read then: a later correction leaves the entry unverified again.
Which entries a share asks for follows from each entry's own digest, so that the sample is the same
whenever it is drawn and nobody at a site knows it while they write.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

from sojourn.course.circumstances import Circumstances
from sojourn.course.state import NOTHING, Course, changed
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact

# What has a source outside this record, and whether an error in it weighs on rights, safety or
# the result (ICH E6(R3), critical to quality).
CRITICAL: Mapping[str, str] = {
    "consent.signed": "Consent",
    "consent.withdrawn": "Withdrawal of consent",
    "screening.characteristics-recorded": "Screening findings",
    "screening.criteria-assessed": "Criteria",
    "assessment.recorded": "Assessments",
    "dosing.dose-given": "Doses",
    "safety.adverse-event-recorded": "Adverse events",
    "safety.adverse-event-updated": "Follow-up of adverse events",
}
OTHER: Mapping[str, str] = {
    "medication.recorded": "Medicines",
    "medication.stopped": "Medicines ended",
    "visit.held": "Visits",
    "dosing.vitals-recorded": "Vital signs",
    "aftercare.contact-recorded": "Contacts",
}
KINDS: Mapping[str, str] = {**CRITICAL, **OTHER}


@dataclass(frozen=True, slots=True)
class VerifySource:
    name: ClassVar[str] = "quality.verify-source"
    title: ClassVar[str] = "Verify entries against source"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = ("monitor",)

    at: Annotated[datetime, Ask("Verified at")]
    entries: Annotated[
        tuple[str, ...],
        Ask(
            "Entries that say what their source says",
            help="What differs is asked about in a query.",
            choices_from="unverified-entries",
        ),
    ]
    source: Annotated[str, Ask("Source seen", help="Such as: clinic file, on site.", longest=200)]


@dataclass(frozen=True, slots=True)
class SourceVerified:
    kind: ClassVar[str] = "quality.source-verified"
    schema: ClassVar[int] = 1
    entries: tuple[int, ...]
    source: str


def is_verified(course: Course, sequence: int) -> bool:
    """Whether that entry was checked and not corrected since."""
    checked = course.verified.get(sequence)
    return checked is not None and checked > course.corrected.get(sequence, 0)


def progress(course: Course) -> Mapping[str, tuple[int, int]]:
    """(verified, all) entries by kind, of the kinds that have a source."""
    return {
        kind: (sum(is_verified(course, each) for each in sequences), len(sequences))
        for kind, sequences in course.entered.items()
    }


def sampled(entry: Entry, critical_percent: int, other_percent: int) -> bool:
    """Whether the share of its kind asks for this entry; an entry of no such kind never."""
    if entry.fact.kind not in KINDS:
        return False
    share = critical_percent if entry.fact.kind in CRITICAL else other_percent
    return int(entry.hash[:8] or "0", 16) * 100 < share * 2**32


def to_verify(entries: Iterable[Entry], course: Course) -> tuple[Entry, ...]:
    """The entries that have a source and are not verified as they read now."""
    return tuple(
        each
        for each in entries
        if each.fact.kind in KINDS and not is_verified(course, each.sequence)
    )


def verify(course: Course, command: VerifySource, circumstances: Circumstances) -> tuple[Fact, ...]:
    open_ones = {each.sequence for each in to_verify(circumstances.entries, course)}
    asked = tuple(sorted({_number(each) for each in command.entries}))
    if not asked:
        raise Refused("no entry is chosen; choose those you compared with their source", "entries")
    for each in asked:
        if each not in open_ones:
            raise Refused(
                f"entry {each} is verified already, or has no source outside this record", "entries"
            )
    source = command.source.strip()
    if not source:
        raise Refused("say which source you saw", "source")
    return (SourceVerified(asked, source),)


def verified(course: Course, fact: SourceVerified, entry: Entry) -> Course:
    return changed(
        course, verified={**course.verified, **dict.fromkeys(fact.entries, entry.sequence)}
    )


def entered(
    entries: Iterable[Entry], before: Mapping[str, tuple[int, ...]] = NOTHING
) -> Mapping[str, tuple[int, ...]]:
    """Sequences of the entries that have a source, by kind, after those that came ``before``."""
    found = {kind: list(sequences) for kind, sequences in before.items()}
    for entry in entries:
        if entry.fact.kind in KINDS:
            found.setdefault(entry.fact.kind, []).append(entry.sequence)
    return MappingProxyType({kind: tuple(sequences) for kind, sequences in found.items()})


def _number(text: str) -> int:
    if not text.isdecimal():
        raise Refused(f"'{text}' is no number of an entry", "entries")
    return int(text)


DECIDE: Mapping[type, Any] = {VerifySource: verify}
EVOLVE: Mapping[type, Any] = {SourceVerified: verified}
