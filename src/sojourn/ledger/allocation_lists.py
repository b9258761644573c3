"""Allocation lists from elsewhere: sealed there for this site, taken in, each line sealed again.

A sealed list is a JSON file. What it says of itself is readable and bound to what it seals: the
programme, who made it, and its digest. The digest is over the list and a salt that lies under the
seal too, because a short list could be found from its bare digest by trying.
"""

import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sojourn.conduct import allocation_list
from sojourn.conduct.allocation_list import AllocationListReceived
from sojourn.ledger import clock, programmes, seal
from sojourn.ledger.append import append, take_turn
from sojourn.ledger.read import read_stream, streams, version
from sojourn.ledger.turns import in_turn
from sojourn.record.command import Refused
from sojourn.record.kinds import canonical

LISTS = "allocation-list:"
FORMAT = "sojourn-sealed-allocation-list-1"
SALT = 32  # bytes


@dataclass(frozen=True, slots=True)
class Left:
    """How many numbers of a stratum are given out, and how many the lists hold."""

    stratum: str
    given: int
    held: int


def sealed_for(site: str, programme: str, made_by: str, text: str) -> tuple[str, str]:
    """A sealed list for the site of that address, and its digest; needs no record.

    Raises
    ------
    ValueError
        If ``site`` is no address of a site.
    """
    salted = secrets.token_bytes(SALT) + text.encode()
    digest = sha256(salted).hexdigest()
    about = {"format": FORMAT, "programme": programme, "made_by": made_by, "digest": digest}
    letter = seal.seal_letter(salted, site, canonical(about).encode())
    return json.dumps({**about, "sealed": b64encode(letter).decode()}, indent=1) + "\n", digest


def take(
    programme: str, file: str, *, author: str, role: str, least: int
) -> AllocationListReceived:
    """Check a sealed list and keep it, each line under the site's own seal.

    ``least`` is how many numbers each stratum must reach. No part of it is shown to anybody.

    Raises
    ------
    Refused
        If it can't be opened here, does not hold, or comes too late.
    """
    if role not in allocation_list.BRINGERS:
        raise Refused(f"a list is brought by {', '.join(allocation_list.BRINGERS)}, not a {role}")
    standing = programmes.load(programme)
    plan = standing.protocol.randomisation
    if plan is None:
        raise Refused(f"protocol {standing.protocol.key} has no randomisation")
    about, text = _opened(programme, file)
    stream = LISTS + programme
    with in_turn():
        take_turn()
        earlier = received(programme)
        if not earlier and any(version(each) for each in streams(f"allocation:{programme}:")):
            raise Refused("participants are allocated from the programme's own sequence already")
        if about["digest"] in {each.digest for each in earlier}:
            raise Refused(f"this list, {about['digest'][:12]}, was taken in before")
        found = allocation_list.read_lines(text)
        reached: dict[str, int] = {}
        for stratum, number in lines(earlier):
            reached[stratum] = max(number, reached.get(stratum, 0))
        checked = allocation_list.check(
            found, standing.protocol.arms, plan, reached=reached, least=least
        )
        fact = AllocationListReceived(
            about["digest"],
            about["made_by"],
            checked,
            tuple((each.stratum, each.number, seal.seal(each.arm)) for each in found),
        )
        append(
            stream,
            (fact,),
            expected=version(stream),
            occurred_at=clock.now(),
            author=author,
            role=role,
        )
    return fact


def received(programme: str) -> tuple[AllocationListReceived, ...]:
    """The lists taken in, oldest first."""
    entries = read_stream(LISTS + programme)
    return tuple(e.fact for e in entries if isinstance(e.fact, AllocationListReceived))


def lines(lists: tuple[AllocationListReceived, ...]) -> Mapping[tuple[str, int], str]:
    """The ciphertext of every line, by stratum and number."""
    return {(stratum, number): sealed for each in lists for stratum, number, sealed in each.lines}


def left(programme: str) -> tuple[Left, ...]:
    """Numbers given out and held, by stratum."""
    held: dict[str, int] = {}
    for stratum, _ in lines(received(programme)):
        held[stratum] = held.get(stratum, 0) + 1
    return tuple(
        Left(stratum, version(f"allocation:{programme}:{stratum}"), count)
        for stratum, count in sorted(held.items())
    )


def _opened(programme: str, file: str) -> tuple[dict[str, str], str]:
    """What a sealed list says of itself, and the list."""
    try:
        told: dict[str, Any] = json.loads(file)
        letter = b64decode(told.pop("sealed"), validate=True)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused("the file is no sealed allocation list; ask for it anew") from error
    if told.get("format") != FORMAT or {*told} != {"format", "programme", "made_by", "digest"}:
        raise Refused(f"the file is no sealed list of format {FORMAT}")
    if told["programme"] != programme:
        raise Refused(f"the list was made for programme '{told['programme']}', not '{programme}'")
    try:
        salted = seal.open_letter(letter, canonical(told).encode())
    except ValueError as error:
        raise Refused(f"the list can't be opened: {error}") from error
    if sha256(salted).hexdigest() != told["digest"]:
        raise Refused(f"the list is not the one of digest {told['digest'][:12]}")
    return told, salted[SALT:].decode()
