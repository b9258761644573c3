"""Our own checks of an exported folder, read back from its files.

They do not replace CDISC's rules. They see what the schemas can't: terms, keys, dates, and whether
datasets agree with each other. Each is shown in the tests to find a fault put there.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from odmlib.odm_parser import ODMSchemaValidator

from sojourn.exchange.cdisc import dataset_json
from sojourn.exchange.cdisc.standard import (
    LONGEST_LABEL,
    LONGEST_NAME,
    LONGEST_TEXT,
    Dataset,
    Row,
    adam,
    sdtm,
    terminology,
)
from sojourn.exchange.cdisc.study import BLINDED
from sojourn.exchange.cdisc.xml_file import root_of

ODM = "{http://www.cdisc.org/ns/odm/v1.3}"
# SDTMIG 4.4.2: a date, or a date and time to the second.
ISO_8601 = re.compile(r"\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}(:\d{2})?)?)?)?")
TELL_THE_ARM = ("ARMCD", "ARM", "ACTARMCD", "ACTARM", "TRT01P", "TRT01A", "TRTP", "TRTA")


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: which rule, where, and what stands there."""

    rule: str
    dataset: str
    message: str

    def __str__(self) -> str:
        return f"{self.dataset}: {self.message} [{self.rule}]"


@dataclass(frozen=True, slots=True)
class Folder:
    """Datasets of one standard as they lie in their files, and the codelists of define.xml."""

    heads: dict[str, dict[str, Any]]
    rows: dict[str, list[Row]]
    lists: dict[str, frozenset[str]]  # values by OID
    used: dict[str, str]  # OID of the codelist by OID of the item


def read(folder: Path) -> Folder:
    """Everything in ``folder``; each file is read once and held in memory."""
    heads, rows = {}, {}
    for path in sorted(folder.glob("*.json")):
        head, found = dataset_json.read(path)
        heads[head["name"]], rows[head["name"]] = head, list(found)
    root = root_of(folder / "define.xml")
    lists = {
        each.get("OID", ""): frozenset(
            item.get("CodedValue", "")
            for kind in ("CodeListItem", "EnumeratedItem")
            for item in each.findall(f"{ODM}{kind}")
        )
        for each in root.iter(f"{ODM}CodeList")
    }
    used = {
        item.get("OID", ""): reference.get("CodeListOID", "")
        for item in root.iter(f"{ODM}ItemDef")
        for reference in item.findall(f"{ODM}CodeListRef")
    }
    return Folder(heads, rows, lists, used)


def check(folder: Path, *, blinded: bool) -> list[Finding]:
    """Every fault in the folders ``sdtm`` and ``adam`` of an export."""
    kinds = ("sdtm", "adam")
    valid = [
        each for kind in kinds for each in schema(folder / kind / "define.xml", "define", "2.1")
    ]
    return [*valid, *faults(*(read(folder / kind) for kind in kinds), blinded=blinded)]


def faults(tabulated: Folder, analysed: Folder, *, blinded: bool) -> list[Finding]:
    """What our own checks find in the datasets of an export."""
    found: list[Finding] = []
    for each, standard in ((tabulated, sdtm()), (analysed, adam())):
        found += _closed_lists(each)
        for name, rows in each.rows.items():
            dataset = standard.datasets["SUPP" if name.startswith("SUPP") else name]
            found += _shape(name, each.heads[name])
            found += _values(name, dataset, rows, each)
            found += _keys(name, dataset, rows)
            found += _order_of_dates(name, rows)
            found += _blinding(name, rows) if blinded else ()
    found += _subjects(tabulated, analysed)
    found += _references(tabulated)
    found += _sources(tabulated, analysed)
    if blinded and tabulated.rows["EX"]:
        found.append(Finding("blinding", "EX", "a blinded cut has no exposure as it was"))
    return found


def schema(path: Path, standard: str, version: str) -> Iterator[Finding]:
    """What odmlib's XSD of that standard has against the file."""
    try:
        validator: Any = ODMSchemaValidator(standard=standard, version=version)
        validator.validate_file(str(path))
    except Exception as error:
        # odmlib and the library beneath it raise errors of several kinds for a bad file.
        first = " ".join(str(error).split())[:300]
        yield Finding("schema", path.name, f"{standard} {version}: {first}")


