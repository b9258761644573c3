"""Every address under /fhir."""

from django.urls import path, re_path

from sojourn.exchange.fhir import views

urlpatterns = [
    path("metadata", views.metadata, name="fhir-metadata"),
    path(".well-known/smart-configuration", views.smart_configuration, name="fhir-smart"),
    path("", views.bundle, name="fhir-bundle"),
    path("$export", views.export, name="fhir-export"),
    path("Patient/$export", views.export, {"of": "Patient/"}, name="fhir-export-patients"),
    path("<str:resource>", views.of_type, name="fhir-type"),
    path("<str:resource>/_search", views.search, name="fhir-search"),
    path("<str:resource>/<str:identity>", views.one, name="fhir-one"),
    path("<str:resource>/<str:identity>/_history", views.history, name="fhir-history"),
    path("<str:resource>/<str:identity>/_history/<str:number>", views.version, name="fhir-version"),
    re_path(r"^(?P<rest>.*)$", views.unknown, name="fhir-unknown"),
]
