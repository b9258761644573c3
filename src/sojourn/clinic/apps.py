from django.apps import AppConfig


class ClinicConfig(AppConfig):
    name = "sojourn.clinic"
    label = "clinic"
