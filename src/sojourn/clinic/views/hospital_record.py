"""What a hospital knows of someone in screening: a FHIR file shown first, then written by a person.

Nothing of the file stays here. What could be written goes to the browser and back, signed; names
and all else that the file holds are forgotten with the answer.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.core.signing import BadSignature, dumps, loads
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from pydantic import TypeAdapter

from sojourn.clinic.access import Visitor, in_programme
from sojourn.course.state import Course
from sojourn.exchange import scanning
from sojourn.exchange.fhir import bundle_files, screening_draft
from sojourn.exchange.fhir.outcome import Fault
from sojourn.exchange.fhir.screening_draft import Draft, Item
from sojourn.ledger import clock
from sojourn.ledger.desk import load_course
from sojourn.record.command import Refused

TYPES = ("application/json", "application/fhir+json", "application/octet-stream", "")
LASTS = timedelta(hours=1)  # what was shown is decided on within
MOST_SHOWN = 100  # of conditions and of measurements
OVER = "A hospital's record is taken up while someone is in screening; this course is past it."
AGAIN = "What was shown is an hour old or was changed on the way. Choose the file again."
_DRAFT = TypeAdapter(Draft)


class FileForm(forms.Form):
    """The file, of a type and size that is taken."""

    file = forms.FileField(
        label="FHIR file of the hospital",
        help_text="A Bundle of FHIR R4 as JSON, of at most 20 MB.",
        widget=forms.FileInput(attrs={"accept": ".json,application/json,application/fhir+json"}),
    )

    def clean_file(self) -> "UploadedFile[bytes]":
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if not str(file.name).lower().endswith(".json") or file.content_type not in TYPES:
            raise forms.ValidationError(
                f"'{file.name}' is no JSON file; ask the hospital for FHIR as JSON."
            )
        if (file.size or 0) > bundle_files.MOST_BYTES:
            raise forms.ValidationError(
                f"The file has {file.size} bytes; ask for a shorter time, so that it has at most "
                f"{bundle_files.MOST_BYTES}."
            )
        return file


@dataclass(frozen=True, slots=True)
class Reading:
    """A draft as the page shows it."""

    to_write: tuple[Item, ...]
    known: tuple[Item, ...]
    to_ask: tuple[Item, ...]
    conditions: tuple[Item, ...]
    measurements: tuple[tuple[Item, int], ...]  # the latest of each, and how many came before
    more: int  # conditions and measurements beyond those shown
    left_out: tuple[tuple[str, int], ...]  # by type of resource


@in_programme
def hospital_record(request: HttpRequest, visitor: Visitor, participant: str) -> HttpResponse:
    """Choose a file, see what it says, write what is to be written."""
    course = load_course(visitor.programme, participant)
    if not course.participant:
        raise Http404(f"No participant {participant} in this programme.")
    context: dict[str, Any] = {"visitor": visitor, "here": "participants", "course": course}
    if course.status != "screening":
        status = 200 if request.method == "GET" else 422
        over = {**context, "over": OVER}
        return render(request, "clinic/hospital_record.html", over, status=status)
    posted = request.method == "POST"
    form = FileForm(request.POST, request.FILES) if posted else FileForm()
    try:
        if request.POST.get("do") == "write":
            return _write(request, visitor, participant)
        if posted and form.is_valid():
            context |= _shown(visitor, course, form.cleaned_data["file"])
    except Refused as refusal:
        context["problem"] = refusal.message
    except Fault as fault:
        where = f"{fault.expression} " if fault.expression else ""
        context["problem"] = f"The file can't be read: {where}{fault.text}."
    wrong = "problem" in context or form.errors
    context["form"] = form if form.errors and "problem" not in context else FileForm()
    return render(request, "clinic/hospital_record.html", context, status=422 if wrong else 200)


def _shown(visitor: Visitor, course: Course, file: "UploadedFile[bytes]") -> dict[str, Any]:
    """What the file says, and what of it goes to the browser and back."""
    participant = course.participant
    draft = screening_draft.read(scanning.checked("The file", file.read(), "json"))
    draft = screening_draft.preview(visitor.programme, participant, draft, visitor.person)
    reading = _reading(draft.items)
    kept = replace(draft, items=reading.to_write)
    signed = dumps(
        _DRAFT.dump_python(kept, mode="json"), salt=_salt(visitor, participant), compress=True
    )
    return {
        "file": file.name,
        "draft": draft,
        "reading": reading,
        "signed": signed if reading.to_write else "",
        "of_another": _of_another(draft, course),
    }


def _of_another(draft: Draft, course: Course) -> bool:
    """Whether the file says another year of birth or sex than the record."""
    years = {draft.birth_year, course.birth_year} - {None}
    sexes = {each for each in (draft.sex, course.sex) if each in screening_draft.SEXES}
    return len(years) > 1 or len(sexes) > 1


def _write(request: HttpRequest, visitor: Visitor, participant: str) -> HttpResponse:
    try:
        signed = request.POST.get("draft", "")
        kept = loads(signed, salt=_salt(visitor, participant), max_age=LASTS)
    except BadSignature as error:
        raise Refused(AGAIN) from error
    draft = _DRAFT.validate_python(kept)
    chosen = request.POST.getlist("medicine")
    items = tuple(_now(each) for each in draft.items if each.place in chosen)
    if not items:
        raise Refused("Nothing was chosen, and nothing was written. Choose the file again.")
    done = screening_draft.write(
        visitor.programme, participant, replace(draft, items=items), visitor.person
    )
    written = [each for each in done.items if each.standing == "written"]
    several = "s" if len(written) != 1 else ""
    messages.success(
        request, f"{len(written)} medicine{several} written, with the file they are from."
    )
    for each in done.items:
        if each.standing == "to ask":
            messages.error(request, f"Not written: {each.words}. {each.why}")
    return redirect("suitability", programme=visitor.programme, participant=participant)


def _now(item: Item) -> Item:
    if item.command is None:
        return item
    return replace(item, command=replace(item.command, at=clock.now()))


def _reading(items: tuple[Item, ...]) -> Reading:
    def standing(name: str) -> tuple[Item, ...]:
        return tuple(each for each in items if each.standing == name)

    conditions = tuple(each for each in items if each.resource == "Condition")
    latest: dict[str, tuple[Item, int]] = {}
    for each in sorted((e for e in items if e.resource == "Observation"), key=lambda e: e.on):
        if each.words:
            latest[each.about] = (each, latest[each.about][1] + 1 if each.about in latest else 0)
    measured = sorted(latest.values(), key=lambda each: each[0].on, reverse=True)
    left_out = Counter(each.resource or "of no type" for each in standing("left out"))
    more = max(0, len(conditions) - MOST_SHOWN) + max(0, len(measured) - MOST_SHOWN)
    return Reading(
        standing("to write"),
        standing("known"),
        standing("to ask"),
        conditions[:MOST_SHOWN],
        tuple(measured[:MOST_SHOWN]),
        more,
        tuple(left_out.most_common()),
    )


def _salt(visitor: Visitor, participant: str) -> str:
    """A draft is for one participant, and for who was shown it."""
    return f"hospital-record:{visitor.programme}:{participant}:{visitor.person.name}"
