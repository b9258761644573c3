"""EC, EX, CM and SU: what was taken or given."""

from collections.abc import Iterator

from sojourn.exchange.cdisc.rows import Line, Value
from sojourn.exchange.cdisc.standard import mappings
from sojourn.exchange.cdisc.study import Subject, fact
from sojourn.protocols.eligibility import Characteristic
from sojourn.record.entry import Entry

GIVEN, WITHHELD = "dosing.dose-given", "dosing.dose-withheld"
UNITS = {"mg": "mg", "µg": "ug"}  # as CDISC and UCUM write them


def as_collected(subject: Subject) -> Iterator[Line]:
    """Each dose as the room knew it: the level on the label, which hides the arm, or why not.

    The container's number would tell the arm to whoever holds the packing list: it stays out of a
    blinded cut.
    """
    substance = subject.study.protocol.dosing.substance if subject.study.protocol.dosing else ""
    for entry in (*subject.facts(GIVEN), *subject.facts(WITHHELD)):
        what = fact(entry)
        given = what.kind == GIVEN
        values: dict[str, Value] = {
            "ECTRT": substance,
            "ECCAT": what.which.upper(),
            "ECLNKID": f"{what.visit} {what.which}" if given else None,
            "ECREFID": what.container if given and subject.study.opened else None,
            "ECPRESP": "Y",
            "ECOCCUR": "Y" if given else "N",
            "ECREASOC": None if given else "; ".join(what.reasons),
            "ECDOSE": what.level_mg if given else None,
            "ECDOSU": UNITS[what.unit] if given else None,
            "ECSTDTC": entry.occurred_at,
            "ECENDTC": entry.occurred_at,
        }
        yield Line(values, subject.told.at(entry), entry.occurred_at)


def exposure(subject: Subject) -> Iterator[Line]:
    """Each dose as it was, once the allocation is open; nothing in a blinded cut."""
    arm, plan = subject.arm, subject.study.protocol.dosing
    if not subject.study.opened or arm is None or plan is None:
        return
    # 'substance, or matching placebo' is how a pack names what is blinded.
    held = next(each for each in subject.study.protocol.arms if each.key == arm.key)
    active = plan.substance.split(", or matching")[0]
    for entry in subject.facts(GIVEN):
        dose = fact(entry)
        compared = arm.role == "comparator"
        values: dict[str, Value] = {
            "EXTRT": arm.label if compared else active,
            "EXCAT": dose.which.upper(),
            "EXLNKID": f"{dose.visit} {dose.which}",
            "EXREFID": dose.container,
            "EXDOSE": 0 if arm.key == "placebo" else held.holds(dose.level_mg),
            "EXDOSU": UNITS[dose.unit],
            "EXSTDTC": entry.occurred_at,
            "EXENDTC": entry.occurred_at,
        }
        where = (*subject.told.at(entry), *subject.arm_entries)
        yield Line(values, where, entry.occurred_at)


def medications(subject: Subject) -> Iterator[Line]:
    """Medicines beside the study drug, and earlier treatments of the condition."""
    about: dict[str, list[int]] = {}
    for kind in ("medication.recorded", "medication.stopped", "medication.cleared"):
        for entry in subject.facts(kind):
            key = fact(entry).key if kind == "medication.recorded" else fact(entry).medicine
            about.setdefault(key, []).extend(subject.told.at(entry))
    for each in subject.course.medications.values():
        over = each.stopped_on is not None or each.ended
        values: dict[str, Value] = {
            "CMTRT": each.name,
            "CMDECOD": "; ".join(each.substances).upper(),
            "CMCAT": "CONCOMITANT MEDICATION",
            "CMINDC": each.indication,
            "CMDOSTXT": each.dose,
            "CMSTDTC": each.started_on,
            "CMENDTC": each.stopped_on,
        }
        if each.stopped_on is None:
            values["CMENRTPT"] = "BEFORE" if over else "ONGOING"
            values["CMENTPT"] = subject.study.as_of.date()
        yield Line(values, tuple(about.get(each.key, ())), each.started_on)
    yield from _earlier(subject)


def _earlier(subject: Subject) -> Iterator[Line]:
    kinds = {each.key: each.label for each in subject.study.protocol.prior_treatments}
    for entry in subject.facts("screening.prior-treatment-recorded"):
        tried = fact(entry)
        values: dict[str, Value] = {
            "CMTRT": tried.treatment,
            "CMCAT": "EARLIER TREATMENT",
            "CMSCAT": kinds.get(tried.kind_of_treatment, tried.kind_of_treatment),
            "CMINDC": subject.study.protocol.indication,
            "CMRSDISC": tried.reason,
        }
        told: dict[str, Value] = {
            "CMOUT": tried.outcome,
            "CMWEEKS": tried.weeks,
            "CMSESS": tried.sessions,
            "CMUSUAL": tried.usual_dose,
            "CMLEFT": "Y" if tried.left_early else "N",
        }
        # When it was is not asked; it was before it was told.
        yield Line(values, subject.told.at(entry), entry.occurred_at, told)


def substances(subject: Subject) -> Iterator[Line]:
    """What was taken before, as asked at screening."""
    for asked, value, entry in answers(subject):
        place = mappings().characteristics.get(asked.key)
        if place is None or place.domain != "SU":
            continue
        took = value not in ("0", "no")
        values: dict[str, Value] = {
            "SUTRT": place.term,
            "SUCAT": place.category,
            "SUPRESP": "Y",
            "SUOCCUR": "Y" if took else "N",
            "SUDOSTXT": f"{value} {asked.unit}".strip() if took and asked.is_number else None,
        }
        yield Line(values, subject.told.at(entry), entry.occurred_at)


def answers(subject: Subject) -> Iterator[tuple[Characteristic, str, Entry]]:
    """What was asked at screening, each with its last answer and the entry that holds it."""
    last = {}
    for entry in subject.facts("screening.characteristics-recorded"):
        for key, value in fact(entry).answers:
            last[key] = (value, entry)
    for asked in subject.study.protocol.characteristics:
        if asked.key in last:
            value, entry = last[asked.key]
            yield asked, value, entry
