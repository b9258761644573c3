"""Provenance and AuditEvent, read from the entries and paged by their place in the record.

A page reads its own entries and no more, however long a history has become.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q

from sojourn.conduct import blinding
from sojourn.course.correction import Corrected
from sojourn.exchange.fhir.elements import Resource
from sojourn.exchange.fhir.kept import ONCE, Reader, identity_of
from sojourn.exchange.fhir.outcome import Fault
from sojourn.exchange.fhir.parameters import USUAL, count_of, format_of, not_understood, plain
from sojourn.exchange.fhir.provenance import audit_event, looks, provenance
from sojourn.exchange.fhir.searching import answered, left_out, matches
from sojourn.ledger import programmes, unblinding
from sojourn.ledger.columns import entry_of
from sojourn.ledger.desk import stream_of
from sojourn.ledger.read import read_stream, stored_at, version
from sojourn.ledger.registry import kinds
from sojourn.ledger.resources import SIGNS
from sojourn.ledger.rows import ResourceRow
from sojourn.record.entry import Entry

OVERSEE = frozenset({"monitor", "sponsor"})
LOOKED_AT = 5_000  # entries that a page goes through for those of one participant
_LOOKS = {
    "names": "identity:",
    "seal": programmes.OPENINGS,
    "emergency": unblinding.EMERGENCIES,
}
_NAMED = ("MedicationStatement", "AdverseEvent", "Consent")  # later entries go on about these
_NUMBER = re.compile(r"\d{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters of a search of entries, each named once; ``after`` is where it goes on."""

    named: Mapping[str, str]
    count: int
    after: str
    kept: tuple[tuple[str, str], ...]
    ignored: tuple[str, ...]


def asked_of(
    resource: str, asked: Sequence[tuple[str, str]], known: Sequence[str], *, lenient: bool
) -> Asked:
    """What of ``asked`` is understood.

    Raises
    ------
    Fault
        400 for a value that is not understood, and for a parameter unless ``lenient``.
    """
    named: dict[str, str] = {}
    count, after, kept, ignored = USUAL, "", [], []
    for name, value in asked:
        plain(name, value)
        if name == "_after":
            after = value
            continue
        if name == "_count":
            count = count_of(value)
        elif name == "_format":
            format_of(value)
        elif name in known:
            if value:  # what is asked for with nothing in it is not asked for
                named[name] = value
        elif lenient:
            ignored.append(name)
            continue
        else:
            raise not_understood(resource, name, (*known, "_count"))
        kept.append((name, value))
    return Asked(named, count, after, tuple(kept), tuple(ignored))


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


def provenances(
    reader: Reader, asked: Sequence[tuple[str, str]], *, lenient: bool = False
) -> Resource:
    """A page of the entries behind one participant ('patient') or one resource ('target').

    Raises
    ------
    Fault
        400 for what is not understood, 404 where this role may see no such thing.
    """
    meant = asked_of("Provenance", asked, ("patient", "target"), lenient=lenient)
    if not meant.named:
        what = "is searched by patient or by target, as Observation/P-1.7.pulse"
        raise Fault(400, what, "Provenance")
    patient = meant.named.get("patient", "").rpartition("Patient/")[2]
    kind, _, identity = meant.named.get("target", f"Patient/{patient}").rpartition("/")
    row = reader.row(kind.rpartition("/")[2], identity)
    if patient and row.participant != patient:
        return answered(reader.base, "Provenance", meant.kept, left_out(meant.ignored), "")
    after = _number(meant.after)
    if "target" in meant.named:
        read = _behind(row, after)
    else:
        read = read_stream(row.stream, since=after + 1, until=after + meant.count + 1)
    shown = read[: meant.count]
    found = list(_told(reader, row.stream, shown))
    entries = [*matches(reader.base, found), *left_out(meant.ignored)]
    onward = str(shown[-1].sequence) if len(read) > len(shown) else ""
    return answered(reader.base, "Provenance", meant.kept, entries, onward)


def audit_by_id(reader: Reader, identity: str) -> Resource:
    """One look at a name or behind the seal.

    Raises
    ------
    Fault
        403 for those who don't oversee, 404 where there is none.
    """
    _must_oversee(reader)
    for each in _looks_by_id(reader, identity):
        return each
    raise Fault(404, f"there is no AuditEvent/{identity} that you may see", "AuditEvent")


def audit_events(
    reader: Reader, asked: Sequence[tuple[str, str]], *, lenient: bool = False
) -> Resource:
    """A page of looks at names or behind the seal, all or of one 'patient', for who oversees.

    For one participant a page goes through ``LOOKED_AT`` looks: it may hold few or none, and the
    next goes on.

    Raises
    ------
    Fault
        403 for everyone else, 400 for what is not understood.
    """
    _must_oversee(reader)
    meant = asked_of("AuditEvent", asked, ("_id", "patient"), lenient=lenient)
    patient = meant.named.get("patient", "").rpartition("/")[2]
    onward = ""
    if "_id" in meant.named:
        ids = dict.fromkeys(meant.named["_id"].split(","))
        found = [each for one in ids for each in _looks_by_id(reader, one)]
        found = [each for each in found if not patient or _is_of(each, patient)]
    else:
        found, onward = _looks_page(reader, meant, patient)
    entries = [*matches(reader.base, found), *left_out(meant.ignored)]
    return answered(reader.base, "AuditEvent", meant.kept, entries, onward)


