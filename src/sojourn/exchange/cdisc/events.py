"""DS, MH, AE and DV: what happened."""

from collections.abc import Iterator

from sojourn.exchange.cdisc.interventions import WITHHELD, answers
from sojourn.exchange.cdisc.rows import Line, Value
from sojourn.exchange.cdisc.special import SETTLES
from sojourn.exchange.cdisc.standard import mappings, word
from sojourn.exchange.cdisc.study import Subject, fact
from sojourn.record.entry import Entry

MILESTONES = {
    "consent.signed": ("Informed consent obtained", "INFORMED CONSENT OBTAINED"),
    "screening.eligibility-confirmed": ("Eligibility confirmed", "ELIGIBILITY CRITERIA MET"),
    "screening.randomised": ("Randomised", "RANDOMIZED"),
    "screening.allocation-recorded": ("Randomised elsewhere", "RANDOMIZED"),
}
ENDINGS = {
    "screening.failed": "SCREEN FAILURE",
    "followup.completed": "COMPLETED",
    "followup.lost": "LOST TO FOLLOW-UP",
}
WITHDRAWN = "followup.withdrawn"
CRITERIA = ("AESCONG", "AESDISAB", "AESDTH", "AESHOSP", "AESLIFE", "AESMIE")


def disposition(subject: Subject) -> Iterator[Line]:
    """Milestones, and how the course ended."""
    for kind, (term, coded) in MILESTONES.items():
        for entry in subject.facts(kind):
            yield _disposition(subject, entry, term, coded, "PROTOCOL MILESTONE")
    for kind, coded in ENDINGS.items():
        for entry in subject.facts(kind):
            term = getattr(entry.fact, "reason", "") or coded.capitalize()
            yield _disposition(subject, entry, term, coded, "DISPOSITION EVENT")
    reasons = dict(subject.study.protocol.withdrawal_reasons)
    for entry in subject.facts(WITHDRAWN):
        reason = fact(entry).reason
        coded = word("withdrawal", reason) or "OTHER"
        term = reasons.get(reason, reason)
        yield _disposition(subject, entry, term, coded, "DISPOSITION EVENT")


def _disposition(subject: Subject, entry: Entry, term: str, coded: str, category: str) -> Line:
    values: dict[str, Value] = {
        "DSTERM": term,
        "DSDECOD": coded,
        "DSCAT": category,
        "DSSCAT": "STUDY PARTICIPATION" if category == "DISPOSITION EVENT" else None,
        "DSDTC": entry.occurred_at,
        "DSSTDTC": entry.occurred_at,
    }
    return Line(values, subject.told.at(entry), entry.occurred_at)


def history(subject: Subject) -> Iterator[Line]:
    """Conditions asked about at screening, present or not."""
    for asked, value, entry in answers(subject):
        place = mappings().characteristics.get(asked.key)
        if place is None or place.domain != "MH" or value not in ("yes", "no"):
            continue
        values: dict[str, Value] = {
            "MHTERM": asked.label,
            "MHCAT": place.category,
            "MHPRESP": "Y",
            "MHOCCUR": "Y" if value == "yes" else "N",
            "MHDTC": entry.occurred_at,
        }
        yield Line(values, subject.told.at(entry), entry.occurred_at)


def adverse_events(subject: Subject) -> Iterator[Line]:
    """Each adverse event as it stands at the cut, pleasant ones too."""
    about: dict[str, list[int]] = {}
    for kind in ("safety.adverse-event-recorded", "safety.adverse-event-updated"):
        for entry in subject.facts(kind):
            about.setdefault(fact(entry).event, []).extend(subject.told.at(entry))
    for each in subject.course.adverse_events.values():
        met = {word("seriousness", criterion) for criterion in each.seriousness}
        values: dict[str, Value] = {
            "AETERM": each.term,
            "AEDECOD": each.coded_term or each.term,
            "AEBODSYS": each.system_organ_class,
            "AESER": "Y" if each.serious else "N",
            "AEACN": word("action", each.action_taken),
            "AEREL": word("relatedness", each.relatedness),
            "AEOUT": word("outcome", each.outcome),
            **{name: "Y" if name in met else "N" for name in CRITERIA if each.serious},
            "AETOXGR": str(each.grade),
            "AESTDTC": each.started_on,
            "AEENDTC": each.ended_on,
        }
        if each.ended_on is None:
            values["AEENRTPT"] = "ONGOING"
            values["AEENTPT"] = subject.study.as_of.date()
        told: dict[str, Value] = {
            "AEVALENC": each.valence,
            "AESI": each.special_interest,
            "AEEXPCT": each.expectedness,
            "AELEARN": each.learned,
            "AEACNORG": each.action_taken,
            "AECODE": each.code,
        }
        yield Line(values, tuple(about.get(each.key, ())), each.started_on, told)


def deviations(subject: Subject) -> Iterator[Line]:
    """Visits outside their window or missed, and doses withheld."""
    told, visits = subject.told, subject.study.visits
    for each in subject.plan:
        missed = each.standing == "missed"
        if not missed and not each.outside_window:
            continue
        where = [
            place
            for kind in SETTLES
            for entry in subject.facts(kind)
            if fact(entry).visit == each.visit.key
            for place in told.at(entry)
        ]
        values: dict[str, Value] = {
            "DVTERM": f"{each.visit.label}: {'missed' if missed else 'outside its window'}",
            "DVDECOD": "VISIT MISSED" if missed else "OUTSIDE WINDOW",
            "DVSTDTC": each.on,
        }
        yield Line(values, tuple(where), each.on)
    for entry in subject.facts(WITHHELD):
        held = fact(entry)
        planned = visits.get(held.visit)
        label = planned.label if planned else held.visit
        values = {
            "DVTERM": f"{label}: {held.which} dose withheld",
            "DVDECOD": "DOSE WITHHELD",
            "DVSTDTC": entry.occurred_at,
        }
        yield Line(values, told.at(entry), entry.occurred_at)
