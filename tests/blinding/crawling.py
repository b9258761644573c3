"""Everything a blinded person can ask for: every address there is, found in the URLconf itself."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from urllib.parse import urlencode

from django.core import mail
from django.db import transaction
from django.test import Client
from django.urls import reverse

from sojourn import conduct, course
from sojourn.clinic import authority
from sojourn.clinic.api import tokens
from sojourn.clinic.authority import ROLE_KEYS
from sojourn.clinic.demo import PROGRAMME
from sojourn.clinic.demo.programme import ACCOUNTS
from sojourn.clinic.models import Member
from sojourn.conduct import accountability
from sojourn.conduct.blinding import may_open_allocation
from sojourn.diary import keys
from sojourn.exchange.fhir import callers, kept
from sojourn.ledger import devices
from sojourn.ledger.desk import Person
from sojourn.ledger.rows import EventRow, OpenSessionRow, ParticipantRow
from tests.blinding.worlds import NOW, Chance
from tests.clinic.test_authority import addresses

FORM = "application/x-www-form-urlencoded"
HOST = {"host": "127.0.0.1"}
BLINDED = tuple(role for role in ROLE_KEYS if not may_open_allocation(role))
NOBODY = ""
# Ends our own sign-in, or reckons long with what is published and no record at all.
PASSED_OVER = frozenset(
    {"account_logout", "start-design", "cancel-design", "population", "pros-and-cons"}
)
# Asked for as one role only, because it takes long and is made alike for all.
ASKED_BY = {"make-report": "monitor", "event-form": "monitor", "safety-pack": "sponsor"}
COMMANDS_AT = {
    "command": course.COMMANDS,
    "programme-command": conduct.COMMANDS,
    "stock-command": accountability.COMMANDS,
}
API = "api:"
Values = Mapping[str, tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Request:
    name: str  # of the address
    method: str
    path: str
    form: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Answer:
    """All that came back: nothing of it is left out or made alike."""

    status: int
    headers: tuple[tuple[str, str], ...]
    cookies: str
    body: bytes


class Asker:
    """One blinded person or program, whose questions leave the record as it was."""

    def __init__(self, name: str, client: Client, chance: Chance) -> None:
        self.name, self._client, self._chance = name, client, chance

    def ask(self, request: Request) -> Answer:
        """All that comes back; chance repeats itself, and the record stays as it was."""
        self._chance.again()
        cookies = {key: morsel.value for key, morsel in self._client.cookies.items()}
        point = transaction.savepoint()
        try:
            came = self._client.generic(request.method, request.path, request.form, FORM)
            body = b"".join(came.streaming_content) if came.streaming else came.content
        finally:
            transaction.savepoint_rollback(point)
            given = str(self._client.cookies)
            self._client.cookies.load(cookies)
        return Answer(came.status_code, tuple(sorted(came.headers.items())), given, body)


def staff(chance: Chance) -> Iterator[Asker]:
    """Nobody, and one person of each blinded role."""
    for role in (NOBODY, *BLINDED):
        client = Client(headers=HOST, raise_request_exception=False)
        if role:
            client.force_login(Member.objects.filter(role=role)[0])
        yield Asker(role, client, chance)


def values() -> Values:
    """What the words of an address can be: what there is, and what there is not."""
    event = EventRow.objects.order_by("stream", "event")[0]
    numbers = ParticipantRow.objects.filter(randomised_on__isnull=False)
    in_session = OpenSessionRow.objects.get().participant
    randomised = numbers.values_list("participant", flat=True)
    return {
        "programme": (PROGRAMME,),
        "participant": (*dict.fromkeys((in_session, event.participant, randomised[0])), "nobody"),
        "sequence": (1, 12), "event": (event.event,), "command": ("screening.fail",),
        "country": ("AU",), "key": ("none-such",), "form": ("cioms", "html", "pdf", "csv"),
        "kind": ("blinded", "opened"), "pk": (1,), "provider_id": ("sign-on",), "uidb36": ("1",),
        "topic": ("therapy",), "claim": ("durability",), "study": ("mapp1",),
        "number": ("1001", "2002"), "site": ("site-01",), "resource": ("Patient",),
        "identity": ("D-001",), "rest": ("a/b",), "task": ("none-such",),
    }  # fmt: skip


def requests(role: str, known: Values, query: str) -> Iterator[Request]:
    """Each address by each method that matters, with every value its words can have."""
    table = authority.authority()
    for name, words in addresses():
        group = table.group(name, "GET") or table.group(name, "POST")
        if name in PASSED_OVER or group == authority.TOKEN or role != ASKED_BY.get(name, role):
            continue
        if name.startswith(API) and group != authority.EVERYONE:
            continue  # asked with a token of the member's own
        if group == authority.EVERYONE and role != NOBODY:
            continue  # the same for all: asked once
        for chosen in product(*(_of(name, word, role, known, table) for word in sorted(words))):
            path = reverse(name, kwargs=dict(zip(sorted(words), chosen, strict=True)))
            for method in ("GET", "POST"):
                if table.group(name, method) or method == "GET":
                    yield Request(name, method, path + (query if method == "GET" else ""))


def too_late(known: Values) -> Request:
    """A decision on a course that a colleague has written to since: a conflict, which is shown."""
    path = reverse("command", args=[PROGRAMME, known["participant"][0], "consent.withdraw"])
    said = {"at": f"{NOW:%Y-%m-%dT%H:%M}", "wish": "to stop", "scope": "treatment", "version": 1}
    return Request("command", "POST", path, urlencode(said))


def _of(
    name: str, word: str, role: str, known: Values, table: authority.Authority
) -> tuple[object, ...]:
    """A refused page is refused alike for all: asked once. A form is asked by whom it is for."""
    found = known[word]
    if not any(table.may(role, name, method) for method in ("GET", "POST")):
        return found[:1]
    if word == "command":
        commands = COMMANDS_AT[name]
        mine = [each for each in commands if role in _first_of(commands[each].roles)]
        return (*mine, "no.such-command")
    return found[:1] if name in ("command", "correct") and word == "participant" else found


def _first_of(roles: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(role for role in roles if role in BLINDED)[:1]


def programs(chance: Chance) -> Iterator[tuple[Asker, tuple[Request, ...]]]:
    """A program for each blinded member, a device, and a participant's phone, with their tokens."""
    someone = ParticipantRow.objects.filter(status="in-progress")[0].participant
    asked = tuple(_token_pages(someone))
    # All at once: chance, which repeats itself with every request, would make the same one twice.
    members = {role: Member.objects.filter(role=role)[0] for role in BLINDED}
    own = {role: tokens.make(each, "all", ("read", "write"), 1) for role, each in members.items()}
    for member, role in ACCOUNTS:
        if role in BLINDED and member != "therapist2":
            token = callers.add(PROGRAMME, member, member, "system/*.rs", author="lead")
            yield _with_token(f"program of a {role}", token, chance), asked
            yield _with_token(f"own program of a {role}", own[role], chance), tuple(_api(role))
    others = tuple(each for each in asked if not each.name.startswith("fhir"))
    token = devices.add(PROGRAMME, "monitor-1", author="lead")
    yield _with_token("device", token, chance), others
    phone = Client(headers=HOST, raise_request_exception=False)
    keys.send_link(PROGRAMME, someone, "someone@example.org", Person("therapist", "therapist"))
    link = re.search(r"/diary/open/[\w-]+/", mail.outbox[-1].body)
    assert link is not None
    phone.post(link[0])
    yield Asker("participant", phone, chance), others


