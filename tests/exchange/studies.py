"""Study records as ClinicalTrials.gov's API v2 writes them; no such studies exist."""

from typing import Any


def study(
    number: int = 1,
    *,
    title: str = "A Trial of Care for PTSD",
    status: str = "RECRUITING",
    updated: str = "2026-10-01",
    conditions: tuple[str, ...] = ("Posttraumatic Stress Disorder",),
    places: tuple[tuple[str, str, str], ...] = (("Basel", "Switzerland", "RECRUITING"),),
    study_type: str = "INTERVENTIONAL",
) -> dict[str, Any]:
    return {
        "protocolSection": {
            "identificationModule": {
                "nctId": f"NCT{number:08}",
                "orgStudyIdInfo": {"id": f"X-{number}"},
                "organization": {"fullName": "A University", "class": "OTHER"},
                "briefTitle": title,
                "officialTitle": f"{title}, Officially",
            },
            "statusModule": {
                "statusVerifiedDate": "2026-09",
                "overallStatus": status,
                "expandedAccessInfo": {"hasExpandedAccess": False},
                "startDateStruct": {"date": "2026-01", "type": "ACTUAL"},
                "lastUpdateSubmitDate": updated,
                "lastUpdatePostDateStruct": {"date": updated, "type": "ACTUAL"},
            },
            "sponsorCollaboratorsModule": {
                "responsibleParty": {"type": "SPONSOR"},
                "leadSponsor": {"name": "A University", "class": "OTHER"},
            },
            "descriptionModule": {"briefSummary": "…"},
            "conditionsModule": {"conditions": list(conditions), "keywords": ["therapy"]},
            "designModule": {
                "studyType": study_type,
                "phases": ["PHASE2"],
                "enrollmentInfo": {"count": 40, "type": "ESTIMATED"},
            },
            "armsInterventionsModule": {
                "armGroups": [{"label": "A", "type": "EXPERIMENTAL"}],
                "interventions": [{"type": "BEHAVIORAL", "name": "Care"}],
            },
            "eligibilityModule": {
                "eligibilityCriteria": "…",
                "healthyVolunteers": False,
                "sex": "ALL",
                "minimumAge": "18 Years",
                "maximumAge": "70 Years",
                "stdAges": ["ADULT", "OLDER_ADULT"],
            },
            "contactsLocationsModule": {
                "centralContacts": [{"name": "Jane Doe", "phone": "555", "email": "jane@x.org"}],
                "locations": [
                    {
                        "facility": f"{city} Hospital",
                        "city": city,
                        "country": country,
                        **({"status": standing} if standing else {}),
                        "contacts": [{"name": "John Roe"}],
                        "geoPoint": {"lat": 47.5, "lon": 7.6},
                    }
                    for city, country, standing in places
                ],
            },
        },
        "derivedSection": {"miscInfoModule": {"versionHolder": "2026-11-20"}},
        "hasResults": False,
    }
