from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "sojourn.ledger"
    label = "ledger"

    def ready(self) -> None:
        from sojourn.ledger import registry

        # A kind that can't be read must stop the start, not the first page that meets it.
        registry.kinds()
