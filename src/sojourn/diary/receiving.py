"""Entries arriving from a phone: each taken once, in the order they were filled."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Annotated

from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

from sojourn.course.diary import MakeEntry
from sojourn.diary import clocks
from sojourn.diary.keys import PARTICIPANT, owner_of
from sojourn.diary.models import Device
from sojourn.ledger import desk, leases
from sojourn.ledger.append import StaleVersion
from sojourn.record.command import Refused

MOST_BYTES = 200_000
Word = Annotated[str, Field(max_length=1000)]


@dataclass(frozen=True, slots=True)
class Filled:
    """One entry as the phone kept it. ``offset_min`` is its zone, minutes east of UTC."""

    id: Annotated[str, Field(pattern=r"^[0-9a-f-]{16,40}$")]
    filled_at: AwareDatetime
    offset_min: Annotated[int, Field(ge=-14 * 60, le=14 * 60)]
    answers: Annotated[tuple[tuple[Word, Word], ...], Field(max_length=100)]


@dataclass(frozen=True, slots=True)
class Batch:
    """What a phone sends: whose entries they are, its clock at sending, and the entries."""

    owner: str
    sent_at: AwareDatetime
    entries: Annotated[tuple[Filled, ...], Field(max_length=100)]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a batch: ``taken`` can leave the phone, ``refused`` stays with its reason."""

    taken: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]
    clock: str  # what to tell about the phone's clock


_BATCH = TypeAdapter(Batch)


def read(body: bytes) -> Batch:
    """The batch that a phone sent.

    Raises
    ------
    Refused
        Naming the first field at fault.
    """
    if len(body) > MOST_BYTES:
        raise Refused("that is too much at once")
    try:
        return _BATCH.validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise Refused(f"{field or 'the message'}: {first['msg']}", field) from error


def receive(device: Device, batch: Batch, now: datetime) -> Receipt:
    """Write the entries of ``batch``, each under its own key, so that a retry writes nothing.

    Raises
    ------
    Refused
        If the entries belong to another diary: a phone can have been handed on.
    """
    programme, participant = device.programme, device.participant
    if batch.owner != owner_of(programme, participant):
        raise Refused("these entries belong to another diary", "owner")
    if leases.standing(programme).elsewhere(participant):
        return Receipt((), (), "")  # taken offline by a site: the phone keeps them and sends again
    course = desk.load_course(programme, participant)
    taken: list[str] = []
    refused: list[tuple[str, str]] = []
    words = ""
    for each in batch.entries:
        at, off = clocks.filled(
            each.filled_at, batch.sent_at, now, earliest=course.registered_at or now
        )
        here = timezone(timedelta(minutes=each.offset_min))
        command = MakeEntry(at, at.astimezone(here).date(), each.answers, off)
        try:
            desk.execute(programme, participant, command, PARTICIPANT, key=f"diary:{each.id}")
        except Refused as refusal:
            refused.append((each.id, refusal.message))
        except StaleVersion:  # busy: this one and those after it come again, still in order
            break
        else:
            taken.append(each.id)
        words = words or clocks.told(off)
    return Receipt(tuple(taken), tuple(refused), words)
