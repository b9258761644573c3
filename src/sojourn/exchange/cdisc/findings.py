"""VS, QS, RS, LB and IE: what was measured, rated, asked and judged."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from sojourn.course.assessment import score_of
from sojourn.course.dosing import MOMENTS
from sojourn.course.judging import Judgement, judge
from sojourn.exchange.cdisc import codes
from sojourn.exchange.cdisc.interventions import answers
from sojourn.exchange.cdisc.rows import Line, Value
from sojourn.exchange.cdisc.standard import Test, mappings
from sojourn.exchange.cdisc.study import Subject, fact
from sojourn.exchange.cdisc.trial_design import criterion_codes
from sojourn.instruments import AnswerError, Instrument
from sojourn.record.entry import Entry

SIGNS = (
    ("SYSBP", "Systolic Blood Pressure", "mmHg", "systolic_mmhg"),
    ("DIABP", "Diastolic Blood Pressure", "mmHg", "diastolic_mmhg"),
    ("PULSE", "Pulse Rate", "beats/min", "pulse_bpm"),
    ("TEMP", "Temperature", "C", "temperature_tenths_c"),
    ("OXYSAT", "Oxygen Saturation", "%", "spo2_percent"),
)
MOMENT = {key: (number, label) for number, (key, label) in enumerate(MOMENTS, start=1)}


def vital_signs(subject: Subject) -> Iterator[Line]:
    """One row for each sign of each reading by hand; a monitor's stream is not exported here."""
    for entry in subject.facts("dosing.vitals-recorded"):
        taken = fact(entry)
        number, moment = MOMENT[taken.moment]
        where, visit = subject.told.at(entry), subject.study.visit(taken.visit)
        for code, name, unit, field in SIGNS:
            value = getattr(taken, field)
            if value is not None:
                shown = value / 10 if field == "temperature_tenths_c" else value
                values = _sign(code, name, unit, shown, entry.occurred_at)
                values |= {**visit, "VSTPT": moment, "VSTPTNUM": number}
                yield Line(values, where, entry.occurred_at)
    for asked, value, entry in answers(subject):
        place = mappings().characteristics.get(asked.key)
        if place is not None and place.domain == "VS":
            code, name, unit, _ = next(each for each in SIGNS if each[0] == place.term)
            values = _sign(code, name, unit, int(value), entry.occurred_at)
            yield Line(values, subject.told.at(entry), entry.occurred_at)


def _sign(code: str, name: str, unit: str, value: float, at: datetime) -> dict[str, Value]:
    return {
        "VSTESTCD": code,
        "VSTEST": name,
        "VSORRES": str(value),
        "VSORRESU": unit,
        "VSSTRESC": str(value),
        "VSSTRESN": value,
        "VSSTRESU": unit,
        "VSDTC": at,
    }


def ratings(subject: Subject, domain: str) -> Iterator[Line]:
    """The answers and totals of every instrument that goes to ``domain`` (QS or RS)."""
    for entry in subject.facts("assessment.recorded"):
        rated = fact(entry)
        instrument = subject.study.circumstances.instruments.get(rated.instrument)
        if instrument is None or codes.place(instrument).domain != domain:
            continue
        visit = subject.study.protocol.visit(rated.visit)
        common: dict[str, Value] = {
            **subject.study.visit(rated.visit),
            f"{domain}CAT": codes.place(instrument).category,
            f"{domain}DTC": entry.occurred_at,
        }
        if domain == "RS":
            apart = visit is not None and visit.rated_by == "independent-rater"
            common["RSEVAL"] = "INDEPENDENT ASSESSOR" if apart else "INVESTIGATOR"
        where = subject.told.at(entry)
        for values in _answered(domain, instrument, entry):
            yield Line(common | values, where, entry.occurred_at)


def _answered(domain: str, instrument: Instrument, entry: Entry) -> Iterator[dict[str, Value]]:
    rated = fact(entry)
    asked = zip(rated.answers, codes.items(instrument), instrument.items, strict=False)
    for answer, test, item in asked:
        said = dict(item.answers).get(answer) if item.answers else None
        said = said or str(answer)
        yield _result(domain, test.code, test.name, said, answer)
    total = codes.total(instrument)
    if total is None:
        return
    try:
        score = score_of(rated, instrument).total
    except AnswerError:  # neither answers nor a total: nothing to score
        return
    if score is not None:
        found = _result(domain, total.code, total.name, str(score), score)
        # A total read off a paper was collected; one from the answers is derived.
        yield found | {f"{domain}DRVFL": "Y" if rated.answers else None}


def _result(domain: str, code: str, name: str, said: str, value: int | None) -> dict[str, Value]:
    missing = value is None
    return {
        f"{domain}TESTCD": code,
        f"{domain}TEST": name,
        f"{domain}ORRES": None if missing else said,
        f"{domain}STRESC": None if missing else str(value),
        f"{domain}STRESN": value,
        f"{domain}STAT": "NOT DONE" if missing else None,
    }


