"""Tables that lists are read from, and the protocol texts kept with the record.

None of them is the record: all but the protocol texts and the identities can be
dropped and rebuilt from the entries. Nobody edits them. ``site`` is the participant's:
whoever holds a role at some sites only is shown the rows of those.
"""

from django.db import models
from django.db.models import Index


class ProtocolText(models.Model):
    """A protocol as it was founded on, or an analysis plan as locked, named by its SHA-256."""

    digest = models.CharField(max_length=64, primary_key=True)
    text = models.TextField()


class IdentityRow(models.Model):
    """Who a participant is, under a key of their own that is itself sealed."""

    pk = models.CompositePrimaryKey("programme", "participant")
    programme = models.CharField(max_length=64)
    participant = models.CharField(max_length=32)
    sealed_key = models.TextField()
    ciphertext = models.TextField()


class IdentityMark(models.Model):
    """A keyed hash of one likeness of a person: equal marks may be one person."""

    pk = models.CompositePrimaryKey("programme", "participant", "mark")
    programme = models.CharField(max_length=64)
    participant = models.CharField(max_length=32)
    mark = models.CharField(max_length=64)

    class Meta:
        indexes = [Index(fields=["mark"], name="identity_by_mark")]


class ParticipantRow(models.Model):
    """One line of the list of participants. ``arm`` is empty while sealed."""

    stream = models.CharField(max_length=120, primary_key=True)
    programme = models.CharField(max_length=64)
    participant = models.CharField(max_length=32)
    site = models.CharField(max_length=64)
    status = models.CharField(max_length=16)
    arm = models.CharField(max_length=64)
    sex = models.CharField(max_length=8)
    birth_year = models.IntegerField(null=True)
    registered_on = models.DateField(null=True)
    eligible_on = models.DateField(null=True)
    randomised_on = models.DateField(null=True)
    randomisation_number = models.IntegerField(null=True)
    sessions_dosed = models.IntegerField()
    ended_on = models.DateField(null=True)
    ended_reason = models.CharField(max_length=64)
    next_visit = models.CharField(max_length=120)
    next_target_on = models.DateField(null=True)

    class Meta:
        indexes = [
            Index(fields=["programme", "participant"], name="participant_by_number"),
            Index(fields=["programme", "status", "participant"], name="participant_by_status"),
            Index(fields=["programme", "site", "participant"], name="participant_at_site"),
        ]


class FollowedRow(models.Model):
    """Who follows a later version of the protocol than the one the programme was founded on."""

    stream = models.CharField(max_length=120, primary_key=True)
    programme = models.CharField(max_length=64, db_index=True)
    participant = models.CharField(max_length=32)
    digest = models.CharField(max_length=64)
    since_on = models.DateField()
    moved = models.BooleanField()


class DueRow(models.Model):
    """A visit still to be held, with its window."""

    pk = models.CompositePrimaryKey("stream", "visit")
    stream = models.CharField(max_length=120)
    visit = models.CharField(max_length=64)
    programme = models.CharField(max_length=64)
    participant = models.CharField(max_length=32)
    label = models.CharField(max_length=120)
    phase = models.CharField(max_length=16)
    rated_by = models.CharField(max_length=24)
    earliest_on = models.DateField()
    target_on = models.DateField()
    latest_on = models.DateField()
    site = models.CharField(max_length=64, default="")

    class Meta:
        indexes = [
            Index(fields=["programme", "latest_on", "earliest_on"], name="due_by_latest"),
            Index(fields=["programme", "target_on"], name="due_by_target"),
            Index(fields=["programme", "site", "latest_on"], name="due_at_site_by_latest"),
            Index(fields=["programme", "site", "target_on"], name="due_at_site_by_target"),
        ]


class DeviationRow(models.Model):
    """A protocol deviation, known from ``since_on``; no class while nobody gave it one."""

    pk = models.CompositePrimaryKey("stream", "deviation")
    stream = models.CharField(max_length=120)
    deviation = models.CharField(max_length=255)
    programme = models.CharField(max_length=64)
    participant = models.CharField(max_length=32)
    category = models.CharField(max_length=16)
    visit = models.CharField(max_length=64)
    label = models.TextField()
    since_on = models.DateField()
    classification = models.CharField(max_length=16)
    comment = models.TextField()
    site = models.CharField(max_length=64, default="")

    class Meta:
        indexes = [
            Index(fields=["programme", "since_on"], name="deviation_by_day"),
            Index(fields=["programme", "classification", "since_on"], name="deviation_by_class"),
            Index(fields=["programme", "category", "since_on"], name="deviation_by_category"),
            Index(fields=["programme", "site", "since_on"], name="deviation_at_site"),
        ]


