"""The outcome measures of a draft for a registry: the primary one, responders, the course."""

from collections.abc import Iterator
from typing import Any

from sojourn.analysis.report import Figure
from sojourn.analysis.report.responding import LABELS, RULES
from sojourn.reporting.registry_values import Figures, Value, by_group, groups, value

LETTERS = "OG"
PEOPLE = "Participants"
SCORE = "score on a scale"
Measure = dict[str, Any]


def outcome_measures(figures: Figures) -> list[Measure]:
    """Every measure that the report has figures of, the primary one first."""
    layout = figures.report.layout
    primary = _described(figures) if layout.single else _modelled(figures)
    found = [primary] if primary else []
    for outcome, words in LABELS.items():
        for rule, told in RULES:
            measure = _responders(figures, outcome, rule, f"{words}, {told[0].lower()}{told[1:]}")
            found += [measure] if measure else []
    course = _course(figures)
    return found + ([course] if course else [])


def _measure(figures: Figures, kind: str, title: str, time: str, **fields: Any) -> Measure:
    return {
        "type": kind,
        "title": title,
        "timeFrame": time,
        "reportingStatus": "POSTED",
        **fields,
        "groups": groups(figures.report, LETTERS),
    }


def _people(values: list[Value | None]) -> dict[str, Any]:
    return {"units": PEOPLE, "counts": by_group(LETTERS, "value", values)}


def _one(measurements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"categories": [{"measurements": measurements}]}]


def _primary_words(figures: Figures) -> tuple[str, str, str]:
    report = figures.report
    label = report.layout.label(report.layout.outcome)
    said = report.protocol.outcome.estimand
    title = f"Change From Baseline in {report.layout.instrument} at {label}"
    return title, f"{said.variable}. {said.summary}. {said.population}.", f"Baseline to {label}"


def _modelled(figures: Figures) -> Measure | None:
    """Least-squares means with the mixed model's comparisons."""
    layout = figures.report.layout
    means = [figures.ending("primary", f"/mean/{layout.outcome}/{arm}") for arm in layout.arms]
    if not all(means):
        return None
    title, words, time = _primary_words(figures)
    counts = [figures.value(f"flow/analysed/{arm}", "count") for arm in layout.arms]
    rows = by_group(LETTERS, "value", [value(each, "estimate") for each in means])
    for row, mean in zip(rows, means, strict=True):
        row["spread"] = value(mean, "standard_error")
    measure = _measure(
        figures, "PRIMARY", title, time,
        description=words,
        populationDescription="Those in the primary analysis: with a baseline and a rating "
        "that counts after it",
        paramType="LEAST_SQUARES_MEAN",
        dispersionType="Standard Error",
        unitOfMeasure=SCORE,
    )  # fmt: skip
    return measure | {
        "denoms": [_people(counts)],
        "classes": _one(rows),
        "analyses": list(_comparisons(figures)),
    }


def _comparisons(figures: Figures) -> Iterator[dict[str, Any]]:
    layout = figures.report.layout
    for number, arm in enumerate(layout.arms[1:], start=1):
        found = figures.ending("primary", f"/difference/{layout.outcome}/{arm}")
        if found is None:
            continue
        yield _filled(
            {
                "groupIds": [f"{LETTERS}000", f"{LETTERS}{number:03d}"],
                "groupDescription": f"{arm} less {layout.arms[0]}",
                "nonInferiorityType": "SUPERIORITY",
                "pValue": value(found, "p"),
                "statisticalMethod": "Mixed Models Analysis",
                "paramType": "Least squares mean difference",
                "paramValue": value(found, "estimate"),
                "ciPctValue": "95",
                "ciNumSides": "TWO_SIDED",
                "ciLowerLimit": value(found, "low"),
                "ciUpperLimit": value(found, "high"),
                "dispersionType": "STANDARD_ERROR_OF_MEAN",
                "dispersionValue": value(found, "standard_error"),
            }
        )


def _filled(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in fields.items() if each is not None}


