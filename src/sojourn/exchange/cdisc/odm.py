"""ODM 2.0 of a programme's courses: every entry with its audit record, one participant at a time.

Each kind of entry is an item group, each of its fields an item. The audit record says who wrote it,
in which role, when and why; ``SourceID`` is the entry's position and hash. The allocation is in
streams of its own and never here. What people believed about the arm is here only once opened:
a file without it has gaps and is read, not brought back.
"""

import json
import shutil
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from odmlib.odm_2_0 import model as odm_model
from pydantic import TypeAdapter

from sojourn import course as courses
from sojourn.conduct.blinding import GUESSES
from sojourn.course.correction import Corrected
from sojourn.exchange.cdisc.source import Progress, Wish, open_source
from sojourn.ledger import programmes
from sojourn.ledger.cut import Cut
from sojourn.ledger.desk import Person
from sojourn.ledger.read import read_stream, streams
from sojourn.ledger.registry import kinds
from sojourn.record.entry import Entry
from sojourn.record.kinds import canonical

M: Any = odm_model
NAMESPACE = "http://www.cdisc.org/ns/odm/v2.0"
ENCODING = "sojourn.encoding"  # context of the alias that says how an item's text is read
COURSE = "SE.COURSE"
# Of the entry itself, in every item group.
ENTRY_ITEMS = {"occurred-at": "datetime", "schema": "integer", "signature": "text"}


def export_odm(
    programme: str,
    path: Path,
    by: Person,
    *,
    as_of: datetime | None = None,
    opened: bool = False,
    purpose: str = "",
    progress: Progress | None = None,
) -> int:
    """Write every entry of the programme's courses up to ``as_of``; returns how many.

    Unless ``opened``, what people believed about the arm is left out.

    Raises
    ------
    Refused
        If there is no such programme, or the role may not have it.
    """
    source = open_source(Wish(programme, as_of, opened, purpose), by)
    standing, cut = programmes.load(programme), source.cut
    people: set[tuple[str, str]] = set()
    sites: set[str] = set()
    written = 0
    part = path.with_name(path.name + ".part")
    names = tuple(streams(f"course:{programme}:"))
    with part.open("w", encoding="utf-8", newline="") as out:
        for done, stream in enumerate(names, start=1):
            entries = tuple(e for e in read_stream(stream) if e.position <= cut.position)
            if entries:
                site = courses.fold(entries, kinds().read).site
                entries = tuple(each for each in entries if opened or not _guesses(each))
                out.writelines(_subject(stream.rsplit(":", 1)[1], site, entries))
                people |= {(each.author, each.role) for each in entries}
                sites.add(site)
                written += len(entries)
            if progress:
                progress(done, len(names))
    root = _head(standing, cut, sorted(people), sorted(sites))
    head = ElementTree.tostring(root, encoding="unicode")
    with path.open("w", encoding="utf-8", newline="") as whole:
        whole.write('<?xml version="1.0" encoding="utf-8"?>\n')
        whole.write(head.removesuffix("</ODM>"))
        oids = f'StudyOID="ST.{programme}" MetaDataVersionOID="MDV.{programme}"'
        whole.write(f"\n<ClinicalData {oids}>\n")
        with part.open(encoding="utf-8", newline="") as body:
            shutil.copyfileobj(body, whole, 1 << 20)
        whole.write("</ClinicalData>\n</ODM>\n")
    part.unlink()
    return written


def _guesses(entry: Entry) -> bool:
    """Whether it says, or puts right, what someone believed about the arm."""
    kind = entry.fact.of_kind if isinstance(entry.fact, Corrected) else entry.fact.kind
    return kind.startswith(GUESSES)


@cache
def encodings() -> dict[str, dict[str, str]]:
    """Of each kind of entry, how each field is written: a data type of ODM, or 'json'."""
    found = {}
    for fact in courses.FACTS:
        properties = TypeAdapter(fact).json_schema(mode="serialization").get("properties", {})
        found[fact.kind] = {name: _encoding(each) for name, each in properties.items()}
    return found


def _encoding(schema: dict[str, Any]) -> str:
    options = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
    if len(options) != 1:
        return "json"
    kind, form = options[0].get("type"), options[0].get("format")
    if kind == "string":
        return {"date": "date", "date-time": "datetime"}.get(form or "", "text")
    return str(kind) if kind in ("integer", "boolean") else "json"


def _subject(participant: str, site: str, entries: tuple[Entry, ...]) -> Iterator[str]:
    yield f"<SubjectData SubjectKey={quoteattr(participant)}>"
    yield f"<SiteRef LocationOID={_site(site)}/>"
    yield f'<StudyEventData StudyEventOID="{COURSE}">\n'
    for entry in entries:
        yield "".join(_group(entry, site))
    yield "</StudyEventData></SubjectData>\n"


