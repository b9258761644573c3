"""ODM 2.0 back onto a record: the entries of courses, each as it was written.

Nothing is decided anew: what the file holds was decided where it was written. An entry keeps its
author, role and time; its reason says which file and which entry it came from. Its position, hash
and time of recording are this record's own.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from xml.etree import ElementTree

from django.db import transaction

from sojourn.conduct.imports import FileImported
from sojourn.exchange import scanning
from sojourn.exchange.cdisc.odm import ENCODING, NAMESPACE
from sojourn.exchange.cdisc.xml_file import root_of
from sojourn.ledger import clock, programmes
from sojourn.ledger.append import append, append_next
from sojourn.ledger.desk import Person
from sojourn.ledger.read import version
from sojourn.ledger.rebuild import rebuild
from sojourn.ledger.registry import kinds
from sojourn.record.command import Refused
from sojourn.record.entry import Fact
from sojourn.record.kinds import UnreadableEntry, canonical

IMPORTERS = frozenset({"sponsor"})
_N = f"{{{NAMESPACE}}}"


@dataclass(frozen=True, slots=True)
class Imported:
    participants: int
    entries: int


@dataclass(frozen=True, slots=True)
class _Written:
    """One entry of the file."""

    position: int
    stream: str
    sequence: int
    fact: Fact
    occurred_at: datetime
    author: str
    role: str
    reason: str
    signature: str


def import_odm(path: Path, programme: str, by: Person) -> Imported:
    """Write the courses of an ODM file that ``export_odm`` made, all or none.

    The programme must stand on this record, founded on the same protocol text, without any of
    these participants.

    Raises
    ------
    Refused
        If the file is of another protocol, holds what this version can't read, skips an entry, or
        a participant is on this record.
    """
    if by.role not in IMPORTERS:
        raise Refused(f"a {by.role} may not bring courses onto the record; the sponsor may")
    digest = sha256(scanning.taken(path, "xml")).hexdigest()
    if programme not in tuple(programmes.keys()):
        raise Refused(
            f"there is no programme '{programme}' on this record; found it first, on the same pack "
            "as the file's ('sojourn programme found')",
            "programme",
        )
    protocol = programmes.load(programme).protocol
    try:
        root = root_of(path)
    except (OSError, ElementTree.ParseError) as error:
        raise Refused(f"{path.name} is no readable XML: {error}") from error
    study = root.find(f"{_N}Study")
    if root.tag != f"{_N}ODM" or study is None:
        raise Refused(f"{path.name} is no ODM 2.0 file with a study")
    if study.get("VersionID") != protocol.digest:
        raise Refused(
            f"{path.name} is of protocol text {(study.get('VersionID') or 'unknown')[:12]}, "
            f"programme '{programme}' of {protocol.digest[:12]}; found one on the same pack"
        )
    written = sorted(_entries(root, programme), key=lambda each: each.position)
    file = root.get("FileOID") or path.name
    with transaction.atomic():
        held = {each.stream for each in written if each.sequence == 1 and version(each.stream)}
        if held:
            raise Refused(f"{sorted(held)[0].rsplit(':', 1)[1]} is on this record already")
        for each in written:
            _append(each, file)
        fact = FileImported(path.name, digest, len(written), len(written))
        append_next(
            f"imports:{programme}",
            (fact,),
            occurred_at=clock.now(),
            author=by.name,
            role=by.role,
        )
        rebuild()
    return Imported(len({each.stream for each in written}), len(written))


def _append(each: _Written, file: str) -> None:
    if version(each.stream) != each.sequence - 1:
        raise Refused(
            f"entry {each.sequence} of {each.stream} does not follow the one before it; a file "
            "without what people believed about the arm can't be brought back"
        )
    came = f"imported from {file}, entry {each.position}"
    append(
        each.stream,
        (each.fact,),
        expected=each.sequence - 1,
        occurred_at=each.occurred_at,
        author=each.author,
        role=each.role,
        reason=f"{each.reason}; {came}" if each.reason else came,
        signature=each.signature,
    )


def _entries(root: ElementTree.Element, programme: str) -> Iterator[_Written]:
    encodings = {
        item.get("OID"): alias.get("Name")
        for item in root.iter(f"{_N}ItemDef")
        for alias in item.findall(f"{_N}Alias")
        if alias.get("Context") == ENCODING
    }
    for subject in root.iter(f"{_N}SubjectData"):
        stream = f"course:{programme}:{subject.get('SubjectKey')}"
        for group in subject.iter(f"{_N}ItemGroupData"):
            try:
                yield _entry(group, stream, encodings)
            except (UnreadableEntry, ValueError, KeyError, AttributeError) as error:
                where = f"{stream} entry {group.get('ItemGroupRepeatKey')}"
                raise Refused(f"{where} can't be read: {error}") from error


def _entry(
    group: ElementTree.Element, stream: str, encodings: dict[str | None, str | None]
) -> _Written:
    kind = (group.get("ItemGroupOID") or "").removeprefix("IG.")
    about: dict[str, str] = {}
    data = {}
    for item in group.findall(f"{_N}ItemData"):
        oid = item.get("ItemOID") or ""
        value = None if item.get("IsNull") else item.findtext(f"{_N}Value") or ""
        own = oid.removeprefix(f"IT.{kind}.")
        if own != oid:
            plain = value is None or encodings[oid] in ("text", "date", "datetime")
            data[own] = value if plain else json.loads(value or "null")
        elif value is not None:
            about[oid.removeprefix("IT.")] = value
    audit = group.find(f"{_N}AuditRecord")
    if audit is None:
        raise ValueError("it has no audit record")
    user = audit.find(f"{_N}UserRef").get("UserOID")  # type: ignore[union-attr]
    _, role, author = (user or "").split(".", 2)
    position = (audit.findtext(f"{_N}SourceID") or "").split(" ")[0]
    return _Written(
        int(position),
        stream,
        int(group.get("ItemGroupRepeatKey") or ""),
        kinds().read(kind, int(about["schema"]), canonical(data)),
        clock.here(datetime.fromisoformat(about["occurred-at"])),
        author,
        role,
        audit.findtext(f"{_N}ReasonForChange") or "",
        about.get("signature", ""),
    )
