"""PostgreSQL goes away under a working server and comes back: pages say so and go on."""

import time

import pytest

from tests.clinic.serving import Served, evening_zone, free_port
from tests.faults.asking import Staff
from tests.faults.conftest import VERIFY
from tests.with_postgresql import cluster, programs


@pytest.fixture(scope="module")
def own():
    binaries = programs()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed; its loss under a working server was not tried")
    with cluster(binaries) as own:
        yield own


@pytest.fixture(scope="module")
def served(own, tmp_path_factory):
    served = Served(tmp_path_factory.mktemp("home"), free_port(), evening_zone(), own.address)
    served.load()
    served.start(workers=2)
    yield served
    served.kill()
    assert int(served.run(VERIFY)) > 0


@pytest.mark.proves("nothing-lost")
@pytest.mark.parametrize("how", ["immediate", "fast"])
def test_what_was_acknowledged_outlives_the_database_and_work_goes_on(served, own, how):
    staff = Staff(served)
    before = [f"{how} before {number}" for number in range(5)]
    assert [staff.note(each) for each in before] == [200] * 5
    own.stop(how)
    try:
        assert staff.note(f"{how} meanwhile") == 503
        status, page = staff.get(staff.room)
        assert (status, "can't be reached just now" in page) == (503, True)
    finally:
        own.start()
    until = time.monotonic() + 20
    while (status := staff.note(f"{how} meanwhile")) != 200 and time.monotonic() < until:
        time.sleep(0.2)
    assert status == 200
    kept = staff.noted()
    assert [each for each in kept if each.startswith(how)] == [*before, f"{how} meanwhile"]
