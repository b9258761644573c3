"""Provenance and AuditEvent, read from the entries of one participant or one resource."""

from collections.abc import Iterator, Sequence

from sojourn.conduct import blinding
from sojourn.course.correction import Corrected
from sojourn.exchange.fhir.elements import Resource
from sojourn.exchange.fhir.kept import Reader, identity_of
from sojourn.exchange.fhir.outcome import Fault
from sojourn.exchange.fhir.provenance import audit_event, looks, provenance
from sojourn.ledger import programmes, unblinding
from sojourn.ledger.desk import stream_of
from sojourn.ledger.read import read_stream
from sojourn.ledger.rows import ResourceRow
from sojourn.record.entry import Entry

OVERSEE = frozenset({"monitor", "sponsor"})
_LOOKS = {
    "names": "identity:",
    "seal": programmes.OPENINGS,
    "emergency": unblinding.EMERGENCIES,
}


def provenance_by_id(reader: Reader, identity: str) -> Resource:
    """One entry of a course, by the participant's number and its sequence.

    Raises
    ------
    Fault
        404 where there is none that this role may see.
    """
    participant, _, number = identity.rpartition(".")
    if number.isascii() and number.isdecimal() and len(number) < 10:
        sequence = int(number)
        stream = stream_of(reader.programme, participant)
        # The first entry is read from 0 on: 'since 0' means no bound.
        entries = read_stream(stream, since=sequence or 1, until=sequence)
        for found in _told(reader, stream, entries):
            return found
    raise Fault(404, f"there is no Provenance/{identity} that you may see", "Provenance")


def provenances(reader: Reader, asked: Sequence[tuple[str, str]]) -> list[Resource]:
    """The entries behind one participant ('patient') or one resource ('target')."""
    # What is asked for with nothing in it is not asked for.
    named = {name: value for name, value in asked if value}
    unknown = {name for name, _ in asked} - {"patient", "target", "_count", "_format"}
    if unknown or not {"patient", "target"} & set(named):
        what = min(unknown, default="Provenance")
        raise Fault(400, "is searched by patient or by target, as Observation/P-1.7.pulse", what)
    target = named.get("target") or f"Patient/{named['patient'].removeprefix('Patient/')}"
    kind, _, identity = target.rpartition("/")
    row = reader.row(kind.rpartition("/")[2], identity)
    entries = read_stream(row.stream)
    if "target" in named:
        wanted = {int(each) for each in row.entries.split()}
        entries = tuple(each for each in entries if each.position in wanted)
    return list(_told(reader, row.stream, entries))


def audit_events(reader: Reader, asked: Sequence[tuple[str, str]] = ()) -> list[Resource]:
    """Looks at a name or behind the seal, all or of one 'patient', for those who oversee.

    Raises
    ------
    Fault
        403 for everyone else, 400 for a parameter that is not understood.
    """
    if reader.by.role not in OVERSEE or not reader.reach.everywhere:
        raise Fault(
            403, "looks at names and seals are shown to monitor and programme lead of every site"
        )
    named = dict(asked)
    for each in set(named) - {"patient", "_id", "_count", "_format"}:
        raise Fault(400, "is not understood; AuditEvent is searched by: _id, patient", each)
    of = f"Patient/{named['patient'].rpartition('/')[2]}" if "patient" in named else ""
    about, found = reader.about, []
    for name, prefix in _LOOKS.items():
        for entry in looks(read_stream(prefix + reader.programme)):
            found.append(audit_event(about, f"{name}.{entry.sequence}", entry))
    wanted = named["_id"].split(",") if "_id" in named else None
    kept = [
        each
        for each in found
        if (not of or each["entity"][0]["what"]["reference"] == of)
        and (wanted is None or each["id"] in wanted)
    ]
    return sorted(kept, key=lambda each: str(each["recorded"]))


def _told(reader: Reader, stream: str, entries: Sequence[Entry]) -> Iterator[Resource]:
    rows = [row for row in ResourceRow.objects.filter(stream=stream) if reader.visible(row)]
    targets: dict[int, list[str]] = {}
    for row in rows:
        for position in row.entries.split():
            targets.setdefault(int(position), []).append(f"{row.resource}/{identity_of(row)}")
    if not reader.reaches(stream.rpartition(":")[2]):
        return
    about = reader.about
    for entry in entries:
        made = targets.get(entry.position, [])
        if _may_see(reader, entry, bool(made)):
            participant = stream.rpartition(":")[2]
            yield provenance(about, f"{participant}.{entry.sequence}", entry, made)


def _may_see(reader: Reader, entry: Entry, made_something_seen: bool) -> bool:
    if not reader.rates_only:
        return True
    # What a correction is about is told by what it made; a kind alone does not tell.
    if isinstance(entry.fact, Corrected):
        return made_something_seen and blinding.may_see(reader.by.role, entry.fact.of_kind)
    return made_something_seen and blinding.may_see(reader.by.role, entry.fact.kind)