def _described(figures: Figures) -> Measure | None:
    """One arm: the mean change with its interval, and no comparison."""
    layout = figures.report.layout
    found = figures.by_name.get(f"change/{layout.outcome}")
    if found is None or value(found, "estimate") is None:
        return None
    title, words, time = _primary_words(figures)
    row = _interval(found, "estimate")
    measure = _measure(
        figures, "PRIMARY", title, time,
        description=words,
        populationDescription="Those with a baseline and a rating that counts after it",
        paramType="MEAN",
        dispersionType="95% Confidence Interval",
        unitOfMeasure=SCORE,
    )  # fmt: skip
    people = Value(str(found.inputs), (found.key,))
    return measure | {"denoms": [_people([people])], "classes": _one([row])}


def _interval(found: Figure, of: str, group: int = 0) -> dict[str, Any]:
    return _filled(
        {
            "groupId": f"{LETTERS}{group:03d}",
            "value": value(found, of),
            "lowerLimit": value(found, "low"),
            "upperLimit": value(found, "high"),
        }
    )


def _responders(figures: Figures, outcome: str, rule: str, title: str) -> Measure | None:
    layout = figures.report.layout
    label = layout.label(layout.outcome)
    name = f"responders/{outcome}/{rule}"
    found = [figures.by_name.get(f"{name}/{arm}") for arm in layout.arms]
    if not any(each and each.inputs for each in found):
        return None
    planned = all(each.planned for each in found if each)
    measure = _measure(
        figures, "SECONDARY" if planned else "POST_HOC", f"{title}, at {label}", label,
        description="",
        paramType="COUNT_OF_PARTICIPANTS",
        unitOfMeasure=PEOPLE,
    )  # fmt: skip
    counts = [value(each, "count") for each in found]
    return measure | {
        "denoms": [_people([value(each, "of") for each in found])],
        "classes": _one(by_group(LETTERS, "value", counts)),
        "analyses": list(_risks(figures, name)),
    }


def _risks(figures: Figures, name: str) -> Iterator[dict[str, Any]]:
    arms = figures.report.layout.arms
    for number, arm in enumerate(arms[1:], start=1):
        found = figures.by_name.get(f"{name}/difference/{arm}")
        if found is not None:
            yield _filled(
                {
                    "groupIds": [f"{LETTERS}000", f"{LETTERS}{number:03d}"],
                    "groupDescription": f"{arm} less {arms[0]}, as a share of participants",
                    "nonInferiorityType": "OTHER",
                    "nonInferiorityComment": "An estimate with its interval; nothing is tested",
                    "paramType": "Risk Difference (RD)",
                    "paramValue": value(found, "difference"),
                    "ciPctValue": "95",
                    "ciNumSides": "TWO_SIDED",
                    "ciLowerLimit": value(found, "low"),
                    "ciUpperLimit": value(found, "high"),
                }
            )


def _course(figures: Figures) -> Measure | None:
    """The observed mean at every rated visit, each with its own people."""
    layout = figures.report.layout
    classes = []
    for visit, label in layout.rated:
        found = [figures.by_name.get(f"trajectory/{visit}/{arm}") for arm in layout.arms]
        rows = [_interval(each, "mean", n) for n, each in enumerate(found) if each]
        if rows:
            here = _people([value(each, "n") for each in found])
            classes.append(
                {"title": label, "denoms": [here], "categories": [{"measurements": rows}]}
            )
    if not classes:
        return None
    shown = [each for each in figures.by_name.values() if each.name.startswith("trajectory/")]
    planned = all(each.planned for each in shown)
    title = f"{layout.instrument} at Each Visit"
    measure = _measure(
        figures, "SECONDARY" if planned else "POST_HOC", title,
        f"Baseline to {classes[-1]['title']}",
        description="As observed: nobody missing is counted, in or out",
        paramType="MEAN",
        dispersionType="95% Confidence Interval",
        unitOfMeasure=SCORE,
    )  # fmt: skip
    people = [figures.value(f"baseline/people/{arm}", "count") for arm in layout.arms]
    return measure | {"denoms": [_people(people)], "classes": classes}