class OpenAlertRow(models.Model):
    """An alert nobody has acted on yet."""

    pk = models.CompositePrimaryKey("stream", "alert")
    stream = models.CharField(max_length=120)
    alert = models.CharField(max_length=32)
    programme = models.CharField(max_length=64)
    participant = models.CharField(max_length=32)
    rule = models.CharField(max_length=64)
    label = models.TextField()
    raised_at = models.DateTimeField()
    site = models.CharField(max_length=64, default="")

    class Meta:
        indexes = [
            Index(fields=["programme", "raised_at"], name="alert_by_time"),
            Index(fields=["programme", "site", "raised_at"], name="alert_at_site"),
        ]


class OpenSessionRow(models.Model):
    """A dosing session that is going on."""

    pk = models.CompositePrimaryKey("stream", "visit")
    stream = models.CharField(max_length=120)
    visit = models.CharField(max_length=64)
    programme = models.CharField(max_length=64)
    participant = models.CharField(max_length=32)
    number = models.IntegerField()
    opened_at = models.DateTimeField()
    initial_at = models.DateTimeField(null=True)
    supplemental_at = models.DateTimeField(null=True)
    site = models.CharField(max_length=64, default="")

    class Meta:
        indexes = [Index(fields=["programme", "opened_at"], name="session_by_time")]


class AftercareRow(models.Model):
    """Someone's latest dosing session that has ended: from its day on they are looked after."""

    stream = models.CharField(max_length=120, primary_key=True)
    programme = models.CharField(max_length=64)
    participant = models.CharField(max_length=32)
    session = models.IntegerField()
    session_on = models.DateField()
    site = models.CharField(max_length=64, default="")

    class Meta:
        indexes = [
            Index(fields=["programme", "session_on"], name="aftercare_by_day"),
            Index(fields=["programme", "site", "session_on"], name="aftercare_at_site"),
        ]


class ObservationRow(models.Model):
    """One scored assessment. The three outcomes are empty at and before baseline."""

    pk = models.CompositePrimaryKey("stream", "visit", "instrument")
    stream = models.CharField(max_length=120)
    visit = models.CharField(max_length=64)
    instrument = models.CharField(max_length=32)
    programme = models.CharField(max_length=64)
    participant = models.CharField(max_length=32)
    arm = models.CharField(max_length=64)
    day = models.IntegerField()
    total = models.IntegerField(null=True)
    diagnosis = models.BooleanField(null=True)
    change = models.IntegerField(null=True)
    response = models.BooleanField(null=True)
    loss_of_diagnosis = models.BooleanField(null=True)
    remission = models.BooleanField(null=True)

    class Meta:
        indexes = [Index(fields=["programme", "instrument", "visit"], name="observation_by_visit")]


class EventRow(models.Model):
    """One adverse event. ``follow_up_on`` is empty once nothing is open about it."""

    pk = models.CompositePrimaryKey("stream", "event")
    stream = models.CharField(max_length=120)
    event = models.CharField(max_length=32)
    programme = models.CharField(max_length=64)
    participant = models.CharField(max_length=32)
    term = models.CharField(max_length=200)
    grade = models.IntegerField()
    serious = models.BooleanField()
    relatedness = models.CharField(max_length=16)
    expectedness = models.CharField(max_length=16)
    outcome = models.CharField(max_length=16)
    valence = models.CharField(max_length=16)
    special_interest = models.CharField(max_length=64)
    started_on = models.DateField()
    ended_on = models.DateField(null=True)
    coded_term = models.CharField(max_length=200)
    system_organ_class = models.CharField(max_length=120)
    learned = models.CharField(max_length=16)
    recorded_at = models.DateTimeField()
    follow_up_on = models.DateField(null=True)
    site = models.CharField(max_length=64, default="")

    class Meta:
        indexes = [
            Index(fields=["programme", "event"], name="event_by_programme"),
            Index(fields=["programme", "follow_up_on"], name="event_by_follow_up"),
            # Of the serious alone: a column that is only asked whether it is true reads no index.
            Index(
                fields=["programme", "recorded_at"],
                condition=models.Q(serious=True),
                name="event_serious_by_time",
            ),
            Index(
                fields=["programme", "special_interest", "recorded_at"], name="event_by_interest"
            ),
            Index(
                fields=["programme", "site", "recorded_at"],
                condition=models.Q(serious=True),
                name="event_serious_at_site",
            ),
            Index(fields=["programme", "site", "follow_up_on"], name="event_at_site_by_follow_up"),
            Index(
                fields=["programme", "site", "special_interest", "recorded_at"],
                name="event_at_site_by_interest",
            ),
        ]


