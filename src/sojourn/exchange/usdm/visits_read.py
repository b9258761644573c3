"""The visits of a pack, from the main timeline of a study definition."""

from collections.abc import Iterator
from typing import Any

from sojourn import instruments
from sojourn.exchange.usdm.classes import (
    Activity,
    ScheduledActivityInstance,
    ScheduleTimeline,
    Timing,
)
from sojourn.exchange.usdm.extensions import fields
from sojourn.exchange.usdm.fields_read import gaps, slug, unique
from sojourn.exchange.usdm.reading import Definition
from sojourn.exchange.usdm.schedule import ENROLMENT, PLACED
from sojourn.exchange.usdm.terms import terms
from sojourn.exchange.usdm.timing import days

# Epochs that say what a visit in them is; a visit in any other may be one that gives a dose.
PHASES = {
    "PRE-SCREENING": "screening",
    "SCREENING": "screening",
    "FOLLOW-UP": "followup",
    "LONG-TERM FOLLOW-UP": "followup",
}
ENROLMENT_WORDS = frozenset({"enrolment", "enrollment"})


def visits(found: Definition, told: list[str]) -> list[dict[str, Any]]:
    """One visit for each instance of the main timeline, in the timeline's order."""
    timeline = _main(found, told)
    if timeline is None:
        told.append("no main timeline: the visits are still to be written")
        return []
    planned = [each for each in _ordered(timeline, told) if not _is_enrolment(each)]
    encounters = {each.id: each for each in found.design.encounters}
    uses = [each.encounter_id for each in planned]
    names = [
        slug(encounters[each.encounter_id].name)
        if each.encounter_id and uses.count(each.encounter_id) == 1
        else slug(each.name)
        for each in planned
    ]
    keys = dict(zip((each.id for each in planned), unique(names), strict=True))
    keys |= {each.id: ENROLMENT for each in timeline.instances if _is_enrolment(each)}
    held = _instruments(found, told)
    made = []
    for each in planned:
        encounter = encounters.get(each.encounter_id or "")
        own = fields(encounter.extension_attributes) if encounter else {}
        label = encounter.label if encounter and uses.count(encounter.id) == 1 else each.label
        visit = {
            "key": keys[each.id],
            "label": label or each.shown,
            "phase": _phase(found, each),
            **_timed(timeline, each, keys, told),
        }
        rated = [held[key] for key in each.activity_ids if key in held]
        if rated:
            visit["assessments"] = rated
        # Only the phase may be said more closely than its epoch does.
        made.append(visit | {name: value for name, value in own.items() if name not in PLACED})
    return made


def _main(found: Definition, told: list[str]) -> ScheduleTimeline | None:
    timelines = found.design.schedule_timelines
    told += [
        f"timeline '{each.shown}': not the main one; it stays in the file"
        for each in timelines
        if not each.main_timeline
    ]
    return next((each for each in timelines if each.main_timeline), None)


def _ordered(timeline: ScheduleTimeline, told: list[str]) -> Iterator[ScheduledActivityInstance]:
    """The instances as each leads to the next, then those nothing leads to."""
    known = {each.id: each for each in timeline.instances}
    order, at = [], timeline.entry_id
    while at in known and at not in order:
        order.append(at)
        at = known[at].default_condition_id or ""
    for each in (known[key] for key in [*order, *(k for k in known if k not in order)]):
        if isinstance(each, ScheduledActivityInstance):
            yield each
        else:
            told.append(f"decision '{each.shown}': a pack has no branches; it stays in the file")


def _is_enrolment(each: Any) -> bool:
    if not isinstance(each, ScheduledActivityInstance) or each.encounter_id:
        return False
    return each.name.lower() in ENROLMENT_WORDS


def _instruments(found: Definition, told: list[str]) -> dict[str, str]:
    """The instrument of each activity that rates by one, by the activity's identifier."""
    known = instruments.load_shipped()
    by_name = {key: key for key in known} | {each.name.lower(): k for k, each in known.items()}
    held, others = {}, []
    for each in found.design.activities:
        own = fields(each.extension_attributes).get("instrument")
        words = [text.lower().strip() for text in (each.name, each.label) if text]
        key = (
            own
            if isinstance(own, str)
            else next((by_name[word] for word in words if word in by_name), None)
        )
        if key:
            held[each.id] = key
        elif not _gives(each):
            others.append(each.shown)
    if others:
        told.append(f"activities that are no instrument here, left out: {', '.join(others)}")
    return held


def _gives(activity: Activity) -> bool:
    return any(each.study_intervention_id for each in activity.defined_procedures)


def _phase(found: Definition, each: ScheduledActivityInstance) -> str:
    epoch = next((e for e in found.design.epochs if e.id == each.epoch_id), None)
    known = PHASES.get(terms().name(epoch.type.code) or "") if epoch else None
    asked: str = gaps()["phase"]
    return known or asked


def _timed(
    timeline: ScheduleTimeline,
    each: ScheduledActivityInstance,
    keys: dict[str, str],
    told: list[str],
) -> dict[str, Any]:
    """Anchor and window; what the file does not say in whole days is still to be written."""
    ask = gaps()["day"]
    of = [t for t in timeline.timings if t.relative_from_scheduled_instance_id == each.id]
    timing = next((t for t in of if terms().name(t.type.code) in ("after", "before")), None)
    told += [
        f"timing '{other.shown}': a second one of the same visit; it stays in the file"
        for other in of
        if timing is not None and other is not timing
    ]
    if timing is None:
        nothing = {"earliest": ask, "target": ask, "latest": ask}
        return {"anchor": gaps()["anchor"], "window": nothing}
    if terms().name(timing.relative_to_from.code) != "start-to-start":
        words = timing.relative_to_from.decode
        told.append(f"timing '{timing.shown}': is '{words}'; a pack counts from day to day")
    anchor = keys.get(timing.relative_to_scheduled_instance_id or "", gaps()["anchor"])
    return {"anchor": anchor, "window": _window(timing)}


def _window(timing: Timing) -> dict[str, Any]:
    ask = gaps()["day"]
    planned = days(timing.value)
    if planned is None:
        said = f"<<a whole number of days; the file says {timing.value_label or timing.value}>>"
        return {"earliest": said, "target": said, "latest": said}
    target = -planned if terms().name(timing.type.code) == "before" else planned
    lower, upper = (days(each) if each else None for each in
                    (timing.window_lower, timing.window_upper))  # fmt: skip
    return {
        "earliest": ask if lower is None else target - lower,
        "target": target,
        "latest": ask if upper is None else target + upper,
    }
