"""Open programmes: one without dosing, ready for imports; one with, and staff of each role."""

from datetime import date

from django.test import Client

from sojourn.clinic.founding import Founding, found
from sojourn.clinic.models import Member
from tests.course.story import SITE_SETTINGS

TRIAL, TRIAL_PASSWORD = "trial", "a long enough password"
STAFF = (
    ("lead", "sponsor"),
    ("prescriber", "prescriber"),
    ("therapist", "therapist"),
    ("pharmacist", "pharmacist"),
    ("rater", "independent-rater"),
)


def found_trial(*, delegation_log: bool = False) -> None:
    """An open programme on the shipped pack, with nobody registered, and its staff."""
    found(
        Founding(
            key=TRIAL,
            pack="mdma-ptsd",
            title="Trial",
            authorisation_kind="us-ind",
            reference="IND 1",
            valid_from=date(2020, 1, 1),
            consent_version="1.0",
            committee="EC",
            settings=SITE_SETTINGS,
            delegation_log=delegation_log,
        ),
        author="lead",
    )
    for name, role in STAFF:
        member = Member(username=name, role=role)
        member.set_password(TRIAL_PASSWORD)
        member.save()


def the_pages(name: str) -> Client:
    """The pages as that member sees them."""
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(Member.objects.get(username=name))
    return client


def found_depression() -> None:
    found(
        Founding(
            key="depression",
            pack="observed-depression-trial",
            title="Depression trial",
            authorisation_kind="data-licence",
            reference="Apache-2.0",
            valid_from=date(2000, 1, 1),
            consent_version="1.0",
            committee="as published",
        ),
        author="lead",
    )
