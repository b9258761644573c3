"""From what was sent to a command, through the very form a page would show."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, get_origin

from django.utils.datastructures import MultiValueDict
from pydantic import BaseModel

from sojourn.clinic.api.problems import Problem, Wrong, wrong
from sojourn.clinic.forms import PAIRS, CommandForm, bare
from sojourn.record.command import Asked, Refused, asked

REASON = "reason_for_correction"
MOST_CHOICES = 20  # named in a refusal; the commands that are offered name them all
Filled = MultiValueDict[str, Any]


def command_of(
    kind: type[Any], body: BaseModel, form_of: Callable[[Filled], CommandForm]
) -> tuple[Any, str]:
    """The command that ``body`` says, and why it corrects an entry, if it does.

    ``form_of`` makes the form from its data, with what may be chosen now.

    Raises
    ------
    Problem
        422, naming each field with what was sent and the mend.
    """
    filled = filled_in(kind, body)
    try:
        form = form_of(filled)
    except Refused as refusal:
        raise refused(refusal, body) from refusal
    unknown = [
        wrong(_dotted(kind, name), _shown(filled, name), "this is not asked for here; leave it out")
        for name in filled
        if name not in form.fields
    ]
    if unknown or not form.is_valid():
        raise Problem(422, "", "invalid", (*unknown, *_faults(kind, form, filled)))
    return form.to_command(), str(form.cleaned_data.get(REASON, ""))


def filled_in(kind: type[Any], body: BaseModel) -> Filled:
    """``body`` as the data of a form; what is empty is left out."""
    filled: Filled = MultiValueDict()
    for field in asked(kind):
        for name, values in _pieces(field, getattr(body, field.name)):
            filled.setlist(name, values)
    if reason := getattr(body, REASON, ""):
        filled[REASON] = reason
    return filled


def refused(refusal: Refused, body: BaseModel) -> Problem:
    """A refusal as a problem that names the field, what was sent, and the mend."""
    errors: tuple[Wrong, ...] = ()
    if refusal.field in type(body).model_fields:
        errors = (wrong(refusal.field, _plain(getattr(body, refusal.field)), refusal.message),)
    return Problem(422, refusal.message, "refused", errors)


def _pieces(field: Asked, value: Any) -> list[tuple[str, list[Any]]]:
    source = field.ask.choices_from
    if value is None or value == "":
        return []
    if source in PAIRS:
        return [(f"{field.name}-{key}", [each]) for key, each in value.items()]
    if source == "items":
        return [
            (f"{field.name}-{number}", [each])
            for number, each in enumerate(value, start=1)
            if each is not None
        ]
    if get_origin(bare(field.type)) is tuple:
        return [(field.name, list(value))] if value else []
    if isinstance(value, bool):
        return [(field.name, ["yes" if value else "no"])]
    # A form reads numbers and choices as they are typed; moments and days it takes as they are.
    kept = value if isinstance(value, (datetime, date)) else str(value)
    return [(field.name, [kept])]


def _faults(kind: type[Any], form: CommandForm, filled: Filled) -> tuple[Wrong, ...]:
    return tuple(
        wrong(_dotted(kind, name), _shown(filled, name), _mend(form, name, str(said)))
        for name, faults in form.errors.items()
        for said in faults
    )


def _mend(form: CommandForm, name: str, said: str) -> str:
    choices = [key for key, _ in getattr(form.fields.get(name), "choices", ()) if key != ""]
    if not choices:
        return said
    shown = ", ".join(map(str, choices[:MOST_CHOICES]))
    return f"{said} Choose from: {shown}{', ...' if len(choices) > MOST_CHOICES else ''}"


def _dotted(kind: type[Any], name: str) -> str:
    """A form's name for a field as the name it was sent under: 'answers-3' is 'answers.3'."""
    for field in asked(kind):
        if field.ask.choices_from in (*PAIRS, "items") and name.startswith(f"{field.name}-"):
            return f"{field.name}.{name.removeprefix(f'{field.name}-')}"
    return name


def _shown(filled: Filled, name: str) -> Any:
    values = filled.getlist(name)
    return _plain(values[0] if len(values) == 1 else values or None)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, (datetime, date)) else value
