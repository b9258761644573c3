"""The threat model is true: every test it names is there, and unsafe calls are only where read."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# Where bandit may find what it finds, each read: text that people typed never reaches these.
READ = {
    # Drawings made of numbers and escaped words.
    "B308": {
        "central_picture", "charts", "drawing", "evidence_tables", "forest_picture", "mood_picture",
        "sparkline", "temperature_picture", "vitals_chart", "weighing",
    },
    "B703": {
        "central_picture", "charts", "drawing", "forest_picture", "mood_picture", "sparkline",
        "temperature_picture", "vitals_chart", "weighing",
    },
    # Names of our own tables and columns; values always go as parameters.
    "B608": {
        "append", "backup", "frames", "kept", "monitored", "monitoring", "projections", "read",
        "rebuild", "snapshot", "stock",
    },
    # A parser that refuses a document type, and with it every entity.
    "B314": {"xml_file"},
    # A loader of plain data only, made from the safe one.
    "B506": {"definitions"},
}  # fmt: skip


def test_every_test_the_threat_model_names_is_there():
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs" / "threats.md").read_text())
    assert len(named) > 20
    for file, name in named:
        tree = ast.parse((ROOT / file).read_text())
        functions = {each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)}
        assert name in functions, (file, name)


def test_no_unsafe_call_is_there_that_nobody_read():
    command = [sys.executable, "-m", "bandit", "-q", "-r", str(ROOT / "src"), "-ll", "-f", "json"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = json.loads(said)
    assert found["metrics"]["_totals"]["loc"] > 20_000
    assert not found["errors"]
    unread = [
        (each["test_id"], each["filename"], each["line_number"], each["issue_text"])
        for each in found["results"]
        if Path(each["filename"]).stem not in READ.get(each["test_id"], set())
    ]
    assert not unread, unread
