"""What a pharmacist asks for: each command about study drug and its storage."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, ClassVar

from sojourn.record.command import Ask, Nature

PHARMACY = ("pharmacist",)
CONDITIONS = (("intact", "Intact, seals whole"), ("damaged", "Damaged or opened"))
STATES = (("unused", "Unused"), ("partial", "Part of it used"), ("empty", "Empty"))
STRENGTH = "A whole number of what the label counts: mg, or µg where the protocol counts in them."
OUTCOMES = (
    ("found", "Found again"),
    ("lost", "Lost, stolen or spilt"),
    ("clerical", "A mistake in writing or counting"),
)


@dataclass(frozen=True, slots=True)
class SetUpPlace:
    name: ClassVar[str] = "storage.set-up-place"
    title: ClassVar[str] = "Set up a place of storage"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = PHARMACY

    at: Annotated[datetime, Ask("Set up at")]
    place: Annotated[str, Ask("Place", help="As on its door: safe 1.", longest=40)]
    lowest_tenths_c: Annotated[int, Ask("Lowest", unit="tenths of °C", at_least=-900, at_most=400)]
    highest_tenths_c: Annotated[
        int, Ask("Highest", unit="tenths of °C", at_least=-900, at_most=400)
    ]
    source: Annotated[str, Ask("Where the limits stand", help="The label, or a document.")]
    return_hours: Annotated[
        int, Ask("Leftovers are back within", unit="hours", at_least=1, at_most=336)
    ]


@dataclass(frozen=True, slots=True)
class RecordTemperature:
    name: ClassVar[str] = "storage.record-temperature"
    title: ClassVar[str] = "Record a temperature"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = PHARMACY

    at: Annotated[datetime, Ask("Read at")]
    place: Annotated[str, Ask("Place", choices_from="places")]
    lowest_tenths_c: Annotated[
        int, Ask("Lowest since the last reading", unit="tenths of °C", at_least=-900, at_most=700)
    ]
    highest_tenths_c: Annotated[
        int, Ask("Highest since the last reading", unit="tenths of °C", at_least=-900, at_most=700)
    ]
    instrument: Annotated[str, Ask("Thermometer", help="Its number.", optional=True)] = ""


@dataclass(frozen=True, slots=True)
class ReceiveShipment:
    name: ClassVar[str] = "drug.receive-shipment"
    title: ClassVar[str] = "Receive a shipment"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = PHARMACY

    at: Annotated[datetime, Ask("Received at")]
    shipment: Annotated[str, Ask("Shipment number", longest=64)]
    place: Annotated[str, Ask("Stored in", choices_from="places")]
    containers: Annotated[
        str, Ask("Container numbers", help="One a line, or a range such as 1001-1024.", lines=4)
    ]
    form: Annotated[str, Ask("Form as on the label", help="The same words for every arm.")]
    unit_mg: Annotated[int, Ask("Strength of a unit", at_least=1, at_most=1000, help=STRENGTH)]
    units: Annotated[int, Ask("Units in each, as counted", at_least=1, at_most=1000)]
    lot: Annotated[str, Ask("Lot as on the label", longest=64)]
    expires_on: Annotated[date, Ask("Use until")]
    condition: Annotated[str, Ask("Condition", choices=CONDITIONS)]
    temperature_reference: Annotated[str, Ask("Temperature record of the transport")]
    witness: Annotated[str, Ask("Counted with", choices_from="witnesses")]


@dataclass(frozen=True, slots=True)
class SealContents:
    """One kit list: each line a container and the arm it is for."""

    name: ClassVar[str] = "drug.seal-contents"
    title: ClassVar[str] = "Seal the kit list"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = ("statistician", "pharmacist")

    at: Annotated[datetime, Ask("Sealed at")]
    lines: Annotated[
        str, Ask("Kit list", help="Each line: container, arm.", lines=8, longest=40000)
    ]


@dataclass(frozen=True, slots=True)
class Dispense:
    name: ClassVar[str] = "drug.dispense"
    title: ClassVar[str] = "Dispense"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = PHARMACY

    at: Annotated[datetime, Ask("Dispensed at")]
    participant: Annotated[str, Ask("Participant", longest=32)]
    visit: Annotated[str, Ask("Session", choices_from="dosing-visits")]
    container: Annotated[
        str,
        Ask(
            "Container",
            help="Those that fit are offered once the participant is given and Record is pressed.",
            choices_from="fitting-containers",
        ),
    ]
    units: Annotated[int, Ask("Units", at_least=1, at_most=1000)]
    witness: Annotated[str, Ask("Witness", choices_from="witnesses")]


@dataclass(frozen=True, slots=True)
class TakeBack:
    name: ClassVar[str] = "drug.take-back"
    title: ClassVar[str] = "Take back what is left"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = PHARMACY

    at: Annotated[datetime, Ask("Returned at")]
    container: Annotated[str, Ask("Container", choices_from="containers-out")]
    participant: Annotated[str, Ask("Participant", longest=32)]
    visit: Annotated[str, Ask("Session", choices_from="dosing-visits")]
    units: Annotated[int, Ask("Units that came back", at_least=0, at_most=1000)]
    state: Annotated[str, Ask("State", choices=STATES)]
    witness: Annotated[str, Ask("Counted with", choices_from="witnesses")]


@dataclass(frozen=True, slots=True)
class CountContainer:
    name: ClassVar[str] = "drug.count"
    title: ClassVar[str] = "Count a container"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = PHARMACY

    at: Annotated[datetime, Ask("Counted at")]
    container: Annotated[str, Ask("Container", choices_from="containers-here")]
    units: Annotated[int, Ask("Units found, returned ones too", at_least=0, at_most=1000)]
    witness: Annotated[str, Ask("Counted with", choices_from="witnesses")]


@dataclass(frozen=True, slots=True)
class CorrectReceipt:
    name: ClassVar[str] = "drug.correct-receipt"
    title: ClassVar[str] = "Correct a receipt"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = PHARMACY

    at: Annotated[datetime, Ask("Corrected at")]
    container: Annotated[str, Ask("Container", choices_from="containers-here")]
    units: Annotated[int, Ask("Units that were received", at_least=1, at_most=1000)]
    reason: Annotated[str, Ask("What was wrong, and how it is known", lines=2)]
    witness: Annotated[str, Ask("Checked with", choices_from="witnesses")]


@dataclass(frozen=True, slots=True)
class CorrectCount:
    """A slip in writing or counting. Units that are gone are no slip: explain them as lost."""

    name: ClassVar[str] = "drug.correct-count"
    title: ClassVar[str] = "Correct a count"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = PHARMACY

    at: Annotated[datetime, Ask("Corrected at")]
    container: Annotated[str, Ask("Container", choices_from="containers-here")]
    units: Annotated[
        int, Ask("Units the last count had found, returned ones too", at_least=0, at_most=1000)
    ]
    reason: Annotated[str, Ask("What was wrong, and how it is known", lines=2)]
    witness: Annotated[str, Ask("Checked with", choices_from="witnesses")]


@dataclass(frozen=True, slots=True)
class ExplainDiscrepancy:
    name: ClassVar[str] = "drug.explain-discrepancy"
    title: ClassVar[str] = "Explain a discrepancy"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = (*PHARMACY, "sponsor")

    at: Annotated[datetime, Ask("Explained at")]
    container: Annotated[str, Ask("Container", choices_from="containers-open")]
    discrepancy: Annotated[str, Ask("Discrepancy", choices_from="discrepancies")]
    outcome: Annotated[str, Ask("Outcome", choices=OUTCOMES)]
    explanation: Annotated[str, Ask("What happened and what was done", lines=3)]
    reported: Annotated[
        str,
        Ask("Reported to", help="For a loss: authority, form and number.", optional=True),
    ]
    witness: Annotated[str, Ask("Checked with", choices_from="witnesses")]


@dataclass(frozen=True, slots=True)
class Quarantine:
    name: ClassVar[str] = "drug.quarantine"
    title: ClassVar[str] = "Put a container in quarantine"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = (*PHARMACY, "sponsor")

    at: Annotated[datetime, Ask("Decided at")]
    container: Annotated[str, Ask("Container", choices_from="containers-here")]
    reason: Annotated[str, Ask("Why", lines=2)]


@dataclass(frozen=True, slots=True)
class RecallLot:
    name: ClassVar[str] = "drug.recall-lot"
    title: ClassVar[str] = "Recall a lot"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = (*PHARMACY, "sponsor")

    at: Annotated[datetime, Ask("Recalled at")]
    lot: Annotated[str, Ask("Lot", choices_from="lots")]
    reason: Annotated[str, Ask("Reference and reason", lines=2)]


@dataclass(frozen=True, slots=True)
class Release:
    name: ClassVar[str] = "drug.release"
    title: ClassVar[str] = "Release from quarantine"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = PHARMACY

    at: Annotated[datetime, Ask("Released at")]
    container: Annotated[str, Ask("Container", choices_from="containers-held")]
    reason: Annotated[str, Ask("Why it may be used", lines=2)]
    reference: Annotated[str, Ask("Decision of the sponsor or the quality unit")]


@dataclass(frozen=True, slots=True)
class DestroyUnits:
    name: ClassVar[str] = "drug.destroy"
    title: ClassVar[str] = "Destroy"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = PHARMACY

    at: Annotated[datetime, Ask("Destroyed at")]
    container: Annotated[str, Ask("Container", choices_from="containers-here")]
    units: Annotated[int, Ask("Units", at_least=1, at_most=1000)]
    method: Annotated[str, Ask("Method")]
    certificate: Annotated[str, Ask("Certificate or reference")]
    witness: Annotated[str, Ask("Witness", choices_from="witnesses")]


@dataclass(frozen=True, slots=True)
class SendContainer:
    name: ClassVar[str] = "drug.send"
    title: ClassVar[str] = "Send to another site"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = PHARMACY

    at: Annotated[datetime, Ask("Sent at")]
    container: Annotated[str, Ask("Container", choices_from="containers-here")]
    to_site: Annotated[str, Ask("To site", longest=64)]
    witness: Annotated[str, Ask("Witness", choices_from="witnesses")]


@dataclass(frozen=True, slots=True)
class ReceiveTransfer:
    name: ClassVar[str] = "drug.receive-transfer"
    title: ClassVar[str] = "Receive from another site"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = PHARMACY

    at: Annotated[datetime, Ask("Received at")]
    container: Annotated[str, Ask("Container", choices_from="containers-coming")]
    place: Annotated[str, Ask("Stored in", choices_from="places")]
    units: Annotated[int, Ask("Units, as counted", at_least=0, at_most=1000)]
    witness: Annotated[str, Ask("Counted with", choices_from="witnesses")]
