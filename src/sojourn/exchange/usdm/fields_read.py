"""Arms, criteria, dosing, outcome and the rest of a pack, as a study definition says them."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from sojourn.definitions import read as read_definition
from sojourn.exchange.usdm.classes import (
    Code,
    EligibilityCriterion,
    Estimand,
    StudyArm,
    StudyIntervention,
)
from sojourn.exchange.usdm.extensions import fields
from sojourn.exchange.usdm.objectives import STRATEGIES
from sojourn.exchange.usdm.reading import Definition
from sojourn.exchange.usdm.terms import terms
from sojourn.exchange.usdm.treatment import UNITS
from sojourn.exchange.usdm.writing import PLACED
from sojourn.protocols.scaffold import KEY

BOTH = "C49636"  # of CDISC's list of the sex of participants
GAPS = Path(__file__).parent / "gaps.yaml"
ROLES = {
    "arm-investigational": "experimental",
    "arm-treatment": "single",
    "arm-control": "comparator",
    "arm-active-comparator": "comparator",
    "arm-placebo": "comparator",
    "arm-sham": "comparator",
    "arm-no-intervention": "comparator",
}


@cache
def gaps() -> dict[str, Any]:
    """What to write where the file is silent, by field of the pack."""
    return read_definition(GAPS)


def slug(text: str) -> str:
    """A key made of a name: small letters, digits and dashes."""
    if KEY.fullmatch(text):
        return text
    latin = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", latin).strip("-") or "unnamed"


def unique(names: list[str]) -> list[str]:
    """Each name once: the second 'visit' is 'visit-2'."""
    seen: set[str] = set()
    found = []
    for name in names:
        number, own = 2, name
        while own in seen:
            own, number = f"{name}-{number}", number + 1
        seen.add(own)
        found.append(own)
    return found


def design_fields(found: Definition, told: list[str], *, source: str) -> dict[str, Any]:
    """Every field of the pack that its design holds, but for the visits.

    ``source`` is the citation of a criterion that names none.
    """
    design = found.design
    kept = fields(design.extension_attributes)
    # What stands in an object of its own is read there alone.
    data = {name: value for name, value in kept.items() if name not in PLACED}
    said = list(dict.fromkeys(each.shown for each in design.indications))
    condition = next((fields(each.extension_attributes) for each in design.indications), {})
    data["indication"] = "; ".join(said) or gaps()["condition"]
    ours = "authorisations" in data
    if condition or not ours:
        data["condition"] = condition.get("condition", gaps()["condition"])
    data.setdefault("authorisations", gaps()["authorisations"])
    data["arms"] = _arms(found)
    data |= _randomisation(found, mapping(kept, "randomisation"))
    data |= _dosing(found, mapping(kept, "dosing"))
    data["outcome"] = _outcome(found, told)
    data["criteria"] = list(_criteria(found, told, source))
    if not ours:
        data["criteria"] += list(_planned(found, source))
        data.setdefault("site_settings", [gaps()["site_settings"]])
    return data if data["criteria"] else {k: v for k, v in data.items() if k != "criteria"}


def mapping(kept: dict[str, Any], name: str) -> dict[str, Any] | None:
    """The extension of that name where it holds fields; a file of another may have anything."""
    found = kept.get(name)
    return found if isinstance(found, dict) else None


def _named(code: Code) -> str | None:
    return terms().name(code.code)


def _arms(found: Definition) -> list[dict[str, Any]]:
    arms = found.design.arms
    keys = unique([slug(each.name) for each in arms])
    return [_arm(each, key, len(arms)) for each, key in zip(arms, keys, strict=True)]


def _arm(arm: StudyArm, key: str, arms: int) -> dict[str, Any]:
    kind = _named(arm.type) or ""
    role = ROLES.get(kind, gaps()["role"])
    if role == "single" and arms > 1:
        role = "experimental"
    placebo = {"percent_of_label": 0} if kind == "arm-placebo" else {}
    said = {"key": key, "label": arm.shown, "role": role}
    return fields(arm.extension_attributes) | said | placebo


def _randomisation(found: Definition, kept: dict[str, Any] | None) -> dict[str, Any]:
    design = found.design
    kinds = {_named(each) for each in design.characteristics}
    if kept is None and not kinds & {"randomised", "stratified"} and len(design.arms) < 2:
        return {}
    schema = design.blinding_schema
    name = _named(schema.standard_code) if schema else None
    blinded = {"double-blind": True, "open-label": False}.get(name or "", gaps()["blinded"])
    return {"randomisation": {**(kept or gaps()["randomisation"]), "blinded": blinded}}


def _dosing(found: Definition, kept: dict[str, Any] | None) -> dict[str, Any]:
    """The doses of a file of ours; of another only what is given, and what to write."""
    drugs = [each for each in found.version.study_interventions if each.administrations]
    if kept is not None:
        return {"dosing": {**kept, **_sessions(drugs)}}
    if not drugs:
        return {}
    known = [
        f"{each.shown}: {each.dose.value:g} {each.dose.unit.standard_code.decode}"
        for drug in drugs
        for each in drug.administrations
        if each.dose and each.dose.unit
    ]
    hint = f"; the file names {', '.join(known)}" if known else ""
    asked = {**gaps()["dosing"]}
    asked["sessions"] = [asked["sessions"][0].replace("{hint}", hint.replace(">>", ""))]
    return {"dosing": {"substance": "; ".join(each.shown for each in drugs), **asked}}


def _sessions(drugs: list[StudyIntervention]) -> dict[str, Any]:
    """The levels of each session, in the order of the file."""
    by_unit = {terms().terms[unit].code: field for field, unit in UNITS.items()}
    sessions: dict[Any, dict[str, Any]] = {}
    for each in (given for drug in drugs for given in drug.administrations):
        number = fields(each.extension_attributes).get("session", gaps()["day"])
        session = sessions.setdefault(number, {"number": number})
        unit = each.dose.unit.standard_code.code if each.dose and each.dose.unit else ""
        field = by_unit.get(unit, "initial_mg")
        value: Any = each.dose.value if each.dose and unit in by_unit else None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        asked = f"<<the published level of {each.shown}, a whole number>>"
        session.setdefault(field, []).append(value if isinstance(value, int) else asked)
    substance = next((drug.shown for drug in drugs), gaps()["dosing"]["study_drug"])
    return {"substance": substance, "sessions": list(sessions.values())}


def _outcome(found: Definition, told: list[str]) -> dict[str, Any]:
    design = found.design
    endpoints = {each.id: each for aim in design.objectives for each in aim.endpoints}
    primary = [each for each in endpoints.values() if _named(each.level) == "primary-endpoint"]
    first = next(iter(design.estimands), None)
    told += [
        f"estimand '{each.shown}': a pack has the primary one alone; it stays in the file"
        for each in design.estimands[1:]
    ]
    endpoint = endpoints.get(first.variable_of_interest_id) if first else None
    endpoint = endpoint or next(iter(primary), None)
    others = [each.name for each in endpoints.values() if each is not endpoint]
    if others:
        told.append(f"a pack has the primary endpoint alone; left out: {', '.join(others)}")
    kept = fields(endpoint.extension_attributes) if endpoint else {}
    asked = {name: gaps()[name] for name in ("instrument", "baseline_visit", "visit")}
    variable = plain(endpoint.text) if endpoint else gaps()["variable"]
    return {**asked, **kept, "estimand": _estimand(found, first, variable)}


def _estimand(found: Definition, said: Estimand | None, variable: str) -> dict[str, Any]:
    ask = gaps()
    if said is None:
        given = {"treatment": ask["treatment"], "population": ask["population"]}
        event = {"event": ask["event"], "strategy": ask["strategy"], "text": ask["text"]}
        told = {"variable": variable, "intercurrent_events": [event], "summary": ask["summary"]}
        return {**given, **told}
    populations = {each.id: each for each in found.design.analysis_populations}
    population = populations.get(said.analysis_population_id)
    return {
        **fields(said.extension_attributes),
        "treatment": said.description or ask["treatment"],
        "population": population.text if population else ask["population"],
        "variable": variable,
        "intercurrent_events": [
            {
                "event": ask["event"],
                **fields(each.extension_attributes),
                "strategy": _strategy(each.strategy),
                "text": plain(each.text),
            }
            for each in said.intercurrent_events
        ],
        "summary": said.population_summary,
    }


def _strategy(words: str) -> str:
    """The strategy that the words begin with; else what to write."""
    begins = slug(words)
    known = (key for key, name in STRATEGIES.items() if begins.startswith((key, slug(name))))
    asked: str = gaps()["strategy"]
    return next(known, asked)


def _criteria(found: Definition, told: list[str], source: str) -> Iterator[dict[str, Any]]:
    items = {each.id: each for each in found.version.eligibility_criterion_items}
    given = found.design.eligibility_criteria
    keys = unique([slug(each.name) for each in given])
    for each, key in zip(given, keys, strict=True):
        kind = _named(each.category)
        if kind not in ("inclusion", "exclusion"):
            told.append(f"criterion '{each.name}': its category is neither; it stands as exclusion")
        item = items.get(each.criterion_item_id)
        yield _criterion(each, key, kind, plain(item.text) if item else "", source)


def _planned(found: Definition, source: str) -> Iterator[dict[str, Any]]:
    """Limits that a study of others sets beside its criteria: a clinician answers them too."""
    population = found.design.population
    unread = {"kind": "inclusion", "source": source, "verified": False}
    sexes = [each.decode for each in population.planned_sex]
    if len(sexes) == 1 and population.planned_sex[0].code != BOTH:
        yield {"key": "planned-sex", "label": f"Planned sex: {sexes[0]}", **unread}
    if population.planned_age:
        least, most = population.planned_age.min_value, population.planned_age.max_value
        unit = f" {most.unit.standard_code.decode}" if most.unit else ""
        label = f"Planned age: {least.value:g} to {most.value:g}{unit}"
        yield {"key": "planned-age", "label": label, **unread}


def _criterion(
    each: EligibilityCriterion, key: str, kind: str | None, text: str, source: str
) -> dict[str, Any]:
    """Without conditions of ours, a clinician answers it: nobody is let in by a guess."""
    said: dict[str, Any] = {
        "key": key,
        "kind": kind if kind == "inclusion" else "exclusion",
        "label": text or each.shown,
    }
    if each.description:
        said["rationale"] = each.description
    unread = {"source": source, "verified": False} if source else {}
    return unread | fields(each.extension_attributes) | said


class _Words(HTMLParser):
    """The words of a text in HTML; a tag of USDM stands as [its name]."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.tags = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags += 1
        if tag.startswith("usdm:"):
            self.words.append(f"[{dict(attrs).get('name') or tag}]")
        elif tag in ("p", "li", "br", "div") and self.words:
            self.words.append(" ")

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def plain(text: str) -> str:
    """The words of a text that may be HTML; one paragraph of ours comes back as it was."""
    parser = _Words()
    parser.feed(text)
    parser.close()
    words = "".join(parser.words)
    if text.startswith("<p>") and text.endswith("</p>") and parser.tags == 1:
        return words
    return " ".join(words.split())
