"""What is given: the intervention with the dose of every session, and the rest of the dosing."""

from dataclasses import dataclass
from typing import Any

from sojourn.exchange.usdm.classes import (
    AdministrableProduct,
    Administration,
    Duration,
    Quantity,
    StudyIntervention,
)
from sojourn.exchange.usdm.extensions import extensions
from sojourn.exchange.usdm.making import Maker
from sojourn.protocols.model import Dosing, Protocol

# A dose's unit by the field of a session that holds it.
UNITS = {"initial_mg": "mg", "initial_ug": "µg", "initial_mg_per_kg": "mg/kg"}


@dataclass(frozen=True, slots=True)
class Treatment:
    """``rest`` is what a pack says of its dosing that no object here holds."""

    interventions: tuple[StudyIntervention, ...]
    products: tuple[AdministrableProduct, ...]
    rest: dict[str, Any]


def treatment(make: Maker, protocol: Protocol, data: dict[str, Any]) -> Treatment:
    """The study drug with its doses; without dosing, each arm that is treated as one intervention.

    ``data`` is the pack's dosing as plain data.
    """
    dosing = protocol.dosing
    if dosing is None:
        # USDM asks for an intervention behind every estimand; only its name is known.
        arms = [each for each in protocol.arms if each.role != "comparator"]
        return Treatment(tuple(_named(make, each.key, each.label) for each in arms), (), {})
    product = make(
        AdministrableProduct,
        name="study-drug",
        label=dosing.substance,
        administrable_dose_form=make.alias(make.not_stated()),
        product_designation=make.code("investigational-product"),
    )
    drug = make(
        StudyIntervention,
        name=dosing.study_drug or "study-drug",
        label=dosing.substance,
        role=make.code("experimental-intervention"),
        type=make.code("drug"),
        administrations=_administrations(make, dosing, product.id),
    )
    rest = {name: each for name, each in data.items() if name not in ("substance", "sessions")}
    return Treatment((drug,), (product,), rest)


def _named(make: Maker, name: str, label: str) -> StudyIntervention:
    return make(
        StudyIntervention,
        name=name,
        label=label,
        role=make.code("experimental-intervention"),
        type=make.not_stated(),
    )


def _administrations(make: Maker, dosing: Dosing, product: str) -> tuple[Administration, ...]:
    """One for each level that may be chosen as the initial dose of a session."""
    return tuple(
        make(
            Administration,
            name=f"session-{session.number}-level-{number}",
            label=f"Initial dose of session {session.number}: {level} {session.unit}",
            duration=make(Duration, text="Once in the session", duration_will_vary=False),
            dose=make(Quantity, value=level, unit=make.alias(make.code(session.unit))),
            frequency=make.alias(make.code("once")),
            administrable_product_id=product,
            extension_attributes=extensions(make, {"session": session.number}),
        )
        for session in dosing.sessions
        for number, level in enumerate(session.initial, start=1)
    )
