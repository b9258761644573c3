"""Every unit of study drug is somewhere, and what does not add up is told and stays told."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.conduct import accountability, containers, labels, register, storage
from sojourn.conduct.containers import Container
from sojourn.conduct.pharmacy import (
    CountContainer,
    DestroyUnits,
    Dispense,
    ExplainDiscrepancy,
    RecallLot,
    ReceiveShipment,
    ReceiveTransfer,
    RecordTemperature,
    Release,
    SealContents,
    SendContainer,
    SetUpPlace,
    TakeBack,
)
from sojourn.conduct.stock import Recipient, Stock
from sojourn.conduct.storage import Storage
from sojourn.record.command import Refused
from sojourn.record.entry import Entry

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
FORM = "MDMA hydrochloride 40 mg or placebo, capsule"


class Pharmacy:
    """A site's pharmacy that grows by commands."""

    def __init__(self, sealed: bool = False) -> None:
        self.entries: dict[str, list[Entry]] = {}
        self.at, self.sealed, self.site = NOW, sealed, "oslo"
        self.fits: dict[str, bool] = {}
        self.ask(SetUpPlace(self.at, "safe 1", 150, 250, "label", 24))

    def container(self, number: str = "1001") -> Container:
        return containers.fold(number, self.entries.get(number, []))

    def stock(self) -> Stock:
        known = {each: self.container(each) for each in self.entries if each}
        recipient = Recipient("P-1", "oslo", True, False, self.fits)
        return Stock(
            self.site,
            storage.fold(self.entries.get("", [])) if "" in self.entries else Storage(),
            known,
            frozenset({"wilma"}),
            "paul",
            self.sealed,
            ("mdma", "placebo"),
            recipient,
        )

    def ask(self, command, role: str = "pharmacist"):
        placed = accountability.decide(self.stock(), command, role=role, now=self.at)
        for number, fact in placed:
            self.write(number, fact)
        return [fact.kind for _, fact in placed]

    def write(self, number: str, fact) -> None:
        stream = self.entries.setdefault(number, [])
        position = sum(map(len, self.entries.values())) + 1
        entry = Entry(number, len(stream) + 1, fact, self.at, self.at, "paul", "pharmacist")
        stream.append(replace(entry, position=position))

    def received(self, containers: str = "1001-1003", units: int = 3) -> "Pharmacy":
        until = date(2027, 1, 31)
        self.ask(
            ReceiveShipment(
                self.at, "S-1", "safe 1", containers, FORM, 40, units, "L-7", until,
                "intact", "logger 12", "wilma",
            )
        )  # fmt: skip
        return self

    def dispensed(self, units: int = 3) -> "Pharmacy":
        self.ask(Dispense(self.at, "P-1", "dosing-1", "1001", units, "wilma"))
        return self

    def given(self, level_mg: int = 80, visit: str = "dosing-1") -> list[str]:
        facts = accountability.given(self.container(), "P-1", visit, "initial", level_mg, "oslo")
        for fact in facts:
            self.write("1001", fact)
        return [fact.kind for fact in facts]

    def back(self, units: int):
        return self.ask(TakeBack(self.at, "1001", "P-1", "dosing-1", units, "unused", "wilma"))


def test_what_was_dispensed_given_and_returned_adds_up_without_an_alert():
    pharmacy = Pharmacy().received().dispensed()
    assert pharmacy.given(80) == ["drug.administered"]
    assert pharmacy.back(1) == ["drug.returned"]
    each = pharmacy.container()
    assert (each.in_stock, each.returned, each.administered, each.open) == (0, 1, 2, ())


@pytest.mark.proves("drug-accountability")
def test_a_capsule_that_does_not_come_back_is_an_alert_until_someone_explains():
    pharmacy = Pharmacy().received().dispensed()
    pharmacy.given(80)
    assert pharmacy.back(0) == ["drug.returned", "drug.discrepancy-found"]
    (found,) = pharmacy.container().open
    assert found.missing == 1
    assert "3 units dispensed, 2 given, 0 back" in found.label
    lost = ExplainDiscrepancy(
        NOW, "1001", found.key, "lost", "Searched the room twice; police told.", "", "wilma"
    )
    with pytest.raises(Refused, match="a loss is reported"):
        pharmacy.ask(lost)
    pharmacy.ask(replace(lost, reported="DEA form 106, no. 1"))
    each = pharmacy.container()
    assert (each.open, each.written_off, each.on_the_shelf) == ((), 1, 0)


