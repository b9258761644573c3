"""The addresses that a working day asks for, by the name its times are told under."""

PROGRAMME = "demo"
PARTICIPANT = f"/{PROGRAMME}/participants/{{participant}}/"

# What is read; {participant}, {after} and {key} are filled in by whoever asks.
READ = {
    "Today": f"/{PROGRAMME}/",
    "Participants": f"/{PROGRAMME}/participants/?after={{after}}",
    "Participants, searched": f"/{PROGRAMME}/participants/?search={{participant}}",
    "Participant": PARTICIPANT,
    "Suitability": PARTICIPANT + "suitability/",
    "Diary of one": PARTICIPANT + "diary/",
    "Session room": PARTICIPANT + "room/",
    "Session room, live part": PARTICIPANT + "room/live/",
    "Session room, news": PARTICIPANT + "room/events?after={after}",
    "Aftercare": f"/{PROGRAMME}/aftercare/",
    "Safety board": f"/{PROGRAMME}/safety/",
    "Deviations": f"/{PROGRAMME}/deviations/",
    "Queries": f"/{PROGRAMME}/queries/",
    "Monitoring": f"/{PROGRAMME}/monitoring/",
    "Stock": f"/{PROGRAMME}/stock/",
    "Record": f"/{PROGRAMME}/record/",
    "Outcomes": f"/{PROGRAMME}/outcomes/",
    "Diary link": "/diary/open/{key}/",
    "Diary": "/diary/",
    "Diary, state": "/diary/state/",
}
# What is sent, beside the forms below.
SENT = {
    "Sign in": "/account/login/",
    "Tap in the room": PARTICIPANT + "room/tap/",
    "Diary link, used": "/diary/open/{key}/",
    "Diary entry": "/diary/sync/",
    "Readings of a monitor": "/api/v1/vitals/batches",
}
# Forms are read, filled in and sent; "{today}" is the day.
FORMS: dict[str, tuple[str, dict[str, str]]] = {
    "Vital signs": (
        "dosing.record-vitals",
        {
            "moment": "during",
            "systolic_mmhg": "126",
            "diastolic_mmhg": "78",
            "pulse_bpm": "76",
            "temperature_tenths_c": "368",
        },
    ),
    "Medication": (
        "medication.record",
        {
            "medicine": "ibuprofen",
            "indication": "Headache",
            "started_on": "{today}",
            "dose": "As needed",
        },
    ),
    "Adverse event": (
        "safety.record-adverse-event",
        {
            "term": "Headache",
            "learned": "prompted",
            "grade": "1",
            "serious": "no",
            "relatedness": "possible",
            "outcome": "recovered",
            "valence": "unpleasant",
            "started_on": "{today}",
            "ended_on": "{today}",
        },
    ),
}
FORM = PARTICIPANT + "do/{command}/"


def all_addresses() -> dict[str, str]:
    """Every address with an example filled in, by name."""
    example = {"participant": "C-0000001", "after": "0", "key": "k"}
    forms = {name: FORM.replace("{command}", command) for name, (command, _) in FORMS.items()}
    return {
        name: path.format(**example)
        for name, path in {**READ, **{f"{n}, sent": p for n, p in SENT.items()}, **forms}.items()
    }
