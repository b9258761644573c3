"""The register of claims: public pages, open to all, asking for nothing."""

import csv
import dataclasses
import io
import json
from collections.abc import Iterator, Mapping

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from sojourn.clinic import evidence_tables, published
from sojourn.evidence import Answered, Study

COLUMNS = (
    "claim", "computation", "label", "study", "year", "measure", "estimate", "low", "high",
    "active_events", "active_n", "control_events", "control_n", "weight", "verified", "retracted",
)  # fmt: skip


@require_safe
@login_not_required
def register(request: HttpRequest) -> HttpResponse:
    """Every claim with its verdict, its figure and how sure one can be."""
    context = {
        "listed": [evidence_tables.listed(each) for each in published.claims().values()],
        "studies": len(published.studies()),
        "fault": published.fault(),
    }
    return render(request, "clinic/evidence_register.html", context)


@require_safe
@login_not_required
def claim(request: HttpRequest, key: str) -> HttpResponse:
    """One claim: every computation drawn and as a table, certainty, verdict, sources."""
    answered = _claim(key)
    studies = published.studies()
    league = answered.league
    context = {
        "answered": answered,
        "claim": answered.claim,
        "tag": evidence_tables.VERDICT_TAGS[answered.verdict],
        "computed": [evidence_tables.told(each, studies) for each in answered.forests],
        "sources": _sources(answered, studies),
        "league": league,
        "league_rows": evidence_tables.league_rows(league) if league else None,
        "league_picture": evidence_tables.league_picture(league) if league else None,
    }
    return render(request, "clinic/evidence_claim.html", context)


@require_safe
@login_not_required
def claim_file(request: HttpRequest, key: str, form: str) -> HttpResponse:
    """The claim's figures as JSON or CSV."""
    if form not in ("json", "csv"):
        raise Http404("A claim's figures are there as .json and as .csv.")
    answered = _claim(key)
    if form == "json":
        found = dataclasses.asdict(answered) | {"unverified": answered.unverified}
        if answered.league:
            found["league"]["trials"] = [
                [*pair, number] for pair, number in answered.league.trials.items()
            ]
        text, kind = json.dumps(found, default=str, indent=1), "application/json"
    else:
        text, kind = _csv(answered), "text/csv; charset=utf-8"
    answer = HttpResponse(text, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{key}.{form}"'
    return answer


@require_safe
@login_not_required
def studies(request: HttpRequest) -> HttpResponse:
    """Every study, newest first."""
    ordered = sorted(published.studies().values(), key=lambda each: (-each.year, each.name))
    return render(request, "clinic/evidence_studies.html", {"studies": ordered})


@require_safe
@login_not_required
def study(request: HttpRequest, key: str) -> HttpResponse:
    """One study: each figure with where it stands and whether it was seen there."""
    found = published.studies().get(key)
    if found is None:
        raise Http404("There is no study of that name in the register.")
    used_in = [
        each.claim for each in published.claims().values() if key in {s.key for s in _behind(each)}
    ]
    labels = {arm.key: arm.label for arm in found.arms}
    context = {
        "study": found,
        "labels": labels,
        "cited": {each.key: each for each in found.citations},
        "used_in": used_in,
        "holds_again": [published.studies()[each] for each in found.counts_again],
    }
    return render(request, "clinic/evidence_study.html", context)


def _claim(key: str) -> Answered:
    answered = published.claim(key)
    if answered is None:
        raise Http404("There is no claim of that name in the register.")
    return answered


def _behind(answered: Answered) -> tuple[Study, ...]:
    """The studies of every computation, those left out for a retraction too."""
    known = published.studies()
    keys = [
        key
        for forest in answered.forests
        for key in (*(line.study for line in forest.lines), *forest.retracted_left_out)
    ]
    return tuple(known[key] for key in dict.fromkeys(keys))


def _sources(answered: Answered, studies: Mapping[str, Study]) -> list[tuple[Study, bool]]:
    """Each study behind the claim, and whether every figure of it here was seen in its source."""
    return [
        (each, each.key not in answered.unverified)
        for each in sorted(_behind(answered), key=lambda each: (each.year, each.key))
    ]


def _csv(answered: Answered) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_rows(answered))
    return file.getvalue()


def _rows(answered: Answered) -> Iterator[list[object]]:
    """A row for each study's line and, where figures were pooled, one for them together."""
    for forest in answered.forests:
        about = [answered.claim.key, forest.key]
        for line in forest.lines:
            sides = [
                number
                for side in (line.active, line.control)
                for number in ((side.events, side.n) if side else ("", ""))
            ]
            figures = [line.estimate, line.low, line.high]
            yield [*about, line.label, line.study, line.year, line.measure, *figures, *sides,
                   line.weight, line.verified, line.retracted]  # fmt: skip
        if forest.summary:
            pooled = forest.summary
            figures = [pooled.estimate, pooled.low, pooled.high]
            yield [*about, forest.label, "together", "", forest.measure, *figures,
                   "", "", "", "", "", not forest.unverified, False]  # fmt: skip
