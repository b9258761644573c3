"""Pictures hold what they are drawn from, are well formed, and let no text become markup."""

from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree

import pytest

from sojourn.analysis import Point, Proportion, Step
from sojourn.clinic import charts, drawing
from sojourn.course.schedule import plan
from sojourn.course.state import Course, Medication, Session, Taper, Vitals
from sojourn.course.suitability import MedicineSummary
from sojourn.medicines import Finding
from tests.course.story import PROTOCOL, Story

TODAY = date(2026, 3, 2)
MARKUP = "</title><script>x</script>&<&<&<&<&<"


def parts(svg: str) -> list[ElementTree.Element]:
    """Every element of a picture; not well formed is an error."""
    return list(ElementTree.fromstring(svg).iter())


def of_class(svg: str, kind: str) -> list[ElementTree.Element]:
    return [each for each in parts(svg) if each.get("class") == kind]


def medicine(name: str, **changes) -> MedicineSummary:
    held = Medication(name, name, (name,), "mood", "", TODAY - timedelta(days=40), None)
    taper = Taper(name, ((TODAY, MARKUP),), (TODAY,), "slowly", datetime(2026, 3, 1, tzinfo=UTC))
    found = (Finding(name, "hard-stop", "is being taken", None),)
    return MedicineSummary(held, found, changes.get("clear_on"), taper)


def test_a_medicines_name_is_text_whatever_is_written():
    svg = drawing.medicines((medicine(MARKUP), medicine("&" * 40)), TODAY, None)

    assert not [each for each in parts(svg) if each.tag.endswith("script")]
    assert len(of_class(svg, "taken")) == 2
    assert len(of_class(svg, "held")) == 2


def test_no_medicine_is_no_picture():
    assert drawing.medicines((), TODAY, None) == ""


def test_the_trajectory_has_a_dot_for_each_reading_and_falls_as_the_total_falls():
    readings = [
        drawing.Reading(TODAY, 44, MARKUP),
        drawing.Reading(TODAY + timedelta(days=30), 12, "after session 3"),
    ]

    first, last = of_class(drawing.trajectory(readings, PROTOCOL), "dot")

    assert float(first.get("cy")) < float(last.get("cy"))  # the page counts downwards
    assert float(first.get("cx")) < float(last.get("cx"))


def test_readings_of_one_day_and_beyond_the_usual_scale_stay_within_the_picture():
    svg = drawing.trajectory([drawing.Reading(TODAY, 136, "x")] * 2, PROTOCOL)

    assert all(0 <= float(dot.get("cy")) <= 190 for dot in of_class(svg, "dot"))


def session(*readings: tuple[int, int, int, int]) -> Session:
    start = datetime(2026, 3, 2, 9, tzinfo=UTC)
    taken = tuple(
        Vitals(start + timedelta(minutes=after), "during", systolic, diastolic, pulse, 368)
        for after, systolic, diastolic, pulse in readings
    )
    return Session("dosing-1", 1, start, ("ana", "ben"), (), taken)


def test_vital_signs_are_drawn_and_told_in_the_order_they_were_taken():
    svg = drawing.vitals(session((120, 150, 90, 95), (10, 120, 80, 70)))

    [told] = [each.text for each in parts(svg) if each.tag == "desc"]
    assert told == "09:10 120/80, pulse 70; 11:00 150/90, pulse 95"
    assert len(of_class(svg, "pressure")) == 2
    assert drawing.vitals(session()) == ""


def test_the_timeline_marks_each_visit_that_took_place_and_counts_it():
    story = Story().prepared()
    planned = plan(story.course, PROTOCOL)
    svg = drawing.timeline(planned, story.at.date())

    done = [each for each in planned if each.standing == "done" and each.earliest]
    assert len(of_class(svg, "held")) + len(of_class(svg, "outside")) == len(done)
    [told] = [each.text for each in parts(svg) if each.tag == "desc"]
    assert told.startswith(f"{len(done)} of ")
    assert drawing.timeline(plan(Course(), PROTOCOL), TODAY) == ""


def point(arm: str, visit: str, mean: float) -> Point:
    return Point(arm, visit, 1, mean, None, None, None, 0, None, None)


@pytest.mark.parametrize("arm", ["", "Therapy & <placebo>", MARKUP])
def test_charts_name_each_arm_and_value_in_words(arm):
    said = arm or charts.EVERYONE
    drawn = (
        charts.trajectories_chart((point(arm, "baseline", 44.26),), (("baseline", "Start"),), "X"),
        charts.proportions_chart((Proportion("response", arm, 3, 4, 1, 0.19, 0.99),)),
        charts.retention_chart((Step(arm, 0, 9, 0, 1.0, None, None),), 30),
    )
    values = ("Start: mean 44.3 (44.3 to 44.3)", "3/4, 75% (19 to 99)", "100% retained")
    for svg, value in zip(drawn, values, strict=True):
        [told] = [each.text for each in parts(svg) if each.tag.endswith("desc")]
        assert said in told
        assert value in told
        assert not [each for each in parts(svg) if each.tag.endswith("script")]
