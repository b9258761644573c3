"""Written once: what was sent under a key before is answered again and not decided again."""

import re
import secrets
from collections.abc import Callable
from hashlib import sha256

from django.http import HttpRequest

from sojourn.clinic.api.door import bearer
from sojourn.clinic.api.problems import Problem
from sojourn.clinic.models import SentRequest
from sojourn.ledger.read import under_key
from sojourn.ledger.turns import in_turn
from sojourn.record.entry import Entry

KEY = r"^[0-9A-Za-z._-]{1,40}$"
VIA = "api:"  # how the key of a command begins that came in here; the token's number follows
Entries = tuple[Entry, ...]


def key_of(request: HttpRequest) -> str:
    """The Idempotency-Key that was sent; empty when there is none.

    Raises
    ------
    Problem
        422 when it is none.
    """
    key = request.headers.get("Idempotency-Key", "")
    if key and not re.fullmatch(KEY, key, re.ASCII):
        raise Problem(
            422, "Idempotency-Key: use up to 40 letters, digits, dots, hyphens or underscores"
        )
    return key


def before(request: HttpRequest) -> Entries | None:
    """What this very request wrote when it was sent first; None where it is new.

    Raises
    ------
    Problem
        422 when something else was sent under its key.
    """
    key, found = key_of(request), bearer(request)
    if not key or found is None:
        return None
    sent = SentRequest.objects.filter(token=found.number, key=key).first()
    if sent is None:
        return None
    if sent.digest != _digest(request):
        raise Problem(
            422,
            f"something else was sent under the key '{key}'; nothing was written. Use a new key",
            "key-reused",
        )
    return under_key(_command_key(found.number, key))


def once(request: HttpRequest, write: Callable[[str], Entries]) -> Entries:
    """What ``write`` writes under the command's key, or what it wrote when this was sent first.

    A refusal is not kept: the same key may be tried again.
    """
    key, found = key_of(request), bearer(request)
    if found is None:
        raise Problem(401)
    if not key:
        return write(_command_key(found.number, secrets.token_hex(16)))
    with in_turn():
        _, new = SentRequest.objects.get_or_create(
            token_id=found.number, key=key, defaults={"digest": _digest(request)}
        )
        if new:
            return write(_command_key(found.number, key))
    return before(request) or ()


def _command_key(token: int, key: str) -> str:
    return f"{VIA}{token}:{key}"


def _digest(request: HttpRequest) -> str:
    return sha256(f"{request.method} {request.path}\n".encode() + request.body).hexdigest()
