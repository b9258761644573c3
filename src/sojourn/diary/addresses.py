"""How a participant is reached and where they are, from the vault; nothing of it is kept here."""

from datetime import tzinfo
from zoneinfo import ZoneInfo

from django.utils import timezone

from sojourn.ledger import vault


def address_of(programme: str, participant: str) -> str:
    """The e-mail address in the vault; empty when there is none."""
    known = vault.contact(programme, participant)
    return known.email if known else ""


def zone_of(programme: str, participant: str) -> tzinfo:
    """Where the participant's days begin: their zone in the vault, else the site's."""
    known = vault.contact(programme, participant)
    if known and known.time_zone:
        try:
            return ZoneInfo(known.time_zone)
        except (KeyError, ValueError, OSError):  # a slip in the vault must not silence reminders
            return timezone.get_default_timezone()
    return timezone.get_default_timezone()


def country_of(programme: str, participant: str) -> str:
    """Two letters, as in the vault; empty when not known."""
    known = vault.contact(programme, participant)
    return known.country.upper() if known else ""
