"""Accounts, and who opened what. What members do is in the record."""

from django.contrib.auth.models import AbstractUser
from django.db import models

from sojourn.conduct.reach import ROLES


class Member(AbstractUser):
    """A member of staff with the role they act in where no programme has given them another."""

    role = models.CharField(max_length=24, choices=ROLES)


class AccessLine(models.Model):
    """Who opened what of whom (``clinic/access_log.py``); in order of their writing."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    programme = models.CharField(max_length=64)
    site = models.CharField(max_length=64)
    participant = models.CharField(max_length=32)
    member = models.CharField(max_length=150)
    role = models.CharField(max_length=24)
    page = models.CharField(max_length=64)
    method = models.CharField(max_length=8)
    by_way_of = models.CharField(max_length=64)
    status = models.IntegerField()

    class Meta:
        indexes = [
            models.Index(fields=["programme", "id"], name="access_by_programme"),
            models.Index(fields=["programme", "site", "id"], name="access_by_site"),
            models.Index(fields=["programme", "participant", "id"], name="access_by_participant"),
            models.Index(fields=["programme", "member", "id"], name="access_by_member"),
        ]


class RequestCount(models.Model):
    """How often something was asked for in a window (``clinic/limits.py``); who is a SHA-256."""

    counted = models.CharField(max_length=64, primary_key=True)
    window_ends = models.BigIntegerField()  # seconds since 1970
    times = models.IntegerField()


class PersonalToken(models.Model):
    """Lets a program act as its member over the API, within scopes, until a day."""

    member = models.ForeignKey(Member, models.CASCADE)
    name = models.CharField(max_length=60)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.CharField(max_length=200)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)


class SentRequest(models.Model):
    """What was sent under an idempotency key of a token, known by its SHA-256."""

    token = models.ForeignKey(PersonalToken, models.CASCADE)
    key = models.CharField(max_length=40)
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token", "key"], name="sent_once")]
