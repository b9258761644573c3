"""Accounts are opened by the programme, never by a visitor."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from sojourn.clinic import limits
from sojourn.ledger import clock, seal

HOUR = 60 * 60
UNTIL = "signed-in-until"


class StaffAccounts(DefaultAccountAdapter):  # type: ignore[misc]
    """Closes public sign-up: an account comes with a role, and a role is granted."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class KnownStaff(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Single sign-on opens an account that exists, found by its verified address; it makes none."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False


class SealedSecrets(DefaultMFAAdapter):  # type: ignore[misc]
    """Keeps the secrets of second factors under the site's seal."""

    def encrypt(self, text: str) -> str:
        return seal.wrap(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return seal.unwrap(encrypted_text.encode()).decode()


@receiver(user_logged_in)
def begin(request: HttpRequest, user: Any, **_: Any) -> None:
    """Write down until when this sign-in lasts; the role says how long."""
    hours = limits.in_use().signed_in_hours
    # An account without a role is let in no longer than the least trusted.
    lasts = hours.get(user.role, min(hours.values()))
    request.session[UNTIL] = clock.now().timestamp() + lasts * HOUR


def over(request: HttpRequest) -> bool:
    """Whether the time of this sign-in has passed."""
    return bool(request.session.get(UNTIL, 0) < clock.now().timestamp())
