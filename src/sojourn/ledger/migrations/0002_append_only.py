"""The head row every writer takes, and the triggers that make the record append-only."""

from typing import Any

from django.db import migrations

from sojourn.ledger import triggers


def install(apps: Any, schema_editor: Any) -> None:
    apps.get_model("ledger", "Head").objects.create(id=1, position=0, hash="")
    if schema_editor.connection.vendor == "postgresql":
        # Byte order, as on SQLite: one index then serves a prefix, and both list streams alike.
        schema_editor.execute('ALTER TABLE ledger_entry ALTER COLUMN stream TYPE text COLLATE "C"')
    triggers.install(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
