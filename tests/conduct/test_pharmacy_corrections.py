"""A slip of the pharmacy is put right with a reason and a witness; what was written stays."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.conduct import register
from sojourn.conduct.containers import CountCorrected, ReceiptCorrected
from sojourn.conduct.pharmacy import CorrectCount, CorrectReceipt, CountContainer, Dispense
from sojourn.record.command import Refused
from tests.conduct.test_accountability import Pharmacy

WHY = "Two were stuck together; seen by both"


def count(pharmacy: Pharmacy, units: int):
    return pharmacy.ask(CountContainer(pharmacy.at, "1001", units, "wilma"))


def corrected(pharmacy: Pharmacy, kind, units: int, *, reason: str = WHY, witness: str = "wilma"):
    return pharmacy.ask(kind(pharmacy.at, "1001", units, reason, witness))


def page(pharmacy: Pharmacy) -> list[register.Line]:
    streams = [(number, entries) for number, entries in pharmacy.entries.items() if number]
    return register.lines("oslo", streams)[pharmacy.container().form]


@pytest.mark.proves("drug-accountability")
def test_a_count_that_was_written_wrongly_ends_its_alert_and_the_register_tells_both():
    pharmacy = Pharmacy().received("1001", units=9)
    count(pharmacy, 7)
    assert len(pharmacy.container().open) == 1

    kinds = corrected(pharmacy, CorrectCount, 9)

    assert kinds == ["drug.count-corrected", "drug.discrepancy-explained"]
    assert not pharmacy.container().open
    assert pharmacy.container().on_the_shelf == 9
    told = [(each.what, each.balance, each.witness) for each in page(pharmacy)]
    assert told == [
        ("Received", 9, "wilma"),
        ("Counted: 7, the book says 9", 9, "wilma"),
        ("Count corrected from 7 to 9", 9, "wilma"),
        ("Discrepancy: clerical", 9, "wilma"),
    ]
    assert page(pharmacy)[2].whom == WHY


def test_a_receipt_that_was_written_wrongly_moves_the_balance_and_ends_the_counts_alert():
    pharmacy = Pharmacy().received("1001", units=9)
    count(pharmacy, 8)

    corrected(pharmacy, CorrectReceipt, 8)

    container = pharmacy.container()
    assert (container.received, container.on_the_shelf, container.open) == (8, 8, ())
    lines = {each.what: (each.units_out, each.balance) for each in page(pharmacy)}
    assert lines["Received"] == (0, 9)
    assert lines["Receipt corrected from 9 to 8"] == (1, 8)
    assert count(pharmacy, 8) == ["drug.counted"]


@given(st.integers(1, 12), st.integers(0, 12), st.integers(0, 12), st.integers(1, 12))
@settings(max_examples=80)
def test_whatever_is_corrected_an_alert_is_open_just_where_count_and_book_differ(
    received, counted, recounted, receipt
):
    pharmacy = Pharmacy().received("1001", units=received)
    count(pharmacy, counted)
    if recounted != counted:
        corrected(pharmacy, CorrectCount, recounted)
    if receipt != received:
        corrected(pharmacy, CorrectReceipt, receipt)
    container = pharmacy.container()
    assert container.on_the_shelf == receipt == page(pharmacy)[-1].balance
    missing = [each.missing for each in container.open]
    assert missing == ([receipt - recounted] if receipt != recounted else [])


def test_what_was_written_stays_beside_what_is_right():
    pharmacy = Pharmacy().received("1001", units=9)
    count(pharmacy, 7)
    corrected(pharmacy, CorrectCount, 8)
    corrected(pharmacy, CorrectReceipt, 8)
    facts = [entry.fact for entry in pharmacy.entries["1001"]]
    assert CountCorrected(8, 7, 9, WHY, "wilma") in facts
    assert ReceiptCorrected(8, 9, WHY, "wilma") in facts


@pytest.mark.parametrize(
    ("kind", "units", "more", "words"),
    [
        (CorrectReceipt, 9, {}, "is what was written"),
        (CorrectReceipt, 2, {}, "3 units have left the shelf"),
        (CorrectCount, 6, {}, "is what was written"),
        (CorrectCount, 5, {"reason": "slip"}, "say in a few words"),
        (CorrectReceipt, 8, {"witness": "paul"}, "someone else is the second person"),
        (CorrectReceipt, 8, {"witness": "nobody"}, "no credential"),
    ],
)
def test_what_makes_no_sense_is_refused(kind, units, more, words):
    pharmacy = Pharmacy().received("1001", units=9)
    pharmacy.ask(Dispense(pharmacy.at, "P-1", "dosing-1", "1001", 3, "wilma"))
    count(pharmacy, 6)
    with pytest.raises(Refused, match=words):
        corrected(pharmacy, kind, units, **more)


def test_a_container_never_counted_has_no_count_to_correct():
    with pytest.raises(Refused, match="never counted"):
        corrected(Pharmacy().received("1001"), CorrectCount, 2)
