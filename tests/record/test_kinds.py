"""What a kind may hold, and how old shapes are read."""

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from sojourn.record.kinds import Kinds, UnreadableEntry


@dataclass(frozen=True, slots=True)
class Numbered:
    kind: ClassVar[str] = "test.numbered"
    schema: ClassVar[int] = 2
    number: int


@dataclass(frozen=True, slots=True)
class Weighed:
    kind: ClassVar[str] = "test.weighed"
    schema: ClassVar[int] = 1
    kilograms: tuple[float, ...]


def renamed(data: dict[str, Any]) -> dict[str, Any]:
    return {"number": data["count"]}


def test_a_field_may_be_called_number() -> None:
    known = Kinds((Numbered,), {("test.numbered", 1): renamed})
    assert known.write(Numbered(4)) == ("test.numbered", 2, '{"number":4}')


def test_a_float_is_refused_at_the_start_however_deep() -> None:
    with pytest.raises(ValueError, match=r"'test.weighed' could hold a float"):
        Kinds((Weighed,))


def test_an_old_shape_is_brought_up_to_the_present_one() -> None:
    known = Kinds((Numbered,), {("test.numbered", 1): renamed})
    assert known.read("test.numbered", 1, '{"count":4}') == Numbered(4)


def test_a_missing_upcaster_stops_the_start() -> None:
    with pytest.raises(ValueError, match=r"'test\.numbered' has no upcaster from schema 1"):
        Kinds((Numbered,))


@pytest.mark.parametrize(
    ("kind", "schema", "text"),
    [
        ("test.unknown", 1, "{}"),
        ("test.numbered", 3, '{"number":4}'),
        ("test.numbered", 2, '{"number":"4"}'),
        ("test.numbered", 2, '{"number":4,"more":1}'),
        ("test.numbered", 2, "{}"),
    ],
)
def test_what_does_not_fit_is_not_guessed(kind: str, schema: int, text: str) -> None:
    known = Kinds((Numbered,), {("test.numbered", 1): renamed})
    with pytest.raises(UnreadableEntry):
        known.read(kind, schema, text)
