"""Readings with the faults of real ones reach the record once, and alarms reach the course."""

import random
from datetime import timedelta

import pytest
from django.db import connection

from sojourn import protocols
from sojourn.conduct.amendment import AdoptAmendment, ProposeAmendment
from sojourn.course.alerting import AcknowledgeAlert
from sojourn.course.dosing import CloseSession
from sojourn.course.readings import Reading, ReadingsReceived
from sojourn.course.safety import ResolveAlert
from sojourn.ledger import clock, monitoring, programmes, raising, watching
from sojourn.ledger.alarms import open_alarms
from sojourn.ledger.desk import execute, load_course
from sojourn.ledger.monitoring import Sender
from sojourn.ledger.read import read_stream
from sojourn.ledger.readings_rows import ReadingRow
from sojourn.ledger.rebuild import fingerprint, rebuild
from sojourn.ledger.verify import verify
from sojourn.ledger.vitals import latest, series
from sojourn.record.command import Refused
from tests.monitoring.sessions import (
    ANA,
    PROGRAMME,
    VISIT,
    deliver,
    each_second,
    ms,
    open_alerts,
    open_session,
)

STREAM = watching.stream_of(PROGRAMME, "P-1", VISIT)
CALM = [72, 73, 71, 72, 74, 73, 72, 71, 73, 72]


def received() -> list[ReadingsReceived]:
    return [entry.fact for entry in read_stream(STREAM) if isinstance(entry.fact, ReadingsReceived)]


def test_a_batch_is_one_entry_and_every_reading_a_row(opened):
    receipt = deliver(each_second("pulse_bpm", CALM, opened), "1")
    assert (receipt.status, receipt.written, receipt.visit) == ("written", 10, VISIT)
    (batch,) = received()
    assert [each.value for each in batch.readings()] == CALM
    assert ReadingRow.objects.count() == 10
    assert latest(PROGRAMME, "P-1", VISIT)["pulse_bpm"].value == 72
    assert open_alerts() == []


def test_the_same_batch_again_is_known_and_writes_nothing(opened):
    deliver(each_second("pulse_bpm", CALM, opened), "1")
    again = deliver(each_second("pulse_bpm", CALM, opened), "1")
    assert (again.status, again.written, again.duplicates) == ("known", 0, 10)
    assert len(received()) == 1


def test_other_readings_under_a_known_batch_are_refused_and_named(opened):
    deliver(each_second("pulse_bpm", CALM, opened), "1")
    other = deliver(each_second("pulse_bpm", CALM, opened + timedelta(minutes=1)), "1")
    assert (other.status, other.field) == ("refused", "batch")
    assert "a name of its own" in other.message


def test_readings_that_overlap_an_earlier_batch_are_written_once(opened):
    readings = each_second("pulse_bpm", CALM, opened)
    deliver(readings[:6], "1")
    receipt = deliver(readings[4:] + readings[4:], "2")
    assert (receipt.written, receipt.duplicates) == (4, 8)
    assert ReadingRow.objects.count() == 10


@pytest.mark.proves("vital-signs-alarms")
def test_a_sensor_that_is_off_is_no_low_pulse_and_falls_silent(opened):
    start = clock.now() - timedelta(seconds=90)
    deliver(each_second("pulse_bpm", CALM, start), "1")
    receipt = deliver(each_second("pulse_bpm", [0] * 75, start + timedelta(seconds=10)), "2")
    assert receipt.unusable == 75
    assert receipt.raised == ()
    assert open_alerts() == []
    assert latest(PROGRAMME, "P-1", VISIT)["pulse_bpm"].value == 72
    raising.tick(PROGRAMME)
    assert open_alerts() == ["pulse-missing"]
    raising.tick(PROGRAMME)
    assert open_alerts() == ["pulse-missing"]


def test_a_single_spike_raises_nothing_and_a_lasting_rise_does(opened):
    deliver(each_second("pulse_bpm", [*CALM, 210, *CALM], opened), "1")
    assert open_alerts() == []
    later = opened + timedelta(minutes=1)
    receipt = deliver(each_second("pulse_bpm", [158, 160, 161, 159, 162, 160, 163], later), "2")
    assert receipt.raised == ("pulse-emergency",)
    assert open_alerts() == ["pulse-emergency"]


