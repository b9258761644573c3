"""A receipt or a count that was written wrongly: what was written stays, the book tells both.

A correction has a reason and a witness. An alert of diversion that came from the slip alone is
explained by it; what is still missing afterwards is an alert anew.
"""

from collections.abc import Mapping
from typing import Any

from sojourn.conduct.containers import (
    Container,
    CountCorrected,
    Discrepancy,
    DiscrepancyExplained,
    ReceiptCorrected,
)
from sojourn.conduct.pharmacy import CorrectCount, CorrectReceipt
from sojourn.conduct.stock import Placed, Stock, container_here, discrepancy_found
from sojourn.record.command import Refused

REASON = 8  # letters at least


def correct_receipt(stock: Stock, command: CorrectReceipt) -> tuple[Placed, ...]:
    each = container_here(stock, command.container)
    reason = _reason(command.reason)
    more = command.units - each.received
    if not more:
        raise Refused(f"{command.units} units is what was written", "units")
    if each.in_stock + more < 0:
        gone = each.received - each.in_stock
        raise Refused(f"{gone} units have left the shelf since; it can't be fewer", "units")
    fact = ReceiptCorrected(command.units, each.received, reason, command.witness)
    if each.counted is None:
        return ((each.number, fact),)
    gap = _of_count(each)
    missing = (gap.missing if gap else 0) + more
    return ((each.number, fact), *_anew(each, gap, missing, reason, command.witness))


def correct_count(stock: Stock, command: CorrectCount) -> tuple[Placed, ...]:
    each = container_here(stock, command.container)
    reason = _reason(command.reason)
    if each.counted is None:
        raise Refused(f"container {each.number} was never counted", "container")
    if command.units == each.counted:
        raise Refused(f"{command.units} units is what was written", "units")
    gap = _of_count(each)
    if each.counted != each.expected and gap is None:
        raise Refused("what that count missed was explained; count it again", "container")
    fact = CountCorrected(command.units, each.counted, each.expected, reason, command.witness)
    missing = each.expected - command.units
    return ((each.number, fact), *_anew(each, gap, missing, reason, command.witness))


def _of_count(each: Container) -> Discrepancy | None:
    """The open alert of the last count; nothing is counted again while one is open."""
    return next((gap for gap in each.open if gap.rule == "count"), None)


def _anew(
    each: Container, gap: Discrepancy | None, missing: int, reason: str, witness: str
) -> tuple[Placed, ...]:
    """The alert explained by the slip, and one anew for what is missing all the same."""
    facts: list[Placed] = []
    if gap is not None:
        # The book itself is not adjusted: it was the writing that was wrong.
        explained = DiscrepancyExplained(gap.key, "clerical", reason, "", 0, witness)
        facts.append((each.number, explained))
    if missing:
        label = f"after a correction {abs(missing)} units are {_way(missing)} by the last count"
        found = discrepancy_found(each, "count", label, missing, each.site)
        facts.append((each.number, found))
    return tuple(facts)


def _way(missing: int) -> str:
    return "missing" if missing > 0 else "too many"


def _reason(text: str) -> str:
    if len(text.strip()) < REASON:
        raise Refused("say in a few words what was wrong and how it is known", "reason")
    return text.strip()


DECIDE: Mapping[type[Any], Any] = {CorrectReceipt: correct_receipt, CorrectCount: correct_count}
