"""Every address of the participant's pages, all under one folder and one service worker."""

from django.urls import path

from sojourn.diary import views

urlpatterns = [
    path("", views.diary, name="diary"),
    path("open/<str:key>/", views.open_link, name="diary-open"),
    path("entry/", views.entry, name="diary-entry"),
    path("sync/", views.sync, name="diary-sync"),
    path("state/", views.state, name="diary-state"),
    path("reminders/", views.reminders, name="diary-reminders"),
    path("in-confidence/", views.in_confidence, name="diary-in-confidence"),
    path("leave/", views.leave, name="diary-leave"),
    path("help/", views.get_help, name="diary-help"),
    path("manifest.webmanifest", views.manifest, name="diary-manifest"),
    path("service-worker.js", views.service_worker, name="diary-worker"),
]