def questionnaires(subject: Subject) -> Iterator[Line]:
    """QS: questionnaires, calls after a session, the diary, and what else was asked."""
    yield from ratings(subject, "QS")
    protocol = subject.study.protocol
    for entry in subject.facts("aftercare.contact-recorded"):
        called = fact(entry)
        visit = subject.study.visit(called.visit)
        for test, value in zip(
            codes.CONTACT, (called.mood, called.sleep_hours, called.concern), strict=True
        ):
            yield _asked(subject, entry, test, str(value), "AFTERCARE CONTACT", visit)
    for entry in subject.facts("medication.mood-checked"):
        told = fact(entry)
        thoughts = "yes" if told.suicidal_thoughts else "no"
        for test, given in zip(codes.MOOD, (str(told.mood), thoughts), strict=True):
            yield _asked(subject, entry, test, given, "MOOD CHECK", {})
    diary = codes.diary(protocol)
    for entry in subject.facts("diary.entry-made"):
        for key, given in fact(entry).answers:
            # A line of free text may name people; it stays in the record.
            if key in diary:
                yield _asked(subject, entry, diary[key], given, "DIARY", {})
    interview = codes.interview(protocol)
    for asked, given, entry in answers(subject):
        if asked.key in interview:
            yield _asked(subject, entry, interview[asked.key], given, "SCREENING INTERVIEW", {})


def _asked(
    subject: Subject,
    entry: Entry,
    test: Test,
    given: str,
    category: str,
    visit: dict[str, str | int | None],
) -> Line:
    number = int(given) if given.isascii() and given.isdigit() else None
    values: dict[str, Value] = {
        **visit,
        "QSTESTCD": test.code,
        "QSTEST": test.name,
        "QSCAT": category,
        "QSORRES": given,
        "QSSTRESC": given,
        "QSSTRESN": number,
        "QSDTC": entry.occurred_at,
    }
    return Line(values, subject.told.at(entry), entry.occurred_at)


def laboratory(subject: Subject) -> Iterator[Line]:
    """LB: the pregnancy test, where one was possible."""
    for asked, value, entry in answers(subject):
        place = mappings().characteristics.get(asked.key)
        if place is None or place.domain != "LB" or value not in ("positive", "negative"):
            continue
        values: dict[str, Value] = {
            "LBTESTCD": place.term,
            "LBTEST": "Choriogonadotropin Beta",
            "LBCAT": place.category,
            "LBORRES": value.upper(),
            "LBSTRESC": value.upper(),
            "LBDTC": entry.occurred_at,
        }
        yield Line(values, subject.told.at(entry), entry.occurred_at)


def criteria_not_met(subject: Subject) -> Iterator[Line]:
    """IE: criteria that stood in the way of someone not taken in, or that were overridden."""
    course = subject.course
    decided = course.eligible_at or course.ended_at
    if decided is None or not (course.ended == "screen-failed" or course.overrides):
        return
    numbered = criterion_codes(subject.study.protocol)
    circumstances = replace(subject.study.circumstances, now=decided)
    where = [
        place
        for kind in ("screening.characteristics-recorded", "screening.criteria-assessed",
                     "screening.criterion-overridden", "screening.failed")
        for entry in subject.facts(kind)
        for place in subject.told.at(entry)
    ]  # fmt: skip
    for each in judge(course, circumstances):
        if each.verdict == "unknown" or _fits(each):
            continue
        inclusion = each.criterion.kind == "inclusion"
        values: dict[str, Value] = {
            "IETESTCD": numbered[each.criterion.key],
            "IETEST": each.criterion.label,
            "IECAT": each.criterion.kind.upper(),
            "IEORRES": "N" if inclusion else "Y",
            "IESTRESC": "N" if inclusion else "Y",
            "IEDTC": decided,
        }
        why = each.override.reason if each.override else None
        yield Line(values, tuple(where), decided, {"IEOVRRID": why})


def _fits(judgement: Judgement) -> bool:
    wanted = "met" if judgement.criterion.kind == "inclusion" else "not-met"
    return judgement.verdict == wanted


def flag_last_before(domain: str, lines: Iterable[Line], subject: Subject) -> list[Line]:
    """``lines`` with --LOBXFL at the last result of each test before the first dose."""
    found = list(lines)
    if not subject.doses:
        return found
    first, result, test, category = (
        subject.doses[0], f"{domain}STRESC", f"{domain}TESTCD", f"{domain}CAT"
    )  # fmt: skip
    latest: dict[tuple[Value, Value], tuple[datetime, int]] = {}
    for number, line in enumerate(found):
        at, values = line.at, line.values
        if isinstance(at, datetime) and at < first and values[result] is not None:
            key = (values.get(category), values[test])
            latest[key] = max(latest.get(key, (at, number)), (at, number))
    for _, number in latest.values():
        line = found[number]
        found[number] = replace(line, values=line.values | {f"{domain}LOBXFL": "Y"})
    return found