def _closed_lists(folder: Folder) -> Iterator[Finding]:
    for name, each in terminology().codelists.items():
        extra = folder.lists.get(f"CL.{name}", frozenset()) - each.values
        if each.code and not each.extensible and extra:
            yield Finding("terms", "define.xml", f"{name} is closed and has no {sorted(extra)[0]}")


def _shape(name: str, head: dict[str, Any]) -> Iterator[Finding]:
    if len(head["label"]) > LONGEST_LABEL:
        yield Finding("size", name, f"its label has {len(head['label'])} letters")
    for each in head["columns"]:
        if len(each["name"]) > LONGEST_NAME or len(each["label"]) > LONGEST_LABEL:
            yield Finding("size", name, f"{each['name']}: name or label is too long for XPT")


def _values(name: str, dataset: Dataset, rows: list[Row], folder: Folder) -> Iterator[Finding]:
    columns = [
        (v, folder.lists.get(folder.used.get(f"IT.{name}.{v.name}", "")), v.name.endswith("DTC"))
        for v in dataset.variables
    ]
    for number, row in enumerate(rows, start=1):
        for variable, allowed, is_date in columns:
            value = row[variable.name]
            where = f"row {number}: {variable.name}"
            if value is None:
                # ADaM asks that a required variable be there, SDTM that it be filled too.
                if variable.core == "Req" and variable.role:
                    yield Finding("required", name, f"{where} is missing")
                continue
            if allowed is not None and value not in allowed:
                yield Finding("terms", name, f"{where} is '{value}', which its codelist lacks")
            if is_date and not ISO_8601.fullmatch(str(value)):
                yield Finding("dates", name, f"{where} is '{value}', which is no ISO 8601")
            if (
                variable.is_number
                and variable.type != "date"
                and not isinstance(value, int | float)
            ):
                yield Finding("types", name, f"{where} is '{value}', which is no number")
            if isinstance(value, str) and len(value.encode()) > LONGEST_TEXT:
                yield Finding("size", name, f"{where} has {len(value.encode())} bytes")


def _keys(name: str, dataset: Dataset, rows: list[Row]) -> Iterator[Finding]:
    counted = Counter(tuple(row[key] for key in dataset.keys) for row in rows)
    for key, times in counted.items():
        if times > 1:
            said = ", ".join(f"{k} {v}" for k, v in zip(dataset.keys[1:], key[1:], strict=True))
            yield Finding("keys", name, f"{times} rows have {said}")
    sequence = f"{name}SEQ"
    if rows and sequence in rows[0] and name != "TS":
        numbers = Counter((row["USUBJID"], row[sequence]) for row in rows)
        if any(times > 1 for times in numbers.values()):
            yield Finding("keys", name, f"{sequence} is not unique within a subject")


def _order_of_dates(name: str, rows: list[Row]) -> Iterator[Finding]:
    pairs = (("STDTC", "ENDTC"), ("RFSTDTC", "RFENDTC"), ("RFICDTC", "RFPENDTC"))
    for number, row in enumerate(rows, start=1):
        for first, last in pairs:
            prefix = "" if first.startswith("RF") else name[:2]
            start, end = row.get(prefix + first), row.get(prefix + last)
            if start and end and str(end)[: len(str(start))] < str(start)[: len(str(end))]:
                yield Finding("dates", name, f"row {number}: {prefix}{last} lies before the start")


def _blinding(name: str, rows: list[Row]) -> Iterator[Finding]:
    for number, row in enumerate(rows, start=1):
        for variable in TELL_THE_ARM:
            value = row.get(variable)
            if value is not None and not str(value).upper().startswith(BLINDED):
                yield Finding("blinding", name, f"row {number}: {variable} tells the arm")


