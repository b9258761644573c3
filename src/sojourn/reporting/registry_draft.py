"""A draft of the results a registry asks for, from the figures of a report and nothing else.

The form is that of ClinicalTrials.gov's API v2 (``protocolSection``, ``resultsSection``). What the
record does not hold is left blank and named; the sponsor fills it in and answers for all of it.

Source: ClinicalTrials.gov, Study Data Structure and data API, version 2.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sojourn.protocols.model import Protocol
from sojourn.record.hashing import time_text
from sojourn.reporting.assembly import Report
from sojourn.reporting.registry_events import adverse_events
from sojourn.reporting.registry_outcomes import PEOPLE, outcome_measures
from sojourn.reporting.registry_values import (
    Figures,
    Value,
    arm_of,
    by_group,
    groups,
    of,
    written,
)

# The registry's own words for the reasons of leaving that packs name.
REASONS = {
    "choice": "Withdrawal by Subject",
    "adverse-event": "Adverse Event",
    "lack-of-benefit": "Lack of Efficacy",
    "physician-decision": "Physician Decision",
    "pregnancy": "Pregnancy",
}
LOST = "Lost to Follow-up"
SEXES = (("female", "Female"), ("male", "Male"))
NOT_LOCKED = "the database was not locked at the data cut; lock it, then make the report"
ALWAYS = (
    "protocolSection.identificationModule: organisation, official title and acronym as registered",
    "protocolSection.sponsorCollaboratorsModule and overall status, dates and sites",
    "the description of every group, in each module",
    "baselineCharacteristicsModule: race, ethnicity and region of enrolment, which the record does "
    "not hold",
    "outcomeMeasuresModule: hypotheses behind each analysis, and outcome measures registered "
    "beyond those here",
    "moreInfoModule.limitationsAndCaveats.description",
    "moreInfoModule.certainAgreement: whether investigators are the sponsor's employees, and what "
    "restricts publication",
    "moreInfoModule.pointOfContact",
    "documentSection: the protocol and the statistical analysis plan",
)


@dataclass(frozen=True, slots=True)
class ResultsDraft:
    """``data`` is the study record, ``to_fill`` what the sponsor still has to say.

    ``traces`` gives for the path of each number the keys of the figures it comes from, as
    ``sojourn trace`` takes them.
    """

    data: dict[str, Any]
    to_fill: tuple[str, ...]
    traces: dict[str, list[str]]
    report: Report


def why_no_draft(report: Report) -> str | None:
    """Why no results may be drafted from this report; None where they may."""
    if not report.by_arm and not report.layout.single:
        return "the report is blinded, and a registry asks for results by arm"
    if not report.locked:
        return NOT_LOCKED
    return None


def results_draft(report: Report, nct: str = "", completed: str = "") -> ResultsDraft:
    """The draft from a report that ``why_no_draft`` has nothing against.

    ``nct`` and ``completed`` (YYYY-MM-DD) are what the sponsor gives of the registration.
    """
    figures, fill = of(report), list(ALWAYS)
    if not nct:
        fill.insert(0, "protocolSection.identificationModule.nctId")
    if not completed:
        fill.insert(0, "protocolSection.statusModule.completionDateStruct.date")
    sections = {
        "protocolSection": _protocol(report, fill, nct, completed),
        "resultsSection": {
            "participantFlowModule": _flow(figures, fill),
            "baselineCharacteristicsModule": _baseline(figures, fill),
            "outcomeMeasuresModule": {"outcomeMeasures": _outcomes(figures, fill)},
            **adverse_events(figures, fill),
            "moreInfoModule": {
                "limitationsAndCaveats": {"description": ""},
                "certainAgreement": {},
                "pointOfContact": {},
            },
        },
    }
    traces: dict[str, list[str]] = {}
    data = written(sections, "", traces)
    return ResultsDraft(data, tuple(fill), traces, report)


def registry_text(draft: ResultsDraft) -> str:
    """The file: the study record, with what is still to fill and where each number comes from."""
    report = draft.report
    about = {
        "draft": True,
        "software": report.software,
        "as_of": time_text(report.cut.as_of),
        "size": report.cut.position,
        "root": report.cut.root,
        "to_fill_by_the_sponsor": list(draft.to_fill),
        "figures": draft.traces,
    }
    whole = {**draft.data, "sojourn": about}
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def _protocol(report: Report, fill: list[str], nct: str, completed: str) -> dict[str, Any]:
    protocol = report.protocol
    identity = {"nctId": nct} if nct else {}
    status = {"completionDateStruct": {"date": completed}} if completed else {}
    return {
        "identificationModule": {**identity, "briefTitle": report.title},
        "statusModule": status,
        "conditionsModule": {"conditions": [protocol.indication]},
        "designModule": {"studyType": "INTERVENTIONAL", "designInfo": _design(protocol)},
        "armsInterventionsModule": {
            "armGroups": [_arm_group(protocol, arm, fill) for arm in report.layout.arms]
        },
    }


def _design(protocol: Protocol) -> dict[str, Any]:
    plan = protocol.randomisation
    masked = ["PARTICIPANT", "CARE_PROVIDER"]
    if any(each.rated_by == "independent-rater" for each in protocol.visits):
        masked.append("OUTCOMES_ASSESSOR")
    blinded = {"masking": {2: "DOUBLE", 3: "TRIPLE"}[len(masked)], "whoMasked": masked}
    return {
        "allocation": "RANDOMIZED" if plan else "NA",
        "interventionModel": "PARALLEL" if plan else "SINGLE_GROUP",
        "maskingInfo": blinded if plan and plan.blinded else {"masking": "NONE"},
    }


def _arm_group(protocol: Protocol, label: str, fill: list[str]) -> dict[str, str]:
    arm = arm_of(protocol, label)
    if arm.role != "comparator":
        return {"label": label, "type": "EXPERIMENTAL"}
    if arm.percent_of_label is None:
        fill.append(f"the type of arm '{label}': the protocol does not say what it holds")
        return {"label": label}
    return {
        "label": label,
        "type": "ACTIVE_COMPARATOR" if arm.percent_of_label else "PLACEBO_COMPARATOR",
    }


def _flow(figures: Figures, fill: list[str]) -> dict[str, Any]:
    """One period: who began, who completed, and why the others did not."""
    arms = figures.report.layout.arms

    def counts(key: str) -> list[Value | None]:
        return [figures.value(f"flow/{key}/{arm}", "count") for arm in arms]

    left = [
        Value(str(sum(int(part.text) for part in parts)), tuple(k for p in parts for k in p.keys))
        for parts in (
            [part for part in column if part]
            for column in zip(*map(counts, ("withdrawn", "lost", "in-progress")), strict=True)
        )
    ]
    if any(int(each.text) for each in counts("in-progress") if each):
        fill.append("participantFlowModule: the report has people who were still taking part")
    milestones: list[tuple[str, list[Value | None]]]
    milestones = [("STARTED", counts("allocated")), ("COMPLETED", counts("completed")),
                  ("NOT_COMPLETED", [*left])]  # fmt: skip
    if any(counts("dosed")):
        milestones.insert(1, ("Received at least one dose", counts("dosed")))
    period = {
        "title": "Overall Study",
        "milestones": [
            {"type": kind, "achievements": by_group("FG", "numSubjects", values)}
            for kind, values in milestones
        ],
        "dropWithdraws": [
            {"type": kind, "reasons": by_group("FG", "numSubjects", values)}
            for kind, values in _reasons(figures, counts("lost"))
        ],
    }
    return {"groups": groups(figures.report, "FG"), "periods": [period]}


def _reasons(
    figures: Figures, lost: list[Value | None]
) -> Iterator[tuple[str, list[Value | None]]]:
    arms = figures.report.layout.arms
    yield LOST, lost
    for key, label in figures.report.protocol.withdrawal_reasons:
        values = [figures.value(f"flow/reason/{label}/{arm}", "count") for arm in arms]
        if any(values):
            yield REASONS.get(key, label), values


def _baseline(figures: Figures, fill: list[str]) -> dict[str, Any]:
    layout = figures.report.layout
    people = [figures.value(f"baseline/people/{arm}", "count") for arm in layout.arms]
    measures = [
        _mean(figures, "age", "Age, Continuous", "years"),
        _sexes(figures, fill),
        _mean(figures, "severity", f"{layout.instrument} at Baseline", "score on a scale"),
    ]
    return {
        "populationDescription": "The population of the primary analysis as planned",
        "groups": groups(figures.report, "BG"),
        "denoms": [{"units": PEOPLE, "counts": by_group("BG", "value", people)}],
        "measures": measures,
    }


def _mean(figures: Figures, key: str, title: str, unit: str) -> dict[str, Any]:
    arms = figures.report.layout.arms
    rows, people = [], []
    for number, arm in enumerate(arms):
        name = f"baseline/{key}/{arm}"
        row = {"groupId": f"BG{number:03d}", "value": figures.value(name, "mean")}
        spread = figures.value(name, "sd")
        rows += [row | ({"spread": spread} if spread else {})] if row["value"] else []
        people.append(figures.value(name, "n"))
    return {
        "title": title,
        "paramType": "MEAN",
        "dispersionType": "STANDARD_DEVIATION",
        "unitOfMeasure": unit,
        "denoms": [{"units": PEOPLE, "counts": by_group("BG", "value", people)}],
        "classes": [{"categories": [{"measurements": rows}]}],
    }


def _sexes(figures: Figures, fill: list[str]) -> dict[str, Any]:
    """The registry knows two; what else is recorded is for the sponsor to place."""
    arms = figures.report.layout.arms
    known = {f"baseline/sex/{key}/{arm}" for key, _ in SEXES for arm in arms}
    if any(name.startswith("baseline/sex/") and name not in known for name in figures.by_name):
        fill.append("baselineCharacteristicsModule: people whose sex is neither female nor male")
    categories = [
        {"title": title, "measurements": by_group("BG", "value", values)}
        for key, title in SEXES
        for values in [[figures.value(f"baseline/sex/{key}/{arm}", "count") for arm in arms]]
        if any(values)
    ]
    return {
        "title": "Sex: Female, Male",
        "paramType": "COUNT_OF_PARTICIPANTS",
        "unitOfMeasure": PEOPLE,
        "classes": [{"categories": categories}],
    }


def _outcomes(figures: Figures, fill: list[str]) -> list[dict[str, Any]]:
    found = outcome_measures(figures)
    if not any(each["type"] == "PRIMARY" for each in found):
        fill.append("outcomeMeasuresModule: the primary measure, which the report has no figure of")
    return found
