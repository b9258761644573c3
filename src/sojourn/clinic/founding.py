"""Founding a programme in one go: protocol, legal ground, consent form, limits, open."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from django.db import transaction

from sojourn import protocols
from sojourn.conduct.authorisation import FoundProgramme, OpenProgramme, RecordAuthorisation
from sojourn.conduct.delegation import AskForTasks
from sojourn.conduct.practitioners import ApproveConsentVersion
from sojourn.ledger import clock, programmes

ROLE = "sponsor"


@dataclass(frozen=True, slots=True)
class Founding:
    """What a programme needs before it can open."""

    key: str
    pack: str  # key of a shipped pack, or the path of a site's own
    title: str
    authorisation_kind: str
    reference: str
    valid_from: date
    consent_version: str
    committee: str
    settings: tuple[tuple[str, int], ...] = ()
    valid_until: date | None = None
    delegation_log: bool = False  # refuse tasks nobody delegated, from the first day


def found(founding: Founding, *, author: str) -> None:
    """Found and open the programme; all of it or nothing.

    Raises
    ------
    sojourn.record.command.Refused
        If anything is missing, such as a limit the site must set.
    sojourn.protocols.ProtocolError
        If the pack is no valid protocol.
    """
    at = clock.now()
    with transaction.atomic():
        programmes.found(
            founding.key,
            pack_text(founding.pack),
            FoundProgramme(at, founding.title),
            author=author,
            role=ROLE,
        )
        for command in (
            RecordAuthorisation(
                at,
                founding.reference,
                founding.authorisation_kind,
                founding.valid_from,
                founding.valid_until,
            ),
            ApproveConsentVersion(
                at,
                founding.consent_version,
                min(founding.valid_from, at.date()),
                founding.committee,
                sign_again=False,
            ),
            OpenProgramme(at, founding.settings),
        ):
            programmes.execute(founding.key, command, author=author, role=ROLE)
        if founding.delegation_log:
            asked = AskForTasks(at, "asked for since the founding")
            programmes.execute(founding.key, asked, author=author, role=ROLE)


def pack_text(pack: str) -> str:
    """Text of a shipped pack or of a site's own file."""
    path = Path(pack)
    if path.suffix in (".yaml", ".yml"):
        protocols.load(path)
        return path.read_text(encoding="utf-8")
    return protocols.shipped_text(pack)
