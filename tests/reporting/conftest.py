"""A demonstration programme with a plan locked in time, and its reports."""

from datetime import UTC, datetime

import pytest

from sojourn.clinic.demo import PROGRAMME, load_demo
from sojourn.conduct.analysis_plan import LockAnalysisPlan
from sojourn.ledger import clock, programmes
from sojourn.ledger.desk import Person

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
    load_demo(today=datetime.now(UTC), participants=40)
    return PROGRAMME


@pytest.fixture
def planned(demo) -> str:
    lock(PLAN)
    return demo


def lock(text: str, *, approved: bool = True, role: str = "statistician") -> None:
    command = LockAnalysisPlan(clock.now(), text, approved)
    programmes.execute(PROGRAMME, command, author="ana", role=role)
