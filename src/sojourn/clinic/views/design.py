"""Power curves for a trial to come, set by sliders and worked out while the page waits."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from sojourn.clinic import design_runs
from sojourn.clinic.access import Visitor, in_programme
from sojourn.clinic.power_chart import NORMAL, power_chart
from sojourn.design.sequential import SPENDING

SPENT = {
    "obrien-fleming": "Little at first (O'Brien and Fleming's type)",
    "pocock": "Evenly (Pocock's type)",
}


@require_GET
@in_programme
def design(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The sliders as they were set last, and the run."""
    run = design_runs.run_of(visitor.member.pk)
    values = run.wanted.values if run else design_runs.numbers({})
    sliders = [
        {"about": slider, "value": f"{values[slider.name]:.{slider.digits}f}"}
        for slider in design_runs.SLIDERS
    ]
    context = {
        "visitor": visitor,
        "here": "design",
        "sliders": sliders,
        "null": bool(run and run.wanted.null),
        "spending": run.wanted.spending if run else SPENDING[0],
        "spendings": [(each, SPENT[each]) for each in SPENT],
        "trials": design_runs.TRIALS,
        **_shown(run),
    }
    return render(request, "clinic/design.html", context)


@require_GET
@in_programme
def design_run(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Only the run, as a page that waits asks for it."""
    context = {"visitor": visitor, **_shown(design_runs.run_of(visitor.member.pk))}
    return render(request, "clinic/_design_run.html", context)


@require_POST
@in_programme
def start_design(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Begin a run; one that this member still has going ends."""
    try:
        values = design_runs.numbers(request.POST)
        null = request.POST.get("null") == "yes"
        spending = request.POST.get("spending", SPENDING[0])
        design_runs.start(visitor.member.pk, values, null=null, spending=spending)
    except ValueError as error:
        messages.error(request, f"{error}.")
    return redirect("design", programme=visitor.programme)


@require_POST
@in_programme
def cancel_design(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """End this member's run."""
    design_runs.cancel(visitor.member.pk)
    return redirect("design", programme=visitor.programme)


def _shown(run: design_runs.Run | None) -> dict[str, object]:
    if run is None:
        return {"run": None}
    rows = []
    for point in run.points:
        tally, figure = point.tally, point.tally.rejecting
        rows.append(
            {
                "people": point.people,
                "share": 100 * figure.value,
                "error": 100 * NORMAL * figure.error,
                "bias": tally.bias.value,
                "coverage": 100 * tally.coverage.value,
                "width": tally.interval_width.value,
                "unfitted": tally.trials - tally.fitted,
                "expected": tally.sample_size.value,
                "early": 100 * (1 - tally.stopped[-1] / tally.trials),
            }
        )
    chart = ""
    if len(rows) > 1:
        level = run.wanted.values["alpha"] / 100
        chart = power_chart(run.points, null=run.wanted.null, level=level)
    moving = run.wanted.values["looks"] > 1 or run.wanted.values["raised"] > 100
    return {
        "run": run,
        "moving": moving,
        "rows": rows,
        "chart": chart,
        "percent": 100 * run.done // run.of,
    }
