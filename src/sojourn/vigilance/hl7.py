"""The HL7 v3 elements that an ICH E2B(R3) message is made of."""

from datetime import datetime
from xml.etree.ElementTree import Element, SubElement, register_namespace

HL7 = "urn:hl7-org:v3"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
ICH = "2.16.840.1.113883.3.989.2.1"
OBSERVATIONS = f"{ICH}.1.19"
register_namespace("", HL7)
register_namespace("xsi", XSI)


def author(parent: Element, subject: str) -> Element:
    """Who stands behind ``subject`` of ``parent``."""
    act = child(child(parent, subject, typeCode="SUBJ"), "controlActEvent", classCode="CACT",
               moodCode="EVN")  # fmt: skip
    return child(child(act, "author", typeCode="AUT"), "assignedEntity", classCode="ASSIGNED")


def organisation(parent: Element) -> Element:
    """An organisation that someone stands for."""
    return child(parent, "representedOrganization", classCode="ORG", determinerCode="INSTANCE")


def judgement(parent: Element, code: str, named: str) -> Element:
    """A judgement of cause or role, named by its ICH code."""
    judged = child(child(parent, "component", typeCode="COMP"), "causalityAssessment",
                  classCode="OBS", moodCode="EVN")  # fmt: skip
    observed(judged, code, named)
    return judged


def refers(parent: Element, subject: str, reference: str, kind: str, identity: str) -> None:
    """Point from a judgement to the thing judged."""
    held = child(child(parent, subject, typeCode="SUBJ"), reference, classCode=kind, moodCode="EVN")
    child(held, "id", root=identity)


def related(parent: Element, code: str, named: str) -> Element:
    """An observation that belongs to another, named by its ICH code."""
    seen = child(child(parent, "outboundRelationship2", typeCode="PERT"), "observation",
                classCode="OBS", moodCode="EVN")  # fmt: skip
    observed(seen, code, named)
    return seen


def flag(parent: Element, kind: str, code: str, named: str, holds: bool) -> None:
    """A true or false about the whole report."""
    seen = child(child(parent, "component", typeCode="COMP"), kind, classCode="OBS", moodCode="EVN")
    observed(seen, code, named)
    typed(seen, "value", "BL", value=str(holds).lower())


def characteristic(parent: Element, code: str, named: str, kind: str, /, **value: str) -> None:
    """A characteristic of the report itself."""
    held = child(child(parent, "subjectOf2", typeCode="SUBJ"), "investigationCharacteristic",
                classCode="OBS", moodCode="EVN")  # fmt: skip
    child(held, "code", code=code, codeSystem=f"{ICH}.1.23", displayName=named)
    typed(held, "value", kind, **value)


def observed(parent: Element, code: str, named: str) -> None:
    """The ICH code of an observation."""
    child(parent, "code", code=code, codeSystem=OBSERVATIONS, codeSystemVersion="1.1",
         displayName=named)  # fmt: skip


def device(parent: Element, side: str, kind: str, identity: str, root: str) -> None:
    """The system that sends or receives."""
    device = child(child(parent, side, typeCode=kind), "device", classCode="DEV",
                  determinerCode="INSTANCE")  # fmt: skip
    identified(device, identity, root)


def identified(parent: Element, extension: str, root: str, tag: str = "id") -> None:
    """An identifier under ``root``; marked as not given where it is empty."""
    known = {"extension": extension} if extension else {"nullFlavor": "NI"}
    child(parent, tag, root=root, **known)


def typed(parent: Element, tag: str, kind: str, /, **attributes: str) -> Element:
    """A child with its HL7 data type."""
    return SubElement(parent, qualified(tag), {f"{{{XSI}}}type": kind, **attributes})


def child(parent: Element, tag: str, /, **attributes: str) -> Element:
    """A child element of HL7."""
    return SubElement(parent, qualified(tag), attributes)


def time_of(moment: datetime) -> str:
    """A moment as HL7 writes it, with its offset from UTC."""
    return f"{moment:%Y%m%d%H%M%S%z}"


def qualified(tag: str) -> str:
    """A tag in the HL7 namespace."""
    return f"{{{HL7}}}{tag}"
