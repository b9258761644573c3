"""VS, QS, RS, LB and IE: what was measured, rated, asked and judged."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from operator import itemgetter

from sojourn.course.dosing import MOMENTS
from sojourn.course.judging import Judgement, judge
from sojourn.exchange.cdisc import codes
from sojourn.exchange.cdisc.interventions import answers
from sojourn.exchange.cdisc.rows import Line, Value
from sojourn.exchange.cdisc.standard import Test, mappings
from sojourn.exchange.cdisc.study import Rating, Subject, fact
from sojourn.exchange.cdisc.trial_design import criterion_codes
from sojourn.record.entry import Entry

SIGNS = (
    ("SYSBP", "Systolic Blood Pressure", "mmHg", "systolic_mmhg"),
    ("DIABP", "Diastolic Blood Pressure", "mmHg", "diastolic_mmhg"),
    ("PULSE", "Pulse Rate", "beats/min", "pulse_bpm"),
    ("TEMP", "Temperature", "C", "temperature_tenths_c"),
    ("OXYSAT", "Oxygen Saturation", "%", "spo2_percent"),
)
NOT_DONE = "NOT DONE"
MOMENT = {key: (number, label) for number, (key, label) in enumerate(MOMENTS, start=1)}


def vital_signs(subject: Subject) -> Iterator[Line]:
    """One row for each sign of each reading by hand; a monitor's stream is not exported here."""
    for entry in subject.facts("dosing.vitals-recorded"):
        taken = fact(entry)
        number, moment = MOMENT[taken.moment]
        values: dict[str, Value] = {
            **subject.study.visit(taken.visit),
            "VSTPT": moment,
            "VSTPTNUM": number,
            "VSDTC": entry.occurred_at,
        }
        rows = [
            _sign(code, name, unit, value / 10 if field == "temperature_tenths_c" else value)
            for code, name, unit, field in SIGNS
            if (value := getattr(taken, field)) is not None
        ]
        yield Line(values, subject.told.at(entry), entry.occurred_at, rows=rows)
    for asked, value, entry in answers(subject):
        place = mappings().characteristics.get(asked.key)
        if place is not None and place.domain == "VS":
            code, name, unit, _ = next(each for each in SIGNS if each[0] == place.term)
            at = entry.occurred_at
            rows = [_sign(code, name, unit, int(value))]
            yield Line({"VSDTC": at}, subject.told.at(entry), at, rows=rows)


def _sign(code: str, name: str, unit: str, value: float) -> dict[str, Value]:
    return {
        "VSTESTCD": code,
        "VSTEST": name,
        "VSORRES": str(value),
        "VSORRESU": unit,
        "VSSTRESC": str(value),
        "VSSTRESN": value,
        "VSSTRESU": unit,
    }


def ratings(subject: Subject, domain: str) -> Iterator[Line]:
    """The answers and totals of every instrument that goes to ``domain`` (QS or RS)."""
    for rating in subject.ratings:
        place, entry = rating.form.place, rating.entry
        if place.domain != domain:
            continue
        values: dict[str, Value] = {
            **subject.study.visit(rating.recorded.visit),
            f"{domain}CAT": place.category,
            f"{domain}DTC": entry.occurred_at,
        }
        if domain == "RS":
            visit = subject.study.protocol.visit(rating.recorded.visit)
            apart = visit is not None and visit.rated_by == "independent-rater"
            values["RSEVAL"] = "INDEPENDENT ASSESSOR" if apart else "INVESTIGATOR"
        where, rows = subject.told.at(entry), list(_answered(domain, rating))
        yield Line(values, where, entry.occurred_at, rows=rows)


def _answered(domain: str, rating: Rating) -> Iterator[dict[str, Value]]:
    answers, total = rating.recorded.answers, rating.form.total
    for answer, (test, words) in zip(answers, rating.form.items, strict=False):
        yield _result(domain, test, words.get(answer) if answer is not None else None, answer)
    if total is not None and rating.score is not None and rating.score.total is not None:
        found = _result(domain, total, None, rating.score.total)
        # A total read off a paper was collected; one from the answers is derived.
        yield found | {f"{domain}DRVFL": "Y" if answers else None}


