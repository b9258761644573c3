"""The interface that devices speak: batches of readings in, open alarms out.

Documented by its own OpenAPI text at /api/v1/vitals/openapi.json. Each request
carries a device's token; a token reaches one programme and, where it was made
for one, one site.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver
from ninja import Field, NinjaAPI, Router, Schema, Status
from ninja.security import HttpBearer

from sojourn.course.readings import Reading
from sojourn.ledger import clock, devices, raising
from sojourn.ledger.alarms import open_alarms
from sojourn.ledger.monitoring import Delivery, Receipt, Sender, receive
from sojourn.protocols.monitoring import SignalKey

MOST_READINGS = 20_000


Moment = Annotated[int, Field(ge=0, lt=253_402_300_800_000)]  # up to the year 9999


@dataclass(frozen=True, slots=True)
class Caller:
    programme: str
    sender: Sender


class Token(HttpBearer):
    """'Authorization: Bearer TOKEN', as made by 'sojourn device add'."""

    def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        found = devices.sender_of(token)
        return Caller(*found) if found else None


class SignalIn(Schema):
    """Readings of one signal: as many values as moments, whole numbers of the signal's unit."""

    signal: SignalKey
    at_ms: Annotated[
        list[Moment],
        Field(description="Milliseconds since 1970-01-01 UTC by the device's clock, one a value."),
    ]
    values: list[Annotated[int, Field(ge=-100_000, le=100_000)]]


class SessionIn(Schema):
    """Readings of one participant's session."""

    participant: Annotated[str, Field(min_length=1, max_length=32)]
    batch: Annotated[
        str,
        Field(
            min_length=1,
            max_length=80,
            pattern=r"^[\x21-\x7e]+$",
            description="Unique for this device, the same on a retry: a number that never goes "
            "back, or a UUID.",
        ),
    ]
    visit: Annotated[
        str, Field("", max_length=64, description="Only for a session that is closed.")
    ]
    signals: list[SignalIn]


class BatchIn(Schema):
    """What a gateway sends: its clock now, and readings of one or more sessions."""

    clock_ms: Annotated[
        Moment,
        Field(
            description="Milliseconds since 1970-01-01 UTC on the clock that stamped these, "
            "as it is at this very try."
        ),
    ]
    sessions: Annotated[list[SessionIn], Field(min_length=1, max_length=500)]


class ReceiptOut(Schema):
    """What became of one session's readings."""

    participant: str
    batch: str
    status: str = Field(description="written, known (nothing was new) or refused")
    message: str
    field: str
    visit: str
    written: int
    duplicates: int
    late: int
    unusable: int
    corrected_ms: int
    left_out: list[str]
    raised: list[str]


class ReceiptsOut(Schema):
    server_ms: int
    receipts: list[ReceiptOut]


class AlarmOut(Schema):
    """An open alarm. It stays open until someone acts and says what they did."""

    participant: str
    visit: str
    alert: str
    rule: str
    level: str
    label: str
    raised_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str
    escalated_at: datetime | None
    escalated_to: str


class AlarmsOut(Schema):
    server_ms: int
    alarms: list[AlarmOut]


class FaultOut(Schema):
    message: str
    field: str


router = Router(tags=["vitals"])


@router.post(
    "/batches", response={200: ReceiptsOut, 422: FaultOut}, summary="Deliver a batch of readings"
)
def deliver(request: HttpRequest, batch: BatchIn) -> Any:
    """Each session's readings are taken or refused by themselves; read every receipt."""
    caller = _caller(request)
    deliveries = []
    for number, session in enumerate(batch.sessions):
        fault = fault_of(session, f"sessions[{number}]")
        if fault:
            return Status(422, fault)
        deliveries.append(delivery_of(session, batch.clock_ms))
    receipts = receive(caller.programme, deliveries, caller.sender)
    raising.tick(caller.programme)
    return ReceiptsOut(server_ms=_now_ms(), receipts=[_out(each) for each in receipts])


@router.get("/alarms", response=AlarmsOut, summary="The open alarms")
def alarms(request: HttpRequest, participant: str = "") -> AlarmsOut:
    """Oldest first; of the device's own site where it has one."""
    caller = _caller(request)
    raising.tick(caller.programme)
    found = open_alarms(caller.programme, site=caller.sender.site, participant=participant)
    return AlarmsOut(server_ms=_now_ms(), alarms=[AlarmOut.from_orm(each) for each in found])


api = NinjaAPI(
    title="Sojourn: vital signs",
    version="1",
    description=__doc__ or "",
    auth=Token(),
    docs_url=None,  # its page would load scripts from another host
    openapi_url="/openapi.json",
    urls_namespace="vitals-api",
)
api.add_router("", router)


def addresses() -> tuple[list[URLResolver | URLPattern], str, str]:
    """The interface's addresses, which ask for a token and not for a signed-in person."""
    patterns, app, namespace = api.urls
    for each in patterns:
        if isinstance(each, URLPattern):
            each.callback = login_not_required(each.callback)
    return patterns, app, namespace


def _caller(request: HttpRequest) -> Caller:
    caller: Caller = request.auth  # type: ignore[attr-defined]
    return caller


def fault_of(session: SessionIn, place: str) -> FaultOut | None:
    """What makes a session's readings unreadable, if anything does."""
    total = 0
    for number, each in enumerate(session.signals):
        total += len(each.values)
        if len(each.at_ms) != len(each.values):
            message = f"{len(each.at_ms)} moments and {len(each.values)} values; send one for each"
            return FaultOut(message=message, field=f"{place}.signals[{number}]")
    if not total:
        return FaultOut(message="no readings; send at least one", field=f"{place}.signals")
    if total > MOST_READINGS:
        message = f"{total} readings; send at most {MOST_READINGS} in one batch"
        return FaultOut(message=message, field=f"{place}.signals")
    return None


def delivery_of(session: SessionIn, clock_ms: int) -> Delivery:
    """The readings of one session, ready to be received."""
    readings = tuple(
        Reading(at_ms, each.signal, value)
        for each in session.signals
        for at_ms, value in zip(each.at_ms, each.values, strict=True)
    )
    return Delivery(session.participant, session.batch, readings, clock_ms, session.visit)


def _out(receipt: Receipt) -> ReceiptOut:
    return ReceiptOut.from_orm(receipt)


def _now_ms() -> int:
    return round(clock.now().timestamp() * 1000)
