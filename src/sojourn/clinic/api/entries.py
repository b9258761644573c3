"""Entries as the API shows them: those a visitor may see on the pages, and nothing more of them."""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from ninja import Field, Schema

from sojourn.clinic import history, signing
from sojourn.clinic.access import Visitor
from sojourn.clinic.api.once import VIA
from sojourn.clinic.views import programme as programme_page
from sojourn.clinic.views.participant import may_correct
from sojourn.conduct.containers import ContentsSealed
from sojourn.course.correction import Corrected
from sojourn.record.entry import Entry

# What only the record itself needs; no page shows it.
UNSHOWN = ("programme_version", "settles_visit")


class EntryOut(Schema):
    """One entry of the record."""

    sequence: int | None = Field(
        description="Its number in its history; null for a blinded rater, except where they may "
        "correct it."
    )
    kind: str
    title: str
    facts: dict[str, Any] = Field(description="What it holds; the fields of its kind.")
    occurred_at: datetime
    recorded_at: datetime
    author: str
    role: str
    reason: str = Field(description="Of a correction.")
    signature: str = Field(description="What the signature means; empty when it is unsigned.")
    signer: str
    corrects: int | None
    corrected_by: int | None
    via_api: bool = Field(description="Whether it was sent here, and not typed on a page.")


class EntriesOut(Schema):
    """A page of a history, the oldest first."""

    entries: list[EntryOut]
    next_after: int | None = Field(description="Send it as 'after' for the next page.")


def shown(visitor: Visitor, entries: Iterable[Entry]) -> list[EntryOut]:
    """These entries as they are shown, in their order; the visitor may see each of them."""
    seen = tuple(entries)
    lines = history.lines(seen, visitor.standing.protocol, signing.names(seen))
    return [_shown(visitor, entry, line) for entry, line in zip(seen, reversed(lines), strict=True)]


def of_programme(visitor: Visitor, entries: Iterable[Entry]) -> list[Entry]:
    """The entries of a programme's own record that this visitor may see."""
    return [each for each in entries if programme_page.may_see(visitor, each)]


def of_containers(entries: Iterable[Entry]) -> list[Entry]:
    """The entries of the pharmacy without what a container holds."""
    return [each for each in entries if not isinstance(each.fact, ContentsSealed)]


def page_of(shown: list[EntryOut], after: int, limit: int) -> EntriesOut:
    """The page that begins after so many entries."""
    upto = after + limit
    more = upto if len(shown) > upto else None
    return EntriesOut(entries=shown[after:upto], next_after=more)


def _shown(visitor: Visitor, entry: Entry, line: history.Line) -> EntryOut:
    fact: Any = entry.fact
    held: Mapping[str, Any] = (
        json.loads(fact.text)
        if isinstance(fact, Corrected)
        else {each.name: getattr(fact, each.name) for each in dataclasses.fields(fact)}
    )
    # A rater learns from no number how much others have written.
    numbered = visitor.sees_course or (line.correctable and may_correct(visitor, entry))
    return EntryOut(
        sequence=entry.sequence if numbered else None,
        kind=fact.of_kind if isinstance(fact, Corrected) else fact.kind,
        title=line.title,
        facts={name: _plain(value) for name, value in held.items() if name not in UNSHOWN},
        occurred_at=entry.occurred_at,
        recorded_at=entry.recorded_at,
        author=entry.author,
        role=entry.role,
        reason=entry.reason,
        signature=entry.signature,
        signer=line.signer if entry.signature else "",
        corrects=line.corrects,
        corrected_by=line.corrected_by,
        via_api=entry.command.startswith(VIA),
    )


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {each.name: _plain(getattr(value, each.name)) for each in fields}
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (tuple, list, set, frozenset)):
        return [_plain(each) for each in value]
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return value
