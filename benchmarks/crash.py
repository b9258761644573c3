"""Whether a writer killed in the middle of its work loses anything it said was kept.

python benchmarks/crash.py [--kills 50]
python tests/with_postgresql.py python benchmarks/crash.py
"""

import os
import random
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from record_of_many import count_asked_for, start


def main() -> int:
    kills = count_asked_for(50, "kills")
    home = start()
    from django.db import connection
    from tests.ledger.killing import kill_a_writer

    record = os.environ.get("SOJOURN_DATABASE") or str(home / "record.sqlite3")
    generator = random.Random(11)
    lost = flawed = last = 0
    for number in range(kills):
        connection.close()
        acknowledged, kept, problems = kill_a_writer(record, generator.uniform(0.0, 0.4))
        lost += acknowledged > kept or kept < last
        flawed += bool(problems)
        last = kept
        print(f"\r{number + 1} of {kills} kills, {kept} entries", end="", flush=True)
    vendor = connection.vendor
    shutil.rmtree(home)
    passed = not lost and not flawed
    print(f"\r{vendor}: {kills} kills -9 over {last} entries")
    print(f"  kills that lost an acknowledged entry  {lost}")
    print(f"  kills after which verify found fault   {flawed}")
    print(f"  goal none of either: {'pass' if passed else 'FAIL'}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
