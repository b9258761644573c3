from django.apps import AppConfig


class DiaryConfig(AppConfig):
    name = "sojourn.diary"
    label = "diary"
