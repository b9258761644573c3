"""The visits as encounters on one timeline, each timed from the visit its window counts from."""

from dataclasses import dataclass
from typing import Any

from sojourn import instruments
from sojourn.exchange.cdisc.elements import planned_elements, treatment_epoch
from sojourn.exchange.usdm.classes import (
    Activity,
    BiomedicalConceptSurrogate,
    Encounter,
    Procedure,
    ScheduledActivityInstance,
    ScheduleTimeline,
    ScheduleTimelineExit,
    StudyEpoch,
    Timing,
)
from sojourn.exchange.usdm.extensions import extensions
from sojourn.exchange.usdm.making import Maker, chained
from sojourn.exchange.usdm.timing import duration
from sojourn.exchange.usdm.treatment import Treatment
from sojourn.protocols.activities import window_in_words
from sojourn.protocols.model import Protocol, Visit

ENROLMENT = "enrolment"
# Fields of a visit that encounter, instance and timing hold; the others are extensions.
PLACED = frozenset({"key", "label", "anchor", "window", "assessments"})


@dataclass(frozen=True, slots=True)
class Plan:
    epochs: tuple[StudyEpoch, ...]
    encounters: tuple[Encounter, ...]
    activities: tuple[Activity, ...]
    surrogates: tuple[BiomedicalConceptSurrogate, ...]
    timeline: ScheduleTimeline


def epoch_of(protocol: Protocol, visit: Visit) -> str:
    """The epoch a visit stands in: that of its phase; a rating at baseline stands before."""
    if visit.phase == "assessment" and visit.key == protocol.outcome.baseline_visit:
        return "BASELINE"
    fixed = {"screening": "SCREENING", "preparation": "BASELINE", "followup": "FOLLOW-UP"}
    return fixed.get(visit.phase, treatment_epoch(protocol))


def plan(make: Maker, protocol: Protocol, data: list[dict[str, Any]], given: Treatment) -> Plan:
    """The whole schedule of activities; ``data`` are the pack's visits as plain data."""
    epochs = _epochs(make, protocol)
    surrogates, activities = _activities(make, protocol, given)
    numbers = range(len(protocol.visits))
    timings = [make.next(Timing) for _ in numbers]
    ids = [make.next(Encounter) for _ in numbers]
    encounters = tuple(
        make(
            Encounter,
            id=ids[number],
            name=visit.key,
            label=visit.label,
            type=make.code("visit"),
            scheduled_at_id=timings[number],
            extension_attributes=extensions(
                make,
                {name: each for name, each in data[number].items() if name not in PLACED},
            ),
            **chained(ids, number),
        )
        for number, visit in enumerate(protocol.visits)
    )
    timeline = _timeline(make, protocol, timings, ids, (epochs, activities))
    return Plan(epochs, encounters, tuple(activities.values()), surrogates, timeline)


def _epochs(make: Maker, protocol: Protocol) -> tuple[StudyEpoch, ...]:
    """Those a visit stands in, and that of treatment."""
    wanted = {epoch_of(protocol, each) for each in protocol.visits} | {"SCREENING"}
    elements = planned_elements(protocol, "", "Treatment")
    kept = [each for each in elements if each.epoch in wanted | {treatment_epoch(protocol)}]
    ids = [make.next(StudyEpoch) for _ in kept]
    return tuple(
        make(
            StudyEpoch,
            id=ids[number],
            name=each.epoch,
            label=each.name,
            type=make.code(each.epoch),
            **chained(ids, number),
        )
        for number, each in enumerate(kept)
    )


