"""The demonstration's pharmacy: shipments, temperatures, containers out and what came back."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from math import ceil
from typing import Any

import numpy as np

from sojourn.clinic.demo.programme import DAYS_OPEN, PROGRAMME
from sojourn.clinic.demo.steps import PHARMACIST, PRESCRIBER, Step
from sojourn.conduct.pharmacy import (
    CountContainer,
    Dispense,
    ReceiveShipment,
    RecordTemperature,
    SealContents,
    SetUpPlace,
    TakeBack,
)
from sojourn.course.state import Course
from sojourn.design.virtual import VirtualParticipant
from sojourn.ledger import stock
from sojourn.protocols.model import Protocol, Visit

Kits = Mapping[str, str]  # container by visit
Pool = Mapping[tuple[str, str], list[str]]  # containers left, by site and arm
FORM = "Midomafetamine hydrochloride 20 mg or placebo, capsule (demonstration)"
UNIT_MG, UNITS = 20, 9
PLACE = "Safe 1"
DAYS_OF_READINGS = 20
SPARE = 3  # people's worth of containers beyond half of each site, for each arm


def stocked(
    people: Sequence[VirtualParticipant], protocol: Protocol, seed: int, now: datetime
) -> Pool:
    """Set up each site's safe, receive its containers and seal what they hold."""
    since = now - timedelta(days=DAYS_OPEN - 1)
    rng = np.random.default_rng([seed, len(people)])
    sessions = sum(1 for _ in protocol.dosing_visits())
    pool: dict[tuple[str, str], list[str]] = {}
    for number, site in enumerate(sorted({each.site for each in people if each.site}), start=1):
        of_site = sum(each.site == site for each in people)
        each_arm = sessions * (ceil(of_site / 2) + SPARE)
        arms = [arm.key for arm in protocol.arms for _ in range(each_arm)]
        first = number * 1000 + 1
        labels = [str(first + each) for each in range(len(arms))]
        order = [arms[each] for each in rng.permutation(len(arms))]
        _open_safe(site, since, now, rng)
        _receive(site, labels, since, now.date())
        lines = "\n".join(f"{label}, {arm}" for label, arm in zip(labels, order, strict=True))
        stock.execute(PROGRAMME, site, SealContents(since, lines), PHARMACIST)
        for label, arm in zip(labels, order, strict=True):
            pool.setdefault((site, arm), []).append(label)
    return pool


def kits(pool: Pool, site: str, arm: str, protocol: Protocol) -> Kits:
    """The containers this person will get, taken out of the pool."""
    return {visit.key: pool[site, arm].pop(0) for visit in protocol.dosing_visits()}


def around(
    person: VirtualParticipant, visit: Visit, day: date, dose_minute: int, kit: str
) -> Iterator[Step]:
    """The container out before the session, and what is left back after it."""
    yield Step(
        day,
        dose_minute - 41,
        PHARMACIST,
        lambda course, at: Dispense(at, person.participant, visit.key, kit, UNITS, PRESCRIBER.name),
    )

    def left(course: Course, at: datetime) -> Any:
        session = course.sessions.get(visit.key)
        doses = (session.initial, session.supplemental) if session else ()
        units = UNITS - sum(dose.level_mg // UNIT_MG for dose in doses if dose)
        state = {UNITS: "unused", 0: "empty"}.get(units, "partial")
        return TakeBack(at, kit, person.participant, visit.key, units, state, PRESCRIBER.name)

    yield Step(day, dose_minute + 510, PHARMACIST, left)


def count_short(pool: Pool, now: datetime) -> None:
    """This morning's count of one container found a capsule too few."""
    (site, _), labels = next(iter(pool.items()))
    command = CountContainer(now, labels[-1], UNITS - 1, PRESCRIBER.name)
    stock.execute(PROGRAMME, site, command, PHARMACIST)


def _open_safe(site: str, since: datetime, now: datetime, rng: np.random.Generator) -> None:
    source = "Demonstration label: 15 to 25 °C"
    command: Any = SetUpPlace(since, PLACE, 150, 250, source, 24)
    stock.execute(PROGRAMME, site, command, PHARMACIST)
    for ago in range(DAYS_OF_READINGS, 0, -1):
        low = int(rng.integers(178, 205))
        high = low + int(rng.integers(4, 30))
        command = RecordTemperature(now - timedelta(days=ago), PLACE, low, high, "DEMO-T1")
        stock.execute(PROGRAMME, site, command, PHARMACIST)


def _receive(site: str, labels: list[str], since: datetime, today: date) -> None:
    command = ReceiveShipment(
        since,
        f"DEMO-{site}-1",
        PLACE,
        f"{labels[0]}-{labels[-1]}",
        FORM,
        UNIT_MG,
        UNITS,
        "DEMO-LOT-1",
        today + timedelta(days=365),
        "intact",
        "DEMO-LOGGER-1, 17.9 to 22.4 °C",
        PRESCRIBER.name,
    )
    stock.execute(PROGRAMME, site, command, PHARMACIST)