def _result(domain: str, test: Test, said: str | None, value: int | None) -> dict[str, Value]:
    """What was answered, ``said`` where it has words."""
    if value is None:
        return {f"{domain}TESTCD": test.code, f"{domain}TEST": test.name, f"{domain}STAT": NOT_DONE}
    number = str(value)
    return {
        f"{domain}TESTCD": test.code,
        f"{domain}TEST": test.name,
        f"{domain}ORRES": said or number,
        f"{domain}STRESC": number,
        f"{domain}STRESN": value,
    }


def questionnaires(subject: Subject) -> Iterator[Line]:
    """QS: questionnaires, calls after a session, the diary, and what else was asked."""
    yield from ratings(subject, "QS")
    asked = subject.study.questions
    for entry in subject.facts("aftercare.contact-recorded"):
        called = fact(entry)
        told = map(str, (called.mood, called.sleep_hours, called.concern))
        said = zip(codes.CONTACT, told, strict=True)
        yield _asked(subject, entry, "AFTERCARE CONTACT", said, called.visit)
    for entry in subject.facts("medication.mood-checked"):
        answered = (str(fact(entry).mood), "yes" if fact(entry).suicidal_thoughts else "no")
        yield _asked(subject, entry, "MOOD CHECK", zip(codes.MOOD, answered, strict=True))
    for entry in subject.facts("diary.entry-made"):
        # A line of free text may name people; it stays in the record.
        found = [
            (asked.diary[key], given) for key, given in fact(entry).answers if key in asked.diary
        ]
        yield _asked(subject, entry, "DIARY", found)
    interviews: dict[int, tuple[Entry, list[tuple[Test, str]]]] = {}
    for question, given, entry in answers(subject):
        if question.key in asked.interview:
            found = interviews.setdefault(entry.position, (entry, []))[1]
            found.append((asked.interview[question.key], given))
    for entry, found in interviews.values():
        yield _asked(subject, entry, "SCREENING INTERVIEW", found)


def _asked(
    subject: Subject,
    entry: Entry,
    category: str,
    said: Iterable[tuple[Test, str]],
    visit: str = "",
) -> Line:
    values: dict[str, Value] = {
        **subject.study.visit(visit),
        "QSCAT": category,
        "QSDTC": entry.occurred_at,
    }
    rows: list[dict[str, Value]] = [
        {
            "QSTESTCD": test.code,
            "QSTEST": test.name,
            "QSORRES": given,
            "QSSTRESC": given,
            "QSSTRESN": int(given) if given.isascii() and given.isdigit() else None,
        }
        for test, given in said
    ]
    return Line(values, subject.told.at(entry), entry.occurred_at, rows=rows)


def laboratory(subject: Subject) -> Iterator[Line]:
    """LB: the pregnancy test, where one was possible."""
    for asked, value, entry in answers(subject):
        place = mappings().characteristics.get(asked.key)
        if place is None or place.domain != "LB" or value not in ("positive", "negative"):
            continue
        said: dict[str, Value] = {
            "LBTESTCD": place.term,
            "LBTEST": "Choriogonadotropin Beta",
            "LBORRES": value.upper(),
            "LBSTRESC": value.upper(),
        }
        at = entry.occurred_at
        yield Line({"LBCAT": place.category, "LBDTC": at}, subject.told.at(entry), at, rows=[said])


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
    before = [(e.at, e) for e in found if isinstance(e.at, datetime) and e.at < first]
    latest: dict[tuple[Value, Value], dict[str, Value]] = {}
    for _, line in sorted(before, key=itemgetter(0)):
        about = line.values.get(category)
        latest |= {(about, row[test]): row for row in line.rows if row.get(result) is not None}
    for row in latest.values():
        row[f"{domain}LOBXFL"] = "Y"
    return found
