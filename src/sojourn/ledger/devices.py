"""Tokens of devices: made once, shown once, and known afterwards by their SHA-256 alone."""

import hashlib
import hmac
import secrets

from sojourn.conduct.devices import RegisterDevice, RevokeDevice
from sojourn.course.readings import DEVICE
from sojourn.ledger import clock, programmes
from sojourn.ledger.monitoring import Sender
from sojourn.record.command import Refused

ROLE = "sponsor"


def add(programme: str, name: str, *, site: str = "", author: str) -> str:
    """Register a device and return its token, which nobody can read again.

    Raises
    ------
    Refused
        If there is no such programme or a device of that name delivers already.
    """
    token = f"{programme}.{name}.{secrets.token_urlsafe(32)}"
    command = RegisterDevice(clock.now(), name, digest(token), site)
    programmes.execute(programme, command, author=author, role=ROLE)
    return token


def revoke(programme: str, name: str, cause: str, *, author: str) -> None:
    """Let the device deliver nothing from now on."""
    command = RevokeDevice(clock.now(), name, cause)
    programmes.execute(programme, command, author=author, role=ROLE)


def sender_of(token: str) -> tuple[str, Sender] | None:
    """The programme and sender that a token stands for; None when it stands for nobody."""
    if not token.isascii() or not token.isprintable():
        return None
    programme, _, rest = token.partition(".")
    name = rest.partition(".")[0]
    try:
        devices = programmes.load(programme).programme.devices
    except Refused:
        return None
    for device in devices:
        mine = device.name == name and not device.revoked
        if mine and hmac.compare_digest(device.token_digest, digest(token)):
            return programme, Sender(f"{DEVICE}{name}", name, "device", device.site)
    return None


def digest(token: str) -> str:
    """SHA-256 of a token; its 256 random bits need no slower hash."""
    return hashlib.sha256(token.encode()).hexdigest()
