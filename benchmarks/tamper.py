"""Whether any single changed byte in any column of any entry is found and its entry named.

    python benchmarks/tamper.py [--changes 1000]
    python tests/with_postgresql.py python benchmarks/tamper.py

Each change is made on its own to a sound record of 200 entries, and undone. A
change to a place another entry holds is refused by the database and counted
apart; another is tried in its stead.
"""

import random
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from record_of_many import count_asked_for, start

ENTRIES = 200


def main() -> int:
    changes = count_asked_for(1_000, "changes")
    home = start()
    from django.db import IntegrityError, connection, transaction
    from tests.ledger import facts, tampering

    from sojourn.ledger import registry
    from sojourn.ledger.verify import verify

    generator = random.Random(5)
    found = named = alone = refused = made = 0
    with registry.use(facts.KINDS), transaction.atomic():
        facts.fill(ENTRIES, streams=20)
        tampering.disarm()
        while made < changes:
            position = generator.randrange(1, ENTRIES + 1)
            column = generator.choice(tampering.COLUMNS)
            before = tampering.value_of(position, column)
            value = tampering.one_byte_off(before, column, generator)
            point = transaction.savepoint()
            try:
                tampering.change(position, column, value)
            except IntegrityError:
                refused += 1
            else:
                made += 1
                problems = verify().problems
                found += bool(problems)
                named += bool(problems) and problems[0].position == position
                alone += len(problems) == 1
            transaction.savepoint_rollback(point)
        sound = not verify().problems
        transaction.set_rollback(True)
    shutil.rmtree(home)
    passed = found == named == made and sound
    print(
        f"{connection.vendor}: {made} single changed bytes; {refused} more refused by the database"
    )
    print(f"  found                        {found}")
    print(f"  the entry named first        {named}")
    print(f"  nothing else named with it   {alone}")
    print(f"  goal every one: {'pass' if passed else 'FAIL'}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
