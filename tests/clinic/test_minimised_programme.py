"""A programme whose pack asks for minimisation, from its first allocation to its audit."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sojourn import protocols
from sojourn.clinic.demo import PROGRAMME, load_demo
from sojourn.conduct.randomisation import AllocationMade
from sojourn.course.state import Course
from sojourn.ledger import allocating, opening, seal
from sojourn.ledger.desk import Person
from sojourn.ledger.randomisation_audit import audit_programme
from sojourn.ledger.read import read_stream, version
from sojourn.record.command import Refused
from tests.conduct.test_minimisation import BLOCKS, MINIMISED, PACK

ANA = Person("ana", "statistician")
PURPOSE = "Audit after database lock"


def test_it_balances_its_factors_passes_its_audit_and_no_other_seed_does(db, monkeypatch):
    text = PACK.replace(BLOCKS, MINIMISED)
    monkeypatch.setattr(protocols, "shipped_text", lambda pack: text)
    load_demo(today=datetime.now(UTC), participants=24)
    made = [
        entry.fact
        for entry in read_stream(f"allocation:{PROGRAMME}:{allocating.MINIMISED}")
        if isinstance(entry.fact, AllocationMade)
    ]
    assert [each.number for each in made] == list(range(1, len(made) + 1))
    assert {tuple(name for name, _ in each.levels) for each in made} == {("site", "sex")}
    assert {each.sealed.isascii() and len(each.sealed) for each in made} == {len(made[0].sealed)}
    found = audit_programme(PROGRAMME, PURPOSE, ANA)
    assert (found.findings, found.strata, found.allocations) == ((), 1, len(made))
    arms = list(opening.allocations(PROGRAMME).values())
    assert abs(arms.count("mdma") - arms.count("placebo")) <= len(arms) // 3
    monkeypatch.setattr(seal, "randomisation_seed", lambda programme: b"another" * 5)
    assert not audit_programme(PROGRAMME, PURPOSE, ANA).holds


def test_numbers_go_on_and_a_level_that_is_not_recorded_is_asked_for(db):
    shipped = protocols.load_shipped("mdma-ptsd")
    course = Course(participant="P-1", site="Leipzig", sex="female")
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    numbers = []
    for participant in ("P-1", "P-2", "P-3"):
        allocation = allocating.allocate("open", shipped, course)
        allocating.keep(allocation, participant, at)
        numbers.append(allocation.number)
        course = replace(course, participant=participant, randomisation_number=allocation.number)
        arm = seal.open_seal(allocating.sealed_arm("open", course))
        assert arm == allocation.arm
    assert numbers == [1, 2, 3] == list(range(1, version("allocation:open:Leipzig") + 1))
    assert allocating.sealed_arm("open", replace(course, participant="P-4")) == ""
    plan = replace(
        shipped.randomisation, method="minimisation", factors=("trauma",), probability_percent=80
    )
    with pytest.raises(Refused, match="'trauma' is not recorded"):
        allocating.allocate("open", replace(shipped, randomisation=plan), course)
