"""The validation pack says what was proven by which test, and never more than that."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "validation"))

import build  # noqa: E402
import installation  # noqa: E402
import requirements as required_of  # noqa: E402

PYTEST = (sys.executable, "-m", "pytest", "-n2", "-p", "no:django")
THREE = """
import pytest

@pytest.mark.proves("consent")
def test_passes(): pass

@pytest.mark.proves("consent", "scores")
@pytest.mark.skip(reason="no browser here")
def test_skipped(): pass

@pytest.mark.proves("eligibility")
def test_fails(): assert 1 == 2

def test_proves_nothing(): pass
"""


def named_in_tests() -> set[str]:
    """Every key that a test says it proves."""
    keys: set[str] = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        if path == Path(__file__):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.proves":
                keys |= {str(ast.literal_eval(each)) for each in node.args}
    return keys


def test_every_requirement_has_a_test_and_every_clause_of_the_software_an_answer():
    assert required_of.faults(required_of.required(), required_of.clauses(), named_in_tests()) == []


def test_what_does_not_fit_together_is_named():
    required, known = required_of.required(), required_of.clauses()
    keys = {each.key for each in required}
    assert required_of.faults(required[1:], known, keys) == [
        "a test proves append-only, which is no requirement"
    ]
    assert required_of.faults(required, known, keys - {"consent"}) == [
        "requirement consent is proven by no test"
    ]
    assert "requirement append-only stands twice" in required_of.faults(
        (required[0], *required), known, keys
    )


@pytest.fixture(scope="module")
def recorded(tmp_path_factory) -> build.Results:
    """Three tests that prove something, run apart: one passes, one is skipped, one fails."""
    folder = tmp_path_factory.mktemp("proving")
    (folder / "test_three.py").write_text(THREE, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = proves(key): x\n", encoding="utf-8")
    subprocess.run(
        [*PYTEST, "-p", "recording", "--recorded", "results.json", "-m", "proves"],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT / "validation")},
        capture_output=True,
        check=False,
    )
    found: build.Results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return found


def test_each_outcome_is_recorded_with_its_requirements_and_the_digest_of_its_file(recorded):
    told = {test.split("::")[1]: each for test, each in recorded.items()}
    assert {test: each["outcome"] for test, each in told.items()} == {
        "test_passes": "passed",
        "test_skipped": "skipped",
        "test_fails": "failed",
    }
    assert told["test_skipped"]["proves"] == ["consent", "scores"]
    assert told["test_skipped"]["said"] == "Skipped: no browser here"
    assert all(len(each["file_sha256"]) == 64 for each in told.values())


def test_a_requirement_is_met_only_if_all_of_its_tests_ran_and_passed(recorded):
    results = {
        each.requirement.key: each.result
        for each in build.matched(required_of.required(), recorded)
    }
    assert results["consent"] == "partly run"
    assert results["scores"] == "not run"
    assert results["eligibility"] == "failed"
    assert results["blinding"] == "not run"


def test_of_two_databases_a_failure_counts_and_a_skip_does_not():
    def told(outcome):
        return {"proves": ["consent"], "outcome": outcome}

    here = {"a": told("passed"), "b": told("skipped"), "c": told("passed"), "d": told("failed")}
    there = {"a": told("skipped"), "b": told("passed"), "c": told("failed"), "d": told("passed")}
    found = build.together(here, there)
    outcomes = {test: each["outcome"] for test, each in found.items()}
    assert outcomes == {"a": "passed", "b": "passed", "c": "failed", "d": "failed"}


def test_the_documents_are_written_and_whoever_reads_the_end_is_told_what_is_not_met(
    recorded, tmp_path, monkeypatch, capsys
):
    results = tmp_path / "earlier.json"
    results.write_text(json.dumps(recorded), encoding="utf-8")
    seen = [installation.Check("Python", "3.11 or newer", "3.11", "passed")]
    monkeypatch.setattr(installation, "checks", lambda: seen)
    folder = tmp_path / "validation"
    monkeypatch.setattr(sys, "argv", ["build.py", "--results", str(results), "-o", str(folder)])
    assert build.main() == 1
    said = capsys.readouterr().out
    assert "eligibility: failed" in said
    assert "0 of" in said
    for name in ("installation", "operational", "performance", "matrix"):
        assert (folder / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    assert len((folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()) == 4


def test_an_altered_file_of_a_library_is_found(tmp_path):
    made = tmp_path / "thing-1.0.dist-info"
    made.mkdir()
    (tmp_path / "thing.py").write_text("altered\n", encoding="utf-8")
    (made / "METADATA").write_text("Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
    (made / "RECORD").write_text("thing.py,sha256=AAAA,7\nthing-1.0.dist-info/METADATA,,\n")
    thing = installation.metadata.PathDistribution(made)
    assert installation.altered_files(thing) == ["thing.py"]
