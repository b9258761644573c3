"""Recorded sessions rated for adherence: two raters outside the team, who mostly agree."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from hashlib import sha256

import numpy as np

from sojourn.clinic.demo.steps import FIDELITY_RATERS
from sojourn.conduct.fidelity import RateFidelity
from sojourn.design.virtual import VirtualParticipant
from sojourn.protocols.model import Protocol

SESSIONS = 14
RATED_AFTER_DAYS = 10
SESSION = "dosing-1"


def ratings(
    people: tuple[VirtualParticipant, ...], protocol: Protocol, seed: int, now: datetime
) -> Iterator[tuple[str, RateFidelity]]:
    """(rater, rating) of the first finished sessions: quality is shared, a slip is not."""
    plan = protocol.fidelity
    if plan is None:
        return
    finished = [each for each in people if each.scene is None and each.outcomes][:SESSIONS]
    for person in finished:
        rng = np.random.default_rng([seed, int(person.participant.split("-")[-1])])
        quality = rng.normal(3.1, 0.5) + rng.normal(0, 0.4, len(plan.items))
        on = person.on(SESSION) + timedelta(days=RATED_AFTER_DAYS)
        at = datetime.combine(on, time(15), now.tzinfo)
        recording = f"virtual recording of {person.participant} {SESSION}"
        for rater in FIDELITY_RATERS:
            seen = np.rint(quality + rng.normal(0, 0.35, len(plan.items)))
            answers = tuple(
                (item.key, int(min(max(value, plan.lowest), plan.highest)))
                for item, value in zip(plan.items, seen, strict=True)
            )
            digest = sha256(recording.encode()).hexdigest()
            yield rater, RateFidelity(at, person.participant, SESSION, digest, answers)
