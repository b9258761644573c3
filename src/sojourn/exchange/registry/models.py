"""Public reference data, so plain tables and no entries: a newer file simply replaces a study."""

from django.db import models


class RegistryImport(models.Model):
    """One file that was taken in."""

    file_name = models.CharField(max_length=255)
    digest = models.CharField(max_length=64)
    imported_at = models.DateTimeField()
    data_of = models.DateField(null=True)  # the day of the registry's data, where the file says it
    studies = models.IntegerField()


class RegistryStudy(models.Model):
    """One study, in its latest version known here."""

    nct_id = models.CharField(max_length=11, primary_key=True)
    updated_on = models.DateField()  # the registry's own last change: the version of the record
    title = models.CharField(max_length=500)
    acronym = models.CharField(max_length=100, blank=True)
    status = models.CharField(max_length=32)
    study_type = models.CharField(max_length=64, blank=True)
    phases = models.JSONField(default=list)
    conditions = models.JSONField(default=list)
    interventions = models.JSONField(default=list)
    sponsor = models.CharField(max_length=500, blank=True)
    ages = models.CharField(max_length=100, blank=True)
    words = models.TextField()  # conditions, keywords and title as a search compares them
    seen_at = models.DateTimeField()  # when a file last held this study


class RegistrySite(models.Model):
    """One place of a study."""

    study = models.ForeignKey(RegistryStudy, on_delete=models.CASCADE, related_name="sites")
    facility = models.CharField(max_length=500, blank=True)
    city = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=200, blank=True)
    country = models.CharField(max_length=200, blank=True, db_index=True)
    status = models.CharField(max_length=32, blank=True)
