"""The command line on evidence: show, check, add, draft."""

import json

import pytest
from typer.testing import CliRunner

from sojourn.cli import app
from tests.evidence.studies import STUDY, changed, written
from tests.evidence.test_registry import RECORD

runner = CliRunner()


def run(*arguments):
    return runner.invoke(app, ["evidence", *map(str, arguments)])


def test_all_claims_are_listed_with_verdict_and_certainty():
    shown = run("show")
    assert shown.exit_code == 0
    assert "conventional-dropout: A third to a half drop out" in shown.stdout
    assert "Contested; certainty very low." in shown.stdout


def test_one_claim_shows_its_studies_and_what_was_left_out():
    shown = run("show", "durability").stdout
    assert "retracted and left out: jerome-2020" in shown
    assert "mithoefer-2018" in shown
    assert "[unverified]" in shown
    assert "[retracted]" not in shown
    asked = run("show", "durability", "--with-retracted").stdout
    assert "[retracted]" in asked


def test_a_pooled_figure_is_shown_with_how_steady_it_is():
    shown = run("show", "effect-size").stdout
    for word in ("a further study", "until 2018", "leaving one out", "Egger p", "[unverified]"):
        assert word in shown


def test_an_unknown_claim_names_those_there_are():
    shown = run("show", "miracles")
    assert shown.exit_code == 1
    assert "durability" in shown.output


def test_a_sound_file_passes_and_a_wrong_one_fails_with_its_line(tmp_path):
    good = run("check", written(tmp_path, STUDY))
    assert good.exit_code == 0
    assert "is usable: Example (2020), 2 outcomes, 0 of them unverified" in good.stdout
    bad = run("check", written(tmp_path, changed("outcomes.0.results.0.events", 21)))
    assert bad.exit_code == 1
    assert "21 events of 20 people" in bad.output
    late = run("check", written(tmp_path, changed("year", 2099)))
    assert late.exit_code == 1
    assert "yet to come" in late.output


def test_adding_shows_the_change_writes_once_and_counts_afterwards(tmp_path):
    into = tmp_path / "ours"
    file = written(tmp_path, STUDY)
    tried = run("add", file, "--into", into, "--dry-run")
    assert "nothing was written" in tried.stdout
    assert not into.exists()
    added = run("add", file, "--into", into)
    assert added.exit_code == 0
    assert "lasting-remission, Loss of diagnosis with MDMA-assisted therapy: 66%" in added.stdout
    assert "of 5 studies, now" in added.stdout
    assert (into / "example-2020.yaml").exists()
    again = run("add", file, "--into", into)
    assert again.exit_code == 1
    assert "is there already" in again.output
    assert "example-2020" in run("show", "lasting-remission", "--with", into).stdout
    assert "example-2020" not in run("show", "lasting-remission").stdout


def test_a_part_that_is_nowhere_is_told_before_anything_is_written(tmp_path):
    into = tmp_path / "ours"
    refused = run("add", written(tmp_path, changed("counts_again", ["nobody"])), "--into", into)
    assert refused.exit_code == 1
    assert "'nobody'" in refused.output
    assert not into.exists()


def test_a_registry_record_becomes_a_file_that_can_be_checked(tmp_path):
    source = tmp_path / "record.json"
    source.write_text(json.dumps(RECORD))
    made = run("draft", source)
    assert made.exit_code == 0
    file = tmp_path / "nct01234567.yaml"
    file.write_text(made.stdout)
    assert "unverified" in run("check", file).stdout


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"protocolSection": {}}'])
def test_a_file_that_is_no_record_is_one_sentence(tmp_path, text):
    source = tmp_path / "record.json"
    source.write_text(text)
    made = run("draft", source)
    assert made.exit_code == 1
    assert made.exception is None or isinstance(made.exception, SystemExit)
