"""A draft results file from a trial registry: every figure as posted, none of them verified.

Reads one study of the ClinicalTrials.gov API v2 (https://clinicaltrials.gov/data-api/api), its
``protocolSection`` and ``resultsSection``. What can't be placed is named, not guessed.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from sojourn.evidence.load import EvidenceError

_CONTROL = frozenset(
    {"PLACEBO_COMPARATOR", "ACTIVE_COMPARATOR", "SHAM_COMPARATOR", "NO_INTERVENTION"}
)
_MEANS = frozenset({"MEAN", "LEAST_SQUARES_MEAN"})
_SCALES = (("caps-5", "caps-5"), ("caps-iv", "caps-iv"), ("liebowitz", "lsas"), ("lsas", "lsas"))
_COUNTED = (
    ("remission", "remission"),
    ("loss of diagnosis", "loss-of-diagnosis"),
    ("no longer meet", "loss-of-diagnosis"),
    ("respon", "response"),
)


@dataclass(frozen=True, slots=True)
class Draft:
    """``data`` fits the schema of a results file; ``notes`` say what was left out and why."""

    data: Mapping[str, Any]
    notes: tuple[str, ...]

    def as_yaml(self) -> str:
        """The file, to be read against the paper before it counts."""
        return yaml.safe_dump(dict(self.data), sort_keys=False, allow_unicode=True, width=96)


def draft(record: Mapping[str, Any]) -> Draft:
    """The results that ``record`` posts, as a draft.

    Raises
    ------
    EvidenceError
        When the record has no NCT number or no posted results.
    """
    if not isinstance(record, Mapping):
        raise EvidenceError("the file holds no study; give the JSON of one, not a list")
    protocol, results = record.get("protocolSection", {}), record.get("resultsSection")
    identity = protocol.get("identificationModule", {})
    nct = identity.get("nctId", "")
    if not nct:
        raise EvidenceError("protocolSection.identificationModule.nctId is missing; give one study")
    if not results:
        raise EvidenceError(f"{nct} has no resultsSection; nothing is posted yet")
    arms = _Arms(protocol, results)
    notes: list[str] = list(arms.notes)
    outcomes = [
        *_discontinuation(results, arms),
        *_measures(results, arms, notes),
        *_adverse_events(results, arms),
    ]
    design = protocol.get("designModule", {}).get("designInfo", {})
    data = {
        "key": nct.lower(),
        "name": identity.get("acronym") or identity.get("briefTitle") or nct,
        "year": _year(protocol),
        "design": "randomised" if design.get("allocation") == "RANDOMIZED" else "open-label",
        "condition": _condition(protocol, notes),
        "population": identity.get("briefTitle") or "not given",
        "blinding": str(design.get("maskingInfo", {}).get("masking", "")).lower(),
        "registration": nct,
        "citations": [
            {
                "key": "paper",
                "text": f"ClinicalTrials.gov, posted results of {nct}",
                "url": f"https://clinicaltrials.gov/study/{nct}",
            }
        ],
        "arms": arms.as_data,
        "outcomes": outcomes,
        "notes": ["Drafted from the registry; read against the paper before use.", *notes],
    }
    return Draft(data, tuple(notes))


class _Arms:
    """Groups that the modules number each their own way, matched by title."""

    def __init__(self, protocol: Mapping[str, Any], results: Mapping[str, Any]) -> None:
        flow = results.get("participantFlowModule", {})
        events = results.get("adverseEventsModule", {}).get("eventGroups", [])
        groups = flow.get("groups") or events
        self.titles = [str(group.get("title", "")) for group in groups]
        self.notes: list[str] = []
        self.types = {
            str(arm.get("label", "")): str(arm.get("type", ""))
            for arm in protocol.get("armsInterventionsModule", {}).get("armGroups", [])
        }
        started = _milestone(flow, "STARTED", last=False)
        self.n = {group["title"]: started.get(group["id"]) for group in groups}
        self.as_data = [self._arm(title) for title in self.titles]

    def key(self, title: str) -> str | None:
        """The arm's key, or None for a group that is no arm (a total, say)."""
        return _slug(title) if title in self.titles else None

    def _arm(self, title: str) -> dict[str, Any]:
        arm: dict[str, Any] = {
            "key": _slug(title),
            "label": title,
            "treatment": _treatment(title),
            "role": self._role(title),
        }
        if self.n.get(title) is not None:
            arm["n"] = self.n[title]
        return arm

    def _role(self, title: str) -> str:
        kind = self.types.get(title)
        if kind:
            return "control" if kind in _CONTROL else "active"
        role = "control" if "placebo" in title.lower() else "active"
        self.notes.append(f"arm '{title}' is in no arm group of the protocol; role {role} to check")
        return role


