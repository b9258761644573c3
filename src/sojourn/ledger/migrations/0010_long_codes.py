from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0009_resources")]

    operations = [
        # A term's code can be as long as an event's: PostgreSQL refuses what does not fit.
        migrations.AlterField("resourcerow", "code", models.CharField(max_length=200)),
    ]
