"""Arms, the elements each passes through, and the cells where an arm meets an epoch."""

from collections.abc import Iterator
from dataclasses import dataclass

from sojourn.exchange.cdisc.elements import Element, planned_elements
from sojourn.exchange.usdm.classes import (
    StudyArm,
    StudyCell,
    StudyElement,
    StudyEpoch,
    StudyIntervention,
    TransitionRule,
)
from sojourn.exchange.usdm.extensions import extensions
from sojourn.exchange.usdm.making import Maker
from sojourn.exchange.usdm.treatment import Treatment
from sojourn.protocols.model import Arm, Protocol


@dataclass(frozen=True, slots=True)
class Pathway:
    arms: tuple[StudyArm, ...]
    elements: tuple[StudyElement, ...]
    cells: tuple[StudyCell, ...]


def pathway(
    make: Maker, protocol: Protocol, epochs: tuple[StudyEpoch, ...], given: Treatment
) -> Pathway:
    """Every arm through every epoch that is planned."""
    arms = tuple(_arm(make, each) for each in protocol.arms)
    elements: dict[str, StudyElement] = {}
    cells = []
    for number, arm in enumerate(arms, start=1):
        code = f"TRT{number}"
        for epoch, each in _in_epochs(protocol, code, arm.shown, epochs):
            if each.code not in elements:
                given_here = given.interventions if each.code == code else ()
                elements[each.code] = _element(make, each, given_here)
            element = elements[each.code]
            cells.append(
                make(StudyCell, arm_id=arm.id, epoch_id=epoch.id, element_ids=(element.id,))
            )
    return Pathway(arms, tuple(elements.values()), tuple(cells))


def arm_type(arm: Arm) -> str:
    """The term of an arm's type: what it holds of the label tells placebo from the active."""
    if arm.role != "comparator":
        return "arm-investigational" if arm.role == "experimental" else "arm-treatment"
    if arm.percent_of_label is None:
        return "arm-control"
    return "arm-active-comparator" if arm.percent_of_label else "arm-placebo"


def _arm(make: Maker, arm: Arm) -> StudyArm:
    extra = {"ratio": arm.ratio} if arm.ratio != 1 else {}
    if arm.percent_of_label is not None and arm_type(arm) != "arm-placebo":
        extra["percent_of_label"] = arm.percent_of_label
    return make(
        StudyArm,
        name=arm.key,
        label=arm.label,
        type=make.code(arm_type(arm)),
        data_origin_description="Data generated within the study",
        data_origin_type=make.code("within-study"),
        extension_attributes=extensions(make, extra),
    )


def _in_epochs(
    protocol: Protocol, code: str, label: str, epochs: tuple[StudyEpoch, ...]
) -> Iterator[tuple[StudyEpoch, Element]]:
    by_name = {each.name: each for each in epochs}
    for each in planned_elements(protocol, code, label):
        if each.epoch in by_name:
            yield by_name[each.epoch], each


def _element(make: Maker, each: Element, given: tuple[StudyIntervention, ...]) -> StudyElement:
    ids = tuple(drug.id for drug in given)
    return make(
        StudyElement,
        name=each.code,
        label=each.name,
        transition_start_rule=make(TransitionRule, name=f"{each.code}-start", text=each.starts),
        transition_end_rule=make(TransitionRule, name=f"{each.code}-end", text=each.ends),
        study_intervention_ids=ids,
    )
