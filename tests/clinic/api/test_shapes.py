"""Every command has an address and a schema made from what it asks; none is left out unsaid."""

import pytest
from django.urls import get_resolver

from sojourn import conduct, course
from sojourn.clinic.api import shapes
from sojourn.clinic.authority import ROLE_KEYS
from sojourn.clinic.correcting import CORRECTING
from sojourn.clinic.offers import PAGE_OF
from sojourn.conduct import accountability
from sojourn.conduct.membership import OpenInEmergency
from sojourn.record.command import asked, meaning_of

# Founding takes the text of a protocol, and is the command line's; an emergency has its page.
ELSEWHERE = {*PAGE_OF, "programme.found", OpenInEmergency.name}
EVERY = {**course.COMMANDS, **conduct.COMMANDS, **accountability.COMMANDS}


def sendable():
    groups = (
        shapes.of_participants, shapes.of_programmes, shapes.of_stock, shapes.of_confidence
    )  # fmt: skip
    return [each for group in groups for each in group()]


def test_every_command_of_a_member_has_an_address_or_a_page():
    (patterns,) = [e for e in get_resolver().url_patterns if getattr(e, "namespace", "") == "api"]
    addressed = {str(each.pattern).rpartition("/")[2] for each in patterns.url_patterns}
    for name, kind in EVERY.items():
        if name in ELSEWHERE or name == "screening.register":
            continue
        by_members = set(kind.roles) & set(ROLE_KEYS)
        assert (name in addressed) == bool(by_members), name
    assert not ELSEWHERE & addressed


@pytest.mark.parametrize("kind", sendable(), ids=lambda kind: kind.name)
def test_a_schema_asks_what_the_command_asks(kind):
    shape = shapes.shape_of(kind)
    schema = shape.model_json_schema()
    assert list(schema["properties"]) == [each.name for each in asked(kind)]
    assert schema["additionalProperties"] is False
    optional = {each.name for each in asked(kind) if each.ask.optional}
    assert not optional & set(schema.get("required", ()))


def test_nothing_signed_is_corrected_over_the_api():
    """A token signs nothing, and so corrects nothing that was signed."""
    assert set(CORRECTING) <= set(course.COMMANDS.values())
    assert not [each for each in CORRECTING if meaning_of(each)]
