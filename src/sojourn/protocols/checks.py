"""What must hold between the parts of a protocol, beyond each part's own shape."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from sojourn.protocols import blinding_check, diary, dose_levels, estimand, jurisdiction, monitoring
from sojourn.protocols.eligibility import Condition
from sojourn.protocols.model import Dosing, Protocol, Randomisation, Visit
from sojourn.protocols.reading import Problem, Source

MOST_SESSIONS = 4


def problems(
    protocol: Protocol, source: Source, origins: Sequence[int], *, stored: bool = False
) -> Iterator[Problem]:
    """Every contradiction in ``protocol``; ``origins`` maps a visit to its place in the pack."""
    places = {visit.key: origins[number] for number, visit in enumerate(protocol.visits)}
    yield from _unique(protocol, source)
    yield from _sources(protocol, source)
    yield from _stopping(protocol, source)
    yield from _visits(protocol, source, places)
    yield from _dosing(protocol, source)
    yield from _arms(protocol, source)
    yield from _outcome(protocol, source, stored=stored)
    yield from _criteria(protocol, source)
    plan = protocol.fidelity
    if plan and plan.lowest >= plan.highest:
        yield source.problem(
            ("fidelity", "lowest"), f"is {plan.lowest}; it must be below highest {plan.highest}"
        )
    yield from _monitoring(protocol, source)
    yield from _diary(protocol, source)
    yield from _blinding_check(protocol, source)
    for number, setting in enumerate(protocol.site_settings):
        if setting.lowest > setting.highest:
            yield source.problem(
                ("site_settings", number, "lowest"),
                f"is {setting.lowest}; it must not be above highest {setting.highest}",
            )
    yield from _grounds(protocol, source)
    if not stored:
        yield from _covered(protocol, source)


def _grounds(protocol: Protocol, source: Source) -> Iterator[Problem]:
    if not source.data.get("authorisations"):
        yield source.problem(("authorisations",), "is empty; name at least one legal ground")
    for number, ground in enumerate(protocol.authorisations):
        if protocol.dosing and not ground.treats:
            yield source.problem(
                ("authorisations", number),
                f"is '{ground.key}'; nobody is treated under it, and this protocol gives doses",
            )


def _blinding_check(protocol: Protocol, source: Source) -> Iterator[Problem]:
    if protocol.blinding_check is not None:
        plan = protocol.randomisation
        visits = ((each.key, each.rated_by) for each in protocol.visits)
        blinded = plan is not None and plan.blinded
        for place, message in blinding_check.faults(
            protocol.blinding_check, visits, blinded=blinded
        ):
            yield source.problem(("blinding_check", *place), message)


def _covered(protocol: Protocol, source: Source) -> Iterator[Problem]:
    """Every legal ground is a route on which this drug may be given for this condition."""
    dosing, known = protocol.dosing, jurisdiction.routes()
    if dosing is None:
        return
    if not dosing.study_drug:
        yield source.problem(("dosing", "study_drug"), "is missing; name what is given")
        return
    for number, ground in enumerate(protocol.authorisations):
        _, route = known[ground.key]
        if route.treats and not route.is_for(dosing.study_drug, protocol.condition):
            fit = [key for key, (_, each) in known.items() if each.treats
                   and each.is_for(dosing.study_drug, protocol.condition)]  # fmt: skip
            yield source.problem(
                ("authorisations", number),
                f"is '{ground.key}'; that route is not open for {dosing.study_drug} in "
                f"'{protocol.condition or 'no condition named'}'; those that are: {', '.join(fit)}",
            )


def _monitoring(protocol: Protocol, source: Source) -> Iterator[Problem]:
    if protocol.monitoring is not None:
        settings = [each.key for each in protocol.site_settings]
        for place, message in monitoring.faults(protocol.monitoring, settings):
            yield source.problem(("monitoring", *place), message)


def _unique(protocol: Protocol, source: Source) -> Iterator[Problem]:
    lists: tuple[tuple[str, Iterable[Any]], ...] = (
        ("visits", protocol.visits),
        ("criteria", protocol.criteria),
        ("characteristics", protocol.characteristics),
        ("prior_treatments", protocol.prior_treatments),
        ("arms", protocol.arms),
        ("site_settings", protocol.site_settings),
        ("citations", protocol.citations),
        ("authorisations", protocol.authorisations),
        ("special_interest", protocol.special_interest),
        ("dosing.checklist", protocol.dosing.checklist if protocol.dosing else ()),
        ("fidelity.items", protocol.fidelity.items if protocol.fidelity else ()),
        ("stopping_rules", protocol.stopping_rules),
    )
    for name, items in lists:
        seen: set[str] = set()
        for item in items:
            if item.key in seen:
                yield source.problem(
                    tuple(name.split(".")), f"has two entries called '{item.key}'; rename one"
                )
            seen.add(item.key)
    reasons = [key for key, _ in protocol.withdrawal_reasons]
    for key in dict.fromkeys(key for key in reasons if reasons.count(key) > 1):
        yield source.problem(("withdrawal_reasons",), f"has two entries called '{key}'; rename one")


def _stopping(protocol: Protocol, source: Source) -> Iterator[Problem]:
    settings = {each.key for each in protocol.site_settings}
    interests = {each.key for each in protocol.special_interest}
    for number, rule in enumerate(protocol.stopping_rules):
        where = ("stopping_rules", number)
        if (rule.at_least is None) == (not rule.setting):
            yield source.problem(where, "needs at_least or setting, and not both")
        if rule.setting and rule.setting not in settings:
            yield source.problem((*where, "setting"), f"is '{rule.setting}'; no site setting")
        for key in rule.special_interest:
            if key not in interests:
                yield source.problem((*where, "special_interest"), f"names '{key}'; define it")


def _sources(protocol: Protocol, source: Source) -> Iterator[Problem]:
    known = {citation.key for citation in protocol.citations}
    named: list[tuple[tuple[str | int, ...], str]] = [
        (("criteria", number, "source"), each.source)
        for number, each in enumerate(protocol.criteria)
    ]
    named += [
        (("site_settings", number, "source"), each.source)
        for number, each in enumerate(protocol.site_settings)
        if each.source
    ]
    named += [
        (("expected_events", number, "source"), each.source)
        for number, each in enumerate(protocol.expected_events)
    ]
    named += [(("visits",), visit.source) for visit in protocol.visits if visit.source]
    if protocol.dosing:
        named.append((("dosing", "source"), protocol.dosing.source))
    if protocol.randomisation and protocol.randomisation.source:
        named.append((("randomisation", "source"), protocol.randomisation.source))
    for path, key in named:
        for each in key.split():
            if each not in known:
                yield source.problem(
                    path, f"is '{each}'; cite one of: {', '.join(sorted(known)) or 'none given'}"
                )


def _visits(protocol: Protocol, source: Source, places: dict[str, int]) -> Iterator[Problem]:
    keys = {visit.key for visit in protocol.visits} | {"enrolment"}
    for visit in protocol.visits:
        place = ("visits", places[visit.key])
        window = visit.window
        if window.earliest > window.target:
            yield source.problem(
                (*place, "window", "target"),
                f"is {window.target}; it must not be before earliest {window.earliest}",
            )
        if window.latest < window.target:
            yield source.problem(
                (*place, "window", "latest"),
                f"is {window.latest}; it must not be before target {window.target}",
            )
        if visit.anchor not in keys:
            yield source.problem((*place, "anchor"), f"is '{visit.anchor}'; no visit has that key")
    yield from _circles(protocol, source, places)


def _circles(protocol: Protocol, source: Source, places: dict[str, int]) -> Iterator[Problem]:
    anchors = {visit.key: visit.anchor for visit in protocol.visits}
    for start in anchors:
        seen, at = {start}, anchors[start]
        while at in anchors and at not in seen:
            seen.add(at)
            at = anchors[at]
        if at == start:
            yield source.problem(
                ("visits", places[start], "anchor"),
                f"is '{anchors[start]}'; the anchors of '{start}' lead back to itself",
            )


def _dosing(protocol: Protocol, source: Source) -> Iterator[Problem]:
    dosing, visits = protocol.dosing, tuple(protocol.dosing_visits())
    if dosing is None:
        for visit in visits:
            yield source.problem(("visits",), f"has dosing visit '{visit.key}' but no 'dosing'")
        return
    numbers = [session.number for session in dosing.sessions]
    if len(numbers) > MOST_SESSIONS:
        yield source.problem(
            ("dosing", "sessions"), f"has {len(numbers)}; never more than {MOST_SESSIONS}"
        )
    if numbers != list(range(1, len(numbers) + 1)):
        yield source.problem(("dosing", "sessions"), f"are numbered {numbers}; number them from 1")
    for visit in protocol.visits:
        if visit.session is not None and visit.session not in numbers:
            yield source.problem(
                ("visits",), f"have '{visit.key}' after session {visit.session}; there is none"
            )
    if [visit.session for visit in visits] != numbers:
        yield source.problem(
            ("visits",), f"need one dosing visit for each of the sessions {numbers}"
        )
    if dosing.least_days_between > dosing.most_days_between:
        yield source.problem(
            ("dosing", "least_days_between"),
            f"is {dosing.least_days_between}; it must not be above most_days_between "
            f"{dosing.most_days_between}",
        )
    yield from _spacing(protocol, source, visits)
    yield from dose_levels.problems(protocol, source)
    yield from _room(dosing, source)


def _room(dosing: Dosing, source: Source) -> Iterator[Problem]:
    keyed: tuple[tuple[tuple[str, ...], Sequence[Any]], ...] = (
        (("dosing", "checklist"), dosing.checklist),
        (("dosing", "discharge"), dosing.discharge),
        (("dosing", "room", "phases"), dosing.room.phases if dosing.room else ()),
        (("dosing", "room", "observations"), dosing.room.observations if dosing.room else ()),
    )
    for path, items in keyed:
        yield from _repeated_names(path, [each.key for each in items], source)
    for number, each in enumerate(dosing.discharge):
        if (each.needs == "assessment") != bool(each.instrument):
            yield source.problem(
                ("dosing", "discharge", number),
                "needs instrument with 'needs: assessment', and only then",
            )
    if dosing.room is None:
        return
    starts = [each.from_min for each in dosing.room.phases]
    if starts and (starts[0] != 0 or any(a >= b for a, b in pairwise(starts))):
        yield source.problem(
            ("dosing", "room", "phases"), f"begin at {starts}; begin at 0 and let each be later"
        )
    shortcuts = [each.shortcut for each in dosing.room.observations if each.shortcut]
    yield from _repeated_names(("dosing", "room", "observations"), shortcuts, source)
    for number, seen in enumerate(dosing.room.observations):
        place = ("dosing", "room", "observations", number)
        if (seen.form == "scale") != (seen.lowest < seen.highest):
            yield source.problem(place, "needs lowest below highest as a scale, and only then")
        if (seen.form == "place") != bool(seen.choices):
            yield source.problem(place, "needs choices as a place, and only then")


def _repeated_names(
    path: tuple[str, ...], names: Sequence[str], source: Source
) -> Iterator[Problem]:
    for name in sorted({each for each in names if names.count(each) > 1}):
        yield source.problem(path, f"has two entries called '{name}'; rename one")


def _spacing(protocol: Protocol, source: Source, visits: Sequence[Visit]) -> Iterator[Problem]:
    dosing = protocol.dosing
    for earlier, later in pairwise(visits):
        if (
            dosing
            and later.anchor == earlier.key
            and (
                later.window.earliest < dosing.least_days_between
                or later.window.latest > dosing.most_days_between
            )
        ):
            yield source.problem(
                ("visits",),
                f"let '{later.key}' fall on days {later.window.earliest} to "
                f"{later.window.latest}; the spacing is {dosing.least_days_between} to "
                f"{dosing.most_days_between}",
            )


def _arms(protocol: Protocol, source: Source) -> Iterator[Problem]:
    roles = [arm.role for arm in protocol.arms]
    if not {"experimental", "single"} & set(roles):
        yield source.problem(("arms",), "need one with role experimental or single")
    plan = protocol.randomisation
    if plan is None:
        if len(protocol.arms) > 1:
            yield source.problem(("arms",), f"are {len(roles)}; say how in 'randomisation'")
        return
    if len(protocol.arms) < 2:
        yield source.problem(("randomisation",), "needs at least two arms")
    yield from (_minimised if plan.method == "minimisation" else _blocked)(protocol, plan, source)
    if plan.after_visit and protocol.visit(plan.after_visit) is None:
        yield source.problem(
            ("randomisation", "after_visit"), f"is '{plan.after_visit}'; no visit has that key"
        )


def _blocked(protocol: Protocol, plan: Randomisation, source: Source) -> Iterator[Problem]:
    whole = sum(arm.ratio for arm in protocol.arms)
    for size in plan.block_sizes:
        if whole and size % whole:
            yield source.problem(
                ("randomisation", "block_sizes"), f"has {size}; use multiples of {whole}"
            )
    if not plan.block_sizes:
        yield source.problem(("randomisation", "block_sizes"), "is empty; give block sizes")
    if plan.factors or plan.probability_percent is not None:
        yield source.problem(
            ("randomisation",), "has factors or a coin; add 'method: minimisation' or leave them"
        )


def _minimised(protocol: Protocol, plan: Randomisation, source: Source) -> Iterator[Problem]:
    if plan.block_sizes or plan.strata:
        yield source.problem(
            ("randomisation",), "has block sizes or strata; minimisation takes 'factors' instead"
        )
    if len({arm.ratio for arm in protocol.arms}) > 1:
        # A coin that favours the lesser imbalance does not keep an unequal ratio.
        yield source.problem(("arms",), "have unequal ratios; minimisation needs equal ones")
    if plan.probability_percent is None:
        yield source.problem(
            ("randomisation",), "lacks probability_percent; 80 is common, 100 leaves no chance"
        )
    if not plan.factors:
        yield source.problem(("randomisation",), "names no factors; name what is to be balanced")
    known = {"site", "sex", *(each.key for each in protocol.characteristics if each.options)}
    for number, key in enumerate(plan.factors):
        if key not in known or key in plan.factors[:number]:
            yield source.problem(
                ("randomisation", "factors", number),
                f"is '{key}'; name site, sex or a characteristic with choices, each once",
            )


def _outcome(protocol: Protocol, source: Source, *, stored: bool) -> Iterator[Problem]:
    outcome = protocol.outcome
    dosed = protocol.dosing is not None
    for place, message in estimand.faults(outcome.estimand, dosed=dosed, stored=stored):
        yield source.problem(("outcome", "estimand", *place), message)
    for field, key in (("baseline_visit", outcome.baseline_visit), ("visit", outcome.visit)):
        visit = protocol.visit(key)
        if visit is None:
            yield source.problem(("outcome", field), f"is '{key}'; no visit has that key")
        elif outcome.instrument not in visit.assessments:
            yield source.problem(
                ("outcome", field), f"is '{key}'; that visit does not rate {outcome.instrument}"
            )


def _diary(protocol: Protocol, source: Source) -> Iterator[Problem]:
    if protocol.diary:
        settings = frozenset(each.key for each in protocol.site_settings)
        for path, message in diary.faults(protocol.diary, settings):
            yield source.problem(("diary", *path), message)


KNOWN_FROM_REGISTRATION = {"age-years": (), "sex": ("female", "male", "unknown")}


def _criteria(protocol: Protocol, source: Source) -> Iterator[Problem]:
    for number, criterion in enumerate(protocol.criteria):
        parts = (criterion.instrument, criterion.at_visit, criterion.at_least is not None)
        if any(parts) and not all(parts):
            yield source.problem(
                ("criteria", number), "needs instrument, at_visit and at_least together"
            )
        visit = protocol.visit(criterion.at_visit) if criterion.at_visit else None
        if criterion.at_visit and (visit is None or criterion.instrument not in visit.assessments):
            yield source.problem(
                ("criteria", number, "at_visit"),
                f"is '{criterion.at_visit}'; no such visit rates {criterion.instrument}",
            )
        if criterion.met_when and criterion.instrument:
            yield source.problem(
                ("criteria", number), "has met_when and instrument; keep the one that decides"
            )
        for block, conditions in enumerate(criterion.met_when):
            for place, condition in enumerate(conditions):
                path = ("criteria", number, "met_when", block, place)
                yield from _condition(protocol, source, path, condition)
    for number, each in enumerate(protocol.characteristics):
        if each.is_number != (each.highest is not None) or (each.is_number and each.choices):
            yield source.problem(
                ("characteristics", number), "needs lowest and highest together, or choices"
            )
        if each.key in KNOWN_FROM_REGISTRATION:
            yield source.problem(
                ("characteristics", number, "key"), f"is '{each.key}', known from registration"
            )


def _condition(
    protocol: Protocol, source: Source, path: tuple[str | int, ...], condition: Condition
) -> Iterator[Problem]:
    asked = {each.key: each for each in protocol.characteristics}
    key = condition.characteristic
    if key not in asked and key not in KNOWN_FROM_REGISTRATION:
        yield source.problem(
            (*path, "characteristic"), f"is '{key}'; no characteristic has that key"
        )
        return
    found = asked.get(key)
    choices = tuple(k for k, _ in found.options) if found else KNOWN_FROM_REGISTRATION[key]
    strangers = [each for each in condition.answers if each not in choices]
    if strangers:
        known = ", ".join(choices) or "none, it is a number"
        yield source.problem(path, f"asks '{key}' for '{strangers[0]}'; its answers: {known}")
    limits = (condition.at_least, condition.at_most, condition.above_setting or None)
    if bool(condition.answers) == any(each is not None for each in limits):
        yield source.problem(path, "needs holds or one_of, else at_least, at_most, above_setting")
    elif choices and not condition.answers:
        yield source.problem(path, f"asks '{key}' for a number; use holds or one_of")
    settings = {each.key for each in protocol.site_settings}
    if condition.above_setting and condition.above_setting not in settings:
        yield source.problem(
            (*path, "above_setting"), f"is '{condition.above_setting}'; no such site setting"
        )
