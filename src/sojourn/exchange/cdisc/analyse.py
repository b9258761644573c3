"""One participant as ADaM rows, from the course and the SDTM rows made of it."""

from collections.abc import Callable, Iterator
from datetime import date, datetime

from sojourn.exchange.cdisc.rows import positions
from sojourn.exchange.cdisc.special import STEPS
from sojourn.exchange.cdisc.standard import Row, Value, adam
from sojourn.exchange.cdisc.study import Rating, Subject
from sojourn.exchange.cdisc.tabulate import Rows
from sojourn.instruments import Change, Score, change

ENDED = {"completed": "COMPLETED", "withdrawn": "DISCONTINUED", "lost": "DISCONTINUED"}


def analyse(subject: Subject, sdtm: Rows) -> Rows:
    """Every ADaM row of one participant; scores only of those randomised."""
    found: Rows = {}
    for name, make in MAKERS.items():
        same: Row = dict.fromkeys((each.name for each in adam().datasets[name].variables), None)
        same |= {key: sdtm["DM"][0][key] for key in ("STUDYID", "USUBJID")}
        if "TRTP" in same:
            same |= _treated(subject)
        found[name] = [same | row for row in make(subject, sdtm)]
    return found


def _treated(subject: Subject) -> Row:
    label = subject.arm.label if subject.arm else None
    return {"TRTP": label, "TRTA": label if subject.doses else None}


def _subjects(subject: Subject, sdtm: Rows) -> Iterator[Row]:
    course, arm, dm = subject.course, subject.arm, sdtm["DM"][0]
    same = ("SUBJID", "SITEID", "AGE", "AGEU", "SEX", "RACE", "ARM", "ACTARM")
    ending = next((r for r in sdtm["DS"] if r["DSCAT"] == "DISPOSITION EVENT"), None)
    dosed, label = bool(subject.doses), arm.label if arm else None
    number = arm.number or None if arm else None
    status = ENDED.get(course.ended or "", "" if course.ended else "ONGOING")
    yield {
        **{name: dm[name] for name in same},
        "TRT01P": label,
        "TRT01PN": number,
        "TRT01A": label if dosed else None,
        "TRT01AN": number if dosed else None,
        "TRTSDT": _day(subject.doses[0]) if dosed else None,
        "TRTEDT": _day(subject.doses[-1]) if dosed else None,
        "RANDDT": _day(course.randomised_at),
        "ENRLFL": _yes(course.eligible_at is not None),
        "RANDFL": _yes(course.randomised_at is not None),
        "ITTFL": _yes(course.randomised_at is not None),
        "SAFFL": _yes(dosed),
        "COMPLFL": _yes(course.ended == "completed"),
        "EOSSTT": status if course.eligible_at else None,
        "EOSDT": _day(course.ended_at) if course.eligible_at else None,
        "DCSREAS": ending["DSDECOD"] if ending and status == "DISCONTINUED" else None,
        "DTHDT": dm["DTHDTC"],
        "ENTRYPOS": _entries(
            *(place for kind in STEPS for e in subject.facts(kind) for place in subject.told.at(e)),
            *subject.arm_entries,
        ),
    }


def _scores(subject: Subject, sdtm: Rows) -> Iterator[Row]:
    """Totals of every scored instrument, each against its baseline."""
    if subject.arm is None:
        return
    by_instrument: dict[str, list[Rating]] = {}
    for rating in subject.ratings:
        if rating.score is not None and rating.form.instrument.scored:
            by_instrument.setdefault(rating.recorded.instrument, []).append(rating)
    for rated_so in by_instrument.values():
        in_order = sorted(rated_so, key=lambda each: each.entry.occurred_at)
        yield from _against_baseline(subject, in_order, sdtm)


def _against_baseline(subject: Subject, rated: list[Rating], sdtm: Rows) -> Iterator[Row]:
    """``rated`` is one instrument's, in the order of time."""
    form, base = rated[0].form, _baseline(subject, rated)
    domain, total = form.place.domain, form.total
    sources = {
        row[f"{domain}SPID"]: row[f"{domain}SEQ"]
        for row in sdtm[domain]
        if total is not None and row[f"{domain}TESTCD"] == total.code
    }
    for each in rated:
        score, at = each.score, each.entry.occurred_at
        if score is None or score.total is None or total is None:
            continue
        start = base.score if base else None
        later = base is not None and each is not base and at > base.entry.occurred_at
        moved = change(form.instrument, start, score) if start and later else None
        planned = subject.study.visit(each.recorded.visit)
        entries = _entries(*subject.told.at(each.entry))
        yield {
            "PARAM": f"{form.instrument.name} Total Score",
            "PARAMCD": total.code,
            "AVISIT": planned.get("VISIT"),
            "AVISITN": planned.get("VISITNUM"),
            "ADT": _day(at),
            "ADY": subject.day(at),
            "AVAL": score.total,
            "BASE": start.total if start else None,
            "ABLFL": "Y" if each is base else None,
            **_moved(moved, start),
            "SRCDOM": domain,
            "SRCVAR": f"{domain}STRESN",
            "SRCSEQ": sources.get(entries),
            "ENTRYPOS": entries,
        }


def _moved(moved: Change | None, base: Score | None) -> Row:
    if moved is None or moved.points is None or base is None:
        return {}
    share = round(100 * moved.points / base.total, 1) if base.total else None
    criteria: Row = {"CHG": moved.points, "PCHG": share}
    for number, name, met in ((1, "Response", moved.response), (2, "Remission", moved.remission)):
        criteria[f"CRIT{number}"] = name if met is not None else None
        criteria[f"CRIT{number}FL"] = _yes(met) if met is not None else None
    return criteria


