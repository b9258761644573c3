from django.apps import AppConfig


class RegistryConfig(AppConfig):
    name = "sojourn.exchange.registry"
    label = "registry"
