"""Links and devices: a link opens one diary once, a device keeps it open for a while.

The participant's address is given to the mail and kept nowhere. A key is random and
says nothing of whose diary it opens; only its SHA-256 is stored.
"""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.urls import reverse
from django.utils.crypto import salted_hmac

from sojourn.course.diary_access import OpenDiary, RevokeAccess, SendLink
from sojourn.diary.models import Device, Link
from sojourn.ledger import clock, desk
from sojourn.ledger.desk import Person
from sojourn.record.command import Refused

PARTICIPANT = Person("participant", "participant")
SUBJECT = "Your diary"
TEXT = """Here is the link you were promised:

{address}

It opens once, within {minutes} minutes. Afterwards the page stays open on your device.
If you did not expect this message, you can delete it.
"""


class NotSent(Exception):
    """The link was made and recorded, but the message did not leave; the link opens nothing."""


def digest_of(key: str) -> str:
    """What is stored of a key."""
    return sha256(key.encode()).hexdigest()


def send_link(programme: str, participant: str, address: str, by: Person) -> None:
    """Send a link that opens this diary, and write down that one went out.

    Raises
    ------
    sojourn.record.command.Refused
        If the role may not, or there is no consent or no diary.
    NotSent
        If the mail could not be handed over.
    """
    now = clock.now()
    until = now + timedelta(minutes=settings.DIARY_LINK_MINUTES)
    key = secrets.token_urlsafe(32)
    with transaction.atomic():
        desk.execute(programme, participant, SendLink(now, until), by)
        link = Link.objects.create(
            digest=digest_of(key), programme=programme, participant=participant, expires_at=until
        )
    text = TEXT.format(
        address=settings.ADDRESS + reverse("diary-open", args=[key]),
        minutes=settings.DIARY_LINK_MINUTES,
    )
    try:
        send_mail(SUBJECT, text, None, [address])
    except Exception as error:  # whatever the mail back-end raises, the link must not stay open
        link.delete()
        raise NotSent(str(error)) from error


def use_link(key: str, now: datetime) -> str:
    """Open the diary behind a link; returns the new device's key, empty when nothing opens.

    A wrong, used, expired or revoked link are not told apart.
    """
    try:
        with transaction.atomic():
            fresh = Link.objects.filter(digest=digest_of(key), used_at=None, expires_at__gt=now)
            if fresh.update(used_at=now) != 1:
                return ""
            link = Link.objects.get(digest=digest_of(key))
            desk.execute(link.programme, link.participant, OpenDiary(now), PARTICIPANT)
            device = secrets.token_urlsafe(32)
            Device.objects.create(
                digest=digest_of(device),
                programme=link.programme,
                participant=link.participant,
                opened_at=now,
                expires_at=now + timedelta(days=settings.DIARY_DAYS),
            )
            return device
    except Refused:
        return ""


def device_of(key: str, now: datetime) -> Device | None:
    """The open device with that key; None when it is unknown or has expired."""
    return Device.objects.filter(digest=digest_of(key), expires_at__gt=now).first() if key else None


def revoke(programme: str, participant: str, reason: str, by: Person) -> None:
    """Close this diary on every device, void its links, and write it down.

    Raises
    ------
    sojourn.record.command.Refused
        If the role may not, or nothing is open.
    """
    with transaction.atomic():
        desk.execute(programme, participant, RevokeAccess(clock.now(), reason), by)
        for table in (Device, Link):
            table.objects.filter(programme=programme, participant=participant).delete()


def forget_expired(now: datetime) -> None:
    """Drop rows that open nothing any more."""
    for table in (Device, Link):
        table.objects.filter(expires_at__lte=now).delete()


def owner_of(programme: str, participant: str) -> str:
    """A word by which a phone keeps two people's entries apart; it tells nobody who they are."""
    return salted_hmac("sojourn.diary", f"{programme}:{participant}").hexdigest()[:24]
