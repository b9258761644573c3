from django.apps import AppConfig


class ClinicConfig(AppConfig):
    name = "sojourn.clinic"
    label = "clinic"

    def ready(self) -> None:
        """Listen to sign-ins from the first one on."""
        from sojourn.clinic import accounts as accounts
