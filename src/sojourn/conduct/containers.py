"""Containers of study drug: what happened to each, and how many units of it are where.

A container is a stream of its own, so that streams stay short and two people at work on
two containers never meet. Its number says nothing of the arm; what it holds is sealed.
Follows the content of records in 21 CFR 312.62(a), 21 CFR 1304.21-22 and ICH E6(R3)
2.10 and appendix C (read in copies only: unverified).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import reduce
from types import MappingProxyType
from typing import Any, ClassVar

from sojourn.record.entry import Entry, Fact


@dataclass(frozen=True, slots=True)
class ContainerReceived:
    """``form`` is as on the label, the same for every arm; ``lot`` is the packaging lot."""

    kind: ClassVar[str] = "drug.container-received"
    schema: ClassVar[int] = 1
    shipment: str
    site: str
    place: str
    form: str
    unit_mg: int
    lot: str
    expires_on: date
    units: int
    condition: str
    temperature_reference: str
    witness: str


@dataclass(frozen=True, slots=True)
class ContentsSealed:
    """``sealed`` is ciphertext of the arm the container is for."""

    kind: ClassVar[str] = "drug.contents-sealed"
    schema: ClassVar[int] = 1
    sealed: str


@dataclass(frozen=True, slots=True)
class Dispensed:
    kind: ClassVar[str] = "drug.dispensed"
    schema: ClassVar[int] = 1
    participant: str
    visit: str
    units: int
    witness: str


@dataclass(frozen=True, slots=True)
class Administered:
    """What the session room recorded; ``units`` follow from the level and the label."""

    kind: ClassVar[str] = "drug.administered"
    schema: ClassVar[int] = 1
    participant: str
    visit: str
    which: str
    level_mg: int
    units: int


@dataclass(frozen=True, slots=True)
class Returned:
    kind: ClassVar[str] = "drug.returned"
    schema: ClassVar[int] = 1
    participant: str
    visit: str
    units: int
    state: str
    witness: str


@dataclass(frozen=True, slots=True)
class Counted:
    kind: ClassVar[str] = "drug.counted"
    schema: ClassVar[int] = 1
    units: int
    expected: int
    witness: str


@dataclass(frozen=True, slots=True)
class ReceiptCorrected:
    """``units`` were received where ``was`` had been written."""

    kind: ClassVar[str] = "drug.receipt-corrected"
    schema: ClassVar[int] = 1
    units: int
    was: int
    reason: str
    witness: str


@dataclass(frozen=True, slots=True)
class CountCorrected:
    """The last count had found ``units`` where ``was`` had been written."""

    kind: ClassVar[str] = "drug.count-corrected"
    schema: ClassVar[int] = 1
    units: int
    was: int
    expected: int
    reason: str
    witness: str


@dataclass(frozen=True, slots=True)
class DiscrepancyFound:
    """An alert of diversion. ``missing`` is negative where there is more than there should be."""

    kind: ClassVar[str] = "drug.discrepancy-found"
    schema: ClassVar[int] = 1
    discrepancy: str
    rule: str
    label: str
    site: str
    missing: int


@dataclass(frozen=True, slots=True)
class DiscrepancyExplained:
    """``adjusted`` is what the book changed by, in units."""

    kind: ClassVar[str] = "drug.discrepancy-explained"
    schema: ClassVar[int] = 1
    discrepancy: str
    outcome: str
    explanation: str
    reported: str
    adjusted: int
    witness: str


@dataclass(frozen=True, slots=True)
class Quarantined:
    kind: ClassVar[str] = "drug.quarantined"
    schema: ClassVar[int] = 1
    cause: str
    reason: str


@dataclass(frozen=True, slots=True)
class Released:
    kind: ClassVar[str] = "drug.released"
    schema: ClassVar[int] = 1
    reason: str
    reference: str


@dataclass(frozen=True, slots=True)
class Destroyed:
    kind: ClassVar[str] = "drug.destroyed"
    schema: ClassVar[int] = 1
    units: int
    method: str
    certificate: str
    witness: str


@dataclass(frozen=True, slots=True)
class TransferSent:
    kind: ClassVar[str] = "drug.transfer-sent"
    schema: ClassVar[int] = 1
    to_site: str
    units: int
    witness: str


@dataclass(frozen=True, slots=True)
class TransferReceived:
    kind: ClassVar[str] = "drug.transfer-received"
    schema: ClassVar[int] = 1
    site: str
    place: str
    units: int
    witness: str


@dataclass(frozen=True, slots=True)
class HandOut:
    """What left the pharmacy for one session; ``returned`` is None until the rest came back."""

    participant: str
    visit: str
    units: int
    at: datetime
    administered: int = 0
    returned: int | None = None

    @property
    def out(self) -> int:
        """Units neither given nor back so far."""
        return 0 if self.returned is not None else max(0, self.units - self.administered)


@dataclass(frozen=True, slots=True)
class Discrepancy:
    key: str
    rule: str
    label: str
    site: str
    missing: int
    found_at: datetime
    explained_at: datetime | None = None
    outcome: str = ""
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class Container:
    """One container as its entries add up to; units never go below zero."""

    number: str = ""
    site: str = ""
    place: str = ""
    form: str = ""
    unit_mg: int = 0
    lot: str = ""
    expires_on: date | None = None
    received: int = 0
    in_stock: int = 0  # may be dispensed
    returned: int = 0  # back from a session; kept apart until destroyed
    destroyed: int = 0
    written_off: int = 0  # explained as lost; negative where more was there than written
    in_transit: int = 0
    to_site: str = ""
    sealed: str = ""
    quarantine: str = ""  # why it may not be used; empty when it may
    counted: int | None = None  # by the last count, as it was written or corrected
    expected: int = 0  # what the book said at that count
    hand_outs: tuple[HandOut, ...] = ()
    discrepancies: Mapping[str, Discrepancy] = field(default_factory=lambda: MappingProxyType({}))
    version: int = 0

    @property
    def on_the_shelf(self) -> int:
        """Units a count must find in the pharmacy."""
        return self.in_stock + self.returned

    @property
    def administered(self) -> int:
        return sum(each.administered for each in self.hand_outs)

    @property
    def unexplained(self) -> int:
        """Units handed out whose return does not add up, and nobody has explained."""
        return sum(
            each.missing
            for each in self.discrepancies.values()
            if each.rule == "return" and each.explained_at is None
        )

    @property
    def open(self) -> tuple[Discrepancy, ...]:
        return tuple(each for each in self.discrepancies.values() if each.explained_at is None)

    def hindrance(self, on: date) -> str:
        """Why it may not be dispensed on that day; empty when it may."""
        if not self.expires_on:
            return "it was never received"
        if self.quarantine:
            return f"it is in quarantine: {self.quarantine}"
        if on > self.expires_on:
            return f"it expired on {self.expires_on}"
        if self.to_site:
            return f"it is on its way to site {self.to_site}"
        return ""

    def hand_out(self, participant: str, visit: str) -> HandOut | None:
        return next(
            (e for e in self.hand_outs if (e.participant, e.visit) == (participant, visit)), None
        )


def _received(each: Container, fact: ContainerReceived, entry: Entry) -> Container:
    return replace(
        each,
        site=fact.site,
        place=fact.place,
        form=fact.form,
        unit_mg=fact.unit_mg,
        lot=fact.lot,
        expires_on=fact.expires_on,
        received=fact.units,
        in_stock=fact.units,
    )


def _receipt_corrected(each: Container, fact: ReceiptCorrected, entry: Entry) -> Container:
    more = fact.units - fact.was
    return replace(
        each,
        received=fact.units,
        in_stock=each.in_stock + more,
        expected=each.expected + more,
    )


def _dispensed(each: Container, fact: Dispensed, entry: Entry) -> Container:
    out = HandOut(fact.participant, fact.visit, fact.units, entry.occurred_at)
    return replace(each, in_stock=each.in_stock - fact.units, hand_outs=(*each.hand_outs, out))


def _administered(each: Container, fact: Administered, entry: Entry) -> Container:
    return replace(
        each,
        hand_outs=tuple(
            replace(out, administered=out.administered + fact.units)
            if (out.participant, out.visit) == (fact.participant, fact.visit)
            else out
            for out in each.hand_outs
        ),
    )


def _returned(each: Container, fact: Returned, entry: Entry) -> Container:
    return replace(
        each,
        returned=each.returned + fact.units,
        hand_outs=tuple(
            replace(out, returned=fact.units)
            if (out.participant, out.visit) == (fact.participant, fact.visit)
            else out
            for out in each.hand_outs
        ),
    )


def _found(each: Container, fact: DiscrepancyFound, entry: Entry) -> Container:
    found = Discrepancy(
        fact.discrepancy, fact.rule, fact.label, fact.site, fact.missing, entry.occurred_at
    )
    return replace(each, discrepancies=MappingProxyType({**each.discrepancies, found.key: found}))


def _explained(each: Container, fact: DiscrepancyExplained, entry: Entry) -> Container:
    found = each.discrepancies[fact.discrepancy]
    done = replace(
        found,
        explained_at=entry.occurred_at,
        outcome=fact.outcome,
        explanation=fact.explanation,
    )
    each = replace(each, discrepancies=MappingProxyType({**each.discrepancies, done.key: done}))
    if found.rule == "return":
        # What was handed out has left the shelf already; found again it is kept with the returned.
        back = max(0, found.missing) if fact.outcome == "found" else 0
        return replace(
            each,
            returned=each.returned + back,
            written_off=each.written_off + found.missing - back,
        )
    stock = each.in_stock + fact.adjusted
    # A loss greater than what may be dispensed comes out of what was returned.
    return replace(
        each,
        in_stock=max(0, stock),
        returned=each.returned + min(0, stock),
        written_off=each.written_off - fact.adjusted,
    )


def _destroyed(each: Container, fact: Destroyed, entry: Entry) -> Container:
    from_returned = min(each.returned, fact.units)
    return replace(
        each,
        returned=each.returned - from_returned,
        in_stock=each.in_stock - (fact.units - from_returned),
        destroyed=each.destroyed + fact.units,
    )


def _sent(each: Container, fact: TransferSent, entry: Entry) -> Container:
    return replace(
        each,
        to_site=fact.to_site,
        in_stock=each.in_stock - fact.units,
        in_transit=fact.units,
    )


def _arrived(each: Container, fact: TransferReceived, entry: Entry) -> Container:
    # The book holds what was sent; a difference is a discrepancy until it is explained.
    return replace(
        each,
        site=fact.site,
        place=fact.place,
        to_site="",
        in_stock=each.in_stock + each.in_transit,
        in_transit=0,
    )


def _held(each: Container, fact: Quarantined, entry: Entry) -> Container:
    # A second reason does not hide the first from whoever releases it.
    reasons = dict.fromkeys(filter(None, (*each.quarantine.split("; "), fact.reason)))
    return replace(each, quarantine="; ".join(reasons))


EVOLVE: Mapping[type, Any] = {
    ContainerReceived: _received,
    ContentsSealed: lambda each, fact, entry: replace(each, sealed=fact.sealed),
    Dispensed: _dispensed,
    Administered: _administered,
    Returned: _returned,
    Counted: lambda each, fact, _: replace(each, counted=fact.units, expected=fact.expected),
    ReceiptCorrected: _receipt_corrected,
    CountCorrected: lambda each, fact, _: replace(each, counted=fact.units),
    DiscrepancyFound: _found,
    DiscrepancyExplained: _explained,
    Quarantined: _held,
    Released: lambda each, fact, entry: replace(each, quarantine=""),
    Destroyed: _destroyed,
    TransferSent: _sent,
    TransferReceived: _arrived,
}
FACTS: tuple[type[Fact], ...] = tuple(EVOLVE)


def evolve(container: Container, entry: Entry) -> Container:
    """The container after ``entry``."""
    changed: Container = EVOLVE[type(entry.fact)](container, entry.fact, entry)
    return replace(changed, version=entry.sequence)


def fold(number: str, entries: Iterable[Entry]) -> Container:
    """The container that its stream's history adds up to."""
    return reduce(evolve, entries, Container(number=number))
