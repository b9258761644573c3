"""A program of a member's own, as it speaks with the API."""

from typing import Any

from django.test import Client

from sojourn.clinic.api import tokens
from sojourn.clinic.demo import PROGRAMME
from sojourn.clinic.models import Member

HOST = "127.0.0.1"


class Program:
    """One member's program, with a token of these scopes."""

    def __init__(self, username: str, *scopes: str) -> None:
        member = Member.objects.get(username=username)
        number = len(tokens.in_force(member))
        self.token = tokens.make(member, f"test {number}", scopes or ("read", "write"), 30)
        headers = {"host": HOST, "authorization": f"Bearer {self.token}"}
        self.client = Client(headers=headers, raise_request_exception=False)

    def get(self, path: str = "", headers: dict[str, str] | None = None, **asked: Any):
        return self.client.get(address(path), asked, headers=headers)

    def send(
        self, path: str, body: Any, *, version: int | None = None, key: str = "", **headers: str
    ):
        if version is not None:
            headers["if-match"] = f'"{version}"'
        if key:
            headers["idempotency-key"] = key
        return self.client.post(
            address(path), body, content_type="application/json", headers=headers
        )

    def course(self, participant: str) -> dict[str, Any]:
        return self.get(f"participants/{participant}").json()


def address(path: str) -> str:
    return f"/api/v1/programmes/{PROGRAMME}" + (f"/{path}" if path else "")
