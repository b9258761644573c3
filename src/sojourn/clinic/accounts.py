"""Accounts are opened by the programme, never by a visitor."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class StaffAccounts(DefaultAccountAdapter):  # type: ignore[misc]
    """Closes public sign-up: an account comes with a role, and a role is granted."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
