"""From a pack's text to a checked protocol."""

import difflib
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from sojourn.protocols import eligibility, model, monitoring
from sojourn.protocols.checks import problems
from sojourn.protocols.model import Protocol
from sojourn.protocols.reading import Problem, ProtocolError, Source, read

_KINDS = tuple(
    each for module in (eligibility, model, monitoring) for each in vars(module).values()
)
PACKS = Path(__file__).parent / "packs"


def _strict() -> TypeAdapter[Protocol]:
    for kind in _KINDS:
        if isinstance(kind, type) and hasattr(kind, "__dataclass_fields__"):
            kind.__pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[attr-defined]
    return TypeAdapter(Protocol)


_ADAPTER = _strict()


def shipped() -> tuple[str, ...]:
    """Keys of the packs that come with Sojourn."""
    return tuple(path.stem for path in sorted(PACKS.glob("*.yaml")))


def shipped_text(key: str) -> str:
    """The text of a shipped pack.

    Raises
    ------
    ProtocolError
        If there is no such pack.
    """
    if key not in shipped():
        known = ", ".join(shipped())
        raise ProtocolError((Problem(key, 0, "", f"no such pack; shipped: {known}"),))
    return (PACKS / f"{key}.yaml").read_text(encoding="utf-8")


@cache
def load_shipped(key: str) -> Protocol:
    """A shipped protocol by its key."""
    return load_text(shipped_text(key), f"{key}.yaml")


def load(path: Path) -> Protocol:
    """The protocol in a site's own file.

    Raises
    ------
    ProtocolError
        With every problem found: file, line, field, value and mend.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProtocolError((Problem(path.name, 0, "", f"can't be read: {error}"),)) from error
    return load_text(text, path.name)


def load_text(text: str, name: str) -> Protocol:
    """The protocol that ``text`` describes; ``name`` stands in error messages."""
    source = read(text, name)
    found: list[Problem] = []
    expanded = tuple(_expanded(source, found))
    data = {**source.data, "visits": tuple(visit for _, visit in expanded)}
    if "digest" in data:
        found.append(source.problem(("digest",), "is worked out, not written; remove it"))
        del data["digest"]
    # Where each written-out visit stands in the pack, so that its problems point there.
    origins = [origin for origin, _ in expanded]
    try:
        protocol = _ADAPTER.validate_python(data)
    except ValidationError as error:
        found.extend(_explained(source, error, origins))
        raise ProtocolError(tuple(found)) from error
    found.extend(problems(protocol, source, origins))
    if found:
        raise ProtocolError(tuple(found))
    return replace(protocol, digest=hashlib.sha256(text.encode()).hexdigest())


def json_schema() -> dict[str, Any]:
    """JSON Schema of a protocol with its visits written out, for editors."""
    return _ADAPTER.json_schema()


def _expanded(source: Source, found: list[Problem]) -> Iterator[tuple[int, Any]]:
    """Each visit written out, with its place in the pack."""
    visits = source.data.get("visits", ())
    if not isinstance(visits, tuple):
        found.append(source.problem(("visits",), "must be a list of visits"))
        return
    sessions = _session_numbers(source)
    for number, visit in enumerate(visits):
        if not isinstance(visit, dict):
            yield number, visit
            continue
        for each in _repeated(visit, sessions):
            yield number, each


def _session_numbers(source: Source) -> tuple[int, ...]:
    dosing = source.data.get("dosing")
    sessions = dosing.get("sessions", ()) if isinstance(dosing, dict) else ()
    return tuple(range(1, len(sessions) + 1)) if isinstance(sessions, tuple) else ()


def _repeated(visit: dict[str, Any], sessions: tuple[int, ...]) -> Iterator[dict[str, Any]]:
    rest = {key: value for key, value in visit.items() if key not in ("for_each_session", "days")}
    days = visit.get("days")
    for session in sessions if visit.get("for_each_session") is True else (None,):
        for day in days if isinstance(days, tuple) else (None,):
            filled = {key: _filled(value, session, day) for key, value in rest.items()}
            if session is not None:
                filled["session"] = session
            if isinstance(day, int):
                filled.setdefault("window", {"earliest": day, "target": day, "latest": day})
            yield filled


def _filled(value: Any, session: int | None, day: Any) -> Any:
    if not isinstance(value, str):
        return value
    return value.replace("{session}", str(session)).replace("{day}", str(day))


def _explained(source: Source, error: ValidationError, origins: list[int]) -> Iterator[Problem]:
    for each in error.errors():
        path = tuple(each["loc"])
        if len(path) > 1 and path[0] == "visits" and isinstance(path[1], int):
            path = ("visits", origins[path[1]], *path[2:])
        if each["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
            yield source.problem(path, f"is not a field of a protocol{_nearest(path)}")
        elif each["type"] in ("missing", "missing_argument"):
            yield source.problem(path, "is missing; add it")
        else:
            value = repr(each["input"])
            shown = value if len(value) < 60 else value[:57] + "..."
            message = each["msg"].replace("Input should", "it should")
            yield source.problem(path, f"is {shown}; {message}")


def _nearest(path: tuple[str | int, ...]) -> str:
    names = {
        name
        for kind in _KINDS
        if isinstance(kind, type) and hasattr(kind, "__dataclass_fields__")
        for name in kind.__dataclass_fields__
    } | {"for_each_session", "days"}
    close = difflib.get_close_matches(str(path[-1]), names, n=1)
    return f"; did you mean '{close[0]}'?" if close else "; remove it"
