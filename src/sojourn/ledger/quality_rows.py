"""Tables of queries, source verification and held data, rebuilt from the entries like the rest."""

from django.db import models
from django.db.models import Index


class QueryRow(models.Model):
    """A question about an entry, closed ones too."""

    pk = models.CompositePrimaryKey("stream", "query")
    stream = models.CharField(max_length=120)
    query = models.CharField(max_length=32)
    programme = models.CharField(max_length=64)
    participant = models.CharField(max_length=32)
    standing = models.CharField(max_length=16)
    entry = models.IntegerField()
    about = models.CharField(max_length=64)
    visit = models.CharField(max_length=64)
    question = models.TextField()
    opened_by = models.CharField(max_length=150)
    opened_on = models.DateField()
    due_on = models.DateField()
    last_said = models.TextField()
    last_by = models.CharField(max_length=150)
    last_on = models.DateField()
    site = models.CharField(max_length=64, default="")

    class Meta:
        indexes = [
            Index(fields=["programme", "standing", "due_on"], name="query_by_due"),
            Index(fields=["programme", "site", "due_on"], name="query_at_site"),
        ]


class VerificationRow(models.Model):
    """How many entries of a kind a course holds, and how many are verified against source."""

    pk = models.CompositePrimaryKey("stream", "kind")
    stream = models.CharField(max_length=120)
    kind = models.CharField(max_length=64)
    programme = models.CharField(max_length=64)
    participant = models.CharField(max_length=32)
    entries = models.IntegerField()
    verified = models.IntegerField()
    site = models.CharField(max_length=64, default="")

    class Meta:
        indexes = [Index(fields=["programme", "participant"], name="verification_of")]


class HoldRow(models.Model):
    """A course whose data are frozen or locked."""

    stream = models.CharField(max_length=120, primary_key=True)
    programme = models.CharField(max_length=64, db_index=True)
    participant = models.CharField(max_length=32)
    state = models.CharField(max_length=16)
    since_on = models.DateField()
    by = models.CharField(max_length=150)
    site = models.CharField(max_length=64, default="")
