"""A copy of a site's record, read and proved before anything of it is believed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from sojourn import conduct
from sojourn.conduct.offline import RecordBegun, StreamsGivenBack
from sojourn.conduct.programme import Programme
from sojourn.ledger import archive, carrying, programmes, seal
from sojourn.ledger.archive import BadArchive
from sojourn.ledger.backup import Copied, copied_of, sections
from sojourn.ledger.carrying import Stored
from sojourn.ledger.checkpoint import Lodged
from sojourn.ledger.columns import entry_of
from sojourn.ledger.leases import PREFIX
from sojourn.ledger.models import EntryRow
from sojourn.ledger.registry import kinds
from sojourn.ledger.rows import IdentityRow


@dataclass(frozen=True, slots=True)
class Member:
    """An account of the site: who signs in under a name, and as what."""

    role: str
    full_name: str


@dataclass(frozen=True, slots=True)
class SiteCopy:
    """All rows of a site's record, by place and by stream, and what lies beside them."""

    programme: str
    begun: RecordBegun
    given_back: bool
    rows: list[Stored]
    streams: Mapping[str, list[Stored]]
    members: Mapping[str, Member]
    identities: Mapping[str, tuple[str, str]]
    root: str
    made_at: str
    file_digest: str

    @property
    def size(self) -> int:
        """How many entries the site's record has."""
        return len(self.rows)

    def given(self, stream: str) -> int:
        """How many entries of ``stream`` the site began with."""
        first = self.streams[PREFIX + self.programme][0][0]
        return sum(1 for row in self.streams.get(stream, ()) if row[0] < first)

    def programme_as_given(self) -> Programme:
        """The programme as the site knew it."""
        known = kinds()
        rows = self.streams.get(programmes.PREFIX + self.programme, ())
        return conduct.fold(self.programme, (entry_of(row, known) for row in rows))


def read_copy(path: Path, key: bytes, lodged: Lodged | None = None) -> SiteCopy:
    """The copy of a site's record at ``path``: every hash, chain and its root made again.

    Raises
    ------
    BadArchive
        If it is damaged, goes on from another copy, is no site's record, or an entry is not
        what was written; it is named.
    """
    lines = archive.read(path, key)
    copied = copied_of(path, next(lines))
    if copied.after:
        raise BadArchive(f"{path} goes on from entry {copied.after}; give a whole copy")
    rows, tables = _read(path, lines)
    _prove(rows, copied, lodged)
    begun = [row for row in rows if row[3] == RecordBegun.kind]
    if len(begun) != 1:
        raise BadArchive(f"{path} is no record of a site that took courses out")
    programme = begun[0][1].removeprefix(PREFIX)
    fact = entry_of(begun[0], kinds()).fact
    assert isinstance(fact, RecordBegun)
    if copied.seal != seal.which(seal.key_for(fact.lease)):
        raise BadArchive(
            f"it is of site {fact.site} under lease {fact.lease} and under another seal than this "
            "record gave it: it is of another central record"
        )
    streams: dict[str, list[Stored]] = {}
    for row in rows:
        streams.setdefault(row[1], []).append(row)
    return SiteCopy(
        programme=programme,
        begun=fact,
        given_back=any(row[3] == StreamsGivenBack.kind for row in streams[begun[0][1]]),
        rows=rows,
        streams=streams,
        members={
            each["username"]: Member(
                each["role"], f"{each['first_name']} {each['last_name']}".strip()
            )
            for each in tables.get("clinic.Member", ())
        },
        identities={
            each["participant"]: (each["sealed_key"], each["ciphertext"])
            for each in tables.get(IdentityRow._meta.label, ())
            if each["programme"] == programme
        },
        root=copied.root,
        made_at=copied.made_at,
        file_digest=_digest(path),
    )


Table = list[dict[str, Any]]


def _read(path: Path, lines: Iterator[str]) -> tuple[list[Stored], dict[str, Table]]:
    rows: list[Stored] = []
    tables: dict[str, Table] = {}
    ended = False
    for head, found in sections(lines):
        if "end" in head:
            ended = True
        elif head["table"] == EntryRow._meta.label:
            rows = [tuple(each) for each in found]
        elif head["table"] in ("clinic.Member", IdentityRow._meta.label):
            named = head["columns"]
            tables[head["table"]] = [dict(zip(named, each, strict=True)) for each in found]
    if not ended:
        raise BadArchive(f"{path} ends before its last line; use another copy")
    return rows, tables


def _prove(rows: list[Stored], copied: Copied, lodged: Lodged | None) -> None:
    for place, row in enumerate(rows, start=1):
        if row[0] != place:
            raise BadArchive(f"entry {place} is missing; {carrying.named(row)} follows")
    carrying.prove(rows)
    hashes = [row[14] for row in rows]
    if len(rows) != copied.size or carrying.root_of(hashes) != copied.root:
        raise BadArchive(f"its {len(rows)} entries have another root than the copy says")
    if lodged is None:
        return
    if lodged.size > len(rows):
        raise BadArchive(
            f"the lodged checkpoint counts {lodged.size} entries and the copy holds {len(rows)}"
        )
    if carrying.root_of(hashes[: lodged.size]) != lodged.root:
        raise BadArchive(
            f"the checkpoint the site lodged at {lodged.made_at} counts other entries: one was "
            "rewritten since"
        )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        found = sha256()
        while piece := file.read(1 << 20):
            found.update(piece)
    return found.hexdigest()
