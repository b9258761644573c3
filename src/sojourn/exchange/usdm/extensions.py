"""What a pack says and USDM has no place for: plain data as extension attributes, and back.

A mapping is an extension class, a list is extension attributes within one; texts, whole numbers
and yes or no have their own field. So other tools can read them without knowing ours.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sojourn.exchange.usdm.classes import ExtensionAttribute, ExtensionClass
from sojourn.exchange.usdm.making import Maker

NAMES = "urn:x-sojourn:pack:"  # then the name of the pack's field
ITEM = "item"


def extensions(make: Maker, fields: Mapping[str, Any]) -> tuple[ExtensionAttribute, ...]:
    """One extension attribute for each field.

    Raises
    ------
    TypeError
        For a value that plain data does not have.
    """
    return tuple(_encoded(make, name, value) for name, value in fields.items())


def fields(attributes: Iterable[ExtensionAttribute]) -> dict[str, Any]:
    """The fields that extension attributes of ours hold; those of others are left unread."""
    return {
        each.url.removeprefix(NAMES): _decoded(each)
        for each in attributes
        if each.url.startswith(NAMES)
    }


def _encoded(make: Maker, name: str, value: Any) -> ExtensionAttribute:
    held: dict[str, Any]
    if isinstance(value, bool):
        held = {"value_boolean": value}
    elif isinstance(value, int):
        held = {"value_integer": value}
    elif isinstance(value, str):
        held = {"value_string": value}
    elif isinstance(value, Mapping):
        inner = extensions(make, value)
        held = {
            "value_extension_class": make(
                ExtensionClass, url=NAMES + name, extension_attributes=inner
            )
        }
    elif isinstance(value, list):
        held = {"extension_attributes": tuple(_encoded(make, ITEM, each) for each in value)}
    else:
        raise TypeError(f"{name} is {value!r}; an extension holds plain data alone")
    return make(ExtensionAttribute, url=NAMES + name, **held)


def _decoded(each: ExtensionAttribute) -> Any:
    for value in (each.value_string, each.value_boolean, each.value_integer):
        if value is not None:
            return value
    if each.value_extension_class is not None:
        return fields(each.value_extension_class.extension_attributes)
    return [_decoded(item) for item in each.extension_attributes]