def _discontinuation(results: Mapping[str, Any], arms: _Arms) -> Iterator[dict[str, Any]]:
    flow = results.get("participantFlowModule", {})
    started = _milestone(flow, "STARTED", last=False)
    completed = _milestone(flow, "COMPLETED", last=True)
    rows = [
        {"arm": key, "events": started[g["id"]] - completed[g["id"]], "n": started[g["id"]]}
        for g in flow.get("groups", [])
        if (key := arms.key(g["title"])) and g["id"] in started and g["id"] in completed
    ]
    if rows:
        yield _outcome("discontinuation", "count", "started and did not complete", "flow", rows)


def _measures(
    results: Mapping[str, Any], arms: _Arms, notes: list[str]
) -> Iterator[dict[str, Any]]:
    measures = results.get("outcomeMeasuresModule", {}).get("outcomeMeasures", [])
    for measure in measures:
        title = str(measure.get("title", ""))
        made = _measure(measure, arms) if measure.get("reportingStatus") != "NOT_POSTED" else None
        if made:
            yield made
        else:
            notes.append(f"outcome measure '{title}' was not placed; add it by hand if it counts")


def _measure(measure: Mapping[str, Any], arms: _Arms) -> dict[str, Any] | None:
    classes = measure.get("classes", [])
    if len(classes) != 1 or len(classes[0].get("categories", [])) != 1:
        return None
    title = str(measure.get("title", ""))
    words = f"{title} {measure.get('description', '')}".lower()
    counts = classes[0].get("denoms") or measure.get("denoms", [])
    people = {
        each["groupId"]: int(each["value"]) for denom in counts for each in denom.get("counts", [])
    }
    titles = {group["id"]: group["title"] for group in measure.get("groups", [])}
    cells = [
        (arms.key(titles.get(cell["groupId"], "")), people.get(cell["groupId"]), cell)
        for cell in classes[0]["categories"][0].get("measurements", [])
    ]
    made: dict[str, Any] | None = None
    if measure.get("paramType") in _MEANS:
        made = _means(measure, title, words, cells)
    elif measure.get("paramType") == "COUNT_OF_PARTICIPANTS":
        made = _counts(title, words, cells)
    if made and (weeks := _weeks(str(measure.get("timeFrame", "")))) is not None:
        made["weeks"] = weeks
    if made:
        made["primary"] = measure.get("type") == "PRIMARY"
    return made


def _means(
    measure: Mapping[str, Any], title: str, words: str, cells: list[tuple[Any, Any, Any]]
) -> dict[str, Any] | None:
    scale = next((scale for word, scale in _SCALES if word in words), None)
    if scale is None:
        return None
    rows = []
    for key, n, cell in cells:
        if key is None or not _is_number(cell.get("value")):
            continue
        row = {"arm": key, "n": n, "mean": cell["value"], **_spread(measure, n, cell)}
        rows.append({field: value for field, value in row.items() if value is not None})
    kind = "change" if "change" in words else "endpoint"
    outcome = "social-anxiety" if scale == "lsas" else "ptsd-severity"
    made = _outcome(outcome, kind, title, "outcome measures", rows)
    made["scale"] = scale
    return made if rows else None


def _spread(measure: Mapping[str, Any], n: int | None, cell: Mapping[str, Any]) -> dict[str, Any]:
    """The SD, worked out from a standard error or a 95% interval where that is what is posted."""
    kind = str(measure.get("dispersionType", "")).upper().replace(" ", "_")
    spread, low, high = (cell.get(each) for each in ("spread", "lowerLimit", "upperLimit"))
    if kind == "STANDARD_DEVIATION" and _is_number(spread):
        return {"sd": spread}
    if kind == "STANDARD_ERROR" and _is_number(spread) and n:
        return {"sd": f"{float(str(spread)) * math.sqrt(n):.2f}"}
    if kind in ("95%_CONFIDENCE_INTERVAL", "CONFIDENCE_95") and _is_number(low) and n:
        width = float(str(high)) - float(str(low))
        return {"sd": f"{width / 3.92 * math.sqrt(n):.2f}", "low": low, "high": high}
    return {}


