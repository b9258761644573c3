"""YAML with the line of every value, so that an error can point at it."""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import ConfigDict, ValidationError

from sojourn.definitions import Loader

Path = tuple[str | int, ...]
MOST_CHARACTERS = 2_000_000
PLAIN_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*)")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a pack, and how to mend it."""

    file: str
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file} line {self.line}" if self.line else self.file
        return f"{where}: {self.field} {self.message}" if self.field else f"{where}: {self.message}"


class ProtocolError(ValueError):
    """A pack that can't be used. ``problems`` holds every fault found, not only the first."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Source:
    """The plain data of a pack and the line each field stands on."""

    name: str
    data: dict[str, Any]
    lines: Mapping[Path, int]

    def problem(self, path: Path, message: str) -> Problem:
        """A problem at ``path``, or at the nearest field above it that has a line."""
        known = path
        while known and known not in self.lines:
            known = known[:-1]
        return Problem(self.name, self.lines.get(known, 0), dotted(path), message)


def read(text: str, name: str, *, plain_numbers: bool = True) -> Source:
    """The data of YAML ``text``, with its lines.

    ``plain_numbers`` refuses 0120 and 1:20, which YAML takes for 80: nobody means that.

    Raises
    ------
    ProtocolError
        If it is no YAML mapping, names a field twice, or uses aliases.
    """
    try:
        return _read(text, name, plain_numbers=plain_numbers)
    except RecursionError as error:
        raise ProtocolError((Problem(name, 0, "", "is nested too deep for a pack"),)) from error


def _read(text: str, name: str, *, plain_numbers: bool) -> Source:
    if len(text) > MOST_CHARACTERS:
        raise ProtocolError((Problem(name, 0, "", "the file is too long for a protocol"),))
    lines: dict[Path, int] = {}
    try:
        for event in yaml.parse(text, Loader=Loader):
            if isinstance(event, yaml.AliasEvent):
                line = event.start_mark.line + 1 if event.start_mark else 0
                raise ProtocolError((Problem(name, line, "", "write the value out; no aliases"),))
        node = yaml.compose(text, Loader=Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        if "nesting" in str(error.problem):
            raise RecursionError from error
        message = f"not YAML: {error.problem}; check indentation, quotes and tabs"
        raise ProtocolError((Problem(name, line, "", message),)) from error
    except yaml.YAMLError as error:
        raise ProtocolError((Problem(name, 0, "", f"not YAML: {error}"),)) from error
    if not isinstance(node, yaml.MappingNode):
        raise ProtocolError(
            (Problem(name, 1, "", "a pack is a mapping: 'key: ...', 'title: ...'"),)
        )
    return Source(name, _plain(node, (), lines, name, plain_numbers), lines)


def dotted(path: Path) -> str:
    """``path`` as people write it: visits[3].window.latest."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def forbid_extra(kinds: Iterable[Any]) -> None:
    """Have pydantic refuse a field that none of these dataclasses has."""
    for kind in kinds:
        kind.__pydantic_config__ = ConfigDict(extra="forbid")


def explained(
    source: Source,
    error: ValidationError,
    kinds: Iterable[Any],
    *,
    also: tuple[str, ...] = (),
    place: Callable[[Path], Path] = lambda path: path,
) -> Iterator[Problem]:
    """What pydantic found, as problems at their lines; ``place`` says where a field was written."""
    names = {name for kind in kinds for name in kind.__dataclass_fields__} | set(also)
    for each in error.errors():
        path = place(tuple(each["loc"]))
        if each["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
            close = difflib.get_close_matches(str(path[-1]), names, n=1)
            mend = f"did you mean '{close[0]}'?" if close else "remove it"
            yield source.problem(path, f"is not a field here; {mend}")
        elif each["type"] in ("missing", "missing_argument"):
            yield source.problem(path, "is missing; add it")
        else:
            value = repr(each["input"])
            shown = value if len(value) < 60 else value[:57] + "..."
            message = each["msg"].replace("Input should", "it should")
            yield source.problem(path, f"is {shown}; {message}")


def _plain(
    node: yaml.Node, path: Path, lines: dict[Path, int], name: str, plain_numbers: bool
) -> Any:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                line = key_node.start_mark.line + 1
                problem = Problem(name, line, dotted(path), "has a field whose name is no word")
                raise ProtocolError((problem,))
            key = str(key_node.value)
            if key in result:
                line = key_node.start_mark.line + 1
                field = dotted((*path, key))
                raise ProtocolError((Problem(name, line, field, "stands here twice; keep one"),))
            result[key] = _plain(value_node, (*path, key), lines, name, plain_numbers)
            lines[*path, key] = key_node.start_mark.line + 1
        return result
    if isinstance(node, yaml.SequenceNode):
        return tuple(
            _plain(each, (*path, number), lines, name, plain_numbers)
            for number, each in enumerate(node.value)
        )
    loader = yaml.SafeLoader("")
    try:
        value = loader.construct_object(node, deep=True)
    except (yaml.YAMLError, ValueError) as error:
        line = node.start_mark.line + 1
        problem = Problem(name, line, dotted(path), f"can't be read: {error}")
        raise ProtocolError((problem,)) from error
    finally:
        loader.dispose()
    if plain_numbers and type(value) is int and not PLAIN_NUMBER.fullmatch(node.value):
        message = f"is written {node.value}, which YAML takes for {value}; write the number plainly"
        raise ProtocolError((Problem(name, node.start_mark.line + 1, dotted(path), message),))
    return value
