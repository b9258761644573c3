"""How lists are asked for: what may be asked, pages by cursor, and refusals of the rest."""

from collections.abc import Callable, Iterable
from datetime import date
from functools import wraps
from inspect import Parameter, signature
from typing import Annotated, Any, Literal, TypeVar

from django.http import HttpRequest
from ninja import Field, Router, Schema
from ninja.params.functions import Header, Path
from pydantic.json_schema import SkipJsonSchema

from sojourn.clinic.api.parameters import with_parameters
from sojourn.clinic.api.problems import Problem, wrong

PLAIN = r"^[^\x00-\x1f\x7f]*$"  # what databases take as text
Word = Annotated[str, Path(pattern=r"^[^\x00-\x1f\x7f/]{1,64}$")]


def header(name: str, **limits: Any) -> Any:
    """The type of a header that may be left out; a client that leaves it out sends none."""
    # Made while running, for a documentation without null; mypy reads types alone.
    annotated: Any = Annotated
    left_out: Any = SkipJsonSchema
    return annotated[str | left_out[None], Header(alias=name, **limits)]


Unchanged = header("If-None-Match", max_length=200)
MOST = 200
View = TypeVar("View", bound=Callable[..., Any])


class Paged(Schema):
    """Which page of a list."""

    limit: int = Field(50, ge=1, le=MOST)
    after: str = Field(
        "", max_length=400, pattern=PLAIN, description="'next_after' of the page before."
    )


class Counted(Schema):
    """Which page of a history."""

    limit: int = Field(50, ge=1, le=MOST)
    after: int = Field(0, ge=0, le=10**9, description="'next_after' of the page before.")


class AsOf(Schema):
    """When."""

    as_of: str = Field(
        "",
        max_length=40,
        pattern=PLAIN,
        description="As the record knew it then, such as 2026-03-02T09:00Z.",
    )


class CountedAsOf(Counted, AsOf):
    """Which page of a history, and when."""


def read(
    router: Router, path: str, out: Any, url_name: str, *, asks: type[Schema] | None = None
) -> Callable[[View], View]:
    """A view that answers GET at ``path`` with ``out``; what it does not ask for is refused."""
    known = set(asks.model_fields) if asks else set()

    def of(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, if_none_match: Any = None, **words: Any) -> Any:
            if unknown := set(request.GET) - known:
                name = min(unknown)
                mend = f"is not understood here; known are: {', '.join(sorted(known)) or 'none'}"
                raise Problem(400, "", "unreadable", (wrong(name[:60], request.GET[name], mend),))
            return view(request, **words)

        header = Parameter(
            "if_none_match", Parameter.KEYWORD_ONLY, default=None, annotation=Unchanged
        )
        with_parameters(answer, [*signature(view).parameters.values(), header])
        router.add_api_operation(
            path,
            ["GET"],
            answer,
            response={200: out, 304: None},
            operation_id=f"read_{view.__name__}",
            summary=view.__name__.replace("_", " ").capitalize(),
            url_name=url_name,
        )
        return view

    return of


def one_of(*keys: str) -> Any:
    """The type of a text that is one of these."""
    return Literal[keys]


def page(found: Iterable[Any], limit: int, name: Callable[[Any], str]) -> tuple[list[Any], str]:
    """The rows of a page, of which one more was fetched, and where the next begins."""
    rows = list(found)
    more = len(rows) > limit
    return rows[:limit], name(rows[limit - 1]) if more else ""


def day_of(after: str) -> date:
    """The day that a place in a list begins with, before the two keys that follow it."""
    try:
        day, _, _ = after.split("|")
        return date.fromisoformat(day)
    except ValueError as error:
        mend = "is no place to go on from; send the 'next_after' of the page before"
        raise Problem(422, "", "invalid", (wrong("after", after, mend),)) from error
