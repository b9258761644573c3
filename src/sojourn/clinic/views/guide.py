"""The guide: public pages for patients and for clinicians, with their figures as of now."""

from functools import lru_cache
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from sojourn.clinic import published
from sojourn.diary import crisis
from sojourn.evidence import guidance
from sojourn.evidence.guidance import Block, Reader
from sojourn.protocols import jurisdiction as jurisdictions


@require_safe
@login_not_required
def contents(request: HttpRequest) -> HttpResponse:
    """Every topic, for the reader asked for."""
    reader = _reader(request)
    context = {"topics": guidance.topics().values(), "reader": reader, "readers": guidance.READERS}
    told = [(each, each.telling(reader)) for each in guidance.topics().values()]
    return render(request, "clinic/guide.html", context | {"told": told})


@require_safe
@login_not_required
def topic(request: HttpRequest, topic: str) -> HttpResponse:
    """One topic, for the reader asked for, and what belongs beside it."""
    found = guidance.topics().get(topic)
    if found is None:
        raise Http404("The guide has no page of that name.")
    reader = _reader(request)
    context: dict[str, Any] = {
        "topic": found,
        "telling": found.telling(reader),
        "sections": _filled(published.files(), topic, reader),
        "reader": reader,
        "readers": guidance.READERS,
        "numbers": {each.key: place for place, each in enumerate(found.sources, 1)},
        "claims": [published.claim(key) for key in found.claims(reader)],
        "topics": guidance.topics().values(),
    }
    if found.mentions_suicide(reader):
        known = crisis.load()
        context |= {"crisis": known, "mine": None, "others": known.countries}
    if topic == "law":
        known_law = jurisdictions.load_shipped().values()
        context["countries"] = sorted((each.name, each.code) for each in known_law)
    return render(request, "clinic/guide_topic.html", context)


def _reader(request: HttpRequest) -> Reader:
    return "clinicians" if request.GET.get("for") == "clinicians" else "patients"


@lru_cache(maxsize=64)
def _filled(
    _: published.Files, topic: str, reader: Reader
) -> tuple[tuple[str, tuple[Block, ...]], ...]:
    answers = published.claims()
    return tuple(
        (each.heading, guidance.fill(each.text, reader, answers))
        for each in guidance.topics()[topic].telling(reader).sections
    )
