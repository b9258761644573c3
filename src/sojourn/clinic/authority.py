"""Who may ask for which page: one table, enforced before any page runs, printed to be read."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import render

from sojourn import definitions
from sojourn.clinic.models import ROLES
from sojourn.record.command import Refused

TABLE = Path(__file__).with_name("authority.yaml")
EVERYONE, TOKEN = "everyone", "token"
ROLE_KEYS = tuple(key for key, _ in ROLES)


@dataclass(frozen=True, slots=True)
class Authority:
    """The table: roles by group, words of refusal by group, and a group by page and method."""

    groups: Mapping[str, frozenset[str]]
    refusals: Mapping[str, str]
    pages: Mapping[str, Mapping[str, str]]
    left_to_a_pool: frozenset[str] = frozenset()  # pages of raters who are blind to visits too

    def group(self, page: str, method: str) -> str | None:
        """The group that may ask for ``page`` by ``method``; none where nobody may."""
        return self.pages.get(page, {}).get("get" if method == "HEAD" else method.lower())

    def may(self, role: str, page: str, method: str) -> bool:
        """Whether ``role`` may; an empty role is nobody's, and may only what everyone may."""
        group = self.group(page, method)
        return group in (EVERYONE, TOKEN) or role in self.groups.get(group or "", ())


@cache
def authority() -> Authority:
    """The table as it is shipped.

    Raises
    ------
    sojourn.definitions.DefinitionError
        If a page names a group there is none of, or a group a role.
    """
    data = definitions.read(TABLE)
    groups = {name: frozenset(roles) for name, roles in data["groups"].items()}
    for name, roles in groups.items():
        if unknown := roles - set(ROLE_KEYS):
            raise definitions.DefinitionError(
                f"{TABLE.name}: groups.{name}: {sorted(unknown)} are no roles"
            )
    for page, methods in data["pages"].items():
        for method, group in methods.items():
            if group not in (*groups, EVERYONE, TOKEN):
                raise definitions.DefinitionError(
                    f"{TABLE.name}: pages.{page}.{method}: there is no group '{group}'"
                )
    left = frozenset(data.get("left to a pool", ()))
    if unknown := left - set(data["pages"]):
        raise definitions.DefinitionError(
            f"{TABLE.name}: left to a pool: {sorted(unknown)} are no pages"
        )
    return Authority(groups, data["refusals"], data["pages"], left)


class Enforced:
    """Middleware: a page runs only for whom the table names; what it does not name, for nobody."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        """Refuse, or let the page run."""
        table, match = authority(), request.resolver_match
        page, method = match.view_name if match else "", str(request.method)
        methods = table.pages.get(page)
        if methods is None:
            raise PermissionDenied("Nobody was given this page yet.")
        group = table.group(page, method)
        if group in (EVERYONE, TOKEN):
            return None
        role = getattr(request.user, "role", "")
        if role not in ROLE_KEYS and not {EVERYONE, TOKEN} & set(methods.values()):
            raise PermissionDenied("Your account has no role yet; ask the programme lead for one.")
        if group is None:
            return HttpResponseNotAllowed([each.upper() for each in methods])
        if role not in table.groups[group]:
            raise PermissionDenied(table.refusals.get(group, "This page is not for your role."))
        return None

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        """Say why something was refused where its page foresaw no refusal, such as offline."""
        if not isinstance(exception, Refused):
            return None
        return render(request, "409.html", {"refused": exception.message}, status=409)


def printed() -> Iterator[str]:
    """The table and the commands' roles as lines of Markdown."""
    from sojourn import conduct, course
    from sojourn.conduct import accountability

    table = authority()
    yield from ("# Who may do what", "", "Printed by `sojourn authority`; do not edit.", "")
    yield from ("## Pages", "", _row("page", "method", *ROLE_KEYS), _rule(len(ROLE_KEYS) + 2))
    for page, methods in table.pages.items():
        for method, group in methods.items():
            marks = (
                group
                if group in (EVERYONE, TOKEN)
                else "yes"
                if role in table.groups[group]
                else ""
                for role in ROLE_KEYS
            )
            yield _row(page, method.upper(), *marks)
    for title, commands in (
        ("Commands about a participant", course.COMMANDS),
        ("Commands about a programme", conduct.COMMANDS),
        ("Commands about study drug", accountability.COMMANDS),
    ):
        yield from ("", f"## {title}", "", _row("command", *ROLE_KEYS), _rule(len(ROLE_KEYS) + 1))
        for name in sorted(commands):
            marks = ("yes" if role in commands[name].roles else "" for role in ROLE_KEYS)
            yield _row(name, *marks)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _rule(width: int) -> str:
    return "|" + " --- |" * width