def _group(entry: Entry, site: str) -> Iterator[str]:
    kind, schema, text = kinds().write(entry.fact)
    yield f'<ItemGroupData ItemGroupOID="IG.{kind}" ItemGroupRepeatKey="{entry.sequence}">'
    about = {
        "occurred-at": entry.occurred_at.isoformat(),
        "schema": str(schema),
        "signature": entry.signature or None,
    }
    for name, value in about.items():
        yield _item(f"IT.{name}", value)
    written = encodings()[kind]
    for name, value in json.loads(text).items():
        said = value if isinstance(value, str) and written[name] != "json" else canonical(value)
        yield _item(f"IT.{kind}.{name}", None if value is None else said)
    yield f"<AuditRecord><UserRef UserOID={_user(entry.author, entry.role)}/>"
    yield f"<LocationRef LocationOID={_site(site)}/>"
    yield f"<DateTimeStamp>{entry.recorded_at.isoformat()}</DateTimeStamp>"
    if entry.reason:
        yield f"<ReasonForChange>{_text(entry.reason)}</ReasonForChange>"
    yield f"<SourceID>{entry.position} {entry.hash}</SourceID></AuditRecord></ItemGroupData>\n"


def _item(oid: str, value: str | None) -> str:
    if value is None:
        return f'<ItemData ItemOID="{oid}" IsNull="Yes"/>'
    return f'<ItemData ItemOID="{oid}"><Value>{_text(value)}</Value></ItemData>'


def _text(value: str) -> str:
    # A bare carriage return would be read back as a line feed (XML 1.0, 2.11).
    return escape(value, {"\r": "&#13;"})


def _user(author: str, role: str) -> str:
    return quoteattr(f"US.{role}.{author}")


def _site(site: str) -> str:
    return quoteattr(f"LO.{site}")


def _head(
    standing: programmes.Standing, cut: Cut, people: list[tuple[str, str]], sites: list[str]
) -> ElementTree.Element:
    programme, protocol = standing.programme, standing.protocol
    study = M.Study(
        OID=f"ST.{programme.key}",
        StudyName=programme.title or programme.key,
        ProtocolName=protocol.key,
        VersionID=protocol.digest,
        VersionName=protocol.version,
    )
    study.MetaDataVersion = [_metadata(programme.key, protocol.title)]
    admin = M.AdminData(StudyOID=f"ST.{programme.key}")
    admin.User = [_person(author, role) for author, role in people]
    admin.Location = [_location(programme.key, site, cut) for site in sites]
    root = M.ODM(
        FileType="Transactional",
        Granularity="AllClinicalData",
        Context="Archive",
        FileOID=f"ODM.{programme.key}.{cut.position}.{cut.root[:16]}",
        CreationDateTime=cut.as_of.isoformat(timespec="seconds"),
        AsOfDateTime=cut.as_of.isoformat(timespec="seconds"),
        ODMVersion="2.0",
        Originator="Sojourn",
        SourceSystem="Sojourn",
        SourceSystemVersion=version("sojourn"),
    )
    root.Study = [study]
    root.AdminData = [admin]
    element: ElementTree.Element = root.to_xml()
    element.set("xmlns", NAMESPACE)
    return element


def _metadata(key: str, title: str) -> Any:
    found = M.MetaDataVersion(OID=f"MDV.{key}", Name=title)
    course = M.StudyEventDef(OID=COURSE, Name="Course", Repeating="No", Type="Common")
    course.ItemGroupRef = [
        M.ItemGroupRef(ItemGroupOID=f"IG.{kind}", Mandatory="No") for kind in encodings()
    ]
    found.StudyEventDef = [course]
    found.ItemGroupDef, found.ItemDef = [], [_item_def(f"IT.{n}", n, t) for n, t in _ENTRY]
    for kind, fields in encodings().items():
        group = M.ItemGroupDef(OID=f"IG.{kind}", Name=kind, Repeating="Simple", Type="Form")
        items = [f"IT.{name}" for name, _ in _ENTRY] + [f"IT.{kind}.{name}" for name in fields]
        group.ItemRef = [M.ItemRef(ItemOID=each, Mandatory="No") for each in items]
        found.ItemGroupDef.append(group)
        found.ItemDef += [_item_def(f"IT.{kind}.{name}", name, t) for name, t in fields.items()]
    return found


_ENTRY = tuple(ENTRY_ITEMS.items())


def _item_def(oid: str, name: str, encoding: str) -> Any:
    plain = encoding if encoding != "json" else "text"
    found = M.ItemDef(OID=oid, Name=name, DataType=plain)
    found.Alias = [M.Alias(Context=ENCODING, Name=encoding)]
    return found


def _person(author: str, role: str) -> Any:
    found = M.User(OID=f"US.{role}.{author}", UserType="Other")
    found.UserName = M.UserName(_content=author)
    return found


def _location(programme: str, site: str, cut: Cut) -> Any:
    found = M.Location(OID=f"LO.{site}", Name=site, Role="Site")
    found.MetaDataVersionRef = [
        M.MetaDataVersionRef(
            StudyOID=f"ST.{programme}",
            MetaDataVersionOID=f"MDV.{programme}",
            EffectiveDate=cut.as_of.date().isoformat(),
        )
    ]
    return found
