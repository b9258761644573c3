"""Who a participant is: kept in the vault, shown for a purpose, erased on request."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from sojourn.clinic.access import Visitor, in_programme
from sojourn.ledger import vault
from sojourn.ledger.desk import load_course
from sojourn.record.command import Refused

WHAT_IT_IS_NOT = "Names stay in the vault: no list, export or report holds them."


class IdentityForm(forms.Form):
    """What is asked about who someone is; only the first three are needed."""

    given_name = forms.CharField(label="Given name", max_length=120)
    family_name = forms.CharField(label="Family name", max_length=120)
    born_on = forms.DateField(
        label="Date of birth", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    email = forms.EmailField(label="E-mail", required=False)
    phone = forms.RegexField(
        r"^\+?[0-9 ()./-]{5,24}$",
        label="Telephone",
        required=False,
        error_messages={"invalid": "Write the number in digits, such as +41 31 555 01 02."},
    )
    address = forms.CharField(
        label="Address", required=False, widget=forms.Textarea(attrs={"rows": 3}), max_length=400
    )
    emergency_contact = forms.CharField(
        label="Whom to call in an emergency", required=False, max_length=200
    )
    country = forms.RegexField(
        r"^[A-Z]{2}$",
        label="Country",
        required=False,
        help_text="Two letters, such as CH.",
        error_messages={"invalid": "Write two capital letters, such as CH."},
    )
    language = forms.CharField(label="Language", required=False, max_length=40)
    time_zone = forms.CharField(
        label="Time zone",
        required=False,
        help_text="Such as Europe/Zurich; reminders keep its quiet hours.",
    )

    def clean_time_zone(self) -> str:
        zone: str = self.cleaned_data["time_zone"]
        if zone and zone not in available_timezones():
            raise forms.ValidationError(f"'{zone}' is no time zone; write it as Europe/Zurich.")
        return zone


@in_programme
def identity(request: HttpRequest, visitor: Visitor, participant: str) -> HttpResponse:
    """One page for the three things done with an identity: keep, look up, erase."""
    course = load_course(visitor.programme, participant)
    if not course.participant:
        raise Http404(f"No participant {participant} in this programme.")
    context: dict[str, Any] = {
        "visitor": visitor,
        "here": "participants",
        "course": course,
        "what_it_is_not": WHAT_IT_IS_NOT,
        "may_erase": visitor.role == "sponsor" and course.identity_known,
    }
    status = 200
    asked = request.POST.get("do", "") if request.method == "POST" else ""
    form = IdentityForm(request.POST if asked == "keep" else None)
    try:
        if asked == "keep" and form.is_valid():
            return _keep(request, visitor, participant, form)
        if asked == "open":
            purpose = request.POST.get("purpose", "")
            context["known"] = vault.open_identity(
                visitor.programme, participant, purpose, visitor.person
            )
        if asked == "erase":
            ground = request.POST.get("ground", "")
            vault.erase(visitor.programme, participant, ground, visitor.person)
            messages.success(request, "Erased. The course stays on the record, without the person.")
            return redirect("identity", programme=visitor.programme, participant=participant)
    except Refused as refusal:
        status = 422
        if asked == "keep":
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            context[f"{asked}_refused"] = refusal.message
    if form.errors:
        status = 422
    return render(request, "clinic/identity.html", {**context, "form": form}, status=status)


def _keep(
    request: HttpRequest, visitor: Visitor, participant: str, form: IdentityForm
) -> HttpResponse:
    kept = vault.Identity(**form.cleaned_data)
    matches = vault.keep(visitor.programme, participant, kept, visitor.person)
    messages.success(request, "Kept in the vault.")
    for match in matches:
        messages.error(
            request,
            f"An alert is open: {match.participant} may be the same person. Find out first.",
        )
    return redirect("participant", programme=visitor.programme, participant=participant)