def _api(role: str) -> Iterator[Request]:
    """Each list of the API with every value its words can have, by whom it is for."""
    table, known = authority.authority(), values()
    for name, words in dict.fromkeys(addresses()):
        if name.startswith(API) and table.group(name, "GET"):
            for chosen in product(*(_of(name, word, role, known, table) for word in sorted(words))):
                path = reverse(name, kwargs=dict(zip(sorted(words), chosen, strict=True)))
                yield Request(name, "GET", path)


def _token_pages(someone: str) -> Iterator[Request]:
    """Every address that asks for a token, whichever."""
    table = authority.authority()
    types = (*kept.OF_COURSES, *kept.OF_PROGRAMMES, "Provenance", "NoSuchThing")
    known = values() | {"resource": types, "identity": (someone,), "number": ("1",)}
    for name, words in addresses():
        for method in ("GET", "POST"):
            if table.group(name, method) == authority.TOKEN and (method == "GET" or not words):
                for chosen in product(*(known[word] for word in sorted(words))):
                    path = reverse(name, kwargs=dict(zip(sorted(words), chosen, strict=True)))
                    yield Request(name, method, path)


def _with_token(name: str, token: str, chance: Chance) -> Asker:
    client = Client(
        headers={**HOST, "authorization": f"Bearer {token}"}, raise_request_exception=False
    )
    return Asker(name, client, chance)
