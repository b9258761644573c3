"""What this interface can do, as it says itself: CapabilityStatement and SMART configuration."""

from importlib.metadata import version
from typing import Any

from sojourn.exchange.fhir.creating import TAKEN
from sojourn.exchange.fhir.elements import Resource
from sojourn.exchange.fhir.kept import OF_COURSES, OF_PROGRAMMES
from sojourn.exchange.fhir.parameters import INCLUDES, parameters_of

DATE = "2026-11-25"
BEARER = (
    "Bearer tokens with SMART scopes (user/ and system/, versions 1 and 2), made by the programme "
    "lead with 'sojourn fhir add'. There is no authorization server: no authorization-code flow, "
    "no launch, no token endpoint."
)
SEARCH = (
    "A parameter that is not understood is refused with 400; with 'Prefer: handling=lenient' it is "
    "left out, and the answer tells it. Pages have no total: follow 'next', also from a page that "
    "holds little or nothing."
)
DOCUMENTED = {
    "Observation": "Readings of monitors are found with patient or subject, and by _id. They carry "
    "no _lastUpdated, and are in no export.",
    "Consent": "Not taken: consent is signed at the site, with what shows that it was understood.",
    "MedicationAdministration": "Not taken: a dose is given in the session room, where it is "
    "cleared first.",
}
# Where the time that is searched is not the element that FHIR names.
MEANT = {
    "AdverseEvent.date": "When it was learned of: AdverseEvent.detected.",
    "MedicationStatement.effective": "When it was told: MedicationStatement.dateAsserted.",
    "CarePlan.date": "When the participant was registered.",
    "ResearchSubject.date": "When the participant was registered.",
}


def statement(base: str) -> Resource:
    """The CapabilityStatement."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": DATE,
        "kind": "instance",
        "software": {"name": "Sojourn", "version": version("sojourn")},
        "implementation": {"description": "Sojourn", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [
            {
                "mode": "server",
                "documentation": SEARCH,
                "security": {"cors": False, "description": BEARER},
                "resource": [_resource(each) for each in kinds()],
                "interaction": [{"code": "transaction"}, {"code": "batch"}],
                "operation": [
                    {
                        "name": "export",
                        "definition": "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/export",
                    }
                ],
            }
        ],
    }


def kinds() -> tuple[str, ...]:
    """Every type of resource that can be read here."""
    return (*OF_PROGRAMMES, *OF_COURSES, "Provenance", "AuditEvent")


def smart(base: str) -> dict[str, Any]:
    """What SMART App Launch asks a server to say: here, that tokens are made by hand."""
    return {
        "capabilities": ["permission-v1", "permission-v2", "permission-user"],
        "scopes_supported": ["user/*.read", "user/*.rs", "system/*.read", "system/*.cruds"],
        "grant_types_supported": [],
        "code_challenge_methods_supported": ["S256"],
        "note": BEARER,
        "fhir": base,
    }


def _resource(kind: str) -> Resource:
    codes = ["read", "search-type"]
    if kind in OF_COURSES:
        codes += ["vread", "history-instance"]
    taken = kind == "Observation" or kind in TAKEN
    if taken:
        codes.append("create")
    known = {
        "Provenance": {"patient": "reference", "target": "reference"},
        "AuditEvent": {"_id": "token", "patient": "reference"},
    }.get(kind)
    if known is None:
        of_programme = {"_id": "token", "url": "uri", "status": "token"}
        known = parameters_of(kind) if kind in OF_COURSES else of_programme
    made: Resource = {
        "type": kind,
        "interaction": [{"code": code} for code in codes],
        "versioning": "versioned",
        "conditionalCreate": taken and kind != "Observation",
    }
    if kind in INCLUDES:
        made["searchInclude"] = [f"{kind}:{each}" for each in INCLUDES[kind]]
    made["searchParam"] = [
        {"name": name, "type": of, **_meant(kind, name)} for name, of in known.items()
    ]
    if kind in DOCUMENTED:
        made["documentation"] = DOCUMENTED[kind]
    return made


def _meant(kind: str, name: str) -> Resource:
    words = MEANT.get(f"{kind}.{name}")
    return {"documentation": words} if words else {}
