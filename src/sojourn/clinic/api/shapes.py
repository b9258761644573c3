"""The shape in which each command is sent: a schema made from what the command asks."""

import dataclasses
import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any, Literal, get_origin

from django.utils.dateparse import parse_datetime
from ninja import Schema
from pydantic import BeforeValidator, ConfigDict, Field, create_model

from sojourn import conduct, course
from sojourn.clinic.authority import ROLE_KEYS
from sojourn.clinic.forms import PAIRS, bare
from sojourn.clinic.offers import PAGE_OF
from sojourn.conduct import accountability, confidential
from sojourn.conduct.membership import OpenInEmergency
from sojourn.record.command import Asked, asked, meaning_of

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
LARGEST = 2**53 - 1  # a whole number that every JSON reader keeps exact


def _moment(value: Any) -> datetime:
    try:
        if isinstance(value, str) and _MOMENT.fullmatch(value):
            found = parse_datetime(value.upper())
            if found is not None:
                found.utctimetuple()  # the first and last hours there are lie beyond UTC
                return found
    except (ValueError, OverflowError):
        pass
    raise ValueError("write a moment with its time zone, such as 2026-03-02T09:00:00+01:00")


def _day(value: Any) -> date:
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise ValueError("write a day, such as 2026-03-02")


Moment = Annotated[datetime, BeforeValidator(_moment)]
Day = Annotated[date, BeforeValidator(_day)]


class Body(Schema):
    """What is sent: nothing but the fields that are asked, each of its own type."""

    model_config = ConfigDict(extra="forbid")


def shape_of(command: type[Any], *, correcting: bool = False) -> type[Body]:
    """The schema of a command's body; of a correction it asks for the reason, too."""
    fields: dict[str, Any] = {each.name: _field(each) for each in asked(command)}
    if correcting:
        fields["reason_for_correction"] = (
            Annotated[str, Field(min_length=1, max_length=500)],
            Field(description="Why it is corrected."),
        )
    name = f"Correct{command.__name__}" if correcting else command.__name__
    said = " ".join(
        each
        for each in (
            f"{command.title}.",
            f"Signed: '{meaning_of(command)}'." if meaning_of(command) else "",
        )
        if each
    )
    made: type[Body] = create_model(name, __base__=Body, __doc__=said, **fields)
    return made


def of_participants() -> tuple[type[Any], ...]:
    """Commands about a participant that a member may send."""
    return tuple(
        each
        for each in _sendable(course.COMMANDS.values())
        if each.name not in PAGE_OF and each.name != "screening.register"
    )


def of_programmes() -> tuple[type[Any], ...]:
    """Commands about a programme that stands; founding one takes its protocol."""
    given_elsewhere = ("programme.found", OpenInEmergency.name)
    return tuple(e for e in _sendable(conduct.COMMANDS.values()) if e.name not in given_elsewhere)


def of_stock() -> tuple[type[Any], ...]:
    """Commands about study drug."""
    return tuple(_sendable(accountability.COMMANDS.values()))


def of_confidence() -> tuple[type[Any], ...]:
    """Reports past the treating team, and what is done about them."""
    return (confidential.ReportConfidentially, confidential.AnswerConfidentialReport)


def _sendable(commands: Iterable[type[Any]]) -> Iterable[type[Any]]:
    """Those that some role gives and whose every field is asked or has its default."""
    for each in commands:
        named = {field.name for field in asked(each)}
        whole = all(
            field.name in named or field.default is not dataclasses.MISSING
            for field in dataclasses.fields(each)
        )
        if whole and set(each.roles) & set(ROLE_KEYS):
            yield each


def _field(field: Asked) -> tuple[Any, Any]:
    ask = field.ask
    said = ". ".join(
        each.rstrip(".") for each in (ask.label, ask.help, ask.unit and f"In {ask.unit}") if each
    )
    kind = _kind(field)
    if ask.optional:
        return (kind | None, Field(None, description=said))
    if field.ask.choices_from in (*PAIRS, "items"):
        return (kind, Field(default_factory=dict if field.ask.choices_from in PAIRS else list,
                            description=said))  # fmt: skip
    return (kind, Field(description=said))


def _kind(field: Asked) -> Any:
    ask, plain = field.ask, bare(field.type)
    if ask.choices_from in PAIRS:
        whole = ask.choices_from in ("site-settings", "fidelity-items")
        number = Annotated[int, Field(strict=True, ge=-LARGEST, le=LARGEST)]
        return dict[str, number] if whole else dict[str, Annotated[str, Field(max_length=200)]]
    if ask.choices_from == "items":
        return list[Annotated[int, Field(strict=True, ge=-LARGEST, le=LARGEST)] | None]
    if get_origin(plain) is tuple:
        return list[_text(ask.choices, 200)]  # type: ignore[misc]
    if plain is bool:
        return Annotated[bool, Field(strict=True)]
    if plain is datetime:
        return Moment
    if plain is date:
        return Day
    if plain is int:
        least = -LARGEST if ask.at_least is None else ask.at_least
        most = LARGEST if ask.at_most is None else ask.at_most
        return Annotated[int, Field(strict=True, ge=least, le=most)]
    return _text(ask.choices, ask.longest)


def _text(choices: tuple[tuple[str, str], ...], longest: int) -> Any:
    if choices:
        return Literal[tuple(key for key, _ in choices)]
    return Annotated[str, Field(max_length=longest)]
