"""Define-XML 2.1 of one folder of datasets, built with odmlib's model of the standard."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from odmlib.define_2_1 import model as define_model

from sojourn.exchange.cdisc.standard import (
    Codelist,
    Dataset,
    Standard,
    Variable,
    adam,
    sdtm,
    terminology,
)
from sojourn.exchange.cdisc.study import Study
from sojourn.exchange.cdisc.vocabulary import codelists

NAMESPACES = {
    "": "http://www.cdisc.org/ns/odm/v1.3",
    "def": "http://www.cdisc.org/ns/def/v2.1",
    "xlink": "http://www.w3.org/1999/xlink",
}
D: Any = define_model
SOURCES = {
    "Collected": "Investigator",
    "Derived": "Sponsor",
    "Assigned": "Sponsor",
    "Protocol": "Sponsor",
}
NO_DATA = "COM.NODATA"
PLANNED = "COM.PLANNED"
EXTENSION = "sponsor-defined"


@dataclass(frozen=True, slots=True)
class Contents:
    """The datasets that were written, how many records each holds, and in which form."""

    datasets: dict[str, Dataset]
    records: dict[str, int]
    xpt: bool


def define(study: Study, kind: str, contents: Contents) -> bytes:
    """The define.xml of the ``kind`` ('sdtm' or 'adam') as XML text."""
    standard = sdtm() if kind == "sdtm" else adam()
    version = D.MetaDataVersion(
        OID=f"MDV.{study.key}.{kind.upper()}",
        Name=f"{study.title}, {kind.upper()}",
        DefineVersion="2.1.0",
        Description=f"{standard.standard.name} {standard.standard.version} datasets",
    )
    version.Standards = D.Standards(Standard=list(_standards(standard)))
    used = {v.codelist for each in contents.datasets.values() for v in each.variables} - {""}
    lists = {name: each for name, each in codelists(study).items() if name in used}
    version.ItemGroupDef = list(_groups(standard, contents))
    version.ItemDef = [
        _item(name, each, dataset, lists)
        for name, dataset in contents.datasets.items()
        for each in dataset.variables
    ]
    version.CodeList = [_codelist(name, each) for name, each in sorted(lists.items())]
    version.MethodDef = list(_methods(standard, contents))
    version.CommentDef = list(_comments(study))
    root = D.ODM(
        FileType="Snapshot",
        FileOID=f"DEF.{study.key}.{kind.upper()}.{study.as_of:%Y%m%dT%H%M%S}",
        CreationDateTime=study.as_of.isoformat(timespec="seconds"),
        ODMVersion="1.3.2",
        Originator="Sojourn",
        Context="Other",
        Study=D.Study(
            OID=f"ST.{study.key}",
            GlobalVariables=D.GlobalVariables(
                StudyName=D.StudyName(_content=study.key),
                StudyDescription=D.StudyDescription(_content=study.title),
                ProtocolName=D.ProtocolName(_content=study.protocol.key),
            ),
            MetaDataVersion=version,
        ),
    )
    return text_of(root.to_xml(), NAMESPACES)


def text_of(element: ElementTree.Element, namespaces: dict[str, str]) -> bytes:
    """An element as a whole XML file in UTF-8, its default namespace declared at the root."""
    # odmlib writes prefixes as they stand; the root says what they mean.
    for prefix, uri in namespaces.items():
        element.set(f"xmlns:{prefix}" if prefix else "xmlns", uri)
    ElementTree.indent(element)
    text: bytes = ElementTree.tostring(element, encoding="utf-8", xml_declaration=True)
    return text


def _standards(standard: Standard) -> Iterator[Any]:
    name, package = standard.standard, terminology().package
    yield D.Standard(OID="STD.1", Name=name.name, Type="IG", Version=name.version, Status="Final")
    yield D.Standard(
        OID="STD.CT",
        Name="CDISC/NCI",
        Type="CT",
        PublishingSet="SDTM",
        Version=package.version,
        Status="Final",
    )


def _groups(standard: Standard, contents: Contents) -> Iterator[Any]:
    for name, dataset in contents.datasets.items():
        empty = not contents.records[name]
        planned = dataset.class_ == "TRIAL DESIGN"
        ending = "xpt" if contents.xpt else "json"
        group = _made(
            D.ItemGroupDef,
            OID=f"IG.{name}",
            Name=name,
            Repeating="No" if dataset.keys[-1] == "USUBJID" else "Yes",
            IsReferenceData="Yes" if planned else "No",
            SASDatasetName=name,
            Domain=name if standard is sdtm() else None,
            Purpose="Tabulation" if standard is sdtm() else "Analysis",
            Structure=dataset.structure,
            ArchiveLocationID=f"LF.{name}",
            StandardOID="STD.1",
            HasNoData="Yes" if empty else None,
            CommentOID=NO_DATA if empty else PLANNED if planned else None,
            Description=_described(dataset.label),
        )
        group.ItemRef = [
            _reference(name, number, each, dataset)
            for number, each in enumerate(dataset.variables, start=1)
        ]
        group.Class = D.Class(Name=dataset.class_)
        if dataset.subclass:
            group.Class.SubClass = [D.SubClass(Name=dataset.subclass)]
        group.leaf = D.leaf(ID=f"LF.{name}", href=f"{name.lower()}.{ending}")
        group.leaf.title = D.title(_content=f"{name.lower()}.{ending}")
        yield group


def _reference(name: str, number: int, variable: Variable, dataset: Dataset) -> Any:
    keys = dataset.keys
    return _made(
        D.ItemRef,
        ItemOID=f"IT.{name}.{variable.name}",
        OrderNumber=number,
        Mandatory="Yes" if variable.core == "Req" else "No",
        KeySequence=keys.index(variable.name) + 1 if variable.name in keys else None,
        Role=variable.role or None,
        MethodOID=f"MT.{variable.method}" if variable.method else None,
    )


def _item(name: str, variable: Variable, dataset: Dataset, lists: dict[str, Codelist]) -> Any:
    sized = variable.type in ("text", "integer", "float")
    item = _made(
        D.ItemDef,
        OID=f"IT.{name}.{variable.name}",
        Name=variable.name,
        DataType=variable.type,
        Length=variable.length if sized else None,
        SignificantDigits=1 if variable.type == "float" else None,
        SASFieldName=variable.name,
        Description=_described(variable.label),
    )
    if variable.codelist in lists:
        item.CodeListRef = D.CodeListRef(CodeListOID=f"CL.{variable.codelist}")
    origin = _made(D.Origin, Type=variable.origin, Source=SOURCES.get(variable.origin))
    if variable.origin == "Predecessor":
        origin.Description = _described(_predecessor(name, variable.name))
    item.Origin = [origin]
    return item


def _predecessor(dataset: str, variable: str) -> str:
    where = {"ADAE": "AE", "ADVS": "VS"}.get(dataset, "DM")
    renamed = {"AVISIT": "VISIT", "AVISITN": "VISITNUM", "ATPT": "VSTPT", "ATPTN": "VSTPTNUM",
               "AVAL": "VSSTRESN", "SRCSEQ": f"{where}SEQ", "DTHDT": "DTHDTC"}  # fmt: skip
    if dataset == "ADQS" and variable not in ("STUDYID", "USUBJID"):
        return f"QS or RS, as SRCDOM says: {renamed.get(variable, variable)}"
    where = "DM" if variable in ("STUDYID", "USUBJID") else where
    return f"{where}.{renamed.get(variable, variable)}"


def _codelist(name: str, each: Codelist) -> Any:
    found = _made(
        D.CodeList,
        OID=f"CL.{name}",
        Name=each.name,
        DataType="text",
        StandardOID="STD.CT" if each.code else None,
        IsNonStandard=None if each.code else "Yes",
    )
    decoded = all(term.decode for term in each.terms)
    items = []
    for number, term in enumerate(each.terms, start=1):
        maker = D.CodeListItem if decoded else D.EnumeratedItem
        item = _made(
            maker,
            CodedValue=term.value,
            OrderNumber=number,
            ExtendedValue="Yes" if each.code and not term.code else None,
        )
        if decoded:
            item.Decode = D.Decode(
                TranslatedText=[D.TranslatedText(_content=term.decode, lang="en")]
            )
        if term.code:
            item.Alias = [D.Alias(Context="nci:ExtCodeID", Name=term.code)]
        items.append(item)
    if decoded:
        found.CodeListItem = items
    else:
        found.EnumeratedItem = items
    if each.code:
        found.Alias = [D.Alias(Context="nci:ExtCodeID", Name=each.code)]
    return found


def _methods(standard: Standard, contents: Contents) -> Iterator[Any]:
    used = {v.method for each in contents.datasets.values() for v in each.variables}
    for name, text in standard.methods.items():
        if name in used:
            yield D.MethodDef(
                OID=f"MT.{name}",
                Name=f"Algorithm of {name.replace('-', ' ')}",
                Type="Computation",
                Description=_described(text),
            )


def _comments(study: Study) -> Iterator[Any]:
    hidden = "The allocation is closed: this is a blinded cut. " if not study.opened else ""
    for oid, text in (
        (NO_DATA, f"{hidden}The record held nothing for this dataset at the cut."),
        (
            PLANNED,
            f"From protocol {study.protocol.key} {study.protocol.version}, on which entry "
            f"{study.founded_at} of the record founded the programme.",
        ),
    ):
        yield D.CommentDef(OID=oid, Description=_described(text))


def _made(element: Any, **values: Any) -> Any:
    """The element with what is known of it; odmlib takes no None."""
    return element(**{name: value for name, value in values.items() if value is not None})


def _described(text: str) -> Any:
    return D.Description(TranslatedText=[D.TranslatedText(_content=text, lang="en")])