class ClockRow(models.Model):
    """A report that is or was due about a serious event; no deadline where none is on record."""

    pk = models.CompositePrimaryKey("stream", "event", "clock")
    stream = models.CharField(max_length=120)
    event = models.CharField(max_length=32)
    clock = models.CharField(max_length=32)
    programme = models.CharField(max_length=64)
    participant = models.CharField(max_length=32)
    term = models.CharField(max_length=200)
    label = models.CharField(max_length=120)
    recipient = models.CharField(max_length=120)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    reference = models.TextField()
    site = models.CharField(max_length=64, default="")

    class Meta:
        indexes = [
            Index(
                fields=["programme", "stopped_at", "due_at", "started_at"],
                name="clock_by_deadline",
            ),
            Index(fields=["programme", "site", "stopped_at", "due_at"], name="clock_at_site"),
        ]


class ExcursionRow(models.Model):
    """Vital signs beyond the site's limits, once they raised an alert."""

    pk = models.CompositePrimaryKey("stream", "alert")
    stream = models.CharField(max_length=120)
    alert = models.CharField(max_length=32)
    programme = models.CharField(max_length=64)
    participant = models.CharField(max_length=32)
    visit = models.CharField(max_length=64)
    label = models.TextField()
    raised_at = models.DateTimeField()
    site = models.CharField(max_length=64, default="")

    class Meta:
        indexes = [
            Index(fields=["programme", "raised_at"], name="excursion_by_time"),
            Index(fields=["programme", "site", "raised_at"], name="excursion_at_site"),
        ]


class StoppingRow(models.Model):
    """An event that counts towards a stopping rule."""

    pk = models.CompositePrimaryKey("stream", "rule", "event")
    stream = models.CharField(max_length=120)
    rule = models.CharField(max_length=64)
    event = models.CharField(max_length=32)
    programme = models.CharField(max_length=64)
    participant = models.CharField(max_length=32)
    term = models.CharField(max_length=200)
    site = models.CharField(max_length=64, default="")

    class Meta:
        indexes = [
            Index(fields=["programme", "rule", "participant", "event"], name="stopping_by_rule"),
            Index(fields=["programme", "site", "rule", "participant"], name="stopping_at_site"),
        ]


class SafetyCount(models.Model):
    """How often something was recorded in a programme; kept so that no page counts it.

    ``subject`` is 'event' (system organ class and grade), 'interest' (special
    interest and grade) or 'mood' (day after a session and mood from 0 to 10).
    """

    pk = models.CompositePrimaryKey("programme", "subject", "named", "value")
    programme = models.CharField(max_length=64)
    subject = models.CharField(max_length=16)
    named = models.CharField(max_length=120)
    value = models.IntegerField()
    times = models.IntegerField()


class ConfidentialRow(models.Model):
    """A confidential report nobody has acted on yet; shown to those who may read it alone."""

    pk = models.CompositePrimaryKey("programme", "report")
    programme = models.CharField(max_length=64)
    report = models.CharField(max_length=32)
    category = models.CharField(max_length=32)
    made_at = models.DateTimeField()


class ResourceRow(models.Model):
    """One thing in a course as others ask for it (FHIR), and the positions of its entries."""

    pk = models.CompositePrimaryKey("stream", "resource", "key")
    stream = models.CharField(max_length=120)
    resource = models.CharField(max_length=24)
    key = models.CharField(max_length=32)
    programme = models.CharField(max_length=64)
    participant = models.CharField(max_length=32)
    code = models.CharField(max_length=200)
    rated_by = models.CharField(max_length=24)
    happened_at = models.CharField(max_length=27)
    recorded_at = models.CharField(max_length=27)
    entries = models.TextField()
    site = models.CharField(max_length=64, default="")

    class Meta:
        indexes = [
            Index(
                fields=["programme", "resource", "code", "happened_at", "participant", "key"],
                name="resource_by_code",
            ),
            Index(
                fields=["programme", "resource", "happened_at", "participant", "key"],
                name="resource_by_time",
            ),
            Index(
                fields=["programme", "resource", "recorded_at", "participant", "key"],
                name="resource_by_recording",
            ),
            Index(
                fields=["programme", "site", "resource", "recorded_at", "participant", "key"],
                name="resource_at_site",
            ),
            Index(
                fields=["stream", "resource", "happened_at", "participant", "key"],
                name="resource_in_course",
            ),
        ]


class StatusCount(models.Model):
    """How many participants of a site have each status; kept so that no page counts them."""

    pk = models.CompositePrimaryKey("programme", "site", "status")
    programme = models.CharField(max_length=64)
    site = models.CharField(max_length=64)
    status = models.CharField(max_length=16)
    participants = models.IntegerField()
