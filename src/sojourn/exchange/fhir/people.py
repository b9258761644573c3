"""Who takes part, without a name: Patient, ResearchSubject, Consent."""

from sojourn.conduct import blinding
from sojourn.exchange.fhir.codes import HL7, codes
from sojourn.exchange.fhir.elements import (
    About,
    Made,
    Resource,
    coded,
    day,
    identifier,
    instant,
    patient,
    resource,
    study,
)


def patient_of(about: About, made: Made) -> Resource:
    """The participant under their number. Names stay in the vault."""
    course = made.course
    return resource(
        "Patient",
        made,
        identifier=identifier(about, "participant", course.participant),
        gender=course.sex,
        managingOrganization={
            "identifier": {"system": f"{about.base}/site", "value": course.site},
        },
        birthDate=str(course.birth_year) if course.birth_year else None,
    )


def subject(about: About, made: Made) -> Resource:
    """How they stand in the study; the arm only where it is no secret to the reader."""
    course = made.course
    arm = course.arm or about.arm
    if not blinding.may_see_course(about.role):
        arm = ""
    period = {"start": day(course.registered_at.date())} if course.registered_at else {}
    if course.ended_at:
        period["end"] = day(course.ended_at.date())
    return resource(
        "ResearchSubject",
        made,
        identifier=identifier(about, "subject", course.participant),
        status=codes().subject_status[course.status],
        period=period,
        study=study(about),
        individual=patient(course.participant),
        assignedArm=arm,
    )


def consent(about: About, made: Made) -> Resource:
    """One signed form; inactive once withdrawn altogether, with what was withdrawn in words."""
    signed = made.course.consents[-1]
    gone = signed.withdrawn_at is not None and signed.scope == "all"
    provision = None
    if signed.withdrawn_at:
        ends = {"start": instant(signed.signed_at), "end": instant(signed.withdrawn_at)}
        scope = coded("", "", f"withdrawn from: {signed.scope}")
        provision = {"type": "permit", "period": ends, "code": [scope]}
    return resource(
        "Consent",
        made,
        status="inactive" if gone else "active",
        scope=coded(f"{HL7}consentscope", "research"),
        category=[coded(f"{HL7}consentcategorycodes", "research")],
        patient=patient(made.participant),
        dateTime=instant(signed.signed_at),
        policyRule=coded("", "", f"consent form, version {signed.version}"),
        provision=provision,
    )
