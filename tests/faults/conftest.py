"""A served demonstration for each file of faults, verified after the last of them."""

import pytest

from tests.clinic.serving import Served, evening_zone, free_port
from tests.faults.asking import Staff

VERIFY = """
import django
django.setup()
from sojourn.ledger.verify import verify
report = verify()
assert not report.problems, report.problems[:3]
print(report.entries)
"""


@pytest.fixture(scope="module")
def served(place):
    served = Served(place, free_port(), evening_zone())
    served.load()
    served.start()
    yield served
    served.kill()
    assert int(served.run(VERIFY)) > 0


@pytest.fixture
def staff(served):
    return Staff(served)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("home")
