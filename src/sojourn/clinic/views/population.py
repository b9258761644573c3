"""Need, capacity and cost of a population on one public page, with the main assumptions to move."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from sojourn.clinic.design_runs import Slider, slid
from sojourn.clinic.population_chart import acceptability_chart, capacity_chart, cloud_chart
from sojourn.design.population.calibrating import agreement
from sojourn.design.population.capacity import flow
from sojourn.design.population.economics import scenarios
from sojourn.design.population.model import Input, PopulationModel, shipped_population
from sojourn.design.population.sensitivity import acceptability, interval, probabilistic, tornado

DRAWS, SEED = 1000, 1
THRESHOLDS = (0.0, 10e3, 20e3, 30e3, 50e3, 75e3, 100e3, 150e3)
# Inputs that a visitor may move: the digits shown, and what one unit shown is worth.
MOVED = {
    "willing-share": (0, 0.01),
    "medically-eligible-share": (0, 0.01),
    "therapists-trained": (0, 1),
    "therapist-hours": (0, 1),
    "sites-opened": (0, 1),
    "relapse": (0, 0.01),
    "course-cost": (0, 1),
    "drug-cost-per-session": (0, 1),
    "cost-per-point": (0, 1),
}


@require_safe
@login_not_required
def population(request: HttpRequest) -> HttpResponse:
    """The shipped population as stated, or with what the visitor moved."""
    model, fault = shipped_population(), ""
    sliders = [_slider(key, model.inputs[key]) for key in MOVED]
    shown = {each.name: each.start for each in sliders}
    try:
        shown = slid(request.GET, sliders)
    except ValueError as error:
        fault = f"{error}."
    # What the page says of a slider is what is computed; one left alone keeps its stated value.
    said = {each.name: round(shown[each.name], each.digits) for each in sliders}
    moved = {
        each.name: said[each.name] * MOVED[each.name][1]
        for each in sliders
        if said[each.name] != round(each.start, each.digits)
    }
    context = {
        "model": model,
        "fault": fault,
        "moved": [model.inputs[key].label for key in moved],
        "sliders": [
            {"about": each, "value": f"{said[each.name]:.{each.digits}f}"} for each in sliders
        ],
        **_found(tuple(sorted(moved.items()))),
    }
    return render(request, "clinic/population.html", context, status=400 if fault else 200)


def _slider(key: str, about: Input) -> Slider:
    digits, unit = MOVED[key]
    low, high = about.low or 0.0, about.high if about.high is not None else about.value
    shown = f"% {about.unit}" if unit == 0.01 else about.unit
    low, high = round(low / unit, 6), round(high / unit, 6)
    return Slider(key, about.label, shown, low, high, 10**-digits, about.value / unit, digits)


@lru_cache(maxsize=256)
def _found(moved: tuple[tuple[str, float], ...]) -> Mapping[str, object]:
    """Everything the page shows of one set of assumptions; kept, for many ask the same."""
    model = shipped_population().with_values(dict(moved))
    found, cloud = flow(model), probabilistic(model, DRAWS, np.random.default_rng(SEED))
    shares = acceptability(cloud, THRESHOLDS)
    effects, costs = tuple(map(float, cloud.effect)), tuple(map(float, cloud.cost))
    return {
        "flow": found,
        "wanting": _about(found.steps[-1].people),
        "limits": sorted({year.limit for year in found.told if year.limit != "need"}),
        "scenarios": _scenarios(model),
        "picture": capacity_chart(found.told),
        "cloud": cloud_chart(effects, costs, model.threshold, model.currency),
        "curve": acceptability_chart(THRESHOLDS, shares, model.currency),
        "accepted": list(zip(THRESHOLDS, (100 * share for share in shares), strict=True)),
        "cost_range": [_about(each) for each in interval(cloud.cost)],
        "effect_range": interval(cloud.effect),
        "saving": 100 * float((cloud.cost < 0).mean()),
        "draws": DRAWS,
        "swings": tornado(model)[:8],
        "published": agreement(shipped_population()),
        "unverified": sum(not each.verified for each in model.inputs.values()),
    }


def _scenarios(model: PopulationModel) -> list[dict[str, object]]:
    labels = {"": "As stated above", **{each.key: each.label for each in model.scenarios}}
    rows = []
    for key, each in scenarios(model).items():
        savings = each["savings"] or 0.0
        rows.append(
            {
                "label": labels[key],
                "cost": -savings / 1000,
                "qalys": (each["qalys"] or 0.0) / 1000,
                "ratio": each["ratio"] if savings < 0 else None,
                "back": each["breaks-even"],
            }
        )
    return rows


def _about(value: float) -> float:
    """Three digits; more would say that they are known."""
    return float(f"{value:.3g}")
