"""Scopes and blinding: denied by default, and a program sees what its member would see."""

import pytest

from sojourn.clinic.demo import PROGRAMME
from sojourn.clinic.models import Member
from sojourn.conduct.clients import may
from sojourn.conduct.randomisation import AllocationOpened
from sojourn.exchange.fhir import callers, kept
from sojourn.ledger import clock, opening
from sojourn.ledger.append import append_next
from sojourn.ledger.desk import Person
from sojourn.ledger.read import has_entry
from sojourn.ledger.unblinding import EMERGENCIES
from sojourn.record.command import Refused
from tests.exchange.fhir.conftest import Program


@pytest.mark.parametrize(
    ("scope", "resource", "letter", "allowed"),
    [
        ("system/Observation.read", "Observation", "r", True),
        ("system/Observation.read", "Observation", "s", True),
        ("system/Observation.read", "Observation", "c", False),
        ("system/Observation.read", "Patient", "r", False),
        ("user/*.rs", "Patient", "s", True),
        ("user/*.r", "Patient", "s", False),
        ("user/*.write", "Patient", "c", True),
        ("user/*.*", "Patient", "c", True),
        ("patient/*.read", "Patient", "r", False),
        ("system/*.sr", "Patient", "r", False),
        ("system/Observation.read?code=x", "Observation", "r", False),
        ("", "Patient", "r", False),
    ],
)
def test_scopes_of_both_versions(scope, resource, letter, allowed):
    assert may((scope,), resource, letter) is allowed


@pytest.mark.parametrize("scopes", ["", "patient/*.read", "system/*.sr", "everything", "system/*."])
def test_a_scope_that_is_not_understood_is_never_granted(demonstration, db, scopes):
    with pytest.raises(Refused) as refused:
        callers.add(PROGRAMME, "odd", "monitor", scopes, author="lead")
    assert refused.value.field == "scopes"


@pytest.mark.proves("access-by-table")
def test_without_a_token_in_force_nothing_is_shown(therapist):
    for token in ("", "x", "fhir.demo.x.y", "fhir.nowhere.x.y", "\x00", "é", therapist.token[:-1]):
        answer = Program(token).get("Patient")
        assert answer.status_code == 401
        assert answer.json()["issue"][0]["code"] == "login"
        assert answer["www-authenticate"].startswith("Bearer")
    Member.objects.filter(username="therapist").update(is_active=False)
    assert therapist.get("Patient").status_code == 401


def test_a_revoked_program_is_turned_away(demonstration, db):
    token = callers.add(PROGRAMME, "old", "monitor", "system/*.read", author="lead")
    assert Program(token).get("Patient").status_code == 200
    callers.revoke(PROGRAMME, "old", "replaced", author="lead")
    assert Program(token).get("Patient").status_code == 401


def test_a_scope_reaches_its_own_resource_alone(programs):
    program = programs("monitor", "system/Observation.read")
    assert program.get("Observation").status_code == 200
    assert program.get("Patient").status_code == 403
    assert program.get("Observation", _include="Observation:subject").status_code == 403
    assert program.post("Observation", {"resourceType": "Observation"}).status_code == 403
    exported = program.get("$export").json()["output"]
    assert [each["type"] for each in exported] == ["Observation"]


@pytest.mark.proves("blinding")
@pytest.mark.parametrize("member", ["rater", "fidelity"])
def test_a_blinded_rater_finds_ratings_and_nothing_that_tells_the_arm(programs, therapist, member):
    rater = programs(member)
    for kind in ("ResearchSubject", "CarePlan", "MedicationStatement", "AdverseEvent", "Consent",
                 "MedicationAdministration"):  # fmt: skip
        assert rater.get(kind).status_code == 403
        known = therapist.found(kind)[0]["id"]
        assert rater.get(f"{kind}/{known}").status_code == 404
        assert rater.get(f"{kind}/{known}/_history").status_code == 404
        assert rater.get("$export", _type=kind).status_code == 403
    found = rater.found("Observation", _count=200)
    assert found
    assert all(e["category"][0]["coding"][0]["code"] == "survey" for e in found)
    pulse = therapist.found("Observation", code="8867-4")[0]["id"]
    assert rater.get(f"Observation/{pulse}").status_code == 404
    assert rater.found("Observation", code="8867-4") == []
    told = {
        e["activity"]["coding"][0]["code"] for e in rater.everything("Provenance?patient=D-001")
    }
    assert told == {"screening.participant-registered", "assessment.recorded"}


def test_the_arm_is_shown_after_an_opening_and_to_those_who_may(programs):
    statistician, others = programs("statistician"), ("therapist", "monitor", "lead")
    assert not any("assignedArm" in each for each in statistician.found("ResearchSubject"))
    opening.record(PROGRAMME, "closed session", Person("statistician", "statistician"))
    arms = opening.allocations(PROGRAMME)
    shown = {
        each["id"]: each["assignedArm"]
        for each in statistician.found("ResearchSubject")
        if "assignedArm" in each
    }
    assert shown == arms
    for member in (*others, "pharmacist"):
        assert not any("assignedArm" in e for e in programs(member).found("ResearchSubject"))
    (look,) = programs("lead").found("AuditEvent")
    assert look["purposeOfEvent"] == [{"text": "closed session"}]
    assert programs("therapist").get("AuditEvent").status_code == 403


def test_what_is_here_is_said_to_everyone():
    stranger = Program("")
    told = stranger.get("metadata").json()
    assert (told["resourceType"], told["fhirVersion"]) == ("CapabilityStatement", "4.0.1")
    smart = stranger.get(".well-known/smart-configuration").json()
    assert smart["grant_types_supported"] == []
    assert "no authorization-code flow" in smart["note"]


def test_an_emergency_is_among_the_looks_and_opens_nothing_else(programs, monkeypatch):
    """Whoever was shown one arm in an emergency is shown no arm over FHIR for it."""
    looker = Person("statistician", "statistician")
    fact = AllocationOpened("D-001", "seizure, to treat them")
    append_next(
        EMERGENCIES + PROGRAMME,
        (fact,),
        occurred_at=clock.now(),
        author=looker.name,
        role=looker.role,
    )
    (look,) = programs("lead").found("AuditEvent")
    assert look["purposeOfEvent"] == [{"text": "seizure, to treat them"}]
    assert look["entity"][0]["what"]["reference"] == "Patient/D-001"
    assert programs("lead").found("AuditEvent", patient="D-001") == [look]
    assert programs("lead").found("AuditEvent", patient="Patient/D-002") == []
    assert programs("lead").found("AuditEvent", _id="seal.9") == []
    assert programs("lead").get("AuditEvent", date="ge2026").status_code == 400
    found = programs("statistician").found("ResearchSubject", _count=200)
    assert not any("assignedArm" in each for each in found)
    opening.record(PROGRAMME, "closed session", looker)
    reads = []
    monkeypatch.setattr(kept, "has_entry", lambda *asked: reads.append(asked) or has_entry(*asked))
    found = programs("statistician").found("ResearchSubject", _count=200)
    assert any("assignedArm" in each for each in found)
    assert len(reads) == 1  # not once for each of them
