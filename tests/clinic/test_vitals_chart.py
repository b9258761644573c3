"""The picture of a session's vital signs."""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

from sojourn import protocols
from sojourn.clinic.vitals_chart import Limit, limits_of, vitals_chart
from sojourn.course.readings import BY_KEY
from sojourn.ledger.vitals import Bucket, Series

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
PROTOCOL = protocols.load_shipped("mdma-ptsd")


def series(key: str, *values: int | None) -> Series:
    buckets = (
        Bucket(START + timedelta(minutes=number), value, value, value, int(value is not None))
        if value is not None
        else Bucket(START + timedelta(minutes=number), None, None, None, 0, 3)
        for number, value in enumerate(values)
    )
    return Series(BY_KEY[key], tuple(buckets))


def drawn(*shown: Series, limits=None) -> ElementTree.Element:
    return ElementTree.fromstring(str(vitals_chart(shown, limits or {})))


def of_class(picture: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [each for each in picture.iter() if name in each.get("class", "").split()]


def test_without_readings_nothing_is_drawn():
    assert vitals_chart((), {}) == ""


def test_each_sign_has_its_line_and_is_told_in_words():
    picture = drawn(series("pulse_bpm", 70, 74, 80), series("temperature_tenths_c", 368, 369, 371))
    assert len(of_class(picture, "median")) == 2
    words = picture.get("aria-label")
    assert "Pulse: last 80 /min, from 70 /min to 80 /min" in words
    assert "Temperature: last 37.1 °C" in words


def test_near_limits_are_drawn_where_they_lie_and_far_ones_do_not_flatten_the_curve():
    limits = {"pulse_bpm": (Limit(110, "caution", "high"), Limit(900, "emergency", "far"))}
    picture = drawn(series("pulse_bpm", 90, 100, 105), limits=limits)
    (caution,) = of_class(picture, "limit")
    line = of_class(picture, "median")[0].get("points").split()
    assert float(caution.get("y1")) < min(float(each.split(",")[1]) for each in line)


def test_a_gap_is_a_gap_and_unusable_readings_are_marked():
    values = [70, 71, 72, *[None] * 12, 75, 76, 77]
    picture = drawn(series("pulse_bpm", *values))
    assert len([e for e in of_class(picture, "median") if e.tag.endswith("polyline")]) == 2
    assert len(of_class(picture, "unusable")) == 12


def test_the_sites_own_limits_are_shown_and_none_is_made_up():
    limits = limits_of(PROTOCOL, {"systolic-mmhg-max": 155, "systolic-mmhg-emergency": 185})
    assert [each.value for each in limits["systolic_mmhg"]] == [155, 185]
    assert set(limits) == {"systolic_mmhg"}
