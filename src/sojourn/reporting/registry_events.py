"""The adverse events of a draft for a registry: serious ones, all others, and deaths."""

from collections.abc import Iterator
from typing import Any

from sojourn.reporting.registry_values import Figures


def adverse_events(figures: Figures, fill: list[str]) -> dict[str, Any]:
    """Serious events and the others, every one of them: the threshold is 0."""
    arms = figures.report.layout.arms
    if f"harms/all///{arms[0]}" not in figures.by_name:
        fill.append("adverseEventsModule: nobody was given a dose, so the report counts none")
        return {}
    event_groups = []
    for number, arm in enumerate(arms):
        group: dict[str, Any] = {"id": f"EG{number:03d}", "title": arm, "description": ""}
        deaths = f"harms/deaths/{arm}"
        group["deathsNumAffected"] = figures.value(deaths, "count", whole=True)
        group["deathsNumAtRisk"] = figures.value(deaths, "of", whole=True)
        for kind in ("serious", "other"):
            name = f"harms/{kind}///{arm}"
            group[f"{kind}NumAffected"] = figures.value(name, "participants", whole=True)
            group[f"{kind}NumAtRisk"] = figures.value(name, "of", whole=True)
        event_groups.append({key: each for key, each in group.items() if each is not None})
    fill += [
        "adverseEventsModule: how events were looked for (systematic or not), for each event",
        "adverseEventsModule: the dictionary of the terms and its version",
    ]
    if any("/Not coded/" in name for name in figures.by_name):
        fill.append("adverseEventsModule: the organ system of events that are not coded")
    return {
        "adverseEventsModule": {
            "frequencyThreshold": "0",
            "timeFrame": "From the first dose to the end of each participant's course",
            "description": "Events as told and coded in the record",
            "eventGroups": event_groups,
            "seriousEvents": list(_terms(figures, "serious")),
            "otherEvents": list(_terms(figures, "other")),
        }
    }


def _terms(figures: Figures, kind: str) -> Iterator[dict[str, Any]]:
    arms = figures.report.layout.arms
    first = f"harms/{kind}/"
    ends = tuple(f"/{arm}" for arm in arms)
    found: dict[tuple[str, str], None] = {}
    for name in figures.by_name:
        arm = next((end for end in ends if name.endswith(end)), None)
        if name.startswith(first) and arm:
            group, _, term = name.removeprefix(first).removesuffix(arm).partition("/")
            if term:
                found[group, term] = None
    for group, term in found:
        names = [f"{first}{group}/{term}/{arm}" for arm in arms]
        rows = [
            {
                "groupId": f"EG{number:03d}",
                "numEvents": figures.value(name, "events", whole=True),
                "numAffected": figures.value(name, "participants", whole=True),
                "numAtRisk": figures.value(name, "of", whole=True),
            }
            for number, name in enumerate(names)
            if name in figures.by_name
        ]
        yield {"term": term, "organSystem": group, "stats": rows}
