"""Who wrote what and when, with the entry's hash; and who looked behind a seal or at a name."""

from collections.abc import Iterable, Sequence

from sojourn.conduct.identity import IdentityOpened
from sojourn.conduct.randomisation import AllocationOpened
from sojourn.exchange.fhir.codes import HL7
from sojourn.exchange.fhir.elements import (
    About,
    Resource,
    coded,
    instant,
    patient,
    study,
    without_nothing,
)
from sojourn.record.entry import Entry

SHA_256 = "urn:oid:2.16.840.1.101.3.4.2.1"  # NIST's name of the algorithm


def provenance(about: About, identity: str, entry: Entry, targets: Iterable[str]) -> Resource:
    """One entry of the record, by its hash; its targets are what it made or changed."""
    found = [{"reference": each} for each in targets]
    if not found:
        found = [patient(entry.stream.rpartition(":")[2])]
    source = {"identifier": {"system": SHA_256, "value": entry.hash}}
    return without_nothing(
        {
            "resourceType": "Provenance",
            "id": identity,
            "meta": {"versionId": "1", "lastUpdated": instant(entry.recorded_at)},
            "target": found,
            "occurredDateTime": instant(entry.occurred_at),
            "recorded": instant(entry.recorded_at),
            "reason": [coded("", "", entry.reason)] if entry.reason else [],
            "activity": coded(f"{about.base}/kind", entry.fact.kind),
            "agent": [
                {
                    "type": coded(f"{HL7}provenance-participant-type", "author"),
                    "role": [coded(f"{about.base}/role", entry.role)],
                    "who": {"display": entry.author},
                }
            ],
            "entity": [{"role": "source", "what": source}],
        }
    )


def audit_event(about: About, identity: str, entry: Entry) -> Resource:
    """A look at a name or behind the seal, with its purpose."""
    fact = entry.fact
    purpose = fact.purpose if isinstance(fact, IdentityOpened | AllocationOpened) else ""
    of_one = getattr(fact, "participant", getattr(fact, "scope", ""))
    what = study(about) if of_one == "all" else patient(of_one)
    return without_nothing(
        {
            "resourceType": "AuditEvent",
            "id": identity,
            "meta": {"versionId": "1", "lastUpdated": instant(entry.recorded_at)},
            "type": {"system": f"{about.base}/kind", "code": fact.kind},
            "action": "R",
            "recorded": instant(entry.recorded_at),
            "outcome": "0",
            "purposeOfEvent": [coded("", "", purpose)],
            "agent": [{"who": {"display": entry.author}, "requestor": True}],
            "source": {"observer": {"display": "Sojourn"}},
            "entity": [{"what": what}],
        }
    )


def looks(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Those entries that are looks at what is kept apart."""
    return tuple(
        each for each in entries if isinstance(each.fact, IdentityOpened | AllocationOpened)
    )
