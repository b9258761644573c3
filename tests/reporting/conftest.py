"""A demonstration programme with a plan locked in time, and its reports."""

import re
from datetime import UTC, datetime

import pytest

from sojourn import protocols, reporting
from sojourn.clinic.demo import PROGRAMME, dispensing, enrolling, load_demo, treating
from sojourn.clinic.demo.programme import found_demo
from sojourn.clinic.demo.steps import COORDINATOR
from sojourn.clinic.demo.walk import Walk
from sojourn.conduct.analysis_plan import LockAnalysisPlan
from sojourn.design.calibration import load_shipped
from sojourn.design.virtual import cohort
from sojourn.ledger import clock, programmes
from sojourn.ledger.desk import Person, at_desk
from sojourn.reporting import Report
from tests.kept import once

OPEN_LABEL = 10
LONG_S = 1800  # a report does not age as a session does
STATISTICIAN = Person("ana", "statistician")
PLAN = """\
schema: 1
title: Statistical analysis plan
version: "1.0"
protocol: mdma-ptsd
protocol_version: "1.0"
primary:
  population: randomised-and-dosed
  reference: placebo
  covariates: [baseline]
sensitivity:
  - {key: compound-symmetry, kind: mixed-model, covariance: compound-symmetry}
  - {key: every-rating, kind: mixed-model, every_rating: true}
  - {key: jump-to-reference, kind: reference-based, strategy: JR}
secondary: {outcomes: [response, remission], trajectories: true, harms: true}
subgroups: [sex]
"""


@pytest.fixture
def demo(db) -> str:
    return once("40 people", forty)


def forty() -> str:
    load_demo(today=datetime.now(UTC), participants=40)
    return PROGRAMME


@pytest.fixture
def planned(db) -> str:
    return once("40 people and a plan", forty_and_a_plan)


def forty_and_a_plan() -> str:
    forty()
    lock(PLAN)
    return PROGRAMME


@pytest.fixture
def both(db) -> tuple[Report, Report]:
    """The blinded report, then the one by arm."""
    return once("both reports", both_reports, LONG_S)


def both_reports() -> tuple[Report, Report]:
    forty_and_a_plan()
    blinded = reporting.make(reporting.Wish(PROGRAMME, blinded=True), STATISTICIAN)
    return blinded, reporting.make(reporting.Wish(PROGRAMME), STATISTICIAN)


@pytest.fixture
def opened(both) -> Report:
    return both[1]


def lock(text: str, *, approved: bool = True, role: str = "statistician") -> None:
    command = LockAnalysisPlan(clock.now(), text)
    programmes.execute(PROGRAMME, command, author="ana", role=role, signed=approved)


def open_label_pack() -> str:
    """The shipped pack without its randomisation: one arm, everybody knows."""
    text = protocols.shipped_text("mdma-ptsd")
    parts = re.split(r"(?m)^(?=[a-z_]+:)", text)
    text = "".join(e for e in parts if not e.startswith(("randomisation:", "blinding_check:")))
    for old, new in (
        ("  - {key: placebo, label: Placebo with therapy, role: comparator}\n", ""),
        ("role: experimental", "role: single"),
        (" against three of placebo with therapy, each blinded", ""),
        ("Difference between arms in mean change", "Mean change"),
    ):
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


@pytest.fixture
def open_label(db, monkeypatch) -> str:
    """An authorised programme that randomises nobody, with a few courses led to their end."""
    now = clock.now()
    text = open_label_pack()
    monkeypatch.setattr(protocols, "shipped_text", lambda key: text)
    protocol = found_demo(now)
    people = cohort(
        protocol, load_shipped("mapp2"), seed=7, today=now.date(), participants=OPEN_LABEL
    )
    pool = dispensing.stocked(people, protocol, 7, now)
    for person in people:
        outcome = person.under("mdma")
        with at_desk(PROGRAMME, person.participant, COORDINATOR) as desk:
            walk = Walk(desk, person, now, "")
            for step in enrolling.before_randomisation(person, protocol):
                walk.take(step)
            if desk.course.eligible_at:
                kits = dispensing.kits(pool, person.site, "mdma", protocol)
                for step in treating.after_randomisation(person, outcome, protocol, kits):
                    walk.take(step)
    return PROGRAMME