def _looks_page(reader: Reader, meant: Asked, patient: str) -> tuple[list[Resource], str]:
    """Looks in the order of the record, and how far each of the streams was read."""
    reached = _reached(meant.after)
    most = LOOKED_AT if patient else meant.count
    found: list[tuple[str, Entry]] = []
    ends, more = {}, False
    for name, prefix in _LOOKS.items():
        stream, upto = prefix + reader.programme, reached[name] + most
        entries = read_stream(stream, since=reached[name] + 1, until=upto, about=patient)
        found += [(name, each) for each in looks(entries)]
        ends[name] = min(upto, version(stream))
        more = more or ends[name] < version(stream)
    found.sort(key=lambda each: each[1].position)
    about = reader.about
    told = [(name, e, audit_event(about, f"{name}.{e.sequence}", e)) for name, e in found]
    told = [each for each in told if not patient or _is_of(each[2], patient)]
    for name, entry, _ in told[meant.count :]:  # what does not fit is where the next page begins
        ends[name] = min(ends[name], entry.sequence - 1)
        more = True
    onward = ".".join(str(each) for each in ends.values()) if more else ""
    return [each for *_, each in told[: meant.count]], onward


def _reached(after: str) -> dict[str, int]:
    numbers = after.split(".") if after else ["0"] * len(_LOOKS)
    if len(numbers) != len(_LOOKS):
        raise _no_place()
    return dict(zip(_LOOKS, map(_number, numbers), strict=True))


def _number(after: str) -> int:
    if after and not _NUMBER.fullmatch(after):
        raise _no_place()
    return int(after or 0)


def _no_place() -> Fault:
    return Fault(400, "is no place to go on from; follow the 'next' link of a page", "_after")


def _looks_by_id(reader: Reader, identity: str) -> Iterator[Resource]:
    name, _, number = identity.partition(".")
    if name in _LOOKS and _NUMBER.fullmatch(number) and int(number):
        entries = read_stream(_LOOKS[name] + reader.programme, since=int(number), until=int(number))
        for each in looks(entries):
            yield audit_event(reader.about, identity, each)


def _is_of(look: Resource, patient: str) -> bool:
    return bool(look["entity"][0]["what"]["reference"] == f"Patient/{patient}")


def _must_oversee(reader: Reader) -> None:
    if reader.by.role not in OVERSEE or not reader.reach.everywhere:
        raise Fault(
            403, "looks at names and seals are shown to monitor and programme lead of every site"
        )


def _behind(row: ResourceRow, after: int) -> tuple[Entry, ...]:
    """The entries of one resource after a sequence; of one thing they are few."""
    known = kinds()
    found = stored_at([int(each) for each in row.entries.split()])
    return tuple(e for e in (entry_of(each, known) for each in found) if e.sequence > after)


def _told(reader: Reader, stream: str, entries: Sequence[Entry]) -> Iterator[Resource]:
    targets: dict[int, list[str]] = {}
    if not entries or not reader.reaches(stream.rpartition(":")[2]):
        return
    rows = ResourceRow.objects.filter(Q(stream=stream) & _made_by(entries))
    for row in rows.order_by("resource", "key"):
        if reader.visible(row):
            for position in row.entries.split():
                targets.setdefault(int(position), []).append(f"{row.resource}/{identity_of(row)}")
    about = reader.about
    for entry in entries:
        made = targets.get(entry.position, [])
        if _may_see(reader, entry, bool(made)):
            participant = stream.rpartition(":")[2]
            yield provenance(about, f"{participant}.{entry.sequence}", entry, made)


def _made_by(entries: Sequence[Entry]) -> Q:
    """The rows that these entries may have made or changed, but not all of a long history."""
    numbers = {each.sequence for each in entries}
    numbers |= {each.fact.corrects for each in entries if isinstance(each.fact, Corrected)}
    own = [str(each) for each in numbers]
    scored = [f"{each}.{part}" for each in own for part in (*SIGNS, "score")]
    return (
        Q(resource__in=ONCE, key="")
        | Q(resource__in=_NAMED)
        | Q(resource="Observation", key__in=scored)
        | Q(resource__in=("QuestionnaireResponse", "MedicationAdministration"), key__in=own)
    )


def _may_see(reader: Reader, entry: Entry, made_something_seen: bool) -> bool:
    if not reader.rates_only:
        return True
    # What a correction is about is told by what it made; a kind alone does not tell.
    if isinstance(entry.fact, Corrected):
        return made_something_seen and blinding.may_see(reader.by.role, entry.fact.of_kind)
    return made_something_seen and blinding.may_see(reader.by.role, entry.fact.kind)