def _counts(title: str, words: str, cells: list[tuple[Any, Any, Any]]) -> dict[str, Any] | None:
    outcome = next((outcome for word, outcome in _COUNTED if word in words), None)
    if outcome is None:
        return None
    rows = [
        {"arm": key, "events": int(cell["value"]), "n": n}
        for key, n, cell in cells
        if key and n and str(cell.get("value", "")).isdigit()
    ]
    return _outcome(outcome, "count", title, "outcome measures", rows) if rows else None


def _adverse_events(results: Mapping[str, Any], arms: _Arms) -> Iterator[dict[str, Any]]:
    module = results.get("adverseEventsModule", {})
    titles = {group["id"]: group["title"] for group in module.get("eventGroups", [])}
    serious = [
        {"arm": key, "events": int(g["seriousNumAffected"]), "n": int(g["seriousNumAtRisk"])}
        for g in module.get("eventGroups", [])
        if (key := arms.key(g["title"])) and "seriousNumAffected" in g and g.get("seriousNumAtRisk")
    ]
    about = f"participants, {module.get('timeFrame', 'time not given')}"
    if serious:
        yield _outcome("serious-adverse-event", "count", about, "adverse events", serious)
    for event in module.get("otherEvents", []):
        rows = [
            {"arm": key, "events": int(s["numAffected"]), "n": int(s["numAtRisk"])}
            for s in event.get("stats", [])
            if (key := arms.key(titles.get(s["groupId"], "")))
            and "numAffected" in s
            and s.get("numAtRisk")
        ]
        if rows:
            made = _outcome("adverse-event", "count", about, "adverse events", rows)
            made["term"] = event.get("term", "")
            yield made


def _outcome(
    outcome: str, kind: str, definition: str, where: str, rows: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "outcome": outcome,
        "kind": kind,
        "definition": definition or "not given",
        "where": where,
        "verified": False,
        "results": rows,
    }


def _milestone(flow: Mapping[str, Any], kind: str, *, last: bool) -> dict[str, int]:
    """How many of each group reached a milestone, in the first or the last period."""
    periods = flow.get("periods", [])
    if not periods:
        return {}
    return {
        each["groupId"]: int(each["numSubjects"])
        for milestone in periods[-1 if last else 0].get("milestones", [])
        if milestone.get("type") == kind
        for each in milestone.get("achievements", [])
        if str(each.get("numSubjects", "")).isdigit()
    }


def _year(protocol: Mapping[str, Any]) -> int:
    status = protocol.get("statusModule", {})
    for field in ("resultsFirstPostDateStruct", "completionDateStruct"):
        text = str(status.get(field, {}).get("date", ""))
        if text[:4].isdigit():
            return int(text[:4])
    raise EvidenceError("statusModule has neither resultsFirstPostDateStruct nor completion date")


def _condition(protocol: Mapping[str, Any], notes: list[str]) -> str:
    named = " ".join(protocol.get("conditionsModule", {}).get("conditions", [])).lower()
    if "stress disorder" in named or "ptsd" in named:
        return "ptsd"
    if "social anxiety" in named:
        return "social-anxiety"
    notes.append(f"condition '{named}' is none of ours; kept as 'any'")
    return "any"


def _weeks(text: str) -> str | None:
    """The last time named, in weeks; None where there is none."""
    found = re.findall(
        r"(\d+(?:\.\d+)?)[\s-]*(week|month|day)|(week|month|day)s?\s+(\d+)", text.lower()
    )
    if not found:
        return None
    number, unit = (found[-1][0], found[-1][1]) if found[-1][0] else (found[-1][3], found[-1][2])
    return f"{float(number) * {'week': 1, 'month': 4.348, 'day': 1 / 7}[unit]:.0f}"


def _treatment(title: str) -> str:
    words = title.lower()
    if "placebo" in words:
        return "placebo"
    return "mdma" if "mdma" in words or "midomafetamine" in words else _slug(title)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "arm"


def _is_number(value: object) -> bool:
    return bool(re.fullmatch(r"-?\d+(\.\d+)?", str(value)))
