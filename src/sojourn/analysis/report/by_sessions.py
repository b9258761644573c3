"""Change by how many dosing sessions someone was given: described, with its caution."""

import numpy as np

from sojourn.analysis.report.comparing import frame
from sojourn.analysis.report.inputs import Inputs, Participant
from sojourn.analysis.report.model import Cell, Section, Table, ranged
from sojourn.analysis.sessions import CAUTION, AtSessions, by_sessions


def response_by_sessions(inputs: Inputs, population: str, planned: bool) -> Section:
    """Mean change at the primary visit by sessions given, and the slope over them in each arm."""
    title = "Change by dosing sessions"
    rows = frame(inputs, population, every=True)
    rows = rows.filter(rows["visit"].cast(str) == inputs.layout.outcome).drop_nulls("baseline")
    people = {each.key: each for each in inputs.population(population)}
    here = [people[key] for key in rows["participant"]]
    if not here:
        return Section("sessions", title, ("Nobody has a rating at baseline.",))
    found = by_sessions(
        rows["change"].to_numpy().astype(float),
        rows["baseline"].to_numpy(),
        np.array([each.doses for each in here]),
        rows["arm"].cast(str).to_numpy(),
    )
    groups = {(each.sessions, each.arm): each for each in found.groups}
    table = [
        (f"{number} session{'' if number == 1 else 's'}", *(
            _group(inputs, here, groups[number, arm], planned) if (number, arm) in groups else "–"
            for arm in inputs.layout.arms
        ))
        for number in sorted({each.sessions for each in found.groups})
    ]  # fmt: skip
    slopes: list[Cell] = []
    for arm in inputs.layout.arms:
        slope = found.slopes.get(arm)
        if slope is None:
            slopes.append("not estimable")
            continue
        own = [each for each in here if each.arm == arm]
        about = ("analysis.sessions.by_sessions", len(own), _sources(inputs, own), planned)
        limits = (slope.low, slope.high)
        slopes.append(ranged(f"sessions/slope/{arm}", slope.estimate, limits, about))
    table.append(("For each session more, at equal baseline (95% interval)", *slopes))
    head = ("", *inputs.layout.arms)
    name = f"Mean change at {inputs.layout.label(inputs.layout.outcome)}, rated of people"
    lines = (CAUTION, "Every rating is used, whatever came before it.")
    return Section("sessions", title, lines, (Table(name, head, tuple(table), planned=planned),))


def _group(inputs: Inputs, here: list[Participant], group: AtSessions, planned: bool) -> Cell:
    own = [each for each in here if each.arm == group.arm and each.doses == group.sessions]
    about = ("analysis.sessions.by_sessions", group.known, _sources(inputs, own), planned)
    name = f"sessions/{group.sessions}/{group.arm}"
    after = f", {group.known} of {group.people}"
    return ranged(name, group.mean, (None, None), about, after=after)


def _sources(inputs: Inputs, people: list[Participant]) -> set[int]:
    visits = (inputs.layout.baseline, inputs.layout.outcome)
    given = {place for each in people for place in each.dosed}
    return given | set(inputs.entries(people, visits))
