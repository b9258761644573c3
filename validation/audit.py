"""Whether a known weakness (CVE, GHSA, PYSEC) is in what a release holds: `make audit`.

Asks the OSV database (https://osv.dev) about each locked version. A weakness that was looked at
and can't be reached stands in allowed_weaknesses.yaml, with why and until when. Ends with 0 when
all was asked and nothing is open, 1 when something is, 2 when it was not run: a check that
could not ask has found nothing out.
"""

import argparse
import json
import re
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
LOCKS = (HERE.parent / "requirements" / "run.txt",)
ALLOWED = HERE / "allowed_weaknesses.yaml"
OSV = "https://api.osv.dev"
BATCH = 500  # questions of one request; OSV takes up to 1000
ANSWER_S = 30
PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)", re.MULTILINE)
CLEAN, OPEN, NOT_RUN = 0, 1, 2


class NotRun(Exception):
    """Nothing is known, because the database could not be asked."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """A weakness that someone looked at: it can't be reached here, until a day."""

    id: str
    package: str
    reason: str
    until: date


def locked(files: tuple[Path, ...]) -> list[tuple[str, str]]:
    """Name and version of everything locked.

    Raises
    ------
    NotRun
        If nothing is, or a file can't be read.
    """
    try:
        found = {
            (each["name"].lower(), each["version"])
            for file in files
            for each in PINNED.finditer(file.read_text(encoding="utf-8"))
        }
    except OSError as error:
        raise NotRun(str(error)) from error
    if not found:
        raise NotRun(f"nothing is locked in {', '.join(map(str, files))}")
    return sorted(found)


def allowed(file: Path) -> dict[tuple[str, str], Allowed]:
    """What was looked at, by weakness and package.

    Raises
    ------
    ValueError
        If an entry lacks its reason or its day.
    """
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    found = {}
    for each in data["allowed"]:
        reason, until = str(each.get("reason", "")).strip(), each.get("until")
        if len(reason) < 20 or not isinstance(until, date):
            raise ValueError(
                f"{file.name}: {each.get('id')}: say why at length, and until which day"
            )
        entry = Allowed(each["id"], each["package"].lower(), reason, until)
        found[entry.id, entry.package] = entry
    return found


def weaknesses(packages: list[tuple[str, str]], osv: str) -> dict[tuple[str, str], list[str]]:
    """The names of known weaknesses by package and version.

    Raises
    ------
    NotRun
        If the database does not answer, or not about every package.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for start in range(0, len(packages), BATCH):
        waiting: dict[tuple[str, str], str] = dict.fromkeys(packages[start : start + BATCH], "")
        while waiting:
            waiting = _asked(osv, waiting, found)
    return found


def _asked(
    osv: str, waiting: dict[tuple[str, str], str], found: dict[tuple[str, str], list[str]]
) -> dict[tuple[str, str], str]:
    """Ask once; what is left has more pages, each with its token."""
    queries = [
        {
            "package": {"name": name, "ecosystem": "PyPI"},
            "version": version,
            **({"page_token": token} if token else {}),
        }
        for (name, version), token in waiting.items()
    ]
    results = _post(f"{osv}/v1/querybatch", {"queries": queries}).get("results")
    if not isinstance(results, list) or len(results) != len(queries):
        raise NotRun(f"{osv} answered about {len(results or ())} of {len(queries)} packages")
    left = {}
    for place, result in zip(waiting, results, strict=True):
        found.setdefault(place, []).extend(each["id"] for each in result.get("vulns", ()))
        if token := result.get("next_page_token"):
            left[place] = token
    return left


def _post(address: str, body: Any) -> dict[str, Any]:
    request = urllib.request.Request(
        address, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:
            said: dict[str, Any] = json.load(answer)
    except (OSError, ValueError) as error:
        raise NotRun(f"{address}: {error}") from error
    return said


def audit(files: tuple[Path, ...], allow: Path, osv: str, today: date) -> int:
    """Print what is known of what is locked; returns how it ended."""
    try:
        packages = locked(files)
        found = weaknesses(packages, osv)
    except NotRun as why:
        print(f"NOT RUN: {why}. Nothing was found out.")
        return NOT_RUN
    looked_at, used, unsettled = allowed(allow), set(), 0
    for (name, version), names in sorted(found.items()):
        for each in sorted(names):
            entry = looked_at.get((each, name))
            used.add((each, name))
            if entry and entry.until >= today:
                print(f"allowed until {entry.until}: {name} {version}, {each}: {entry.reason}")
                continue
            unsettled += 1
            again = f", looked at until {entry.until}: look again" if entry else ""
            print(f"OPEN: {name} {version}, {each}: https://osv.dev/vulnerability/{each}{again}")
    for name in sorted({each for each, _ in set(looked_at) - used}):
        print(f"no longer there: {name}; take it out of {allow.name}")
    print(f"{len(packages)} packages asked about, {unsettled} open.")
    return OPEN if unsettled else CLEAN


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--osv", default=OSV, help="address of the OSV database")
    parser.add_argument(
        "--lock", type=Path, action="append", help="a lock file; run.txt when absent"
    )
    parser.add_argument("--allowed", type=Path, default=ALLOWED)
    asked = parser.parse_args()
    files = tuple(asked.lock or LOCKS)
    return audit(files, asked.allowed, asked.osv.rstrip("/"), datetime.now(UTC).date())


if __name__ == "__main__":
    sys.exit(main())
