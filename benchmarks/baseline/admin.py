"""The pages of the baseline: a participant with everything about them, and a history of each."""

from django.contrib import admin
from simple_history.admin import SimpleHistoryAdmin

from baseline.models import AdverseEvent, Assessment, Medication, Participant


class Assessments(admin.TabularInline):
    model = Assessment
    extra = 0


class AdverseEvents(admin.TabularInline):
    model = AdverseEvent
    extra = 0


class Medications(admin.TabularInline):
    model = Medication
    extra = 0


@admin.register(Participant)
class ParticipantAdmin(SimpleHistoryAdmin):
    list_display = ("number", "site", "status", "registered_on")
    list_filter = ("status",)
    search_fields = ("number__startswith",)
    list_per_page = 25
    inlines = (Assessments, AdverseEvents, Medications)


@admin.register(Medication)
class MedicationAdmin(SimpleHistoryAdmin):
    raw_id_fields = ("participant",)  # a choice of every participant would be no page at all
