"""The controlled-drug register: a page for each form, a line for each movement, a running balance.

The columns are those usual in such registers: when, what happened, container and lot, from or to
whom, in, out, balance, and the two who stand for it. What they must hold follows 21 CFR 1304.22
and ICH E6(R3) appendix C (read in copies only: unverified).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sojourn.conduct import containers
from sojourn.conduct.containers import (
    ContainerReceived,
    CountCorrected,
    Counted,
    Destroyed,
    DiscrepancyExplained,
    Dispensed,
    ReceiptCorrected,
    Returned,
    TransferReceived,
    TransferSent,
)
from sojourn.record.entry import Entry


@dataclass(frozen=True, slots=True)
class Line:
    """One movement. ``balance`` is what the site's pharmacy then held of this form, in units."""

    at: datetime
    form: str
    what: str
    container: str
    lot: str
    whom: str
    units_in: int
    units_out: int
    balance: int
    by: str
    witness: str
    position: int


def lines(site: str, streams: Iterable[tuple[str, Iterable[Entry]]]) -> dict[str, list[Line]]:
    """The register of ``site`` by form; ``streams`` holds each container and its entries."""
    moves: list[tuple[Entry, str, str, str, str, str, int]] = []
    for number, entries in streams:
        before = containers.Container(number=number)
        for entry in entries:
            after = containers.evolve(before, entry)
            moves += _moves(site, before, after, entry)
            before = after
    # Entries that happened at one moment keep the order they were written in.
    moves.sort(key=lambda move: (move[0].occurred_at, move[0].position))
    found: dict[str, list[Line]] = {}
    for entry, form, what, number, lot, whom, units in moves:
        page = found.setdefault(form, [])
        page.append(
            Line(
                entry.occurred_at,
                form,
                what,
                number,
                lot,
                whom,
                max(0, units),
                max(0, -units),
                (page[-1].balance if page else 0) + units,
                entry.author,
                getattr(entry.fact, "witness", ""),
                entry.position,
            )
        )
    return found


def _moves(
    site: str, before: containers.Container, after: containers.Container, entry: Entry
) -> list[tuple[Entry, str, str, str, str, str, int]]:
    what, whom = _words(entry.fact)
    held = before.on_the_shelf if before.site == site else 0
    holds = after.on_the_shelf if after.site == site else 0
    if not what or (held == holds and not _stays_on_the_page(entry.fact, before, site)):
        return []
    return [(entry, after.form, what, after.number, after.lot, whom, holds - held)]


def _stays_on_the_page(fact: Any, before: containers.Container, site: str) -> bool:
    stays = Returned | DiscrepancyExplained | Counted | CountCorrected
    return isinstance(fact, stays) and before.site == site


def _words(fact: Any) -> tuple[str, str]:
    match fact:
        case ContainerReceived():
            return "Received", f"shipment {fact.shipment}"
        case Dispensed():
            return "Dispensed", f"{fact.participant}, {fact.visit}"
        case Returned():
            return f"Returned, {fact.state}", f"{fact.participant}, {fact.visit}"
        case Counted():
            differs = "" if fact.units == fact.expected else f", the book says {fact.expected}"
            return f"Counted: {fact.units}{differs}", ""
        case CountCorrected():
            return f"Count corrected from {fact.was} to {fact.units}", fact.reason
        case ReceiptCorrected():
            return f"Receipt corrected from {fact.was} to {fact.units}", fact.reason
        case Destroyed():
            return f"Destroyed: {fact.method}", fact.certificate
        case TransferSent():
            return "Sent", f"site {fact.to_site}"
        case TransferReceived():
            return "Arrived", "from another site"
        case DiscrepancyExplained():
            return f"Discrepancy: {fact.outcome}", fact.reported or fact.explanation
    return "", ""