def _subjects(tabulated: Folder, analysed: Folder) -> Iterator[Finding]:
    known = {row["USUBJID"] for row in tabulated.rows["DM"]}
    for folder in (tabulated, analysed):
        for name, rows in folder.rows.items():
            strangers = {row.get("USUBJID") for row in rows} - known - {None}
            if strangers:
                yield Finding("subjects", name, f"{min(map(str, strangers))} is not in DM")
    for missing in known - {row["USUBJID"] for row in analysed.rows["ADSL"]}:
        yield Finding("subjects", "ADSL", f"{missing} of DM is missing")
    serious = ("AESCONG", "AESDISAB", "AESDTH", "AESHOSP", "AESLIFE", "AESMIE")
    for number, row in enumerate(tabulated.rows["AE"], start=1):
        if (row["AESER"] == "Y") != any(row[each] == "Y" for each in serious):
            yield Finding("seriousness", "AE", f"row {number}: AESER and its criteria disagree")
    ended = Counter(
        row["USUBJID"] for row in tabulated.rows["DS"] if row["DSCAT"] == "DISPOSITION EVENT"
    )
    for subject, times in ended.items():
        if times > 1:
            yield Finding("disposition", "DS", f"{subject} left {times} times")
    dosed = {row["USUBJID"] for row in tabulated.rows["EC"] if row["ECOCCUR"] == "Y"}
    treated = {row["USUBJID"] for row in tabulated.rows["DM"] if row["RFXSTDTC"]}
    for subject in sorted(map(str, dosed ^ treated)):
        yield Finding("exposure", "DM", f"{subject}: RFXSTDTC and EC disagree")


def _references(tabulated: Folder) -> Iterator[Finding]:
    rows = tabulated.rows
    visits = {row["VISITNUM"]: row["VISIT"] for row in rows["TV"]}
    arms = {row["ARMCD"] for row in rows["TA"]}
    elements = {row["ETCD"] for row in rows["TE"]}
    criteria = {row["IETESTCD"] for row in rows["TI"]}
    for name, table in rows.items():
        for number, row in enumerate(table, start=1):
            seen = row.get("VISITNUM")
            if seen is not None and visits.get(seen) != row.get("VISIT", visits.get(seen)):
                yield Finding("visits", name, f"row {number}: visit {seen} is not that of TV")
    for name, variable, known in (("DM", "ARMCD", arms), ("TA", "ETCD", elements),
                                  ("IE", "IETESTCD", criteria)):  # fmt: skip
        for value in {row[variable] for row in rows[name]} - known - {None}:
            yield Finding("planned", name, f"{variable} '{value}' is not planned")
    for row in rows["DM"]:
        if (row["ARMCD"] is None or row["ACTARMCD"] is None) != (row["ARMNRS"] is not None):
            yield Finding("arms", "DM", f"{row['USUBJID']}: ARMNRS says why an arm is null")
    for name in [each for each in rows if each.startswith("SUPP") or each == "RELREC"]:
        yield from _parents(name, rows)


def _parents(name: str, rows: dict[str, list[Row]]) -> Iterator[Finding]:
    known: dict[tuple[Any, Any], set[tuple[Any, str]]] = {}
    for number, row in enumerate(rows[name], start=1):
        domain, variable = row["RDOMAIN"], row["IDVAR"]
        if row["USUBJID"] is None or variable is None:
            continue
        if (domain, variable) not in known:
            parents = rows.get(str(domain), [])
            known[domain, variable] = {
                (each["USUBJID"], str(each.get(str(variable)))) for each in parents
            }
        if (row["USUBJID"], row["IDVARVAL"]) not in known[domain, variable]:
            yield Finding("parents", name, f"row {number}: {domain} has no such record")


def _sources(tabulated: Folder, analysed: Folder) -> Iterator[Finding]:
    known = {
        (name, row["USUBJID"], row[f"{name}SEQ"])
        for name in ("QS", "RS", "AE", "VS")
        for row in tabulated.rows[name]
    }
    for name in ("ADQS", "ADAE", "ADVS"):
        for number, row in enumerate(analysed.rows[name], start=1):
            if (row["SRCDOM"], row["USUBJID"], row["SRCSEQ"]) not in known:
                yield Finding("sources", name, f"row {number} names no record it was made from")
    for folder in (tabulated, analysed):
        for name, rows in folder.rows.items():
            variable = "ENTRYPOS" if folder is analysed else f"{name}SPID"
            for number, row in enumerate(rows, start=1):
                if variable in row and not row[variable]:
                    yield Finding("entries", name, f"row {number} names no entry")
