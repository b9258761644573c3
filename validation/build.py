"""The validation pack: installation, operational and performance qualification, and clauses.

    python validation/build.py [--results FILE] [-o FOLDER]

Runs every test that proves a requirement (``@pytest.mark.proves``), looks at this installation, and
writes four documents, the results as JSON and their digests. A requirement is met only if every one
of its tests ran and passed; what was skipped or not run says so. Ends with 1 unless all are met.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import installation
import release
import requirements as required_of
from requirements import Clauses, Requirement

from sojourn import typesetting

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = Path(__file__).parent / "validation.typ"
Results = dict[str, dict[str, Any]]
UNMET = ("failed", "not run", "partly run")


@dataclass(frozen=True, slots=True)
class Proven:
    """A requirement and what its tests came to."""

    requirement: Requirement
    tests: dict[str, dict[str, Any]]

    @property
    def result(self) -> str:
        outcomes = {each["outcome"] for each in self.tests.values()}
        if not outcomes or outcomes == {"skipped"}:
            return "not run"
        if "failed" in outcomes:
            return "failed"
        return "partly run" if "skipped" in outcomes else "passed"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, help="outcomes of an earlier run, not run again")
    parser.add_argument("-o", type=Path, default=ROOT / "dist/validation", dest="folder")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    results = asked.results or asked.folder / "results.json"
    if asked.results is None:
        run(results)
    recorded: Results = json.loads(results.read_text(encoding="utf-8"))
    required, known = required_of.required(), required_of.clauses()
    keys = {key for each in recorded.values() for key in each["proves"]}
    for fault in required_of.faults(required, known, keys):
        print(f"  {fault}")
    proven = matched(required, recorded)
    checks = installation.checks()
    now = datetime.now(UTC)
    for name, document in documents(proven, known, checks, now).items():
        (asked.folder / f"{name}.pdf").write_bytes(typesetting.pdf(TEMPLATE, document, now))
    release.sums(asked.folder)
    return summary(proven, checks, asked.folder)


def run(results: Path) -> None:
    """Run the tests that prove a requirement, those of the record on PostgreSQL too."""
    there = results.with_name("postgresql.json")
    pytest = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile"]
    proving = [*pytest, "-p", "recording", "-m", "proves", "--recorded"]
    on_postgresql = [sys.executable, "tests/with_postgresql.py", *proving]
    there.write_text("{}", encoding="utf-8")  # where PostgreSQL is absent, nothing ran on it
    for command in (
        [*proving, str(results)],
        [*on_postgresql, str(there), "tests/ledger", "tests/monitoring"],
    ):
        subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
            check=False,
        )
    here, also = (json.loads(each.read_text(encoding="utf-8")) for each in (results, there))
    there.unlink()
    results.write_text(json.dumps(together(here, also), indent=1), encoding="utf-8")


def together(here: Results, there: Results) -> Results:
    """Both runs as one: a failure stays one; what one database lacks the other may have tried."""
    found = dict(here)
    for test, told in there.items():
        known = found.get(test)
        if known is None or known["outcome"] == "skipped" or told["outcome"] == "failed":
            found[test] = told
    return dict(sorted(found.items()))


def matched(required: tuple[Requirement, ...], recorded: Results) -> list[Proven]:
    """Each requirement with its tests."""
    by_key: dict[str, Results] = defaultdict(dict)
    for test, told in recorded.items():
        for key in told["proves"]:
            by_key[key][test] = told
    return [Proven(each, by_key[each.key]) for each in required]


def documents(
    proven: list[Proven], known: Clauses, checks: list[installation.Check], now: datetime
) -> dict[str, dict[str, Any]]:
    """The four documents as data, by the name of their file."""
    version = metadata.version("sojourn")
    front = [
        f"Sojourn {version}, {installation.commit()}",
        f"SHA-256 of its sources {installation.tree_digest()}",
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}",
        f"Run on {now:%Y-%m-%d %H:%M} UTC",
    ]

    def document(title: str, said: str, tables: list[dict[str, Any]]) -> dict[str, Any]:
        return {"title": title, "front": front, "said": said, "tables": tables}

    return {
        "installation": document(
            "Installation qualification",
            "What is installed is what was released, and a new record starts and verifies.",
            [_installed(checks)],
        ),
        "operational": document(
            "Operational qualification",
            "It does what is required: every test that proves a requirement, with its outcome.",
            [_tests(each) for each in proven if each.requirement.phase == "operational"],
        ),
        "performance": document(
            "Performance qualification",
            "It does so in use: real browser, server, database and faults. A site adds its own "
            "rehearsal with its people, pack and devices; this document is not that rehearsal.",
            [_tests(each) for each in proven if each.requirement.phase == "performance"],
        ),
        "matrix": document(
            "Requirements, risks, tests and clauses",
            "A requirement is met only if all of its tests ran and passed. Clauses are in our own "
            "words; 'not compared' says that they were not held against the text of the clause.",
            [_matrix(proven), _mapping(proven, known)],
        ),
    }


def _installed(checks: list[installation.Check]) -> dict[str, Any]:
    return {
        "title": "This installation",
        "note": "",
        "columns": [2, 2, 6, 1],
        "head": ["What", "Expected", "Found", "Result"],
        "rows": [[*asdict(each).values()] for each in checks],
    }


def _tests(proven: Proven) -> dict[str, Any]:
    rows = [
        [test, told["file_sha256"][:12], f"{told['seconds']:.2f}", told["outcome"] + _why(told)]
        for test, told in proven.tests.items()
    ]
    return {
        "title": f"{proven.requirement.key}: {proven.result}",
        "note": proven.requirement.text,
        "columns": [7, 2, 1, 2],
        "head": ["Test", "File's SHA-256", "Seconds", "Outcome"],
        "rows": rows,
    }


def _why(told: dict[str, Any]) -> str:
    return f": {told['said']}" if told["said"] else ""


def _matrix(proven: list[Proven]) -> dict[str, Any]:
    return {
        "title": "Matrix",
        "note": "Risk: what happens if it fails, how severe, how easily it would go unnoticed.",
        "columns": [2, 5, 4, 3, 1, 2],
        "head": ["Requirement", "What it must do", "Risk", "Clauses", "Tests", "Result"],
        "rows": [
            [
                each.requirement.key,
                each.requirement.text,
                f"{each.requirement.risk} Severity {each.requirement.severity}, "
                f"unnoticed {each.requirement.likelihood}.",
                "\n".join(each.requirement.clauses),
                str(len(each.tests)),
                each.result,
            ]
            for each in proven
        ],
    }


def _mapping(proven: list[Proven], known: Clauses) -> dict[str, Any]:
    answers: dict[str, list[str]] = defaultdict(list)
    for each in proven:
        for clause in each.requirement.clauses:
            answers[clause].append(f"{each.requirement.key} ({each.result})")
    return {
        "title": "21 CFR Part 11 and ICH E6(R3)",
        "note": "; ".join(f"{each.name}: {each.title}, {each.where}" for each in known.sources),
        "columns": [3, 4, 1, 4, 4],
        "head": ["Clause", "About", "Whose", "Answered by", "What stays with the site"],
        "rows": [
            [
                each.clause,
                each.about + ("" if each.verified else " (not compared)"),
                each.whose,
                "\n".join(answers[each.clause])
                or ("" if each.whose == "site" else "no requirement"),
                each.site_does,
            ]
            for each in known.clauses
        ],
    }


def summary(proven: list[Proven], checks: list[installation.Check], folder: Path) -> int:
    """Say what was met and what was not; 1 unless everything was."""
    unmet = [each for each in proven if each.result in UNMET]
    for each in unmet:
        print(f"  {each.requirement.key}: {each.result}")
    for check in checks:
        if check.result != "passed":
            print(f"  {check.what}: {check.result} ({check.found})")
    print(f"{len(proven) - len(unmet)} of {len(proven)} requirements met; documents in {folder}")
    return 1 if unmet or any(check.result == "failed" for check in checks) else 0


if __name__ == "__main__":
    sys.exit(main())
