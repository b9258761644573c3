"""A member's own tokens for the API: made here, shown once, listed with their last use, revoked."""

from typing import Any, cast

from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from allauth.core.exceptions import ReauthenticationRequired
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from sojourn.clinic.api import tokens
from sojourn.clinic.models import Member
from sojourn.record.command import Refused


class TokenForm(forms.Form):
    """What a token is for, what it may, and how long."""

    name = forms.CharField(
        label="What it is for",
        max_length=tokens.NAME_LENGTH,
        help_text="Such as 'Nightly import of ratings'.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label="What it may",
        choices=tokens.SCOPES,
        widget=forms.CheckboxSelectMultiple,
        help_text="Never more than you may yourself.",
    )
    days = forms.IntegerField(
        label="Days until it ends",
        min_value=1,
        max_value=tokens.LONGEST_DAYS,
        initial=90,
        help_text=f"At most {tokens.LONGEST_DAYS}.",
    )


def own_tokens(request: HttpRequest) -> HttpResponse:
    """The signed-in member's tokens; a new one is in the answer to the one who made it, once."""
    member = cast(Member, request.user)
    asked = request.POST.get("do", "") if request.method == "POST" else ""
    form, made, status = TokenForm(request.POST if asked == "make" else None), "", 200
    try:
        if asked == "revoke":
            tokens.revoke(member, _number(request.POST.get("token", "")))
            messages.success(request, "Revoked: it does nothing from now on.")
            return redirect("tokens")
        if asked == "make" and form.is_valid():
            made = _made(request, member, form)
            form = TokenForm()
    except Refused as refusal:
        if form.is_bound:
            form.add_error(refusal.field or None, refusal.message)
        else:
            messages.error(request, refusal.message)
            status = 422
    if form.errors:
        status = 422
    context: dict[str, Any] = {"form": form, "made": made, "tokens": tokens.in_force(member)}
    answer = render(request, "clinic/tokens.html", context, status=status)
    answer["Cache-Control"] = "no-store"
    return answer


def _made(request: HttpRequest, member: Member, form: TokenForm) -> str:
    # An open page that someone else found must not become a year of access.
    if not did_recently_reauthenticate(request):
        raise ReauthenticationRequired
    chosen = form.cleaned_data
    return tokens.make(member, chosen["name"], tuple(chosen["scopes"]), chosen["days"])


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
