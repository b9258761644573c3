"""The elements every arm of a protocol passes through, in order, and the epoch each stands in."""

from dataclasses import dataclass

from sojourn.protocols.model import Protocol


@dataclass(frozen=True, slots=True)
class Element:
    code: str
    name: str
    epoch: str
    starts: str
    ends: str


def treatment_epoch(protocol: Protocol) -> str:
    """The epoch of treatment: blinded where the programme is."""
    plan = protocol.randomisation
    return "BLINDED TREATMENT" if plan and plan.blinded else "OPEN LABEL TREATMENT"


def planned_elements(protocol: Protocol, code: str, label: str) -> tuple[Element, ...]:
    """The elements of an arm; ``code`` and ``label`` are those of its treatment element."""
    outcome = protocol.visit(protocol.outcome.visit)
    primary = outcome.label if outcome else protocol.outcome.visit
    start = "First dose of study treatment" if protocol.dosing else "Randomisation"
    return (
        Element("SCRN", "Screening", "SCREENING", "Informed consent signed",
                "Eligibility confirmed"),
        Element("PREP", "Preparation", "BASELINE", "Eligibility confirmed", start),
        Element(code, label, treatment_epoch(protocol), start, f"Day of {primary}"),
        Element("FUP", "Follow-up", "FOLLOW-UP", f"Day after {primary}", "End of participation"),
    )  # fmt: skip
