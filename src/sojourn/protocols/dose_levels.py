"""What must hold of the doses a protocol gives: counted in one way, never above their most."""

from collections.abc import Iterator

from sojourn.protocols.model import Dosing, Protocol
from sojourn.protocols.reading import Problem, Source

LEVELS = ("initial_mg", "initial_ug", "initial_mg_per_kg")


def problems(protocol: Protocol, source: Source) -> Iterator[Problem]:
    """Every fault of the doses and of what their labels hold."""
    dosing = protocol.dosing
    if dosing is None:
        return
    second = dosing.supplemental
    if second and not second.from_min <= second.until_min < dosing.lasting_min:
        yield source.problem(
            ("dosing", "supplemental", "until_min"),
            f"is {second.until_min}; it must lie between from_min {second.from_min} and the "
            f"session's {dosing.lasting_min} minutes",
        )
    yield from _counted(protocol, dosing, source)
    yield from _arms(protocol, source, {each for s in dosing.sessions for each in s.initial})
    most, name = dosing.session_total_max, f"session_total_max_{_suffix(dosing)}"
    for number, session in enumerate(dosing.sessions):
        given = [each for each in LEVELS if getattr(session, each)]
        field = given[0] if given else "initial_mg"
        path = ("dosing", "sessions", number, field)
        if not given:
            yield source.problem(path, "is empty")
        for level in session.initial:
            share = level * second.percent_of_initial if second else 0
            if share % 100:
                yield source.problem(path, f"has {level}; its supplemental is no whole mg")
            if most is not None and level + share // 100 > most:
                yield source.problem(
                    path, f"has {level}; with its supplemental it exceeds {name} {most}"
                )


def _suffix(dosing: Dosing) -> str:
    return "ug" if dosing.unit == "µg" else "mg"


def _arms(protocol: Protocol, source: Source, levels: set[int]) -> Iterator[Problem]:
    """What an arm holds of each label is a whole number, or it could not be recorded."""
    for number, arm in enumerate(protocol.arms):
        for level in sorted(levels):
            if arm.percent_of_label and level * arm.percent_of_label % 100:
                yield source.problem(
                    ("arms", number, "percent_of_label"),
                    f"is {arm.percent_of_label}; of a label of {level} that is no whole number",
                )


def _counted(protocol: Protocol, dosing: Dosing, source: Source) -> Iterator[Problem]:
    """Every session counts in one way, and the most of a session is said in the same."""
    used = [each for each in LEVELS for s in dosing.sessions if getattr(s, each)]
    if len(set(used)) > 1 or len(used) > len(dosing.sessions):
        yield source.problem(
            ("dosing", "sessions"), f"count in {', '.join(sorted(set(used)))}; count in one of them"
        )
    by_weight = "initial_mg_per_kg" in used
    wanted = "session_total_max_setting" if by_weight else f"session_total_max_{_suffix(dosing)}"
    for name in ("session_total_max_mg", "session_total_max_ug", "session_total_max_setting"):
        if bool(getattr(dosing, name)) != (name == wanted):
            mend = "is missing; say the most of one session" if name == wanted else "does not fit"
            yield source.problem(("dosing", name), mend)
    settings = {each.key: each for each in protocol.site_settings}
    most = settings.get(dosing.session_total_max_setting)
    if by_weight and (most is None or not most.required):
        key = dosing.session_total_max_setting
        yield source.problem(
            ("dosing", "session_total_max_setting"), f"is '{key}'; no limit that a site must set"
        )
    weighed = {each.key for each in protocol.characteristics if each.unit == "kg"}
    if by_weight != bool(dosing.weight) or (by_weight and dosing.weight not in weighed):
        yield source.problem(
            ("dosing", "weight"),
            f"is '{dosing.weight}'; with mg per kg, and only then, name a characteristic in kg",
        )
    if by_weight and dosing.supplemental:
        yield source.problem(("dosing", "supplemental"), "does not go with mg per kg; remove it")
