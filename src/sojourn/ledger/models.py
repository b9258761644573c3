"""The tables of the record. Rows are added by ``append`` and ``checkpoint``, and never changed.

Times are text of one width, so that both databases hold the same bytes.
"""

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

# Django looks for tables in this module alone.
from sojourn.ledger import quality_rows as quality_rows
from sojourn.ledger import readings_rows as readings_rows
from sojourn.ledger import rows as rows


class Position(models.BigIntegerField):  # type: ignore[type-arg]  # only a name to mypy
    """A place in the record, counted from 1 without gaps."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        # SQLite keeps a row under its position only when the type says exactly this.
        return "integer" if connection.vendor == "sqlite" else super().db_type(connection)


class EntryRow(models.Model):
    """One entry as it is stored. Triggers refuse to change or delete it."""

    position = Position(primary_key=True)
    stream = models.TextField()
    sequence = models.BigIntegerField()
    kind = models.TextField()
    schema = models.IntegerField()
    data = models.TextField()
    occurred_at = models.TextField()
    recorded_at = models.TextField()
    author = models.TextField()
    role = models.TextField()
    reason = models.TextField()
    signature = models.TextField()
    command = models.TextField()
    previous_hash = models.TextField()
    hash = models.TextField()

    class Meta:
        db_table = "ledger_entry"
        constraints = [
            models.UniqueConstraint(fields=["stream", "sequence"], name="ledger_entry_in_stream")
        ]
        indexes = [
            models.Index(
                fields=["command"], name="ledger_entry_command", condition=models.Q(command__gt="")
            ),
            models.Index(
                fields=["stream"], name="ledger_entry_first", condition=models.Q(sequence=1)
            ),
        ]


class Head(models.Model):
    """The one row every writer takes in turn: how far the record has come."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    position = models.BigIntegerField()
    hash = models.TextField()

    class Meta:
        db_table = "ledger_head"
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="ledger_head_is_one_row")
        ]


class Checkpoint(models.Model):
    """The Merkle root of the first ``size`` entries, as it stood when it was made."""

    size = Position(primary_key=True)
    root = models.TextField()
    last_hash = models.TextField()
    peaks = models.TextField()  # roots of the full subtrees, largest first, space between
    made_at = models.TextField()
    made_by = models.TextField()

    class Meta:
        db_table = "ledger_checkpoint"
