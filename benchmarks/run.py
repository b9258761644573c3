"""Run every benchmark in turn: quickly by default, at full size with --full."""

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
QUICK = {
    "appends.py": ["--entries", "3000"],
    "verify.py": ["--entries", "100000"],
    "tamper.py": ["--changes", "200"],
    "crash.py": ["--kills", "5"],
    "pages.py": ["--participants", "5000"],
    "sessions.py": ["--sessions", "50"],
    "mmrm.py": ["--trials", "2000"],
    "design.py": ["--trials", "2000"],
    "population.py": ["--people", "1300000"],
    "cdisc.py": ["--participants", "4000"],
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="the sizes the README states")
    full = parser.parse_args().full
    failed = []
    for name, quick in QUICK.items():
        print(f"== {name}", flush=True)
        command = [sys.executable, str(HERE / name), *([] if full else quick)]
        if subprocess.run(command, check=False).returncode:
            failed.append(name)
    print("all goals met" if not failed else f"goals missed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
