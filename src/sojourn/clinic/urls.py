"""Every address a member of staff can visit."""

from django.urls import include, path

from sojourn.clinic.views import (
    aftercare,
    commands,
    diary,
    identity,
    outcomes,
    participants,
    practitioners,
    programme,
    record,
    suitability,
    today,
    ways,
)
from sojourn.clinic.views import participant as one
from sojourn.exchange import vitals_api

participant = "<slug:programme>/participants/<str:participant>/"

urlpatterns = [
    path("", today.home, name="home"),
    path("api/v1/", vitals_api.addresses()),
    path("account/", include("allauth.account.urls")),
    path("ways/", ways.choose, name="choose-ways"),
    path("ways/<str:country>/", ways.ways, name="ways"),
    path("diary/", include("sojourn.diary.urls")),
    path("<slug:programme>/", today.today, name="today"),
    path("<slug:programme>/register/", commands.register, name="register"),
    path("<slug:programme>/participants/", participants.participants, name="participants"),
    path(participant, one.participant, name="participant"),
    path(participant + "identity/", identity.identity, name="identity"),
    path(participant + "diary/", diary.diary, name="diary-of"),
    path(participant + "suitability/", suitability.suitability, name="suitability"),
    path(participant + "correct/<int:sequence>/", commands.correct, name="correct"),
    path(participant + "do/<str:command>/", commands.give_command, name="command"),
    path("<slug:programme>/aftercare/", aftercare.aftercare, name="aftercare"),
    path("<slug:programme>/outcomes/", outcomes.outcomes, name="outcomes"),
    path("<slug:programme>/outcomes/open/", outcomes.open_allocation, name="open-allocation"),
    path("<slug:programme>/programme/", programme.programme, name="programme"),
    path("<slug:programme>/practitioners/", practitioners.practitioners, name="practitioners"),
    path(
        "<slug:programme>/programme/do/<str:command>/",
        programme.programme_command,
        name="programme-command",
    ),
    path("<slug:programme>/record/", record.record, name="record"),
    path("<slug:programme>/record/verify/", record.verify_record, name="verify"),
    path("<slug:programme>/record/checkpoint/", record.make_checkpoint, name="checkpoint"),
    path("<slug:programme>/record/checkpoint.json", record.checkpoint_file, name="checkpoint-file"),
]
