"""A site's own record: begun with the file that was taken out, ended when it is given back."""

import json
import secrets
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from django.db import transaction

from sojourn.conduct import lending
from sojourn.conduct.offline import TRAVELLING, Lease, RecordBegun
from sojourn.ledger import archive, carrying, leases, seal, vault
from sojourn.ledger.append import append_carried, take_turn
from sojourn.ledger.archive import BadArchive
from sojourn.ledger.backup import refuse_unless_empty, sections
from sojourn.ledger.carrying import Stored
from sojourn.ledger.desk import Person
from sojourn.ledger.models import EntryRow
from sojourn.ledger.rebuild import rebuild
from sojourn.ledger.rows import IdentityRow, ProtocolText
from sojourn.ledger.taking_out import TakenOut
from sojourn.ledger.turns import in_turn
from sojourn.ledger.verify import verify


def begin(path: Path, key: bytes, by: Person) -> Lease:
    """Fill an empty record with what was taken out, all of it or nothing.

    The entries keep their own time here; their hashes in the central record are kept beside.

    Raises
    ------
    BadArchive
        If the file is damaged, is another kind of file, or an entry is not what was written.
    sojourn.ledger.backup.NotEmpty
        If the record holds entries or accounts.
    """
    with transaction.atomic():
        refuse_unless_empty()
        lines = archive.read(path, key)
        taken = _taken_out(path, next(lines))
        seal.place(taken.sealing_key.encode())
        rows = _filled(path, taken, lines)
        added = append_carried(rows)
        fact = RecordBegun(
            lease=taken.lease,
            record=secrets.token_hex(8),
            site=taken.site,
            until=date.fromisoformat(taken.until),
            participants=tuple(taken.participants),
            numbers=taken.numbers,
            streams=carrying.reached(row for row in rows if row[1].partition(":")[0] in TRAVELLING),
            protocol_digest=taken.protocol_digest,
            taken_out_at=taken.made_at,
            central_size=taken.size,
            central_root=taken.root,
        )
        here = {there[0]: row[0] for there, row in zip(rows, added, strict=True)}
        carrying.say(taken.programme, fact, by)
        for carried in carrying.facts(taken.lease, fact.record, rows, here):
            carrying.say(taken.programme, carried, by)
        rebuild()
        if problems := verify().problems:
            raise BadArchive(f"what was begun does not hold: {problems[0]}")
    return _own(taken.programme)


def give_back(programme: str, by: Person) -> Lease:
    """End this site's record: nothing is written to it any more, and a copy of it is merged.

    Raises
    ------
    Refused
        If this is no site's record, or it was given back.
    """
    with in_turn():
        take_turn()
        (fact,) = lending.give_back(leases.standing(programme))
        carrying.say(programme, fact, by)
    return _own(programme)


def _filled(path: Path, taken: TakenOut, lines: Iterator[str]) -> list[Stored]:
    """The rows of the file, proved, once everything beside them is kept here."""
    rows: list[Stored] = []
    ended = None
    for head, found in sections(lines):
        if "end" in head:
            ended = head["end"]
        elif head["table"] == EntryRow._meta.label:
            rows = [tuple(each) for each in found]
        elif head["table"] == ProtocolText._meta.label:
            for digest, text in found:
                ProtocolText.objects.create(digest=digest, text=text)
        elif head["table"] == IdentityRow._meta.label:
            for who, sealed_key, ciphertext in found:
                key = taken.sealing_key.encode()
                vault.adopt(taken.programme, who, sealed_key, ciphertext, key)
    if ended != len(rows):
        raise BadArchive(f"{path} ends before its last line; use another copy")
    carrying.prove(rows)
    return rows


def _taken_out(path: Path, line: str) -> TakenOut:
    try:
        told: dict[str, Any] = json.loads(line)["taken_out"]
        return TakenOut(**told)
    except (ValueError, KeyError, TypeError) as error:
        raise BadArchive(
            f"{path} was not made by `sojourn site take-out`: it does not say what it holds"
        ) from error


def _own(programme: str) -> Lease:
    lease = leases.standing(programme).own
    assert lease is not None
    return lease
