"""What differs between two versions of a protocol: added, removed or changed, with both values."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal

from sojourn.protocols.model import Dosing, Protocol, Window

PARTS: tuple[tuple[str, str], ...] = (
    ("Visits", "visits"),
    ("Doses", "dosing.sessions"),
    ("Criteria", "criteria"),
    ("Characteristics", "characteristics"),
    ("Arms", "arms"),
    ("Checklist of the dosing day", "dosing.checklist"),
    ("Going home", "dosing.discharge"),
    ("Limits of the site", "site_settings"),
    ("Alarms", "monitoring.alarms"),
    ("Stopping rules", "stopping_rules"),
    ("Adverse events of special interest", "special_interest"),
    ("Expected adverse events", "expected_events"),
    ("Legal grounds", "authorisations"),
    ("Citations", "citations"),
)
NAMED_ABOVE = {"sessions", "checklist", "discharge", "room"}
WHOLE = ("title", "version", "indication", "condition", "outcome", "randomisation")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs. ``field`` is empty where the whole was added or removed."""

    part: str
    name: str
    change: Literal["added", "removed", "changed"]
    field: str = ""
    before: str = ""
    after: str = ""


def differences(before: Protocol, after: Protocol) -> tuple[Difference, ...]:
    """Everything that differs, in the order in which a protocol is read."""
    found: list[Difference] = []
    for name in WHOLE:
        found += _changed("Protocol", name, getattr(before, name), getattr(after, name))
    if before.dosing and after.dosing:
        for each in fields(Dosing):
            if each.name not in NAMED_ABOVE:
                old, new = getattr(before.dosing, each.name), getattr(after.dosing, each.name)
                found += _changed("Doses", each.name, old, new)
    for part, path in PARTS:
        found += _collection(part, _at(before, path), _at(after, path))
    return tuple(found)


def in_words(value: Any) -> str:
    """A value of a protocol as people read it."""
    if isinstance(value, Window):
        return f"day {value.earliest} to {value.latest}, best day {value.target}"
    if value is None or value == () or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(in_words(each) for each in value)
    if is_dataclass(value):
        parts = ((each.name, getattr(value, each.name)) for each in fields(value))
        return "; ".join(
            f"{name.replace('_', ' ')} {in_words(each)}"
            for name, each in parts
            if each not in (None, (), "")
        )
    return str(value)


def _collection(part: str, before: Sequence[Any], after: Sequence[Any]) -> Iterator[Difference]:
    old, new = ({_key(each): each for each in items} for items in (before, after))
    for key, item in old.items():
        if key not in new:
            yield Difference(part, _name(item), "removed", before=in_words(item))
            continue
        for each in fields(item):
            values = getattr(item, each.name), getattr(new[key], each.name)
            yield from _changed(part, _name(item), *values, field=each.name)
    for key, item in new.items():
        if key not in old:
            yield Difference(part, _name(item), "added", after=in_words(item))


def _changed(
    part: str, name: str, before: Any, after: Any, *, field: str = ""
) -> Iterator[Difference]:
    if before != after:
        words = field.replace("_", " ")
        shown = name if field else name.replace("_", " ")
        yield Difference(part, shown, "changed", words, in_words(before), in_words(after))


def _at(protocol: Protocol, path: str) -> tuple[Any, ...]:
    found: Any = protocol
    for name in path.split("."):
        found = getattr(found, name) if found is not None else None
    return found or ()


def _key(item: Any) -> Any:
    return next(getattr(item, name) for name in ("key", "number", "term") if hasattr(item, name))


def _name(item: Any) -> str:
    if hasattr(item, "number"):
        return f"Session {item.number}"
    return str(getattr(item, "label", "") or _key(item))