def test_a_pressure_in_the_wrong_unit_is_no_hypotension(opened):
    in_kpa = each_second("systolic_mmhg", [16, 16, 17, 16], opened)
    in_fahrenheit = each_second("temperature_tenths_c", [986, 987, 986], opened)
    receipt = deliver(in_kpa + in_fahrenheit, "1")
    assert receipt.unusable == 7
    assert open_alerts() == []


def test_a_diastolic_above_its_systolic_makes_both_unusable(opened):
    readings = each_second("systolic_mmhg", [70, 70, 70], opened) + each_second(
        "diastolic_mmhg", [120, 121, 122], opened
    )
    assert deliver(readings, "1").unusable == 6
    assert open_alerts() == []


def test_a_clock_three_minutes_ahead_is_put_right_and_recorded(opened):
    ahead = timedelta(minutes=3)
    now = clock.now()
    start = now - timedelta(seconds=10)
    receipt = deliver(each_second("pulse_bpm", CALM, start + ahead), "1", clock_ms=ms(now + ahead))
    assert receipt.status == "written"
    assert receipt.corrected_ms == 180_000
    (batch,) = received()
    assert abs(batch.start_ms - ms(start)) < 1
    assert abs(batch.clock_ahead_ms - 180_000) < 2000
    # The clock jumps back to the right time; nothing is doubled and nothing is lost.
    now = clock.now()
    after = deliver(each_second("pulse_bpm", [75], now), "2", clock_ms=ms(now))
    assert (after.written, after.corrected_ms) == (1, 0)
    # What was stamped before the jump is told from the future.
    stale = deliver(each_second("pulse_bpm", [75], now + ahead), "3", clock_ms=ms(clock.now()))
    assert stale.status == "refused"
    assert "still to come" in stale.message


@pytest.mark.proves("devices-known")
def test_a_clock_an_hour_off_is_refused_with_the_mend(opened):
    now = clock.now()
    receipt = deliver(
        each_second("pulse_bpm", CALM, now), "1", clock_ms=ms(now - timedelta(hours=1))
    )
    assert (receipt.status, receipt.field) == ("refused", "clock")
    assert "Set the device's clock" in receipt.message
    assert received() == []


def test_the_delay_of_the_network_does_not_move_readings_to_and_fro(opened):
    now = clock.now()
    for batch, jitter in enumerate((180_400, 179_600, 181_300)):
        receipt = deliver(
            each_second("pulse_bpm", [70 + batch], now + timedelta(seconds=170 + batch)),
            str(batch),
            clock_ms=ms(clock.now()) + jitter,
        )
        assert receipt.corrected_ms == 180_000


def test_late_readings_are_kept_and_raise_what_was_missed_but_clear_nothing(opened):
    high = each_second("pulse_bpm", [160] * 20, opened + timedelta(minutes=5))
    deliver(each_second("pulse_bpm", CALM, opened + timedelta(minutes=10)), "1")
    late = deliver(high, "2")
    assert late.late == 20
    assert late.raised == ("pulse-emergency",)
    assert open_alerts() == ["pulse-emergency"]
    # The same episode, told in pieces, is raised once.
    tail = deliver(each_second("pulse_bpm", [161] * 5, opened + timedelta(seconds=320)), "3")
    assert tail.raised == ()
    # High now; calm readings from before come late and clear nothing.
    now_high = opened + timedelta(minutes=20)
    deliver(each_second("pulse_bpm", [165] * 10, now_high), "4")
    deliver(each_second("pulse_bpm", CALM, opened + timedelta(minutes=12)), "5")
    watch = watching.load(STREAM).watch
    assert watch.rules["pulse-emergency"].raised_ms is not None


def test_late_readings_complete_a_run_that_nobody_saw_whole(opened):
    run = each_second("systolic_mmhg", [195, 196], opened, step_s=60)
    assert deliver(run[1:], "1").raised == ()
    assert deliver(run[:1], "2").raised == ("systolic-emergency",)


def test_a_pulse_that_never_changes_is_named(opened):
    receipt = deliver(each_second("pulse_bpm", [72] * 302, opened), "1")
    assert receipt.raised == ("pulse-unchanging",)


