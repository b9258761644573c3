"""A pytest plugin: writes what each test that proves a requirement came to, as JSON.

    pytest -p recording --recorded results.json -m proves

Works with several processes: a test carries its requirements in its report.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

Tests = dict[str, dict[str, Any]]
WORST = ("failed", "skipped", "passed")
found = pytest.StashKey[Tests]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--recorded", type=Path, help="file to write the outcomes to")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[found] = {}
    if config.getoption("recorded"):
        config.pluginmanager.register(Recorder(config), "recorder")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for mark in item.iter_markers("proves"):
            item.user_properties.extend(("proves", key) for key in mark.args)


class Recorder:
    """Keeps the worst outcome of each test's setup, call and teardown."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        keys = [str(value) for name, value in report.user_properties if name == "proves"]
        if not keys:
            return
        tests = self.config.stash[found]
        told = tests.setdefault(
            report.nodeid, {"proves": keys, "outcome": "passed", "seconds": 0.0, "said": ""}
        )
        told["seconds"] += report.duration
        if WORST.index(report.outcome) < WORST.index(told["outcome"]):
            told["outcome"] = report.outcome
            told["said"] = said(report)

    def pytest_sessionfinish(self) -> None:
        if hasattr(self.config, "workerinput"):
            return
        tests = self.config.stash[found]
        for nodeid, told in tests.items():
            source = self.config.rootpath / nodeid.split("::")[0]
            told["file_sha256"] = hashlib.sha256(source.read_bytes()).hexdigest()
            told["seconds"] = round(told["seconds"], 2)
        path: Path = self.config.getoption("recorded")
        path.write_text(json.dumps(dict(sorted(tests.items())), indent=1), encoding="utf-8")


def said(report: pytest.TestReport) -> str:
    """Why it was skipped, or the last line of how it failed."""
    if report.skipped and isinstance(report.longrepr, tuple):
        return str(report.longrepr[2])
    return report.longreprtext.strip().splitlines()[-1] if report.longreprtext else ""
