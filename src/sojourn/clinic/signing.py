"""Electronic signatures: for each one, the signer proves anew who they are (21 CFR 11.200).

A password or a code is asked for on the form itself, every time. Whoever has neither here signs
with a security key: what they typed waits while the key is asked for, and one touch signs once.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from allauth.account.authentication import get_authentication_records
from allauth.account.forms import ReauthenticateForm as ByPassword
from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from allauth.mfa.base.forms import ReauthenticateForm as ByCode
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django_htmx.http import HttpResponseClientRedirect

from sojourn.clinic.models import Member
from sojourn.record.command import Refused, meaning_of
from sojourn.record.entry import Entry

FIELD = "signature"
CODE = re.compile(r"[\d ]{6,9}")
_DRAFT, _SPENT = "signing-draft", "signed-with"
_TYPED = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)
NO_WAY = (
    "your account has neither a password nor a second factor here; set a second factor up "
    "under your name, then sign"
)


class AskedElsewhere(Exception):
    """The proof is asked for on another page; ``answer`` leads there and back."""

    def __init__(self, answer: HttpResponse) -> None:
        super().__init__("the signer is asked for their security key")
        self.answer = answer


def way(user: Any) -> Literal["typed", "key", "none"]:
    """How this account proves who signs: something typed, a security key, or not at all."""
    if user.has_usable_password() or _has(user, *_TYPED):
        return "typed"
    return "key" if _has(user, Authenticator.Type.WEBAUTHN) else "none"


def ask(form: forms.Form, kind: type[Any], user: Any) -> None:
    """Put the signature's meaning on the form of a signed command, and ask for the proof."""
    meaning = meaning_of(kind)
    if not meaning:
        return
    form.meaning = meaning  # type: ignore[attr-defined]
    if way(user) == "typed":
        form.fields[FIELD] = forms.CharField(
            label="Your password, or a code of your authenticator app",
            help_text=f"You sign as {user.get_full_name() or user.get_username()}.",
            widget=forms.PasswordInput({"autocomplete": "current-password"}),
            strip=False,
            max_length=200,
        )


def prove(request: HttpRequest, form: forms.Form) -> bool:
    """Whether this form is signed: True once the signer has proved who they are.

    Raises
    ------
    Refused
        If the proof is wrong, or the account has none to give.
    AskedElsewhere
        If a security key has to be touched first; what was typed is kept.
    """
    if not getattr(form, "meaning", ""):
        return False
    how = way(request.user)
    if how == "none":
        raise Refused(NO_WAY)
    if how == "typed":
        _typed(request.user, form.cleaned_data[FIELD])
    elif not _fresh(request):
        request.session[_DRAFT] = {
            "path": request.get_full_path(),
            "data": request.POST.urlencode(),
        }
        raise AskedElsewhere(_to_the_key(request))
    return True


def done(request: HttpRequest, form: forms.Form) -> None:
    """Remember that this touch of a key has signed; the next signature needs another."""
    if getattr(form, "meaning", "") and way(request.user) == "key":
        request.session[_SPENT] = _last(request)


def draft(request: HttpRequest) -> QueryDict | None:
    """What was typed on this page before the key was asked for; given back once."""
    kept = request.session.get(_DRAFT)
    if request.method != "GET" or not kept or kept["path"] != request.get_full_path():
        return None
    del request.session[_DRAFT]
    return QueryDict(kept["data"])


def may_sign(username: str, password: str) -> Member | None:
    """The account of that name if this is its password and it is in use: for the command line."""
    member = Member.objects.filter(username=username, is_active=True).first()
    return member if member and member.check_password(password) else None


def names(entries: Iterable[Entry]) -> Mapping[str, str]:
    """The full names of those who signed among ``entries``, by account (21 CFR 11.50(a)(1))."""
    signers = {each.author for each in entries if each.signature}
    members = Member.objects.filter(username__in=signers) if signers else ()
    return {each.get_username(): each.get_full_name() for each in members}


def _typed(user: AbstractBaseUser | Any, given: str) -> None:
    by_code = bool(CODE.fullmatch(given)) and _has(user, *_TYPED)
    proof = (
        ByCode({"code": given}, user=user)
        if by_code
        else ByPassword({"password": given}, user=user)
    )
    if not proof.is_valid():
        said = "; ".join(each for errors in proof.errors.values() for each in errors)
        raise Refused(f"not signed: {said}", FIELD)


def _fresh(request: HttpRequest) -> bool:
    return did_recently_reauthenticate(request) and _last(request) != request.session.get(_SPENT)


def _last(request: HttpRequest) -> float | None:
    made = [
        each["at"]
        for each in get_authentication_records(request, request.user)
        if each.get("reauthenticated")
    ]
    return made[-1] if made else None


def _to_the_key(request: HttpRequest) -> HttpResponse:
    query = urlencode({"next": request.get_full_path()})
    page = f"{reverse('mfa_reauthenticate_webauthn')}?{query}"
    # The page of the key has a script of its own: it must be loaded as a whole.
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(page)
    return redirect(page)


def _has(user: Any, *kinds: str) -> bool:
    return bool(Authenticator.objects.filter(user=user, type__in=kinds).exists())
