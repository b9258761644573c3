"""The demonstration programme, loaded through the commands staff use."""

from sojourn.clinic.demo.load import Summary, load_demo
from sojourn.clinic.demo.programme import ACCOUNTS, PROGRAMME, demo_accounts

__all__ = ["ACCOUNTS", "PROGRAMME", "Summary", "demo_accounts", "load_demo"]
