"""The project keeps the promises it makes about itself."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
ROOMS = ("record", "protocols", "instruments", "medicines", "course", "conduct", "analysis",
         "evidence", "design", "ledger", "exchange", "diary", "clinic", "vigilance")  # fmt: skip


@pytest.mark.parametrize("lock", ["run.txt", "traces.txt", "load.txt", "develop.txt"])
def test_the_lock_is_hashed_and_names_no_host(lock):
    text = (ROOT / "requirements" / lock).read_text()
    pins = re.findall(r"^\S+==\S+", text, re.MULTILINE)
    assert len(pins) > 10
    assert text.count("--hash=sha256:") >= len(pins)
    assert "://" not in text


def test_every_runtime_dependency_is_explained():
    explained = (ROOT / "docs" / "dependencies.md").read_text()
    for line in (ROOT / "requirements" / "run.in").read_text().splitlines():
        name = re.match(r"[\w-]+", line)
        if name:
            assert name[0] in explained, name[0]


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_is_on_the_plan_of_the_house(room):
    assert f"`{room}/`" in (ROOT / "docs" / "architecture.md").read_text()
    assert (ROOT / "src" / "sojourn" / room / "__init__.py").exists()


def test_the_commands_of_the_readme_exist():
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`make (\w+)", (ROOT / "README.md").read_text()):
        assert f"\n{target}:" in makefile, target


def test_files_and_functions_fit_a_reader():
    for path in SOURCES:
        if "migrations" in path.parts:
            continue
        assert len(path.read_text().splitlines()) <= 450, path
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                documented = ast.get_docstring(node)
                length -= len(documented.splitlines()) if documented else 0
                assert length <= 60, (path, node.name, length)


def test_nothing_names_a_machine_of_its_makers():
    for path in [*SOURCES, *sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md"]:
        assert not re.search(r"/(home|Users|root|work)/\w", path.read_text()), path