def test_a_count_that_differs_is_an_alert_and_blocks_the_container():
    pharmacy = Pharmacy().received()
    kinds = pharmacy.ask(CountContainer(NOW, "1001", 2, "wilma"))
    assert kinds == ["drug.counted", "drug.discrepancy-found"]
    with pytest.raises(Refused, match="explain that first"):
        pharmacy.dispensed()
    pharmacy.ask(
        ExplainDiscrepancy(
            NOW, "1001", "discrepancy-1", "clerical", "Miscounted on receipt.", "", "wilma"
        )
    )
    assert pharmacy.container().in_stock == 2
    assert pharmacy.ask(CountContainer(NOW, "1001", 2, "wilma")) == ["drug.counted"]


def test_a_dose_from_a_container_that_was_not_dispensed_is_a_discrepancy():
    pharmacy = Pharmacy().received()
    assert pharmacy.given() == ["drug.discrepancy-found"]
    assert pharmacy.container().open[0].rule == "session"


@pytest.mark.parametrize("level_mg", [90, 160])
def test_a_dose_that_its_units_can_not_make_is_a_discrepancy(level_mg):
    pharmacy = Pharmacy().received().dispensed()
    assert pharmacy.given(level_mg) == ["drug.administered", "drug.discrepancy-found"]


def test_an_excursion_holds_what_lay_there_until_it_is_released_with_a_reference():
    pharmacy = Pharmacy().received()
    assert pharmacy.ask(RecordTemperature(NOW, "safe 1", 150, 250)) == [
        "storage.temperature-recorded"
    ]
    pharmacy.ask(RecordTemperature(NOW, "safe 1", 180, 263))
    with pytest.raises(Refused, match=r"quarantine: safe 1 was at 18.0 to 26.3") as refused:
        pharmacy.dispensed()
    assert refused.value.field == "container"
    pharmacy.ask(Release(NOW, "1001", "Within the stability data.", "QA-17"))
    assert pharmacy.dispensed().container().in_stock == 0


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"witness": "paul"}, "witness", "someone else"),
        ({"witness": "nobody"}, "witness", "no credential"),
        ({"units": 4}, "units", "more than the 3"),
        ({"container": "9"}, "container", "never received"),
    ],
)
def test_a_refusal_names_field_value_and_mend(change, field, message):
    pharmacy = Pharmacy().received()
    command = Dispense(NOW, "P-1", "dosing-1", "1001", 3, "wilma")
    with pytest.raises(Refused, match=message) as refused:
        pharmacy.ask(replace(command, **change))
    assert refused.value.field == field


def test_an_expired_container_is_not_dispensed():
    pharmacy = Pharmacy().received()
    pharmacy.at = datetime(2027, 1, 31, 12, tzinfo=UTC)
    pharmacy.dispensed(1)  # the last day is a day of use
    pharmacy.at += timedelta(days=1)
    with pytest.raises(Refused, match="expired on 2027-01-31"):
        pharmacy.ask(Dispense(pharmacy.at, "P-1", "dosing-2", "1001", 1, "wilma"))


@pytest.mark.proves("drug-accountability")
def test_in_a_blinded_programme_only_a_sealed_and_fitting_container_goes_out():
    pharmacy = Pharmacy(sealed=True).received()
    with pytest.raises(Refused, match="not on the sealed kit list"):
        pharmacy.dispensed()
    pharmacy.ask(SealContents(NOW, "container,arm\n1001,mdma"), "statistician")
    with pytest.raises(Refused, match="is not for P-1") as refused:
        pharmacy.dispensed()
    assert "mdma" not in refused.value.message
    pharmacy.fits["1001"] = True
    pharmacy.dispensed()


def test_a_kit_list_with_a_wrong_line_tells_no_arm():
    with pytest.raises(Refused) as refused:
        Pharmacy().ask(SealContents(NOW, "1001,mdma\n1002,mdma,x"))
    assert "mdma" not in refused.value.message


@pytest.mark.parametrize("role", ["therapist", "prescriber", "monitor", "sponsor"])
def test_nobody_but_the_pharmacist_dispenses(role):
    with pytest.raises(Refused, match="not for a"):
        Pharmacy().received().ask(Dispense(NOW, "P-1", "dosing-1", "1001", 1, "wilma"), role)


def test_leftovers_that_stay_out_too_long_are_told_once():
    pharmacy = Pharmacy().received().dispensed()
    pharmacy.given(80)
    place = pharmacy.stock().storage.places["safe 1"]
    assert not accountability.late(pharmacy.container(), place, NOW + timedelta(hours=24))
    (fact,) = accountability.late(pharmacy.container(), place, NOW + timedelta(hours=25))
    pharmacy.write("1001", fact)
    assert not accountability.late(pharmacy.container(), place, NOW + timedelta(days=9))