def _baseline(subject: Subject, rated: list[Rating]) -> Rating | None:
    outcome, first = subject.study.protocol.outcome, subject.reference
    if rated[0].form.instrument.key == outcome.instrument:
        at_baseline = (e for e in rated if e.recorded.visit == outcome.baseline_visit)
        return next(at_baseline, None)
    before = [e for e in rated if first and e.entry.occurred_at < first and _has_total(e)]
    return before[-1] if before else None


def _has_total(rating: Rating) -> bool:
    return rating.score is not None and rating.score.total is not None


def _events(subject: Subject, sdtm: Rows) -> Iterator[Row]:
    copied = (
        "AESEQ",
        "AETERM",
        "AEDECOD",
        "AEBODSYS",
        "AESER",
        "AEREL",
        "AEACN",
        "AEOUT",
        "AETOXGR",
    )
    first = subject.doses[0].date().isoformat() if subject.doses else None
    for row in sdtm["AE"]:
        start = str(row["AESTDTC"])
        yield {
            **{name: row[name] for name in copied},
            "TRTEMFL": "Y" if first and start >= first else None,
            "ASTDT": start,
            "AENDT": row["AEENDTC"],
            "ASTDY": row["AESTDY"],
            "AENDY": row["AEENDY"],
            "SRCDOM": "AE",
            "SRCSEQ": row["AESEQ"],
            "ENTRYPOS": row["AESPID"],
        }


def _signs(subject: Subject, sdtm: Rows) -> Iterator[Row]:
    """Vital signs of session days, each against the reading before that session's first dose."""
    before: dict[tuple[Value, Value], Value] = {}
    for row in sdtm["VS"]:
        if row["VSTPTNUM"] == 1:
            before[row["VISITNUM"], row["VSTESTCD"]] = row["VSSEQ"]
    values = {row["VSSEQ"]: row["VSSTRESN"] for row in sdtm["VS"]}
    for row in sdtm["VS"]:
        if row["VISITNUM"] is None:
            continue
        at_base = before.get((row["VISITNUM"], row["VSTESTCD"]))
        base, value = values.get(at_base), row["VSSTRESN"]
        later = at_base is not None and int(row["VSSEQ"] or 0) > int(at_base)
        yield {
            "PARAM": f"{row['VSTEST']} ({row['VSSTRESU']})",
            "PARAMCD": row["VSTESTCD"],
            "AVISIT": row["VISIT"],
            "AVISITN": row["VISITNUM"],
            "ATPT": row["VSTPT"],
            "ATPTN": row["VSTPTNUM"],
            "ADT": str(row["VSDTC"])[:10],
            "ADY": row["VSDY"],
            "AVAL": value,
            "BASE": base,
            "CHG": round(float(value) - float(base), 1) if later and value and base else None,
            "ABLFL": "Y" if row["VSSEQ"] == at_base else None,
            "SRCDOM": "VS",
            "SRCVAR": "VSSTRESN",
            "SRCSEQ": row["VSSEQ"],
            "ENTRYPOS": row["VSSPID"],
        }


def _times(subject: Subject, sdtm: Rows) -> Iterator[Row]:
    """Days from the first dose to leaving early, and to the first treatment-emergent event."""
    if not subject.doses:
        return
    start, course = subject.doses[0].date(), subject.course
    left = course.ended in ("withdrawn", "lost")
    end = (course.ended_at or subject.study.as_of).date()
    doses = [p for e in subject.facts("dosing.dose-given")[:1] for p in subject.told.at(e)]
    ends = [
        place
        for kind in ("followup.completed", "followup.withdrawn", "followup.lost")
        for entry in subject.facts(kind)
        for place in subject.told.at(entry)
    ]
    until = "End of participation" if course.ended else "Data cut"
    yield {
        "PARAM": "Time to Discontinuation (days)",
        "PARAMCD": "TTDISC",
        **_span(start, end),
        "CNSR": 0 if left else 1,
        "EVNTDESC": "Left before completing" if left else "Completed or still taking part",
        "CNSDTDSC": None if left else until,
        "ENTRYPOS": _entries(*doses, *ends),
    }
    emergent = [r for r in sdtm["AE"] if str(r["AESTDTC"]) >= start.isoformat()]
    first = min(emergent, key=lambda row: str(row["AESTDTC"]), default=None)
    own = [int(p) for p in str(first["AESPID"]).split()] if first else ends
    yield {
        "PARAM": "Time to First Treatment-Emergent Adverse Event (days)",
        "PARAMCD": "TTTEAE",
        **_span(start, date.fromisoformat(str(first["AESTDTC"])) if first else end),
        "CNSR": 0 if first else 1,
        "EVNTDESC": "First adverse event" if first else "No adverse event",
        "CNSDTDSC": None if first else until,
        "ENTRYPOS": _entries(*doses, *own),
    }


def _span(start: date, end: date) -> Row:
    return {
        "STARTDT": start.isoformat(),
        "ADT": end.isoformat(),
        "AVAL": (end - start).days + 1,
    }


def _entries(*places: int) -> str:
    """Positions as text that fits one variable: the last ones are dropped, which '+' says."""
    text = positions(places)
    return text if len(text) <= 200 else text[:198].rsplit(" ", 1)[0] + " +"


def _day(moment: date | datetime | None) -> str | None:
    if moment is None:
        return None
    return (moment.date() if isinstance(moment, datetime) else moment).isoformat()


def _yes(holds: bool | None) -> str:
    return "Y" if holds else "N"


MAKERS: dict[str, Callable[[Subject, Rows], Iterator[Row]]] = {
    "ADSL": _subjects,
    "ADQS": _scores,
    "ADAE": _events,
    "ADVS": _signs,
    "ADTTE": _times,
}
