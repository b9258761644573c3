"""The central record gives courses out to a site, and takes them back in an emergency."""

import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

from sojourn.conduct import lending
from sojourn.conduct.offline import Lease, StreamsTakenOut
from sojourn.ledger import archive, carrying, clock, kept, leases, programmes, seal, vault, watching
from sojourn.ledger.append import take_turn
from sojourn.ledger.carrying import Stored
from sojourn.ledger.checkpoint import root_at
from sojourn.ledger.desk import Person, stream_of
from sojourn.ledger.models import EntryRow, Head
from sojourn.ledger.read import rows_of, streams
from sojourn.ledger.rows import IdentityRow, ParticipantRow, ProtocolText
from sojourn.ledger.turns import in_turn
from sojourn.record.command import Refused
from sojourn.record.hashing import time_text

ROLES = ("sponsor",)


@dataclass(frozen=True, slots=True)
class TakenOut:
    """What a file that was taken out says of itself. ``sealing_key`` is the site's to be."""

    programme: str
    lease: str
    site: str
    until: str
    participants: tuple[str, ...]
    numbers: str
    protocol_digest: str
    made_at: str
    size: int
    root: str
    sealing_key: str


def take_out(
    programme: str,
    site: str,
    path: Path,
    key: bytes,
    *,
    until: date,
    by: Person,
    participants: Sequence[str] | None = None,
    numbers: str = "",
) -> Lease:
    """Give ``site`` its courses to write offline, and the file to begin its own record with.

    ``participants`` are all of the site unless they are named. ``numbers`` is how the numbers
    begin that the site may register meanwhile. The lease stands in the record once the file is
    whole, or not at all.

    Raises
    ------
    Refused
        If somebody is out already, the database is locked or the role may not.
    FileExistsError
        If there is a file at ``path``.
    """
    require_lead(by)
    standing = programmes.load(programme)
    if standing.programme.database_lock:
        raise Refused("the database is locked; unlock it before courses are taken out")
    with in_turn():
        take_turn()
        known = dict(
            ParticipantRow.objects.filter(programme=programme).values_list("participant", "site")
        )
        mine = [each for each, where in sorted(known.items()) if where == site]
        wanted = StreamsTakenOut(
            lease=secrets.token_hex(8),
            site=site,
            until=until,
            participants=tuple(dict.fromkeys(mine if participants is None else participants)),
            numbers=numbers.strip(),
            streams=(),
            protocol_digest=standing.programme.protocol_digest,
        )
        lending.take_out(leases.standing(programme), wanted, known, clock.now().date())
        rows = _going_out(programme, wanted.participants)
        given = replace(wanted, streams=carrying.reached(rows))
        taken = _taken_out(programme, given)
        carrying.say(programme, given, by)
        archive.write(path, key, _lines(taken, rows))
    return _lease(programme, given.lease)


def take_back(programme: str, lease: str, cause: str, by: Person) -> Lease:
    """End a lease in an emergency: the central record writes again, whatever the site wrote.

    Raises
    ------
    Refused
        If nothing is out under that lease, no cause is given or the role may not.
    """
    require_lead(by)
    with in_turn():
        take_turn()
        (fact,) = lending.take_back(leases.standing(programme), lease, cause)
        carrying.say(programme, fact, by)
    return _lease(programme, lease)


def require_lead(by: Person) -> None:
    """Refuse whoever does not lead the programme.

    Raises
    ------
    Refused
        Naming the role.
    """
    if by.role not in ROLES:
        raise Refused(f"courses are taken out, merged and taken back by the lead, not a {by.role}")


def _lease(programme: str, key: str) -> Lease:
    lease = leases.standing(programme).of(key)
    if lease is None:
        raise Refused(f"lease '{key}' is not on this record")
    return lease


def _going_out(programme: str, participants: Sequence[str]) -> list[Stored]:
    """Every row of these participants' streams, in the order of their positions."""
    rows: list[Stored] = []
    for each in participants:
        rows += rows_of(stream_of(programme, each))
        for stream in tuple(streams(watching.stream_of(programme, each, ""))):
            rows += rows_of(stream)
    return sorted(rows)


def _taken_out(programme: str, given: StreamsTakenOut) -> TakenOut:
    size = Head.objects.get().position
    return TakenOut(
        programme=programme,
        lease=given.lease,
        site=given.site,
        until=given.until.isoformat(),
        participants=given.participants,
        numbers=given.numbers,
        protocol_digest=given.protocol_digest,
        made_at=time_text(clock.now()),
        size=size,
        root=root_at(size),
        sealing_key=seal.key_for(given.lease).decode(),
    )


def _lines(taken: TakenOut, rows: Sequence[Stored]) -> Iterator[str]:
    programme = programmes.load(taken.programme).programme
    yield json.dumps({"taken_out": asdict(taken)})
    yield json.dumps({"table": EntryRow._meta.label})
    whole = sorted([*rows_of(programmes.PREFIX + taken.programme), *rows])
    yield from (kept.line_of(list(row)) for row in whole)
    yield json.dumps({"table": ProtocolText._meta.label})
    texts = (programme.protocol_digest, *(each.digest for each in programme.plans))
    for digest in dict.fromkeys(texts):
        yield kept.line_of([digest, ProtocolText.objects.get(digest=digest).text])
    yield json.dumps({"table": IdentityRow._meta.label})
    key = taken.sealing_key.encode()
    for identity in vault.under_another_seal(taken.programme, taken.participants, key):
        yield kept.line_of(list(identity))
    yield json.dumps({"end": len(whole)})
