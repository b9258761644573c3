"""The alarm engine: what raises, what clears, and what no fault of a sensor may do."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.course import alarms
from sojourn.course.alarms import Raised, Standing, Watch
from sojourn.course.readings import Range, Reading, Watched, batch_of, unusable

HIGH = Watched("high", "pulse_bpm", "above", "warning", 110, 3, 0, 5, 0, 0)
LOW = replace(HIGH, key="low", kind="below", limit=45)
LASTING = replace(HIGH, key="lasting", readings=1, for_s=10)
SILENT = replace(HIGH, key="silent", kind="missing", limit=30, readings=1, back=0)
STUCK = replace(HIGH, key="stuck", kind="unchanging", limit=60, readings=3, back=0)
RISING = replace(HIGH, key="rising", kind="rise", limit=30, within_min=10, readings=2)

values = st.lists(st.integers(30, 200), max_size=60)


def run(numbers, *rules, watch=None, start_s=1000, step_s=1):
    """The watch after one reading every ``step_s`` seconds, and all that was raised."""
    watch, raised = watch or Watch(), []
    for number, value in enumerate(numbers):
        reading = Reading((start_s + number * step_s) * 1000, "pulse_bpm", value)
        watch, found = alarms.step(watch, reading, rules)
        raised += found
    return watch, raised


def keys(raised: list[Raised]) -> list[str]:
    return [each.rule for each in raised]


def test_three_in_a_row_raise_and_two_do_not():
    assert keys(run([112, 112], HIGH)[1]) == []
    assert keys(run([112, 112, 112], HIGH)[1]) == ["high"]
    assert keys(run([112, 100, 112, 112], HIGH)[1]) == []


def test_a_limit_itself_is_not_beyond_it():
    assert keys(run([110] * 10, HIGH)[1]) == []
    assert keys(run([45] * 10, LOW)[1]) == []
    assert keys(run([44] * 3, LOW)[1]) == ["low"]


def test_what_must_last_is_measured_by_time_not_by_number():
    assert keys(run([120] * 10, LASTING)[1]) == []
    assert keys(run([120] * 11, LASTING)[1]) == ["lasting"]


def test_it_clears_only_well_below_the_limit_and_for_as_long_as_it_took_to_raise():
    watch, _ = run([112] * 3, HIGH)
    hovering, _ = run([107] * 20, HIGH, watch=watch, start_s=1010)
    assert hovering.rules["high"].raised_ms is not None
    dip, _ = run([105, 105, 112], HIGH, watch=watch, start_s=1010)
    assert dip.rules["high"].raised_ms is not None
    clear, _ = run([105, 105, 105], HIGH, watch=watch, start_s=1010)
    assert clear.rules["high"].raised_ms is None
    assert keys(run([112] * 3, HIGH, watch=clear, start_s=1020)[1]) == ["high"]


def test_while_it_lasts_it_is_raised_again_only_after_its_time():
    rule = replace(HIGH, again_after_s=60)
    _, raised = run([112] * 130, rule)
    assert [each.at_ms // 1000 for each in raised] == [1002, 1062, 1122]
    assert {each.since_ms for each in raised} == {1_000_000}


def test_a_rise_is_measured_against_the_mean_of_earlier_minutes():
    steady = [70] * 120
    assert keys(run([*steady, 100, 100], RISING)[1]) == ["rising"]
    assert keys(run([*steady, 99, 99], RISING)[1]) == []
    one_wild_value = [*[70] * 30, 30, *[70] * 89]
    assert keys(run([*one_wild_value, 99, 99], RISING)[1]) == []


def test_a_sensor_that_hangs_is_named_and_a_living_pulse_clears_it():
    watch, raised = run([72] * 61, STUCK)
    assert keys(raised) == ["stuck"]
    after, _ = run([73], STUCK, watch=watch, start_s=2000)
    assert after.rules["stuck"].raised_ms is None


def test_silence_is_noticed_once_and_only_of_a_signal_that_a_device_sends():
    reading = Reading(1_000_000, "pulse_bpm", 72)
    by_hand, _ = alarms.step(Watch(), reading, (SILENT,))
    assert alarms.silent_from(by_hand, (SILENT,)) is None
    watch, _ = alarms.step(Watch(), reading, (SILENT,), streamed=True)
    assert alarms.silent_from(watch, (SILENT,)) == 1_030_000
    assert alarms.silence(watch, (SILENT,), 1_029_999)[1] == ()
    silent, raised = alarms.silence(watch, (SILENT,), 1_030_000)
    assert keys(list(raised)) == ["silent"]
    assert alarms.silence(silent, (SILENT,), 9_000_000)[1] == ()
    back, _ = alarms.step(silent, Reading(2_000_000, "pulse_bpm", 70), (SILENT,))
    assert alarms.silent_from(back, (SILENT,)) == 2_030_000


def test_unusable_readings_do_not_break_the_silence():
    watch, _ = alarms.step(Watch(), Reading(1_000_000, "pulse_bpm", 72), (SILENT,), streamed=True)
    off = alarms.skip(watch, Reading(1_020_000, "pulse_bpm", 0), streamed=True)
    assert alarms.silent_from(off, (SILENT,)) == 1_030_000


def test_a_monitor_that_never_gave_a_usable_value_falls_silent_too():
    off = alarms.skip(Watch(), Reading(1_000_000, "pulse_bpm", 0), streamed=True)
    assert alarms.silent_from(off, (SILENT,)) == 1_030_000


@pytest.mark.proves("vital-signs-alarms")
@given(values)
def test_no_run_that_meets_the_rule_is_ever_lost(numbers):
    _, raised = run(numbers, HIGH)
    longest = best = 0
    for value in numbers:
        longest = longest + 1 if value > 110 else 0
        best = max(best, longest)
    assert bool(raised) or best < 3


@given(values)
def test_nothing_is_raised_without_enough_readings_beyond_the_limit(numbers):
    _, raised = run(numbers, HIGH, LOW)
    for rule, beyond in (("high", [v > 110 for v in numbers]), ("low", [v < 45 for v in numbers])):
        assert keys(raised).count(rule) <= sum(beyond) // 3


@pytest.mark.proves("vital-signs-alarms")
@given(values, values)
def test_a_reading_that_comes_late_never_clears(numbers, stale):
    watch, _ = run([112] * 3, HIGH, start_s=5000)
    for number, value in enumerate(stale):
        reading = Reading(1_000_000 + number * 1000, "pulse_bpm", value)
        watch, _ = alarms.step(watch, reading, (HIGH,))
    assert watch.rules["high"].raised_ms is not None


@given(values, st.data())
def test_repeats_change_nothing_but_what_is_remembered_of_late_runs(numbers, data):
    once, raised = run(numbers, HIGH, LOW)
    watch, again = Watch(), []
    for number, value in enumerate(numbers):
        reading = Reading((1000 + number) * 1000, "pulse_bpm", value)
        for _ in range(data.draw(st.integers(1, 3))):
            watch, found = alarms.step(watch, reading, (HIGH, LOW))
            again += found
    assert keys(again) == keys(raised)
    assert watch == once


@settings(max_examples=400)
@given(values, st.randoms(use_true_random=False))
def test_what_was_told_late_raises_the_same_rules_as_what_was_told_in_order(numbers, generator):
    readings = [
        Reading((1000 + number) * 1000, "pulse_bpm", value) for number, value in enumerate(numbers)
    ]
    _, in_order = run(numbers, HIGH, LOW)
    watch, found = Watch(), []
    kept: list[Reading] = []
    for reading in generator.sample(readings, len(readings)):
        kept.append(reading)
        track = watch.tracks.get("pulse_bpm")
        if track and reading.at_ms <= track.seen_ms:
            watch, raised = alarms.late(watch, kept, (HIGH, LOW))
        else:
            watch, raised = alarms.step(watch, reading, (HIGH, LOW))
        found += raised
    assert set(keys(in_order)) <= set(keys(found))


def test_a_run_told_out_of_order_is_counted_whole():
    watch, _ = run([112], HIGH, start_s=1001)
    around = [Reading(at_s * 1000, "pulse_bpm", 112) for at_s in (1000, 1001)]
    watch, raised = alarms.late(watch, around, (HIGH,))
    assert raised == ()
    assert keys(run([112], HIGH, watch=watch, start_s=1002)[1]) == ["high"]


@given(values)
def test_the_same_history_gives_the_same_watch(numbers):
    assert run(numbers, HIGH, LOW, RISING, STUCK) == run(numbers, HIGH, LOW, RISING, STUCK)


@given(values)
def test_an_alarm_that_lasts_is_the_newest_of_its_episodes(numbers):
    watch, _ = run(numbers, HIGH)
    standing = watch.rules.get("high", Standing())
    if standing.raised_ms is not None:
        assert standing.episodes[-1][0] <= standing.raised_ms


ranges = (Range("pulse_bpm", 20, 250),)
readings = st.lists(
    st.builds(
        Reading,
        st.integers(0, 10**9),
        st.sampled_from(["pulse_bpm", "spo2_percent"]),
        st.integers(-50, 400),
    ),
    min_size=1,
    unique_by=lambda each: (each.at_ms, each.signal),
)


@given(readings)
def test_a_batch_holds_every_reading_once_and_in_order(found):
    batch = batch_of(found, source="device:g", batch="1")
    assert sorted(batch.readings()) == sorted(found)
    assert all(list(each.after_ms) == sorted(each.after_ms) for each in batch.signals)


@given(readings)
def test_only_what_no_person_can_have_is_unusable(found):
    bad = unusable(found, ranges)
    for each in found:
        possible = each.signal != "pulse_bpm" or 20 <= each.value <= 250
        assert (each in bad) == (not possible)
