"""Every address a member of staff can visit."""

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path

from sojourn.clinic import guarding
from sojourn.clinic.views import (
    aftercare,
    commands,
    design,
    deviations,
    diary,
    events,
    health,
    identity,
    outcomes,
    participants,
    population,
    practitioners,
    programme,
    record,
    report,
    room,
    safety,
    safety_pack,
    suitability,
    today,
    ways,
    weighing,
)
from sojourn.clinic.views import participant as one
from sojourn.exchange import vitals_api

participant = "<slug:programme>/participants/<str:participant>/"

urlpatterns = [
    path("", today.home, name="home"),
    path("api/v1/", vitals_api.addresses()),
    path("health/live", health.live, name="live"),
    path("health/ready", health.ready, name="ready"),
    path("metrics", health.metrics, name="metrics"),
    path("account/", include("allauth.account.urls")),
    path("account/second-factor/", include("allauth.mfa.urls")),
    path("account/sign-on/", include("allauth.socialaccount.urls")),
    path("account/sign-on/", include("allauth.socialaccount.providers.openid_connect.urls")),
    path(
        ".well-known/security.txt", login_not_required(guarding.security_txt), name="security-txt"
    ),
    path("pros-and-cons/", weighing.pros_and_cons, name="pros-and-cons"),
    path("population/", population.population, name="population"),
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
    path(participant + "room/", room.room, name="room"),
    path(participant + "room/live/", room.live, name="room-live"),
    path(participant + "room/events", room.room_news, name="room-news"),
    path(participant + "room/tap/", room.tap, name="tap"),
    path(participant + "room/undo/<int:sequence>/", room.undo, name="undo"),
    path(participant + "correct/<int:sequence>/", commands.correct, name="correct"),
    path(participant + "do/<str:command>/", commands.give_command, name="command"),
    path(participant + "events/<slug:event>/", events.event, name="event"),
    path(participant + "events/<slug:event>/e2b.xml", events.event_message, name="event-message"),
    path(participant + "events/<slug:event>/<slug:form>.pdf", events.event_form, name="event-form"),
    path("<slug:programme>/terms/", commands.terms, name="terms"),
    path("<slug:programme>/safety/", safety.safety, name="safety"),
    path("<slug:programme>/safety/pack.pdf", safety_pack.pack, name="safety-pack"),
    path("<slug:programme>/safety/closed/", safety_pack.closed_session, name="closed-session"),
    path("<slug:programme>/safety/report/", safety.report, name="report-confidentially"),
    path("<slug:programme>/safety/confidential/", safety.reports, name="confidential"),
    path("<slug:programme>/deviations/", deviations.deviations, name="deviations"),
    path(
        "<slug:programme>/deviations/deviations.csv",
        deviations.deviations_file,
        name="deviations-file",
    ),
    path("<slug:programme>/aftercare/", aftercare.aftercare, name="aftercare"),
    path("<slug:programme>/outcomes/", outcomes.outcomes, name="outcomes"),
    path("<slug:programme>/outcomes/open/", outcomes.open_allocation, name="open-allocation"),
    path("<slug:programme>/report/", report.report, name="report"),
    path("<slug:programme>/report/<slug:kind>.<slug:form>", report.report_file, name="report-file"),
    path("<slug:programme>/design/", design.design, name="design"),
    path("<slug:programme>/design/run/", design.design_run, name="design-run"),
    path("<slug:programme>/design/start/", design.start_design, name="start-design"),
    path("<slug:programme>/design/cancel/", design.cancel_design, name="cancel-design"),
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

handler500 = "sojourn.clinic.views.failing.failing"
