from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "sojourn.ledger"
    label = "ledger"