def test_a_temperature_that_rises_too_fast_is_named(opened):
    slope = [365 + minute // 4 for minute in range(50)]
    receipt = deliver(each_second("temperature_tenths_c", slope, opened, step_s=60), "1")
    assert receipt.raised == ("temperature-rise",)


@pytest.mark.proves("vital-signs-alarms")
def test_in_any_order_and_with_repeats_the_same_alarms_are_raised(opened):
    values = CALM * 3 + [0, 0, 230] + [155] * 15 + CALM * 2
    readings = list(each_second("pulse_bpm", values, opened))
    generator = random.Random(5)
    pieces = [readings[start : start + 7] for start in range(0, len(readings), 7)]
    generator.shuffle(pieces)
    for number, piece in enumerate(pieces):
        deliver(piece + piece[:2], str(number))
    assert ReadingRow.objects.count() == len(values)
    assert open_alerts() == ["pulse-emergency"]


@pytest.mark.proves("devices-known")
def test_a_device_of_one_site_may_not_speak_of_another(opened):
    open_session("P-2", opened, site="site-2")
    ours = Sender("device:gateway", "gateway", "device", site="site-1")
    refused = deliver(each_second("pulse_bpm", CALM, opened), "1", participant="P-2", sender=ours)
    assert (refused.status, refused.field) == ("refused", "participant")
    assert deliver(each_second("pulse_bpm", CALM, opened), "1", sender=ours).status == "written"


def test_what_is_refused_when_its_alarm_is_raised_is_not_half_written(opened, monkeypatch):
    def refuse(*_: object) -> None:
        raise Refused("the course can't take it", "alert")

    monkeypatch.setattr(monitoring, "raise_all", refuse)
    high = each_second("pulse_bpm", [160] * 10, opened)
    assert deliver(high, "1").status == "refused"
    assert ReadingRow.objects.count() == 0
    monkeypatch.undo()
    assert deliver(high, "1").raised == ("pulse-emergency",)


def test_without_a_session_nothing_is_written(opened):
    refused = deliver(each_second("pulse_bpm", CALM, opened), "1", participant="P-9")
    assert refused.status == "refused"
    early = deliver(each_second("pulse_bpm", CALM, opened - timedelta(hours=1)), "2")
    assert early.status == "refused"
    assert "before the session opened" in early.message


def test_readings_that_come_after_the_session_closed_still_find_it(opened):
    deliver(each_second("pulse_bpm", CALM, opened), "1")
    execute(PROGRAMME, "P-1", CloseSession(clock.now(), "overnight-stay"), ANA)
    assert deliver(each_second("pulse_bpm", CALM, opened), "2").status == "refused"
    late = deliver(each_second("pulse_bpm", CALM, opened + timedelta(hours=1)), "3", visit=VISIT)
    assert late.status == "written"


@pytest.mark.proves("vital-signs-alarms")
def test_an_unacknowledged_emergency_goes_to_the_prescriber(opened):
    start = clock.now() - timedelta(seconds=100)
    deliver(each_second("systolic_mmhg", [200, 201], start), "1")
    (alarm,) = open_alarms(PROGRAMME)
    assert (alarm.level, alarm.escalates_to) == ("emergency", "prescriber")
    assert raising.tick(PROGRAMME) == 1
    assert raising.tick(PROGRAMME) == 0
    (alert,) = load_course(PROGRAMME, "P-1").open_alerts
    assert alert.escalated_to == "prescriber"
    (alarm,) = open_alarms(PROGRAMME)
    assert alarm.escalated_to == "prescriber"
    assert alarm.escalates_ms is None


def test_acknowledging_ends_the_escalation_but_not_the_alert(opened):
    start = clock.now() - timedelta(seconds=100)
    deliver(each_second("systolic_mmhg", [200, 201], start), "1")
    (alert,) = load_course(PROGRAMME, "P-1").open_alerts
    seen = AcknowledgeAlert(clock.now(), alert.key, "Repeating it by hand")
    execute(PROGRAMME, "P-1", seen, ANA)
    assert raising.tick(PROGRAMME) == 0
    (alarm,) = open_alarms(PROGRAMME)
    assert alarm.acknowledged_by == "ana"
    done = ResolveAlert(clock.now(), alert.key, "Prescriber seen; pressure settling")
    execute(PROGRAMME, "P-1", done, ANA)
    assert open_alarms(PROGRAMME) == []


def test_while_pressure_stays_up_the_alarm_comes_back_after_it_was_acted_on(opened):
    deliver(each_second("systolic_mmhg", [200] * 2, opened, step_s=60), "1")
    (alert,) = load_course(PROGRAMME, "P-1").open_alerts
    done = ResolveAlert(clock.now(), alert.key, "Cuff moved to the other arm")
    execute(PROGRAMME, "P-1", done, ANA)
    soon = deliver(each_second("systolic_mmhg", [199], opened + timedelta(minutes=3)), "2")
    assert "systolic-emergency" not in soon.raised
    again = deliver(each_second("systolic_mmhg", [199], opened + timedelta(minutes=7)), "3")
    assert again.raised == ("systolic-emergency",)
    assert open_alerts() == ["systolic-high", "systolic-emergency"]


@pytest.mark.proves("rows-are-the-record")
def test_rows_rebuilt_from_the_record_are_the_same_to_the_byte(opened):
    generator = random.Random(8)
    start = clock.now() - timedelta(seconds=400)
    for number in range(12):
        at = start + timedelta(seconds=number * 25 - generator.choice([0, 0, 40]))
        values = [generator.choice([72, 0, 155, 156, 157, 210]) for _ in range(30)]
        deliver(each_second("pulse_bpm", values, at), str(number))
        deliver(each_second("spo2_percent", [generator.randint(84, 99)] * 20, at), f"s{number}")
    raising.tick(PROGRAMME)
    before = fingerprint()
    rebuild()
    assert fingerprint() == before
    assert verify().problems == ()


def test_a_page_gets_small_series_with_gaps_and_unusable_readings_told_apart(opened):
    values: list[int | None] = [72, 74, 76, 0, None, None, 80, 82, 0, 0]
    deliver(each_second("pulse_bpm", values, opened), "1")
    (pulse,) = series(PROGRAMME, "P-1", VISIT, since=opened, points=2)
    first, second = pulse.buckets
    assert (first.lowest, first.median, first.highest) == (72, 74, 76)
    assert (first.readings, first.unusable) == (3, 1)
    assert (second.lowest, second.median, second.highest, second.unusable) == (80, 80, 82, 2)


def test_a_long_session_is_read_by_the_minute(opened):
    deliver(each_second("pulse_bpm", [60 + i % 7 for i in range(3600)], opened), "1")
    (pulse,) = series(PROGRAMME, "P-1", VISIT, points=30)
    assert len(pulse.buckets) <= 30
    assert sum(each.readings for each in pulse.buckets) == 3600
    assert {each.median for each in pulse.buckets[:-1]} == {63}


def test_a_delivery_costs_as_many_queries_however_much_came_before(opened):
    counts = []
    for number in range(200):
        at = opened + timedelta(seconds=number * 2)
        with CountedQueries() as queries:
            deliver(each_second("pulse_bpm", [70, 71], at), str(number))
        counts.append(queries.count)
    # The batch that ends a minute sums it up, which costs two more.
    assert max(counts[1:100]) == max(counts[100:]) <= 19


class CountedQueries:
    """How many statements a block sent to the database."""

    def __enter__(self) -> "CountedQueries":
        self.count = 0
        self._wrapper = connection.execute_wrapper(self._counted)
        self._wrapper.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._wrapper.__exit__(*error)

    def _counted(self, execute, sql, params, many, context):
        self.count += 1
        return execute(sql, params, many, context)


def test_a_reading_is_never_a_float(opened):
    deliver([Reading(ms(opened), "temperature_tenths_c", 368)], "1")
    (entry,) = [e for e in read_stream(STREAM) if isinstance(e.fact, ReadingsReceived)]
    assert all(isinstance(each.value, int) for each in entry.fact.readings())


def test_a_session_is_watched_by_the_limits_of_the_version_it_follows(opened):
    text = protocols.shipped_text("mdma-ptsd").replace('version: "1.0"', 'version: "2.0"', 1)
    limits = programmes.load(PROGRAMME).programme.settings
    lower = tuple((key, 100 if key == "pulse-bpm-emergency" else each) for key, each in limits)
    day = clock.now().date()
    for command in (
        ProposeAmendment(clock.now(), text, "a lower limit"),
        AdoptAmendment(
            clock.now(), "2.0", "EC", "EC-17", day, "", "", None, "", lower,
        ),
    ):  # fmt: skip
        programmes.execute(PROGRAMME, command, author="lead", role="sponsor", signed=True)

    deliver(each_second("pulse_bpm", [120] * 30, opened), "1")
    assert "pulse-emergency" not in open_alerts()
    deliver(each_second("pulse_bpm", [151] * 30, opened + timedelta(minutes=2)), "2")
    assert "pulse-emergency" in open_alerts()