def _activities(
    make: Maker, protocol: Protocol, given: Treatment
) -> tuple[tuple[BiomedicalConceptSurrogate, ...], dict[str, Activity]]:
    """One activity for each instrument, by its key, and one for giving the study drug."""
    known = instruments.load_shipped()
    keys = list(dict.fromkeys(key for visit in protocol.visits for key in visit.assessments))
    dosed = [""] if protocol.dosing else []
    ids = [make.next(Activity) for _ in (*keys, *dosed)]
    surrogates, made = [], {}
    for number, key in enumerate(keys):
        label = known[key].name if key in known else key
        surrogate = make(BiomedicalConceptSurrogate, name=key, label=label)
        surrogates.append(surrogate)
        made[key] = make(
            Activity,
            id=ids[number],
            name=key,
            label=label,
            bc_surrogate_ids=(surrogate.id,),
            extension_attributes=extensions(make, {"instrument": key}),
            **chained(ids, number),
        )
    for key in dosed:
        procedure = make(
            Procedure,
            name="study-drug-given",
            procedure_type="Administration of the study drug",
            code=make.own_code("study-drug-given", "Administration of the study drug"),
            study_intervention_id=given.interventions[0].id,
        )
        made[key] = make(
            Activity,
            id=ids[-1],
            name="study-drug",
            label="Administration of the study drug",
            defined_procedures=(procedure,),
            **chained(ids, len(keys)),
        )
    return tuple(surrogates), made


def _timeline(
    make: Maker,
    protocol: Protocol,
    timings: list[str],
    encounters: list[str],
    parts: tuple[tuple[StudyEpoch, ...], dict[str, Activity]],
) -> ScheduleTimeline:
    leaving = make(ScheduleTimelineExit)
    instances = _instances(make, protocol, encounters, parts, leaving.id)
    start, *ids = (each.id for each in instances)
    at = {each.name: each.id for each in instances}
    anchored = make(
        Timing,
        name=ENROLMENT,
        type=make.code("fixed-reference"),
        value="P0D",
        value_label="Registration",
        relative_to_from=make.code("start-to-start"),
        relative_from_scheduled_instance_id=start,
        relative_to_scheduled_instance_id=start,
    )
    timed = [
        _timing(make, protocol, visit, (timings[number], ids[number], at[visit.anchor]))
        for number, visit in enumerate(protocol.visits)
    ]
    return make(
        ScheduleTimeline,
        name="main",
        label="Schedule of activities",
        main_timeline=True,
        entry_condition="The participant is registered",
        entry_id=start,
        exits=(leaving,),
        timings=(anchored, *timed),
        instances=instances,
    )


def _instances(
    make: Maker,
    protocol: Protocol,
    encounters: list[str],
    parts: tuple[tuple[StudyEpoch, ...], dict[str, Activity]],
    leaving: str,
) -> tuple[ScheduledActivityInstance, ...]:
    """The registration, then every visit; each leads to the next and the last one out."""
    epochs, activities = {each.name: each.id for each in parts[0]}, parts[1]
    ids = [make.next(ScheduledActivityInstance) for _ in range(len(protocol.visits) + 1)]

    def onward(number: int) -> dict[str, str]:
        last = number + 1 == len(ids)
        return {"timeline_exit_id": leaving} if last else {"default_condition_id": ids[number + 1]}

    first = make(
        ScheduledActivityInstance,
        id=ids[0],
        name=ENROLMENT,
        label="Registration of the participant",
        epoch_id=epochs["SCREENING"],
        **onward(0),
    )
    made = [first]
    for number, visit in enumerate(protocol.visits, start=1):
        held = [activities[key].id for key in visit.assessments]
        if visit.phase == "dosing":
            held.append(activities[""].id)
        made.append(
            make(
                ScheduledActivityInstance,
                id=ids[number],
                name=visit.key,
                label=visit.label,
                epoch_id=epochs[epoch_of(protocol, visit)],
                activity_ids=tuple(held),
                encounter_id=encounters[number - 1],
                **onward(number),
            )
        )
    return tuple(made)


def _timing(make: Maker, protocol: Protocol, visit: Visit, ids: tuple[str, str, str]) -> Timing:
    window = visit.window
    own, instance, anchor = ids
    return make(
        Timing,
        id=own,
        name=visit.key,
        type=make.code("before" if window.target < 0 else "after"),
        value=duration(window.target),
        value_label=f"Day {window.target}",
        relative_to_from=make.code("start-to-start"),
        relative_from_scheduled_instance_id=instance,
        relative_to_scheduled_instance_id=anchor,
        window_lower=duration(window.target - window.earliest),
        window_upper=duration(window.latest - window.target),
        window_label=window_in_words(visit, protocol),
    )
