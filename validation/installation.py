"""Installation qualification: is what is installed here what was released, and does it start."""

import base64
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parents[1]
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)(?:\s*;\s*([^\\]*))?", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: what was expected, what was found."""

    what: str
    expected: str
    found: str
    result: Literal["passed", "failed", "not run"]


def checks() -> list[Check]:
    """Every check of this installation, in the order of the document."""
    return [python(), *distributions(), sources(), *programs(), *starts()]


def python() -> Check:
    version = platform.python_version()
    good = sys.version_info >= (3, 11)
    return Check("Python", "3.11 or newer", version, "passed" if good else "failed")


def distributions() -> Iterator[Check]:
    """Each library of requirements/run.txt: its version, and each of its files by its digest."""
    from packaging.markers import Marker

    pinned = PINNED.findall((ROOT / "requirements/run.txt").read_text(encoding="utf-8"))
    for name, version, marker in pinned:
        if marker.strip() and not Marker(marker.strip()).evaluate():
            continue
        try:
            installed = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            yield Check(name, version, "not installed", "failed")
            continue
        altered = altered_files(installed)
        found = installed.version + (f", altered: {', '.join(altered[:3])}" if altered else "")
        good = installed.version == version and not altered
        yield Check(name, version, found, "passed" if good else "failed")


def altered_files(installed: metadata.Distribution) -> list[str]:
    """The files whose digest is not the one the distribution brought with it."""
    wrong = []
    for each in installed.files or ():
        if each.hash is None or each.suffix == ".pyc":
            continue
        path = Path(str(each.locate()))
        if not path.is_file():
            wrong.append(f"{each} is missing")
            continue
        digest = hashlib.new(each.hash.mode, path.read_bytes()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != each.hash.value:
            wrong.append(str(each))
    return wrong


def tree_digest() -> str:
    """SHA-256 over the digests and names of every file of src/sojourn, in the order of names."""
    whole = hashlib.sha256()
    for path in sorted((ROOT / "src/sojourn").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            whole.update(f"{digest}  {path.relative_to(ROOT).as_posix()}\n".encode())
    return whole.hexdigest()


def commit() -> str:
    """The commit the sources stand at, and whether anything differs from it."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        return "no git checkout"
    told = _told([git, "-C", str(ROOT), "rev-parse", "HEAD"])
    changed = _told([git, "-C", str(ROOT), "status", "--porcelain"])
    return told + (" with changes that are not committed" if changed else "")


def sources() -> Check:
    found = commit()
    clean = "changes" not in found
    return Check(
        "Sojourn's sources",
        "as committed",
        f"{found}, SHA-256 {tree_digest()}",
        "not run" if found.startswith("no git") else "passed" if clean else "failed",
    )


def programs() -> Iterator[Check]:
    """Programs beside Python that some of it needs; one that is absent was not tried."""
    for name, argument in (
        ("postgres", "--version"),
        ("chromium", "--version"),
        ("mosquitto", "-h"),
    ):
        program = shutil.which(name)
        told = _told([program, argument]).splitlines() if program else []
        found = told[0] if told else "not on this machine"
        yield Check(name, "answers", found, "passed" if told else "not run")


def starts() -> Iterator[Check]:
    """A new record is made, its tables are those of the models, and it verifies."""
    with tempfile.TemporaryDirectory(prefix="sojourn-installation-") as home:
        environment = {**os.environ, "SOJOURN_HOME": home}
        environment.pop("SOJOURN_DATABASE", None)
        environment.pop("DATABASE_URL", None)
        django = [sys.executable, "-m", "django"]
        settings = ["--settings", "sojourn.clinic.settings"]
        for what, command in (
            ("a new record is made", [*django, "migrate", "--verbosity", "0", *settings]),
            ("its tables are the models'", [*django, "migrate", "--check", *settings]),
            ("Django's own checks", [*django, "check", *settings]),
            ("it verifies", [sys.executable, "-m", "sojourn.cli", "verify"]),
        ):
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, check=False
            )
            told = (done.stdout + done.stderr).strip().splitlines()
            last = told[-1] if told else "done"
            good = done.returncode == 0
            yield Check(what, "no error", last[:120], "passed" if good else "failed")


def _told(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip()
