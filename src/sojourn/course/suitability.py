"""One person's suitability on one page: what speaks for treatment, what stands in the way."""

from dataclasses import dataclass
from datetime import date

from sojourn.course import assessment, consent, history, judging, medication, taper
from sojourn.course.circumstances import Circumstances
from sojourn.course.history import Resistance
from sojourn.course.judging import Judgement
from sojourn.course.state import Course, Medication, Taper
from sojourn.instruments import Score
from sojourn.medicines import Finding


@dataclass(frozen=True, slots=True)
class MedicineSummary:
    """One medication, what it means today, and the first day free of it when one can be named."""

    medication: Medication
    findings: tuple[Finding, ...]
    clear_on: date | None
    taper: Taper | None


@dataclass(frozen=True, slots=True)
class Suitability:
    in_the_way: tuple[str, ...]
    judgements: tuple[Judgement, ...]
    resistance: Resistance
    medicines: tuple[MedicineSummary, ...]
    earliest_dose: date | None
    watch_mood: tuple[Medication, ...]  # antidepressants ended for this course
    mood_checks_due: tuple[date, ...]
    ratings: tuple[tuple[str, str, Score], ...]  # visit, instrument, score


def summarise(course: Course, circumstances: Circumstances, on: date) -> Suitability:
    """Everything a prescriber weighs before confirming eligibility, as it stands on that day."""
    judgements = judging.judge(course, circumstances)
    lacking = consent.hindrance(course, circumstances, treatment=True)
    blocking = medication.hindrances(course, circumstances, on)
    legal = () if circumstances.clearance.authorisation else ("no legal authorisation is in force",)
    return Suitability(
        in_the_way=(
            *legal,
            *((lacking,) if lacking else ()),
            *(each.in_words() for each in judgements if not each.satisfied),
            *(each.message for each in blocking),
            *(f"an alert is open: {each.label}" for each in course.open_alerts),
        ),
        judgements=judgements,
        resistance=history.resistance(course, circumstances.protocol),
        medicines=tuple(
            _medicine(each, course, circumstances, on) for each in _newest_last(course)
        ),
        earliest_dose=medication.earliest_dose(course, circumstances, on),
        watch_mood=medication.stopped_antidepressants(course, circumstances.formulary),
        mood_checks_due=taper.mood_checks_due(course, on),
        ratings=tuple(_ratings(course, circumstances)),
    )


def _newest_last(course: Course) -> list[Medication]:
    return sorted(course.medications.values(), key=lambda each: each.stopped_on or date.max)


def _medicine(
    each: Medication, course: Course, circumstances: Circumstances, on: date
) -> MedicineSummary:
    found = tuple(
        finding
        for finding in medication.all_findings(course, circumstances, on)
        if finding.medicine == each.key
    )
    days = [finding.clear_on for finding in found if finding.clear_on]
    return MedicineSummary(each, found, max(days, default=None), course.tapers.get(each.key))


def _ratings(course: Course, circumstances: Circumstances) -> list[tuple[str, str, Score]]:
    """Scores from screening and baseline, in the protocol's order."""
    result = []
    for visit in circumstances.protocol.visits:
        if (
            visit.phase != "screening"
            and visit.key != circumstances.protocol.outcome.baseline_visit
        ):
            continue
        for key in visit.assessments:
            score = assessment.score_at(course, visit.key, key, circumstances)
            if score is not None:
                result.append((visit.label, circumstances.instruments[key].name, score))
    return result
