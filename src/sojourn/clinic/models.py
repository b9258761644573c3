"""Accounts. What members do is in the record; here is only who may sign in."""

from django.contrib.auth.models import AbstractUser
from django.db import models

from sojourn.conduct.reach import ROLES


class Member(AbstractUser):
    """A member of staff with the role they act in where no programme has given them another."""

    role = models.CharField(max_length=24, choices=ROLES)
