"""Fill the baseline with the people, assessments and events that standard input holds.

Lines of JSON, a table's name first. Histories are filled as saving each would have.
"""

import json
import sys
from typing import Any

import django

BATCH = 5_000


def main() -> None:
    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command

    from baseline.models import AdverseEvent, Assessment, Participant

    call_command("migrate", verbosity=0)  # first what the tables below point to
    call_command("migrate", run_syncdb=True, verbosity=0)
    User.objects.create_superuser("reader", password=sys.argv[1])
    people: dict[str, int] = {}
    waiting: dict[type, list[dict[str, Any]]] = {Participant: [], Assessment: [], AdverseEvent: []}
    named = {table.__name__: table for table in waiting}
    for line in sys.stdin:
        name, values = json.loads(line)
        rows = waiting[named[name]]
        rows.append(values)
        if len(rows) >= BATCH and named[name] is Participant:
            keep(Participant, rows, people)
    for table, rows in waiting.items():
        for first in range(0, len(rows), BATCH):
            keep(table, rows[first : first + BATCH], people)


def keep(table: Any, rows: list[dict[str, Any]], people: dict[str, int]) -> None:
    from simple_history.utils import bulk_create_with_history

    for values in rows:
        if "participant" in values:
            values["participant_id"] = people[values.pop("participant")]
    made = bulk_create_with_history([table(**values) for values in rows], table)
    if table.__name__ == "Participant":
        people.update({each.number: each.pk for each in made})
        rows.clear()


if __name__ == "__main__":
    main()
