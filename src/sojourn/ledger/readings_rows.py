"""Tables of readings and alarms, all rebuilt from the entries like every other list."""

from django.db import models
from django.db.models import Index


class ReadingRow(models.Model):
    """One reading of one signal; ``usable`` is false for what no person can have."""

    pk = models.CompositePrimaryKey("stream", "at_ms", "signal")
    stream = models.CharField(max_length=160)
    at_ms = models.BigIntegerField()
    signal = models.CharField(max_length=24)
    value = models.IntegerField()
    usable = models.BooleanField()


class MinuteRow(models.Model):
    """One ended minute of one signal, so that a day's chart never reads a day's readings."""

    pk = models.CompositePrimaryKey("stream", "minute", "signal")
    stream = models.CharField(max_length=160)
    minute = models.BigIntegerField()
    signal = models.CharField(max_length=24)
    lowest = models.IntegerField(null=True)
    median = models.IntegerField(null=True)
    highest = models.IntegerField(null=True)
    readings = models.IntegerField()
    unusable = models.IntegerField()


class MonitorRow(models.Model):
    """What a session's alarms remember, up to entry ``sequence`` of its stream."""

    stream = models.CharField(max_length=160, primary_key=True)
    programme = models.CharField(max_length=64)
    participant = models.CharField(max_length=32)
    visit = models.CharField(max_length=64)
    sequence = models.BigIntegerField()
    rules = models.TextField()  # the MonitoringSet in force, as stored
    watch = models.TextField()
    silent_ms = models.BigIntegerField(null=True)  # when a monitor will have been silent too long


class AlarmRow(models.Model):
    """An open alert that came from a protocol's alarm rule, and whom it goes to next."""

    pk = models.CompositePrimaryKey("stream", "alert")
    stream = models.CharField(max_length=120)
    alert = models.CharField(max_length=32)
    programme = models.CharField(max_length=64)
    site = models.CharField(max_length=64)
    participant = models.CharField(max_length=32)
    visit = models.CharField(max_length=64)
    rule = models.CharField(max_length=64)
    level = models.CharField(max_length=16)
    label = models.TextField()
    raised_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.CharField(max_length=150)
    escalated_at = models.DateTimeField(null=True)
    escalated_to = models.CharField(max_length=32)
    escalates_ms = models.BigIntegerField(null=True)  # while nobody has acknowledged it
    escalates_to = models.CharField(max_length=32)

    class Meta:
        indexes = [
            Index(fields=["programme", "raised_at"], name="alarm_by_time"),
            Index(fields=["programme", "escalates_ms"], name="alarm_by_escalation"),
        ]
