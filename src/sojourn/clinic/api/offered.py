"""The commands a member may give now, with what each field may be chosen from."""

from collections.abc import Iterable
from typing import Any

from ninja import Field, Schema

from sojourn.clinic.access import Visitor
from sojourn.clinic.offers import Offers
from sojourn.record.command import asked, meaning_of


class ChoiceOut(Schema):
    """What may be sent, and what it means."""

    value: str
    label: str


class FieldOut(Schema):
    """What one field may be chosen from now."""

    field: str
    choices: list[ChoiceOut]


class CommandOut(Schema):
    """A command that makes sense now."""

    name: str
    title: str
    decision: bool = Field(description="Whether it needs If-Match.")
    signed: str = Field(description="What its signature means: then it is given on the page.")
    send_to: str = Field(description="Its address under /api/v1.")
    fields: list[FieldOut]


class OfferedOut(Schema):
    """Commands that make sense now."""

    commands: list[CommandOut]


def offered_of(
    visitor: Visitor, commands: Iterable[type[Any]], offered: Offers, place: str, **words: str
) -> OfferedOut:
    """These commands, each with its address at ``place``."""
    base = place.format(programme=visitor.programme, **words)
    return OfferedOut(commands=[_command(each, offered, base) for each in commands])


def _command(kind: type[Any], offered: Offers, base: str) -> CommandOut:
    return CommandOut(
        name=kind.name,
        title=kind.title,
        decision=kind.nature == "decision",
        signed=meaning_of(kind),
        send_to=f"{base}/commands/{kind.name}",
        fields=[
            FieldOut(
                field=each.name,
                choices=[
                    ChoiceOut(value=value, label=label)
                    for value, label in offered.get(each.ask.choices_from)
                ],
            )
            for each in asked(kind)
            if each.ask.choices_from and offered.get(each.ask.choices_from)
        ],
    )
