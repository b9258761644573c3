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
from sojourn.clinic import reaching
from sojourn.conduct.reach import NOBODY, ROLES, Reach
from sojourn.record.command import Refused

TABLE = Path(__file__).with_name("authority.yaml")
EVERYONE, TOKEN = "everyone", "token"
ROLE_KEYS = tuple(key for key, _ in ROLES)
LISTS = (
    "left to a pool", "kept to sites", "in an emergency", "logged as a whole", "not logged",
)  # fmt: skip
EMERGENCY = "emergency-access"  # asked for by whoever does not reach the participant
NO_ROLE = "Your account has no role yet; ask the programme lead for one."


@dataclass(frozen=True, slots=True)
class Authority:
    """The table: roles by group, words of refusal by group, a group by page and method, sites."""

    groups: Mapping[str, frozenset[str]]
    refusals: Mapping[str, str]
    pages: Mapping[str, Mapping[str, str]]
    left_to_a_pool: frozenset[str]  # pages of raters who are blind to visits too
    kept_to_sites: frozenset[str]  # what whoever holds a role at some sites only may ask for
    in_emergency: frozenset[str]  # of those, what access in an emergency opens
    logged: frozenset[str]  # of no participant, and a line of the access log all the same
    not_logged: frozenset[str]  # of a participant, and no line

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
    lists = [frozenset(data.get(name, ())) for name in LISTS]
    for name, pages in zip(LISTS, lists, strict=True):
        if unknown := pages - set(data["pages"]):
            raise definitions.DefinitionError(
                f"{TABLE.name}: {name}: {sorted(unknown)} are no pages"
            )
    return Authority(groups, data["refusals"], data["pages"], *lists)


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
        reach = _reach(request, kwargs.get("programme", ""))
        role = reach.role
        if role not in ROLE_KEYS and not {EVERYONE, TOKEN} & set(methods.values()):
            raise PermissionDenied(NO_ROLE)
        if group is None:
            return HttpResponseNotAllowed([each.upper() for each in methods])
        if role not in table.groups[group]:
            raise PermissionDenied(table.refusals.get(group, "This page is not for your role."))
        if not reach.everywhere:
            _keep_to_sites(request, table, page, reach, kwargs)
        return None

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        """Say why something was refused where its page foresaw no refusal, such as offline."""
        if not isinstance(exception, Refused):
            return None
        return render(request, "409.html", {"refused": exception.message}, status=409)


def _reach(request: HttpRequest, programme: str) -> Reach:
    """Role and sites in the page's programme, or of the account where a page is of none."""
    user = request.user
    if programme:
        try:
            return reaching.place_of(request, programme).reach
        except Refused:
            pass  # the page says that there is no such programme
    role = getattr(user, "role", "")
    return Reach(role) if role in ROLE_KEYS else NOBODY


def _keep_to_sites(
    request: HttpRequest, table: Authority, page: str, reach: Reach, words: Mapping[str, Any]
) -> None:
    if page not in table.kept_to_sites:
        raise PermissionDenied(
            "This page shows the programme as a whole. Your role is held at some of its sites."
        )
    site, participant = words.get("site"), words.get("participant")
    if site is not None and not reach.includes(site):
        raise PermissionDenied("You hold no role at that site.")
    if participant is None:
        return
    if page == EMERGENCY:
        request.__dict__["_opened_by"] = "request"
        return
    place = reaching.place_of(request, words["programme"])
    how = reaching.opens(place, request.user.get_username(), participant)
    request.__dict__["_opened_by"] = how or "refused"
    if how == "role" or (how == "emergency" and page in table.in_emergency):
        return
    may_ask = not how and table.may(reach.role, EMERGENCY, "POST")
    request.out_of_reach = words if may_ask else None  # type: ignore[attr-defined]
    raise PermissionDenied(
        "This participant is of a site you hold no role at."
        if not how
        else "Access in an emergency does not open this page."
    )


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
    yield from ("", "## By site", "")
    yield "Whoever holds a role at some sites only is shown these pages, of those sites:"
    yield from ("", ", ".join(page for page in table.pages if page in table.kept_to_sites), "")
    yield "Access in an emergency to a participant of another site opens these:"
    yield from ("", ", ".join(page for page in table.pages if page in table.in_emergency))
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
