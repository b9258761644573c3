"""Taking a file of a trial registry in: all of it or nothing, and the same file twice is one."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from sojourn.exchange import scanning
from sojourn.exchange.reading import ImportRefused
from sojourn.exchange.registry.finding import comparable
from sojourn.exchange.registry.models import RegistryImport, RegistrySite, RegistryStudy
from sojourn.exchange.registry.study import Study, check
from sojourn.ledger import clock
from sojourn.record.command import Refused

MOST_BYTES = 500_000_000
MOST_PROBLEMS = 50


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a file."""

    studies: int
    written: int
    updated: int
    known: int
    older: int  # the file holds an older version than is known here
    more_pages: bool  # the file is one page of a longer answer


def take(path: Path, *, progress: Callable[[int, int], None] = lambda done, total: None) -> Taken:
    """Take every study of the file in.

    The file is an answer of /studies (``studies``, ``nextPageToken``), a list of
    studies, one study, or one study a line.

    Raises
    ------
    ImportRefused
        With the path of each field at fault. Nothing was written.
    """
    text = _read(path)
    found, more_pages = _studies(text, path.name)
    studies: dict[str, Study] = {}
    problems: list[str] = []
    for place, data in found:
        study, faults = check(data, place)
        problems += faults
        if study and study.nct_id in studies and studies[study.nct_id] != study:
            problems.append(f"{place}{study.nct_id} stands twice and differs; keep one")
        if study:
            studies[study.nct_id] = study
    if problems:
        raise ImportRefused(tuple(f"{path.name}: {each}" for each in problems[:MOST_PROBLEMS]))
    if not studies:
        raise ImportRefused((f"{path.name}: there is no study in it",))
    now = clock.now()
    with transaction.atomic():
        taken = _write(tuple(studies.values()), now, progress)
        RegistryImport.objects.create(
            file_name=path.name[:255],
            digest=hashlib.sha256(text.encode()).hexdigest(),
            imported_at=now,
            data_of=max((s.data_of for s in studies.values() if s.data_of), default=None),
            studies=len(studies),
        )
    return Taken(len(studies), *taken, more_pages)


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ImportRefused((f"{path.name}: is over {MOST_BYTES} bytes; split it",))
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ImportRefused((f"{path.name}: can't be read: {error}",)) from error
    if "\\u0000" in text or "\0" in text:
        raise ImportRefused((f"{path.name}: holds a NUL character, which no text has; remove it",))
    try:
        scanning.scan(path.name, text.encode())
    except Refused as refused:
        raise ImportRefused((refused.message,)) from refused
    return text


def _studies(text: str, name: str) -> tuple[Iterator[tuple[str, Any]], bool]:
    """Each study with the path it stands at, and whether the registry has more pages."""
    try:
        data = json.loads(text)
    except ValueError as error:
        first, newline, _ = text.strip().partition("\n")
        if not newline or not _is_json(first):
            raise ImportRefused((f"{name}: not JSON: {error}",)) from error
        return iter(_lines(text, name)), False
    if isinstance(data, dict) and "studies" in data:
        if not isinstance(data["studies"], list):
            raise ImportRefused((f"{name}: studies must be a list",))
        more = bool(data.get("nextPageToken"))
        return ((f"studies[{n}].", each) for n, each in enumerate(data["studies"])), more
    if isinstance(data, list):
        return ((f"[{number}].", each) for number, each in enumerate(data)), False
    return iter((("", data),)), False


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _lines(text: str, name: str) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                yield f"line {number}: ", json.loads(line)
            except ValueError as error:
                raise ImportRefused((f"{name}: line {number}: not JSON: {error}",)) from error


def _write(
    studies: tuple[Study, ...], now: datetime, progress: Callable[[int, int], None]
) -> tuple[int, int, int, int]:
    before = dict(
        RegistryStudy.objects.filter(nct_id__in=[each.nct_id for each in studies]).values_list(
            "nct_id", "updated_on"
        )
        if len(studies) < 500
        else RegistryStudy.objects.values_list("nct_id", "updated_on")
    )
    written = updated = known = older = 0
    for number, study in enumerate(studies, 1):
        progress(number, len(studies))
        had = before.get(study.nct_id)
        if had is not None and study.updated_on <= had:
            known, older = known + (study.updated_on == had), older + (study.updated_on < had)
            if study.updated_on == had:
                RegistryStudy.objects.filter(nct_id=study.nct_id).update(seen_at=now)
            continue
        _replace(study, now)
        written, updated = written + (had is None), updated + (had is not None)
    return written, updated, known, older


def _replace(study: Study, now: datetime) -> None:
    section = study.protocol_section
    identification, eligibility = section.identification_module, section.eligibility_module
    conditions = section.conditions_module
    row, _ = RegistryStudy.objects.update_or_create(
        nct_id=study.nct_id,
        defaults={
            "updated_on": study.updated_on,
            "title": identification.brief_title,
            "acronym": identification.acronym,
            "status": section.status_module.overall_status,
            "study_type": section.design_module.study_type[:64],
            "phases": list(section.design_module.phases),
            "conditions": list(conditions.conditions),
            "interventions": [e.name for e in section.arms_interventions_module.interventions],
            "sponsor": section.sponsor_collaborators_module.lead_sponsor.name[:500],
            "ages": _ages(eligibility.minimum_age, eligibility.maximum_age),
            "words": comparable(
                " | ".join(
                    (*conditions.conditions, *conditions.keywords, identification.brief_title)
                )
            ),
            "seen_at": now,
        },
    )
    row.sites.all().delete()
    RegistrySite.objects.bulk_create(
        RegistrySite(
            study=row,
            facility=each.facility[:500],
            city=each.city[:200],
            state=each.state[:200],
            country=each.country[:200],
            status=each.status or "",
        )
        for each in section.contacts_locations_module.locations
    )


def _ages(lowest: str, highest: str) -> str:
    lowest, highest = lowest.lower(), highest.lower()
    if lowest and highest:
        return f"{lowest} to {highest}"[:100]
    return (f"{lowest} and over" if lowest else f"up to {highest}" if highest else "")[:100]
