from typing import Any

from django.core.management import call_command
from django.db import migrations, models


def make_cache_table(apps: Any, schema_editor: Any) -> None:
    """Where tries of a second factor are counted, for every worker to see."""
    call_command("createcachetable", database=schema_editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    dependencies = [
        ("clinic", "0003_access_line"),
    ]

    operations = [
        migrations.CreateModel(
            name="RequestCount",
            fields=[
                ("counted", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("window_ends", models.BigIntegerField()),
                ("times", models.IntegerField()),
            ],
        ),
        migrations.RunPython(make_cache_table, migrations.RunPython.noop),
    ]
