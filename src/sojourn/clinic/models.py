"""Accounts. What members do is in the record; here is only who may sign in."""

from django.contrib.auth.models import AbstractUser
from django.db import models

ROLES = (
    ("therapist", "Therapist"),
    ("prescriber", "Prescriber"),
    ("coordinator", "Coordinator"),
    ("pharmacist", "Pharmacist (unblinded)"),
    ("independent-rater", "Independent rater (blinded)"),
    ("fidelity-rater", "Fidelity rater of recordings"),
    ("monitor", "Monitor (blinded)"),
    ("statistician", "Statistician (unblinded)"),
    ("sponsor", "Programme lead"),
)


class Member(AbstractUser):
    """A member of staff with the one role they act in."""

    role = models.CharField(max_length=24, choices=ROLES)
