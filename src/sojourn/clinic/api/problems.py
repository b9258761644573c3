"""What is wrong, told as RFC 9457 tells it: application/problem+json for every error."""

import json
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse
from ninja import Field, Schema

CONTENT_TYPE = "application/problem+json"
TYPE = "urn:sojourn:problem:"
SHOWN = 200  # characters of a value that was sent
# What is said where nothing more particular is known.
USUAL = {
    400: ("unreadable", "The request can't be read; check how it is written."),
    401: ("no-token", "Send 'Authorization: Bearer TOKEN' with a token that is in force here."),
    403: ("not-allowed", "This is not for your role."),
    404: ("not-found", "There is nothing at this address; see /api/v1/openapi.json."),
    405: ("method", "This method is not spoken here; the Allow header names those that are."),
    409: ("conflict", "A colleague recorded something first. Nothing of yours was written."),
    412: ("stale", "The record has moved on since you read it. Read it again, then decide."),
    413: ("too-long", "The body is too long; send less at a time."),
    415: ("content-type", "Send application/json in UTF-8."),
    422: ("refused", "What was sent makes no sense here; see what is said of each field."),
    428: ("version-needed", "A decision names the version you saw: send its ETag as If-Match."),
    500: ("failed", "Something failed here. Nothing of what you sent was kept."),
    503: (
        "unreachable",
        "The record can't be reached or written just now. Nothing of what you sent was kept; "
        "send it again in a moment.",
    ),
}


class Wrong(Schema):
    """One field at fault: where it is, what was sent, and how to mend it."""

    field: str = Field(description="Name of the field; of a field within, after a dot.")
    value: str = Field(description="What was sent, as JSON, cut short; empty when nothing was.")
    mend: str


class ProblemOut(Schema):
    """Why there is no better answer (RFC 9457). Nothing was written."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[Wrong]


class Problem(Exception):
    """Something that can't be answered; ``kind`` tells clients what, ``detail`` tells people."""

    def __init__(
        self, status: int, detail: str = "", kind: str = "", errors: tuple[Wrong, ...] = ()
    ) -> None:
        usual, words = USUAL.get(status, ("failed", ""))
        super().__init__(detail or words)
        self.status = status
        self.detail = detail or words
        self.kind = kind or usual
        self.errors = errors

    def answer(self) -> HttpResponse:
        """The response that tells it."""
        told = ProblemOut(
            type=TYPE + self.kind,
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            detail=self.detail,
            errors=list(self.errors),
        )
        response = HttpResponse(
            json.dumps(told.model_dump(), ensure_ascii=False),
            status=self.status,
            content_type=CONTENT_TYPE,
        )
        response["Cache-Control"] = "no-store"
        if self.status == 401:
            response["WWW-Authenticate"] = 'Bearer realm="api"'
        return response


def wrong(field: str, value: Any, mend: str) -> Wrong:
    """What is wrong with one field."""
    shown = "" if value is None else json.dumps(value, ensure_ascii=False, default=str)[:SHOWN]
    return Wrong(field=field, value=shown, mend=mend)