def test_a_transfer_that_arrives_short_is_an_alert_at_the_receiving_site():
    pharmacy = Pharmacy().received()
    pharmacy.ask(SendContainer(NOW, "1001", "bergen", "wilma"))
    with pytest.raises(Refused, match="on its way"):
        pharmacy.ask(CountContainer(NOW, "1001", 3, "wilma"))
    pharmacy.site = "bergen"
    pharmacy.ask(ReceiveTransfer(NOW, "1001", "safe 1", 2, "wilma"))
    each = pharmacy.container()
    assert (each.site, each.open[0].site, each.open[0].missing) == ("bergen", "bergen", 1)


def test_the_register_runs_its_balance_by_form_and_ends_at_what_is_there():
    pharmacy = Pharmacy().received("1001-1002").dispensed()
    pharmacy.given(80)
    pharmacy.back(1)
    pharmacy.ask(DestroyUnits(NOW, "1001", 1, "incineration", "C-9", "wilma"))
    streams = [(number, entries) for number, entries in pharmacy.entries.items() if number]
    (page,) = register.lines("oslo", streams).values()
    assert [(each.what, each.units_in, each.units_out, each.balance) for each in page] == [
        ("Received", 3, 0, 3),
        ("Received", 3, 0, 6),
        ("Dispensed", 0, 3, 3),
        ("Returned, unused", 1, 0, 4),
        ("Destroyed: incineration", 0, 1, 3),
    ]
    assert page[-1].balance == sum(pharmacy.container(n).on_the_shelf for n in ("1001", "1002"))
    assert {each.witness for each in page} == {"wilma"}


def test_a_recall_is_not_hidden_by_a_later_excursion():
    pharmacy = Pharmacy().received()
    pharmacy.ask(RecallLot(NOW, "L-7", "letter 4"))
    pharmacy.ask(RecordTemperature(NOW, "safe 1", 180, 263))
    held = pharmacy.container().quarantine
    assert "lot L-7 is recalled: letter 4" in held
    assert "26.3" in held


def test_a_dose_from_a_container_nobody_received_is_told_and_can_be_explained():
    pharmacy = Pharmacy()
    for fact in accountability.given(Container("77"), "P-1", "dosing-1", "initial", 80, "oslo"):
        pharmacy.write("77", fact)
    (gap,) = pharmacy.container("77").open
    said = "The label was misread; it was 1001."
    pharmacy.ask(ExplainDiscrepancy(NOW, "77", gap.key, "clerical", said, "", "wilma"))
    assert not pharmacy.container("77").open


def test_a_container_with_units_out_is_not_sent_away():
    pharmacy = Pharmacy().received().dispensed(1)
    with pytest.raises(Refused, match="take back and destroy"):
        pharmacy.ask(SendContainer(NOW, "1001", "bergen", "wilma"))


@pytest.mark.parametrize("text", ["", "20-10", "1000-9999", "a b", "1001\n1001", "1;é"])
def test_numbers_nobody_can_read_are_refused(text):
    with pytest.raises(Refused):
        labels.numbers(text)


ACTIONS = st.lists(
    st.tuples(st.sampled_from("dgbcxlsr"), st.integers(0, 4), st.integers(1, 3)), max_size=25
)


@pytest.mark.proves("drug-accountability")
@given(ACTIONS)
def test_whatever_is_asked_every_unit_is_accounted_for_and_none_below_zero(actions):
    pharmacy = Pharmacy().received("1001", units=6)
    for action, units, session in actions:
        try:
            act(pharmacy, action, units, f"dosing-{session}")
        except Refused:
            continue
        each = pharmacy.container()
        assert min(each.in_stock, each.returned, each.destroyed, each.in_transit) >= 0
        out = sum(hand.out for hand in each.hand_outs)
        there = each.in_stock + each.returned + each.destroyed + each.in_transit
        assert there + out + each.administered + each.written_off + each.unexplained == 6


def act(pharmacy: Pharmacy, action: str, units: int, visit: str) -> None:
    at = pharmacy.at
    if action == "d":
        pharmacy.ask(Dispense(at, "P-1", visit, "1001", units, "wilma"))
    elif action == "g":
        pharmacy.given(units * 40, visit)
    elif action == "b":
        pharmacy.ask(TakeBack(at, "1001", "P-1", visit, units, "partial", "wilma"))
    elif action == "c":
        pharmacy.ask(CountContainer(at, "1001", units, "wilma"))
    elif action == "x":
        pharmacy.ask(DestroyUnits(at, "1001", units, "incineration", "C-1", "wilma"))
    elif action == "s":
        pharmacy.ask(SendContainer(at, "1001", "bergen", "wilma"))
        pharmacy.site = "bergen"
    elif action == "r":
        pharmacy.ask(ReceiveTransfer(at, "1001", "safe 1", units, "wilma"))
    else:
        key = next((each.key for each in pharmacy.container().open), "none")
        outcome = ("found", "lost", "clerical")[units % 3]
        pharmacy.ask(
            ExplainDiscrepancy(at, "1001", key, outcome, "Looked into it.", "form 1", "wilma")
        )
