"""What stands before every page: headers that forbid, and a second factor for staff."""

from collections.abc import Callable

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect

from sojourn.clinic import accounts

Answering = Callable[[HttpRequest], HttpResponseBase]

# Charts come as SVG with style attributes; nothing may bring a script or a style sheet of its own.
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "style-src-attr": "'unsafe-inline'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "font-src": "'self'",
    "manifest-src": "'self'",
    "worker-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
# A device's own door has its token; a participant's link is the participant's.
WITHOUT_SECOND_FACTOR = ("/account/", "/static/", "/health/", "/api/", "/fhir/", "/diary/")


def with_headers(get_response: Answering) -> Answering:
    """Middleware: no script, style or frame but our own, and no power a page does not need."""
    policy = "; ".join(f"{name} {_sources(name, own)}" for name, own in POLICY.items())

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"
        )
        # Only where the page looked: asking who it is may need the record that failed.
        if getattr(request, "_cached_user", None):
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return answer


def signed_in_as_required(get_response: Answering) -> Answering:
    """Middleware: staff set up a second factor before they see anything of a programme.

    Whoever signed in longer ago than the role allows is signed out.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        if request.user.is_authenticated and accounts.over(request):
            logout(request)
        if _lacks_second_factor(request):
            return redirect("mfa_index")
        return get_response(request)

    return answer


def security_txt(request: HttpRequest) -> HttpResponse:
    """Whom to tell of a weakness (RFC 9116); 404 where the site named nobody."""
    contact = settings.SECURITY_CONTACT
    if not contact:
        return HttpResponse("No contact is named here.\n", status=404, content_type="text/plain")
    return HttpResponse(f"Contact: {contact}\n", content_type="text/plain; charset=utf-8")


def _sources(name: str, own: str) -> str:
    sign_on = settings.SIGN_ON
    if name != "form-action" or not sign_on.hostname:
        return own
    port = f":{sign_on.port}" if sign_on.port else ""
    return f"{own} {sign_on.scheme}://{sign_on.hostname}{port}"


def _lacks_second_factor(request: HttpRequest) -> bool:
    if settings.SECOND_FACTOR != "required" or request.path.startswith(WITHOUT_SECOND_FACTOR):
        return False
    user = request.user
    if not user.is_authenticated or request.session.get(_KNOWN) == user.pk:
        return False
    by_sign_on = any(
        each.get("method") == "socialaccount" for each in get_authentication_records(request, user)
    )
    if by_sign_on or Authenticator.objects.filter(user=user).exists():
        request.session[_KNOWN] = user.pk
        return False
    return True


_KNOWN = "second-factor-known"
