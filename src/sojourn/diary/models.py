"""Keys to a diary: links, devices and reminders on their way. Nothing here says who someone is.

Only the SHA-256 of a link or of a device's key is kept. What happened (a link sent,
a diary opened, a reminder out) is in the record; these rows open and close the door.
"""

from django.db import models


class Link(models.Model):
    """One link to one diary. It opens it once, until it expires."""

    digest = models.CharField(max_length=64, primary_key=True)
    programme = models.CharField(max_length=64)
    participant = models.CharField(max_length=32)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["programme", "participant"], name="link_by_participant")]


class Device(models.Model):
    """A phone or browser on which a diary is open."""

    digest = models.CharField(max_length=64, primary_key=True)
    programme = models.CharField(max_length=64)
    participant = models.CharField(max_length=32)
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["programme", "participant"], name="device_by_participant")]


class ReminderClaim(models.Model):
    """A reminder that one round has taken on, so that no other sends it too."""

    pk = models.CompositePrimaryKey("programme", "participant", "reminder")
    programme = models.CharField(max_length=64)
    participant = models.CharField(max_length=32)
    reminder = models.CharField(max_length=64)
    claimed_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
