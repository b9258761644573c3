"""A participant and what is written down about them, each with its history."""

from django.db import models
from simple_history.models import HistoricalRecords


class Participant(models.Model):
    number = models.CharField(max_length=32, unique=True)
    site = models.CharField(max_length=64)
    status = models.CharField(max_length=16, db_index=True)
    sex = models.CharField(max_length=8)
    birth_year = models.IntegerField(null=True)
    registered_on = models.DateField(null=True)
    history = HistoricalRecords()

    def __str__(self) -> str:
        return self.number


class Assessment(models.Model):
    participant = models.ForeignKey(Participant, models.PROTECT)
    visit = models.CharField(max_length=64)
    instrument = models.CharField(max_length=32)
    total = models.IntegerField(null=True, blank=True)
    history = HistoricalRecords()


class AdverseEvent(models.Model):
    participant = models.ForeignKey(Participant, models.PROTECT)
    term = models.CharField(max_length=200)
    grade = models.IntegerField()
    serious = models.BooleanField()
    relatedness = models.CharField(max_length=16)
    outcome = models.CharField(max_length=16)
    started_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)
    history = HistoricalRecords()


class Medication(models.Model):
    participant = models.ForeignKey(Participant, models.PROTECT)
    medicine = models.CharField(max_length=200)
    indication = models.CharField(max_length=200)
    started_on = models.DateField(null=True, blank=True)
    stopped_on = models.DateField(null=True, blank=True)
    dose = models.CharField(max_length=200, blank=True)
    history = HistoricalRecords()
