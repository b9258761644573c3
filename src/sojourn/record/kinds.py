"""Stored names for facts: how a fact becomes text, and how old text is read."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import is_dataclass
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from sojourn.record.entry import Fact

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]


class UnreadableEntry(ValueError):
    """The record holds a line this version can't read; nothing is guessed."""


class Kinds:
    """Every kind of fact the record may hold.

    ``upcasters`` maps (kind, schema) to a pure function that turns the data of
    that schema into the data of the next. An upcaster may rename or split what
    is there; it may not invent what nobody recorded.

    Raises
    ------
    ValueError
        At start-up: if two facts share a kind, a fact could hold a float, or
        an upcaster is missing between schema 1 and the present one.
    """

    def __init__(
        self,
        facts: Iterable[type[Fact]],
        upcasters: Mapping[tuple[str, int], Upcaster] | None = None,
    ) -> None:
        self._facts: dict[str, type[Fact]] = {}
        self._adapters: dict[str, TypeAdapter[Any]] = {}
        self._upcasters = dict(upcasters or {})
        for fact in facts:
            self._register(fact)
        self._refuse_gaps()

    def __iter__(self) -> Any:
        return iter(self._facts.values())

    def write(self, fact: Fact) -> tuple[str, int, str]:
        """Kind, schema and canonical JSON of ``fact``: sorted keys, no spaces, no floats."""
        adapter = self._adapters.get(fact.kind)
        if adapter is None:
            raise ValueError(f"{type(fact).__name__} is not a kind the record knows: {fact.kind}")
        return fact.kind, fact.schema, canonical(adapter.dump_python(fact, mode="json"))

    def read(self, kind: str, schema: int, text: str) -> Fact:
        """The fact that ``text`` holds, brought up to the present schema and checked.

        Raises
        ------
        UnreadableEntry
            If the kind is unknown, its schema is newer than this version, or
            the text does not fit it.
        """
        fact = self._facts.get(kind)
        if fact is None:
            raise UnreadableEntry(f"unknown kind '{kind}'; a newer version of Sojourn wrote it")
        if schema > fact.schema:
            raise UnreadableEntry(f"'{kind}' schema {schema} is newer than {fact.schema}")
        try:
            if schema == fact.schema:
                return self._adapters[kind].validate_json(text, strict=True)  # type: ignore[no-any-return]
            data = json.loads(text)
            for step in range(schema, fact.schema):
                data = self._upcasters[kind, step](data)
            return self._adapters[kind].validate_json(canonical(data), strict=True)  # type: ignore[no-any-return]
        except ValidationError as error:
            raise UnreadableEntry(f"'{kind}' schema {schema}: {error}") from error

    def _register(self, fact: type[Fact]) -> None:
        if fact.kind in self._facts:
            raise ValueError(f"two facts are called '{fact.kind}'")
        if not is_dataclass(fact):
            raise ValueError(f"{fact.__name__} must be a frozen dataclass")
        adapter: TypeAdapter[Any] = TypeAdapter(_strict(fact))
        if _holds_a_float(adapter.json_schema(mode="serialization")):
            raise ValueError(f"'{fact.kind}' could hold a float; use whole numbers or text")
        self._facts[fact.kind] = fact
        self._adapters[fact.kind] = adapter

    def _refuse_gaps(self) -> None:
        for kind, fact in self._facts.items():
            for schema in range(1, fact.schema):
                if (kind, schema) not in self._upcasters:
                    raise ValueError(f"'{kind}' has no upcaster from schema {schema}")


def canonical(data: Any) -> str:
    """The one text that ``data`` is stored and hashed as."""
    return json.dumps(
        data, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )


def _holds_a_float(schema: Any) -> bool:
    # A field may be called "number"; only a type of that name is a float.
    if isinstance(schema, dict):
        return schema.get("type") == "number" or any(map(_holds_a_float, schema.values()))
    return isinstance(schema, list) and any(map(_holds_a_float, schema))


def _strict(fact: type[Fact]) -> type[Fact]:
    # An unknown key means a shape nobody reviewed: refuse it instead of dropping it.
    fact.__pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[attr-defined]
    return fact
