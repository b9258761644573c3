"""What a programme does around its participants: legal ground, people, randomisation, blinding."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import reduce
from types import MappingProxyType
from typing import Any

from sojourn.conduct import (
    amendment,
    analysis_plan,
    authorisation,
    clients,
    confidential,
    containers,
    database_lock,
    delegation,
    devices,
    documents,
    fidelity,
    membership,
    monitoring_plan,
    offline,
    practitioners,
    rater_pool,
    reporting,
    standing,
    storage,
    training,
)
from sojourn.conduct.allocation_list import AllocationListReceived
from sojourn.conduct.identity import IdentityOpened
from sojourn.conduct.imports import FileImported
from sojourn.conduct.programme import Programme
from sojourn.conduct.randomisation import AllocationMade, AllocationOpened
from sojourn.protocols.model import Protocol
from sojourn.record.command import Refused, check
from sojourn.record.entry import Entry, Fact

ROOMS = (
    authorisation,
    amendment,
    reporting,
    practitioners,
    standing,
    training,
    documents,
    delegation,
    fidelity,
    devices,
    clients,
    analysis_plan,
    monitoring_plan,
    rater_pool,
    database_lock,
    membership,
)
_DECIDE: Mapping[Any, Any] = {
    command: decider for room in ROOMS for command, decider in room.DECIDE.items()
}
_EVOLVE: Mapping[type, Any] = {
    fact: evolver for room in ROOMS for fact, evolver in room.EVOLVE.items()
}
FACTS: tuple[type[Fact], ...] = (
    *_EVOLVE,
    *confidential.FACTS,
    *containers.FACTS,
    *storage.FACTS,
    *rater_pool.FACTS,
    AllocationListReceived,
    *offline.FACTS,
    AllocationMade,
    AllocationOpened,
    FileImported,
    IdentityOpened,
)
# Nobody rates, delegates, accepts or gives a role in another's name: that field is whoever asks.
IN_OWN_NAME: Mapping[type, str] = {
    fidelity.RateFidelity: "rater",
    **delegation.IN_OWN_NAME,
    **documents.IN_OWN_NAME,
    **membership.IN_OWN_NAME,
}
COMMANDS: Mapping[str, type[Any]] = MappingProxyType({each.name: each for each in _DECIDE})


def decide(
    programme: Programme,
    command: Any,
    protocol: Protocol,
    *,
    author: str,
    role: str,
    now: datetime,
) -> tuple[Fact, ...]:
    """The facts that follow from a command to the programme.

    Raises
    ------
    Refused
        If the role may not ask for it, or it makes no sense now.
    """
    decider = _DECIDE.get(type(command))
    if decider is None:
        raise Refused(f"'{type(command).__name__}' is no command of a programme")
    if role not in command.roles:
        raise Refused(f"'{command.title}' is for {', '.join(command.roles)}, not for a {role}")
    check(command, now=now)
    if not programme.protocol and not isinstance(command, authorisation.FoundProgramme):
        raise Refused(f"programme {programme.key} is not founded yet")
    if own := IN_OWN_NAME.get(type(command)):
        command = replace(command, **{own: author})
    facts: tuple[Fact, ...] = decider(programme, command, protocol)
    return facts


def evolve(programme: Programme, entry: Entry) -> Programme:
    """The programme after ``entry``."""
    changed: Programme = _EVOLVE[type(entry.fact)](programme, entry.fact, entry)
    return replace(changed, version=entry.sequence)


def fold(key: str, entries: Iterable[Entry]) -> Programme:
    """The programme that its stream's history adds up to."""
    return reduce(evolve, entries, Programme(key=key))


__all__ = ["COMMANDS", "FACTS", "Programme", "Refused", "decide", "evolve", "fold"]
