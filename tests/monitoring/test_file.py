"""Vital signs from a spreadsheet: all rows or none, once."""

from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sojourn.cli import app
from sojourn.exchange.reading import ImportRefused, Translation
from sojourn.exchange.vitals_file import import_vitals
from sojourn.ledger.readings_rows import ReadingRow
from tests.monitoring.sessions import PROGRAMME, open_alerts

PLAIN = Translation()


def write(folder: Path, *lines: str) -> Path:
    file = folder / "monitor.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def load(file: Path, *, dry_run: bool = False):
    return import_vitals(file, PROGRAMME, "P-1", PLAIN, author="ana", dry_run=dry_run)


@pytest.fixture
def good(opened, tmp_path) -> Path:
    rows = [
        f"{(opened + timedelta(minutes=number)).isoformat()},{120 + number},79,72,36.8,98"
        for number in range(5)
    ]
    return write(tmp_path, "Time,SBP,DBP,Heart rate,Temperature,SpO2", *rows)


def test_a_file_is_read_once(good):
    done = load(good)
    assert (done.rows, done.written, done.known, done.empty) == (5, 25, 0, 0)
    assert ReadingRow.objects.filter(signal="temperature_tenths_c", value=368).count() == 5
    again = load(good)
    assert (again.written, again.known) == (0, 25)
    assert ReadingRow.objects.count() == 25


def test_a_longer_file_adds_what_is_new(good, opened):
    load(good)
    later = (opened + timedelta(minutes=9)).isoformat()
    good.write_text(good.read_text() + f"{later},130,80,75,36.9,97\n")
    assert load(good).written == 5


def test_a_dry_run_writes_nothing(good):
    assert load(good, dry_run=True).written == 25
    assert ReadingRow.objects.count() == 0


def test_a_file_can_raise_an_alarm(opened, tmp_path):
    rows = [f"{(opened + timedelta(minutes=n)).isoformat()},200" for n in (1, 2)]
    load(write(tmp_path, "time,systolic_mmhg", *rows))
    assert open_alerts() == ["systolic-emergency"]


def test_a_value_that_differs_from_the_record_is_refused(good):
    load(good)
    good.write_text(good.read_text().replace(",72,", ",99,"))
    with pytest.raises(ImportRefused, match="row 2: pulse_bpm is 99 and on record as 72"):
        load(good)


@pytest.mark.proves("imports-whole")
@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("2026-03-02T09:30:00,72", "has no zone"),
        ("soon,72", "write 2026-03-02"),
        ("{at},fast", "'fast' is no number"),
        ("{at},72.5", "no decimals"),
        ("{at},1e40", "far from any reading"),
        ("{at},NaN", "is no number"),
        ("{early},72", "before the session opened"),
    ],
)
def test_one_wrong_row_holds_back_the_whole_file(opened, tmp_path, row, words):
    good = f"{opened.isoformat()},70"
    wrong = row.format(
        at=(opened + timedelta(minutes=1)).isoformat(),
        early=(opened - timedelta(hours=1)).isoformat(),
    )
    with pytest.raises(ImportRefused) as refused:
        load(write(tmp_path, "time,pulse", good, wrong))
    assert words in str(refused.value)
    assert ReadingRow.objects.count() == 0


def test_two_values_of_one_moment_are_refused(opened, tmp_path):
    at = opened.isoformat()
    with pytest.raises(ImportRefused, match="row 3: pulse_bpm is 71, in row 2"):
        load(write(tmp_path, "time,pulse", f"{at},70", f"{at},71"))


def test_a_file_without_signals_or_for_nobody_is_refused(opened, tmp_path):
    with pytest.raises(ImportRefused, match="no readings"):
        load(write(tmp_path, "time,mood", f"{opened.isoformat()},good"))
    file = write(tmp_path, "time,pulse", f"{opened.isoformat()},70")
    with pytest.raises(ImportRefused, match="no participant 'P-9'"):
        import_vitals(file, PROGRAMME, "P-9", PLAIN, author="ana")


def test_the_command_line_imports_and_names_faults(good, tmp_path):
    words = ["import", "vitals", str(good), "--programme", PROGRAMME, "--participant", "P-1"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "25 readings written" in done.output
    good.write_text(good.read_text().replace(",98", ",high"))
    refused = CliRunner().invoke(app, words)
    assert refused.exit_code == 1
    assert "row 2: spo2_percent 'high' is no number" in refused.output


def test_the_command_line_makes_lists_and_revokes_devices(opened):
    runner = CliRunner()
    made = runner.invoke(app, ["device", "add", "gateway-1", "--programme", PROGRAMME])
    assert made.exit_code == 0, made.output
    assert f"{PROGRAMME}.gateway-1." in made.output
    twice = runner.invoke(app, ["device", "add", "gateway-1", "--programme", PROGRAMME])
    assert twice.exit_code == 1
    cause = ["--cause", "lost"]
    gone = runner.invoke(app, ["device", "revoke", "gateway-1", "--programme", PROGRAMME, *cause])
    assert gone.exit_code == 0, gone.output
    listed = runner.invoke(app, ["device", "list", "--programme", PROGRAMME])
    assert "gateway-1: revoked, every site" in listed.output
