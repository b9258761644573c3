"""Medicines beside the study drug: names, classes, interactions, half-lives, washout."""

from sojourn.medicines.load import MedicineError, load, load_shipped
from sojourn.medicines.model import Agent, Formulary, MedicineClass
from sojourn.medicines.names import DrugNames, Resolution, open_names, resolve
from sojourn.medicines.washout import Finding, Taken, WashoutRule, findings, washout_ends

__all__ = [
    "Agent",
    "DrugNames",
    "Finding",
    "Formulary",
    "MedicineClass",
    "MedicineError",
    "Resolution",
    "Taken",
    "WashoutRule",
    "findings",
    "load",
    "load_shipped",
    "open_names",
    "resolve",
    "washout_ends",
]
