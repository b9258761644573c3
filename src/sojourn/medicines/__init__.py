"""Medicines beside the study drug: classes, interactions, half-lives, washout."""

from sojourn.medicines.load import MedicineError, load, load_shipped
from sojourn.medicines.model import Agent, Formulary, MedicineClass
from sojourn.medicines.washout import Finding, Taken, findings, washout_ends

__all__ = [
    "Agent",
    "Finding",
    "Formulary",
    "MedicineClass",
    "MedicineError",
    "Taken",
    "findings",
    "load",
    "load_shipped",
    "washout_ends",
]
