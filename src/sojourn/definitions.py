"""Definitions as data: a YAML file in, checked plain data out, every fault named.

Rooms keep their own models and their own checks; only the reading is shared.
"""

import difflib
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError

T = TypeVar("T")


class DefinitionError(ValueError):
    """A definition that can't be used; the message names file, field, value and mend."""


def strict(kind: Any, module: str) -> TypeAdapter[Any]:
    """An adapter for ``kind`` that refuses a field no dataclass of ``module`` has."""
    for each in _dataclasses(module).values():
        each.__pydantic_config__ = ConfigDict(extra="forbid")
    return TypeAdapter(kind)


def read(path: Path) -> dict[str, Any]:
    """The mapping that a YAML file holds.

    Raises
    ------
    DefinitionError
        If the file can't be read, is no YAML, names a field twice or is no mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DefinitionError(f"{path.name} can't be read: {error}") from error
    return read_text(text, path.name)


def read_text(text: str, name: str) -> dict[str, Any]:
    """The mapping that a YAML text holds; ``name`` is what errors call it.

    Raises
    ------
    DefinitionError
        If it is no YAML, names a field twice or is no mapping.
    """
    try:
        data = yaml.load(text, Loader=_OnceLoader)
    except yaml.YAMLError as error:
        raise DefinitionError(f"{name} is not YAML: {error}") from error
    if not isinstance(data, dict):
        raise DefinitionError(f"{name} must be a mapping of fields, such as 'key: ...'")
    return data


def checked(adapter: TypeAdapter[Any], data: Any, path: Path, module: str) -> Any:
    """``data`` as the adapter's type.

    Raises
    ------
    DefinitionError
        With one line for each field at fault: its place, its value and the mend.
    """
    try:
        return adapter.validate_python(data)
    except ValidationError as error:
        lines = _messages(path, error, _dataclasses(module))
        raise DefinitionError("\n".join(lines)) from error


def _messages(path: Path, error: ValidationError, known: Mapping[str, Any]) -> Iterator[str]:
    names = {name for each in known.values() for name in each.__dataclass_fields__}
    for problem in error.errors():
        field = ".".join(str(part) for part in problem["loc"])
        if problem["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
            close = difflib.get_close_matches(str(problem["loc"][-1]), names, n=1)
            mend = f"did you mean '{close[0]}'?" if close else "remove it"
            yield f"{path.name}: unknown field '{field}'; {mend}"
        elif problem["type"] in ("missing", "missing_argument"):
            yield f"{path.name}: {field} is missing; add it"
        else:
            yield f"{path.name}: {field} is {problem['input']!r}; {problem['msg']}"


def _dataclasses(module: str) -> dict[str, Any]:
    return {
        name: each
        for name, each in vars(sys.modules[module]).items()
        if isinstance(each, type) and hasattr(each, "__dataclass_fields__")
    }


# The same YAML, read eight times as fast where PyYAML came with its C library.
Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _OnceLoader(Loader):  # type: ignore[misc,valid-type]  # which of the two is known when it runs
    """Safe YAML in which a field stands once: the last of two would win in silence.

    Numbers are written plainly: YAML takes 0120 and 1:20 for 80, and nobody means that.
    """

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        if not re.fullmatch(r"[-+]?(0|[1-9][0-9]*)", node.value):
            line = node.start_mark.line + 1
            raise yaml.YAMLError(f"line {line}: {node.value} is no plainly written number")
        number: int = super().construct_yaml_int(node)
        return number

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str | int) or key in seen:
                line = key_node.start_mark.line + 1
                raise yaml.YAMLError(f"line {line}: '{key}' stands twice or is no name")
            seen.add(key)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


_OnceLoader.add_constructor("tag:yaml.org,2002:int", _OnceLoader.construct_yaml_int)
