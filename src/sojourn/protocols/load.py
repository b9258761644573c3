"""From a pack's text to a checked protocol."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from sojourn.protocols import (
    blinding_check,
    diary,
    eligibility,
    estimand,
    jurisdiction,
    model,
    monitoring,
    scaffold,
    session_room,
)
from sojourn.protocols.checks import problems
from sojourn.protocols.model import Protocol
from sojourn.protocols.reading import (
    Path as Place,
)
from sojourn.protocols.reading import (
    Problem,
    ProtocolError,
    Source,
    explained,
    forbid_extra,
    read,
)

PACKS = Path(__file__).parent / "packs"


KINDS = tuple(
    kind
    for module in (blinding_check, diary, eligibility, estimand, model, monitoring, session_room)
    for kind in vars(module).values()
    if isinstance(kind, type) and hasattr(kind, "__dataclass_fields__")
)
forbid_extra(KINDS)
_ADAPTER: TypeAdapter[Protocol] = TypeAdapter(Protocol)


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


def load_text(text: str, name: str, *, stored: bool = False) -> Protocol:
    """The protocol that ``text`` describes; ``name`` stands in error messages.

    ``stored`` reads a text a programme was founded on, which may write its legal
    grounds out, and its intercurrent events as sentences, as older packs did.
    """
    source = read(text, name, plain_numbers=not stored)
    unfilled = () if stored else tuple(scaffold.unfilled(source))
    if unfilled:
        raise ProtocolError(unfilled)
    found: list[Problem] = []
    expanded = tuple(_expanded(source, found))
    data = {
        **source.data,
        "visits": tuple(visit for _, visit in expanded),
        "authorisations": tuple(_grounds(source, found, stored=stored)),
        "outcome": estimand.spelled_out(source.data.get("outcome")),
    }
    if data["outcome"] is None:
        del data["outcome"]
    for name in ("digest", "earlier"):
        if name in data:
            found.append(source.problem((name,), "is worked out, not written; remove it"))
            del data[name]
    # Where each written-out visit stands in the pack, so that its problems point there.
    origins = [origin for origin, _ in expanded]
    try:
        protocol = _ADAPTER.validate_python(data)
    except ValidationError as error:
        found.extend(
            explained(
                source,
                error,
                KINDS,
                also=("for_each_session", "days"),
                place=lambda path: _in_the_pack(path, origins),
            )
        )
        raise ProtocolError(tuple(found)) from error
    found.extend(problems(protocol, source, origins, stored=stored))
    if found:
        raise ProtocolError(tuple(found))
    return replace(protocol, digest=hashlib.sha256(text.encode()).hexdigest())


def json_schema() -> dict[str, Any]:
    """JSON Schema of a protocol with its visits and legal grounds written out, for editors."""
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


def _grounds(source: Source, found: list[Problem], *, stored: bool) -> Iterator[Any]:
    """Each legal ground with what its jurisdiction says about it."""
    given = source.data.get("authorisations", ())
    if not isinstance(given, tuple):
        found.append(source.problem(("authorisations",), "must be a list of keys of routes"))
        return
    known = jurisdiction.routes()
    for number, each in enumerate(given):
        if isinstance(each, str) and each in known:
            yield _ground(each)
        elif stored and isinstance(each, dict):
            key = each.get("key")
            yield {**(_ground(key) if isinstance(key, str) and key in known else {}), **each}
        elif isinstance(each, dict):
            found.append(
                source.problem(
                    ("authorisations", number),
                    f"is written out; give the key of a route alone, such as {next(iter(known))}: "
                    "its label and authority stand with its jurisdiction",
                )
            )
        else:
            found.append(
                source.problem(
                    ("authorisations", number),
                    f"is {each!r}; no jurisdiction has that route; known: {', '.join(known)}",
                )
            )


def _ground(key: str) -> dict[str, Any]:
    code, route = jurisdiction.routes()[key]
    return {
        "key": key,
        "jurisdiction": code,
        "label": route.label,
        "authority": route.authority,
        "treats": route.treats,
        "in_force_since": route.in_force_since,
        "in_force_until": route.in_force_until,
        "reports": route.reports,
    }


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


def _in_the_pack(path: Place, origins: list[int]) -> Place:
    """Where a field of a written-out visit stands in the pack."""
    if len(path) > 1 and path[0] == "visits" and isinstance(path[1], int):
        return ("visits", origins[path[1]], *path[2:])
    return path
