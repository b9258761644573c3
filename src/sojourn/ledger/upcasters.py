"""How facts of an older schema are read: (kind, schema) to a function from data to data.

Entries are never rewritten. An upcaster renames or splits what is there and
never invents what nobody recorded; if history would need inventing, the fact
gets a new kind instead.
"""

from collections.abc import Mapping
from typing import Any

from sojourn.record.kinds import Upcaster


def _medication_recorded(data: dict[str, Any]) -> dict[str, Any]:
    # A medicine used to be known by its plain name alone.
    name = data["medicine"]
    return {**data, "key": name, "substances": [name], "dose": "", "ended": False}


def _medication_cleared(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "substances": [data["medicine"]]}


def _medication_cleared_by_name(data: dict[str, Any]) -> dict[str, Any]:
    # What the medicine was written as when it was decided was not kept.
    return {**data, "name": ""}


def _consent_signed(data: dict[str, Any]) -> dict[str, Any]:
    unasked = {"explained_by": "", "language": "", "understanding": "", "capacity": ""}
    return {**data, **unasked, "signatures": [], "document_digest": ""}


def _consent_withdrawn(data: dict[str, Any]) -> dict[str, Any]:
    # Before the scope was asked for, withdrawing meant everything.
    return {**data, "scope": "all"}


def _authorisation_recorded(data: dict[str, Any]) -> dict[str, Any]:
    # Before sites were asked for, an authorisation reached every site of the programme.
    return {**data, "scope": "", "sites": [], "document_digest": ""}


def _credential_recorded(data: dict[str, Any]) -> dict[str, Any]:
    # Before kinds were told apart, what was recorded was the licence to practise.
    return {**data, "credential_kind": "licence", "authority": ""}


UPCASTERS: Mapping[tuple[str, int], Upcaster] = {
    ("medication.recorded", 1): _medication_recorded,
    ("medication.cleared", 1): _medication_cleared,
    ("medication.cleared", 2): _medication_cleared_by_name,
    ("programme.authorisation-recorded", 1): _authorisation_recorded,
    ("programme.credential-recorded", 1): _credential_recorded,
    ("consent.signed", 1): _consent_signed,
    ("consent.withdrawn", 1): _consent_withdrawn,
}
