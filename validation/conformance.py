"""What a trial's exports are held against by others, and by us: says what ran and what did not.

    python validation/conformance.py [--core PATH]

The demonstration is exported and held against the XSDs in odmlib and Sojourn's own checks. With
``--core``, a checkout of the CDISC open rules engine with its official cache, the engine runs too,
in a virtual environment of its own (it needs Python 3.12). Without it the engine is 'not run'.
A rule that was skipped or failed to run is counted as that, never as passed.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv-conformance"
# The engine refuses to start without these; the PyPI wheel brings none of them.
CACHE = ("rules.pkl", "rules_dictionary.pkl", "standards_details.pkl", "variables_metadata.pkl")
STANDARDS = {"sdtm": ("sdtmig", "3-4"), "adam": ("adamig", "1-3")}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--core", default=os.environ.get("CORE", ""), help="checkout of the engine")
    core = parser.parse_args().core
    failed = False
    with tempfile.TemporaryDirectory(prefix="sojourn-conformance-") as folder:
        where = Path(folder)
        failed |= ours(where)
        if not core:
            print("CDISC open rules engine: not run (no cache given; make conformance CORE=PATH)")
        elif lacking := missing(Path(core)):
            print(f"CDISC open rules engine: not run ({core} lacks {', '.join(lacking)})")
            failed = True
        else:
            failed |= engine(Path(core).resolve(), where)
    return 1 if failed else 0


def ours(folder: Path) -> bool:
    """Export the demonstration and check it; True when a fault was found."""
    environment = {**os.environ, "SOJOURN_HOME": str(folder / "home")}
    environment.pop("SOJOURN_DATABASE", None)

    def sojourn(*arguments: str) -> bool:
        command = [sys.executable, "-m", "sojourn.cli", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        for line in (done.stdout + done.stderr).strip().splitlines()[-3:]:
            print(f"  {line}")
        return done.returncode != 0

    failed = sojourn("demo", "--no-serve")
    print("Define-XML 2.1 by odmlib's XSD, datasets by Sojourn's checks, blinded:")
    failed |= sojourn("export", "cdisc", "demo", "--xpt", "--out", str(folder / "blinded"))
    print("the same by arm:")
    told = ("--opened", "--purpose", "conformance of the demonstration")
    failed |= sojourn("export", "cdisc", "demo", "--xpt", *told, "--out", str(folder / "opened"))
    print("ODM 2.0 by odmlib's XSD:")
    failed |= sojourn("export", "odm", "demo", "--out", str(folder / "demo.xml"))
    return failed | sojourn("export", "check", str(folder / "demo.xml"))


def missing(core: Path) -> list[str]:
    """What the checkout lacks of what the engine needs."""
    needed = [core / "core.py", *(core / "resources" / "cache" / name for name in CACHE)]
    return [str(each.relative_to(core)) for each in needed if not each.is_file()]


def engine(core: Path, folder: Path) -> bool:
    """Run the engine on both standards; True when a rule found an issue or could not run."""
    python = environment_of(core)
    failed = False
    for kind, (standard, version) in STANDARDS.items():
        data, report = folder / "opened" / kind, folder / f"{kind}-report"
        command = [
            str(python), "core.py", "validate", "-s", standard, "-v", version,
            "-d", str(data), "-dxp", str(data / "define.xml"), "-of", "json",
            "-o", str(report), "-p", "disabled", "-ca", str(core / "resources" / "cache"),
        ]  # fmt: skip
        for path in data.glob("*.json"):
            path.unlink()  # one form of each dataset: the transport files
        done = subprocess.run(command, cwd=core, capture_output=True, text=True, check=False)
        made = report.with_suffix(".json")
        if done.returncode or not made.is_file():
            print(f"CDISC open rules engine, {standard} {version}: did not run to its end")
            print("  " + (done.stderr.strip().splitlines() or ["no message"])[-1])
            failed = True
            continue
        rules = json.loads(made.read_text(encoding="utf-8")).get("Rules_Report", [])
        counted = Counter(str(each.get("status", "unknown")).upper() for each in rules)
        told = ", ".join(f"{times} {status}" for status, times in sorted(counted.items()))
        print(f"CDISC open rules engine, {standard} {version}: {len(rules)} rules: {told}")
        failed |= bool(set(counted) - {"SUCCESS", "SKIPPED"}) or not counted["SUCCESS"]
        shutil.copy(made, ROOT / f"conformance-{kind}.json")
    return failed


def environment_of(core: Path) -> Path:
    """The interpreter of the engine's own virtual environment, made when absent."""
    python = VENV / "bin" / "python"
    if not python.is_file():
        base = os.environ.get("CORE_PYTHON", "python3.12")
        subprocess.run([base, "-m", "venv", str(VENV)], check=True)
        project = tomllib.loads((core / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        needs = [each for each in project["dependencies"] if not each.startswith("pyinstaller")]
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *needs], check=True)
    return python


if __name__ == "__main__":
    sys.exit(main())
