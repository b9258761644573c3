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


def _vitals_recorded(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "spo2_percent": None}


def _dose_given(data: dict[str, Any]) -> dict[str, Any]:
    # Nobody was asked who gave it, from which container and before which witness.
    return {**data, "given_by": "", "container": "", "witness": ""}


def _allocation_made(data: dict[str, Any]) -> dict[str, Any]:
    # Permuted blocks were the only method; nothing was minimised over.
    return {**data, "levels": []}


def _dose_in_mg(data: dict[str, Any]) -> dict[str, Any]:
    # Every label counted milligrams.
    return {**data, "unit": "mg"}


def _vitals_recorded_without_ecg(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "qtc_ms": None}


def _visit_held(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "homework": "", "goals": "", "session": None}


def _adverse_event_recorded(data: dict[str, Any]) -> dict[str, Any]:
    # Before events were coded nobody chose a term, named the criteria or said how it was learned.
    uncoded = {"code": "", "dictionary": "", "coded_term": "", "system_organ_class": ""}
    unasked = {"learned": "", "seriousness": [], "expectedness_reason": "", "action_taken": ""}
    return {**data, **uncoded, **unasked, "follow_up_on": None}


def _adverse_event_updated(data: dict[str, Any]) -> dict[str, Any]:
    unasked = {"relatedness": "", "expectedness": "", "action_taken": ""}
    return {**data, **unasked, "seriousness": [], "follow_up_on": None}


UPCASTERS: Mapping[tuple[str, int], Upcaster] = {
    ("dosing.vitals-recorded", 1): _vitals_recorded,
    ("dosing.vitals-recorded", 2): _vitals_recorded_without_ecg,
    ("medication.recorded", 1): _medication_recorded,
    ("medication.cleared", 1): _medication_cleared,
    ("medication.cleared", 2): _medication_cleared_by_name,
    ("programme.authorisation-recorded", 1): _authorisation_recorded,
    ("programme.credential-recorded", 1): _credential_recorded,
    ("dosing.dose-given", 1): _dose_given,
    ("dosing.dose-given", 2): _dose_in_mg,
    ("dosing.dose-withheld", 1): _dose_in_mg,
    ("visit.held", 1): _visit_held,
    ("allocation.made", 1): _allocation_made,
    ("consent.signed", 1): _consent_signed,
    ("consent.withdrawn", 1): _consent_withdrawn,
    ("safety.adverse-event-recorded", 1): _adverse_event_recorded,
    ("safety.adverse-event-updated", 1): _adverse_event_updated,
}
