from django.apps import AppConfig


class ClinicConfig(AppConfig):
    name = "sojourn.clinic"
    label = "clinic"

    def ready(self) -> None:
        """Listen to sign-ins from the first one on; limits that can't be used are told at once."""
        from sojourn.clinic import accounts as accounts
        from sojourn.clinic import limits

        limits.in_use()
