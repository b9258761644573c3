"""The resources of one course in the order of time, and one order of bytes on both databases."""

from typing import Any

from django.db import migrations, models

ORDERED = {"participant": 32, "key": 32, "happened_at": 27, "recorded_at": 27}


def order_by_bytes(apps: Any, schema_editor: Any) -> None:
    """As on SQLite and in Python: a page that is put together from several goes on where it ended."""
    if schema_editor.connection.vendor != "postgresql":
        return
    for column, length in ORDERED.items():
        schema_editor.execute(
            f"ALTER TABLE ledger_resourcerow ALTER COLUMN {column} TYPE varchar({length}) "
            'COLLATE "C"'
        )


class Migration(migrations.Migration):
    dependencies = [("ledger", "0011_quality")]
    operations = [
        migrations.RunPython(order_by_bytes, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="resourcerow",
            index=models.Index(
                fields=["stream", "resource", "happened_at", "participant", "key"],
                name="resource_in_course",
            ),
        ),
    ]
