"""The fields of two paper forms, filled from a case: CIOMS I and FDA MedWatch 3500A.

Field names are those of the forms: CIOMS Working Group I, International Reporting
of Adverse Drug Reactions, 1990; FDA Form 3500A (mandatory reporting). Sections of
3500A are given by letter: numbers within them change from edition to edition.
"""

from dataclasses import dataclass
from datetime import date

from sojourn.vigilance.case import CaseReport
from sojourn.vigilance.clocks import SERIOUSNESS

UNKNOWN = "not recorded"
NOT_GIVEN = "not given: participant number only"


@dataclass(frozen=True, slots=True)
class Box:
    """One box of a form: where it stands, what it asks, what is answered."""

    place: str
    asks: str
    answer: str


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    boxes: tuple[Box, ...]


def cioms(case: CaseReport) -> tuple[Section, ...]:
    """The boxes of the CIOMS I form, in the form's order."""
    reaction, subject = case.reaction, case.subject
    return (
        Section(
            "I. Reaction information",
            (
                Box("1", "Patient initials", NOT_GIVEN),
                Box("1a", "Country", case.study.country),
                Box("2", "Date of birth", _year(subject.birth_year)),
                Box("2a", "Age", _age(case)),
                Box("3", "Sex", subject.sex or UNKNOWN),
                Box("4-6", "Reaction onset", _day(reaction.started_on)),
                Box("7 + 13", "Describe reaction(s)", _described(case)),
                *_ticked("8-12", "", case),
            ),
        ),
        Section(
            "II. Suspect drug(s) information",
            (
                Box("14", "Suspect drug", _drug(case)),
                Box("15", "Daily dose", _doses(case)),
                Box("16", "Route of administration", "oral"),
                Box("17", "Indication for use", case.study.indication),
                Box("18", "Therapy dates", _dates(case)),
                Box("19", "Therapy duration", f"{len(case.given)} single day(s)"),
                Box(
                    "20", "Did reaction abate after stopping drug?", "does not apply: single doses"
                ),
                Box("21", "Did reaction reappear after reintroduction?", UNKNOWN),
            ),
        ),
        Section(
            "III. Concomitant drug(s) and history",
            (
                Box("22", "Concomitant drugs and dates", _concomitant(case)),
                Box("23", "Other relevant history", "see narrative"),
            ),
        ),
        Section(
            "IV. Manufacturer (sponsor) information",
            (
                Box("24a", "Name and address", f"{case.study.title}, site {case.study.site}"),
                Box("24b", "Control number", case.identifier),
                Box("24c", "Date received", f"{case.learned_at:%Y-%m-%d}"),
                Box("24d", "Report source", f"study, protocol {case.study.protocol}"),
                Box("", "Date of this report", f"{case.made_at:%Y-%m-%d}"),
                Box("25a", "Report type", _kind(case)),
            ),
        ),
    )


def medwatch(case: CaseReport) -> tuple[Section, ...]:
    """The fields of FDA Form 3500A that a trial fills, by section."""
    reaction, subject = case.reaction, case.subject
    return (
        Section(
            "A. Patient information",
            (
                Box("A", "Patient identifier", subject.number),
                Box("A", "Age or date of birth", f"{_age(case)}; born {_year(subject.birth_year)}"),
                Box("A", "Sex", subject.sex or UNKNOWN),
                Box("A", "Weight", UNKNOWN),
            ),
        ),
        Section(
            "B. Adverse event",
            (
                Box("B", "Adverse event or product problem", "adverse event"),
                *_ticked("B", "Outcome attributed: ", case),
                Box("B", "Date of event", _day(reaction.started_on)),
                Box("B", "Date of this report", f"{case.made_at:%Y-%m-%d}"),
                Box("B", "Describe event", _described(case)),
                Box("B", "Relevant tests", "see narrative"),
                Box("B", "Other relevant history", "see narrative"),
            ),
        ),
        Section(
            "C. Suspect product(s)",
            (
                Box("C", "Name", _drug(case)),
                Box("C", "Dose, frequency, route", f"{_doses(case)}; oral"),
                Box("C", "Therapy dates", _dates(case)),
                Box("C", "Diagnosis for use", case.study.indication),
                Box("C", "Event abated after use stopped", "does not apply: single doses"),
                Box("C", "Concomitant products and dates", _concomitant(case)),
            ),
        ),
        Section(
            "E. Initial reporter",
            (Box("E", "Name and address", f"site {case.study.site}; health professional: yes"),),
        ),
        Section(
            "G. All manufacturers (sponsor)",
            (
                Box("G", "IND number", case.study.authorisation or UNKNOWN),
                Box("G", "Protocol number", case.study.protocol),
                Box("G", "Report source", "study"),
                Box("G", "Date received", f"{case.learned_at:%Y-%m-%d}"),
                Box("G", "Type of report", _kind(case)),
                Box("G", "Adverse event term", reaction.term or reaction.written),
                Box("G", "Report number", case.identifier),
            ),
        ),
    )


def _described(case: CaseReport) -> str:
    reaction = case.reaction
    judged = (
        f"{reaction.written} ({reaction.term or 'not coded'}), grade {reaction.grade}; "
        f"{reaction.relatedness} relation, {reaction.expectedness}; outcome {reaction.outcome}"
        f"{f' on {reaction.ended_on}' if reaction.ended_on else ''}."
    )
    return f"{judged} {case.narrative or 'The narrative is still to be written.'}"


def _drug(case: CaseReport) -> str:
    return f"{case.study.substance} (study drug)"


def _doses(case: CaseReport) -> str:
    if case.blinded:
        return case.study.substance
    return "; ".join(f"{each.dose} {each.unit}" for each in case.given if each.dose) or UNKNOWN


def _dates(case: CaseReport) -> str:
    return "; ".join(f"{each.on}" for each in case.given) or "none was given yet"


def _concomitant(case: CaseReport) -> str:
    taken = (
        f"{each.name}{f' {each.dose}' if each.dose else ''}"
        f" ({each.started_on or 'start unknown'} to {each.stopped_on or 'end unknown or ongoing'})"
        for each in case.concomitant
    )
    return "; ".join(taken) or "none recorded"


def _kind(case: CaseReport) -> str:
    if case.earlier_reports:
        return f"follow-up to {', '.join(case.earlier_reports)}"
    return "initial"


def _age(case: CaseReport) -> str:
    return UNKNOWN if case.age_years is None else f"about {case.age_years} years"


def _year(year: int | None) -> str:
    return str(year) if year else UNKNOWN


def _day(day: date) -> str:
    return f"{day:%d %b %Y}"


def _ticked(place: str, before: str, case: CaseReport) -> tuple[Box, ...]:
    return tuple(
        Box(place, before + label, "[x]" if key in case.reaction.seriousness else "[ ]")
        for key, label in SERIOUSNESS
    )
