"""Every command at an address of its own, made from what the command asks; none is written by hand.

What is sent goes through the form a page would show, so that what may be chosen, by whom and
when is the same here and there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status
from pydantic import BaseModel

from sojourn.clinic import access
from sojourn.clinic.access import Visitor
from sojourn.clinic.api import once, shapes
from sojourn.clinic.api.door import version_matched
from sojourn.clinic.api.entries import EntryOut
from sojourn.clinic.api.filling import refused
from sojourn.clinic.api.parameters import with_parameters
from sojourn.clinic.api.problems import Problem
from sojourn.clinic.api.reads import Word, header
from sojourn.ledger.append import StaleVersion
from sojourn.record.command import Refused, meaning_of
from sojourn.record.entry import Entry

Entries = tuple[Entry, ...]
VERSION = header("If-Match", max_length=100)
KEY = header("Idempotency-Key", pattern=once.KEY)


class WrittenOut(Schema):
    """What a command has written."""

    version: int | None = Field(
        description="Where the history has come to; null when nothing was written, for a blinded "
        "rater, and for study drug, whose containers have a history each."
    )
    entries: list[EntryOut] = Field(description="Those of the entries that you may see.")


@dataclass(frozen=True, slots=True)
class Sent:
    """One command as it was sent: by whom, about what, and on which version."""

    request: HttpRequest
    visitor: Visitor
    words: dict[str, Any]
    body: BaseModel
    version: int | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where commands of one sort are sent, and how they are written and shown.

    ``decided`` writes what was sent under a key, or raises; ``shows`` picks what its author sees.
    """

    path: str
    url_name: str
    decided: Callable[[type[Any], Sent], Entries]
    shows: Callable[[Sent, Entries], list[EntryOut]]
    versioned: bool = True
    correcting: bool = False


def add(router: Router, kind: type[Any], place: Place) -> None:
    """Give ``kind`` its address at ``place``."""
    decision = place.versioned and kind.nature == "decision" and not place.correcting
    verb = "correct" if place.correcting else "do"
    router.add_api_operation(
        place.path.replace("{command}", kind.name),
        ["POST"],
        _operation(kind, place, decision),
        response={201: WrittenOut},
        operation_id=f"{verb}_{kind.name.replace('.', '_').replace('-', '_')}",
        summary=("Correct: " if place.correcting else "") + kind.title,
        description=_described(kind, decision),
        url_name=place.url_name,
    )


def _operation(kind: type[Any], place: Place, decision: bool) -> Callable[..., Any]:
    def operation(
        request: HttpRequest,
        body: Any,
        if_match: Any = None,
        idempotency_key: Any = None,
        **words: Any,
    ) -> Any:
        return _answer(request, kind, place, decision, body, words)

    shape: Any = shapes.shape_of(kind, correcting=place.correcting)
    told = {"body": shape, "if_match": VERSION, "idempotency_key": KEY}
    own = [
        each.replace(annotation=told.get(each.name, each.annotation))
        for each in signature(operation).parameters.values()
        if each.name != "words"
    ]
    names = [each[1:-1] for each in place.path.split("/") if each[:1] == "{"]
    words = [
        Parameter(each, Parameter.KEYWORD_ONLY, annotation=int if each == "sequence" else Word)
        for each in names
        if each != "command"
    ]
    with_parameters(operation, [*own, *words])
    return operation


def _answer(
    request: HttpRequest,
    kind: type[Any],
    place: Place,
    decision: bool,
    body: BaseModel,
    words: dict[str, Any],
) -> Any:
    visitor = access.visitor(request, words["programme"])
    if visitor.role not in kind.roles:
        raise Problem(403, f"'{kind.title}' is not for a {visitor.role}.")
    if meaning := meaning_of(kind):
        raise Problem(
            403,
            f"this is signed: '{meaning}'. A token can't prove that it is you; sign on the page",
            "signature",
        )
    version = version_matched(request.headers.get("If-Match")) if place.versioned else None
    if version is not None and not visitor.sees_course:
        raise Problem(412, "your ETags hold no version; leave If-Match out")
    sent = Sent(request, visitor, words, body, version)
    written = once.before(request)
    if written is None:
        if decision and version is None and visitor.sees_course:
            raise Problem(428)
        written = _written(kind, place, sent)
    counted = place.versioned and written and visitor.sees_course
    at = written[-1].sequence if counted else None
    return Status(201, WrittenOut(version=at, entries=place.shows(sent, written)))


def _written(kind: type[Any], place: Place, sent: Sent) -> Entries:
    try:
        return place.decided(kind, sent)
    except Refused as refusal:
        raise refused(refusal, sent.body) from refusal
    except StaleVersion as stale:
        if sent.version is None:
            raise Problem(409) from stale
        raise Problem(
            412,
            f"you saw version {sent.version} and the record is at {stale.found}; read it again, "
            "then decide",
        ) from stale


def _described(kind: type[Any], decision: bool) -> str:
    said = [f"For: {', '.join(kind.roles)}."]
    if decision:
        said.append("A decision: send the ETag of what you saw as If-Match.")
    if meaning_of(kind):
        said.append(f"Signed ('{meaning_of(kind)}'), so that it is refused here: sign on the page.")
    return " ".join(said)
