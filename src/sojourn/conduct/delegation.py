"""The delegation log: who is responsible at a site, and which tasks they gave to whom.

The investigator may delegate and keeps the responsibility (ICH E6(R3), annex 1, 2.3.1); whoever
takes a task is trained for it (2.3.2); a record is kept (2.3.3). Both sign. Where the log is
asked for, a command of a task is refused to whom the task was not delegated.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated, Any, ClassVar

from sojourn.conduct import documents, tasks, training
from sojourn.conduct.programme import Programme
from sojourn.conduct.qualification import Delegation, Investigator
from sojourn.protocols.model import Protocol
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact

LEAD = ("sponsor",)
INVESTIGATING = ("prescriber", "therapist", "coordinator", "sponsor")
TAKING = (
    "therapist", "prescriber", "coordinator", "pharmacist", "independent-rater", "sponsor",
)  # fmt: skip
SITE = Ask("Site", help="Empty for every site.", longest=64, optional=True)


@dataclass(frozen=True, slots=True)
class AskForTasks:
    name: ClassVar[str] = "delegation.ask"
    title: ClassVar[str] = "Ask for delegated tasks"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = LEAD

    at: Annotated[
        datetime,
        Ask("Decided at", help="A task is refused to whom it was not delegated, from today on."),
    ]
    reason: Annotated[str, Ask("Why", lines=2)]


@dataclass(frozen=True, slots=True)
class StopAskingForTasks:
    name: ClassVar[str] = "delegation.stop-asking"
    title: ClassVar[str] = "Stop asking for delegated tasks"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = LEAD
    signed: ClassVar[str] = "From this day on nothing is refused for lack of a delegation."

    at: Annotated[datetime, Ask("Decided at", help="It holds from today on.")]
    reason: Annotated[str, Ask("Why", lines=2)]


@dataclass(frozen=True, slots=True)
class NameInvestigator:
    name: ClassVar[str] = "delegation.name-investigator"
    title: ClassVar[str] = "Name an investigator"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = LEAD

    at: Annotated[datetime, Ask("Recorded at")]
    member: Annotated[str, Ask("Who is responsible", choices_from="members")]
    since: Annotated[date, Ask("From")]
    site: Annotated[str, SITE] = ""


@dataclass(frozen=True, slots=True)
class EndInvestigator:
    name: ClassVar[str] = "delegation.end-investigator"
    title: ClassVar[str] = "Record that an investigator is no longer responsible"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = LEAD

    at: Annotated[datetime, Ask("From")]
    member: Annotated[str, Ask("Who", choices_from="investigators")]
    cause: Annotated[str, Ask("Why, and who is responsible now", lines=2)]


@dataclass(frozen=True, slots=True)
class DelegateTasks:
    name: ClassVar[str] = "delegation.delegate"
    title: ClassVar[str] = "Delegate tasks"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = INVESTIGATING
    signed: ClassVar[str] = "I delegate these tasks to this person and remain responsible for them."

    at: Annotated[datetime, Ask("Delegated at")]
    member: Annotated[str, Ask("To whom", choices_from="members")]
    tasks: Annotated[tuple[str, ...], Ask("Tasks", choices_from="tasks")]
    valid_from: Annotated[date, Ask("From")]
    valid_until: Annotated[date | None, Ask("Until", optional=True)] = None
    site: Annotated[str, SITE] = ""
    by: str = ""  # the author; nobody delegates in another's name


@dataclass(frozen=True, slots=True)
class AcceptTasks:
    name: ClassVar[str] = "delegation.accept"
    title: ClassVar[str] = "Accept delegated tasks"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = TAKING
    signed: ClassVar[str] = "I accept these tasks; I am qualified and trained for them."

    at: Annotated[datetime, Ask("Accepted at")]
    delegation: Annotated[str, Ask("Which", choices_from="delegations-to-accept")]
    by: str = ""


@dataclass(frozen=True, slots=True)
class EndDelegation:
    name: ClassVar[str] = "delegation.end"
    title: ClassVar[str] = "End a delegation"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = INVESTIGATING
    signed: ClassVar[str] = "From this day on these tasks are no longer delegated."

    at: Annotated[datetime, Ask("Ended at")]
    delegation: Annotated[str, Ask("Which", choices_from="delegations-to-end")]
    cause: Annotated[str, Ask("Why", lines=2)]
    by: str = ""


@dataclass(frozen=True, slots=True)
class LogSwitched:
    kind: ClassVar[str] = "delegation.log-switched"
    schema: ClassVar[int] = 1
    asked: bool
    reason: str


@dataclass(frozen=True, slots=True)
class InvestigatorNamed:
    kind: ClassVar[str] = "delegation.investigator-named"
    schema: ClassVar[int] = 1
    member: str
    since: date
    site: str


@dataclass(frozen=True, slots=True)
class InvestigatorEnded:
    kind: ClassVar[str] = "delegation.investigator-ended"
    schema: ClassVar[int] = 1
    member: str
    cause: str


@dataclass(frozen=True, slots=True)
class TasksDelegated:
    kind: ClassVar[str] = "delegation.tasks-delegated"
    schema: ClassVar[int] = 1
    delegation: str
    member: str
    tasks: tuple[str, ...]
    site: str
    valid_from: date
    valid_until: date | None


@dataclass(frozen=True, slots=True)
class TasksAccepted:
    kind: ClassVar[str] = "delegation.tasks-accepted"
    schema: ClassVar[int] = 1
    delegation: str


@dataclass(frozen=True, slots=True)
class DelegationEnded:
    kind: ClassVar[str] = "delegation.ended"
    schema: ClassVar[int] = 1
    delegation: str
    cause: str


def ask(programme: Programme, command: AskForTasks, protocol: Protocol) -> tuple[Fact, ...]:
    return _switched(programme, command, asked=True)


def stop_asking(
    programme: Programme, command: StopAskingForTasks, protocol: Protocol
) -> tuple[Fact, ...]:
    return _switched(programme, command, asked=False)


def _switched(
    programme: Programme, command: AskForTasks | StopAskingForTasks, *, asked: bool
) -> tuple[Fact, ...]:
    day, last = command.at.date(), programme.log.switches[-1:]
    if last and day < last[0][0]:
        raise Refused(f"it was switched on {last[0][0]}; give a later time", "at")
    if programme.log.asked(day) == asked:
        raise Refused(f"tasks are {'asked' if asked else 'not asked'} for already")
    if not command.reason.strip():
        raise Refused("say why", "reason")
    return (LogSwitched(asked, command.reason.strip()),)


def name(programme: Programme, command: NameInvestigator, protocol: Protocol) -> tuple[Fact, ...]:
    member, site = command.member.strip(), command.site.strip()
    if any(
        each.member == member and each.ended_on is None and each.site in ("", site)
        for each in programme.log.investigators
    ):
        raise Refused(f"'{member}' is an investigator there already", "member")
    return (InvestigatorNamed(member, command.since, site),)


def end_investigator(
    programme: Programme, command: EndInvestigator, protocol: Protocol
) -> tuple[Fact, ...]:
    standing = {each.member for each in programme.log.investigators if each.ended_on is None}
    if command.member not in standing:
        raise Refused(f"'{command.member}' is no investigator here", "member")
    return (InvestigatorEnded(command.member, command.cause.strip()),)


def delegate(programme: Programme, command: DelegateTasks, protocol: Protocol) -> tuple[Fact, ...]:
    member, site, today = command.member.strip(), command.site.strip(), command.at.date()
    if not programme.log.investigates(command.by, today, site):
        where = f"site '{site}'" if site else "every site"
        raise Refused(f"'{command.by}' is no investigator of {where}; the lead names them")
    if command.valid_from < today:
        raise Refused(f"{command.valid_from} has passed; nothing is delegated backwards",
                      "valid_from")  # fmt: skip
    if command.valid_until and command.valid_until < command.valid_from:
        raise Refused(f"{command.valid_until} lies before {command.valid_from}", "valid_until")
    if not command.tasks:
        raise Refused("name the tasks", "tasks")
    _trained(programme, member, command.tasks, protocol, today)
    key = f"D-{len(programme.log.delegations) + 1}"
    return (
        TasksDelegated(key, member, command.tasks, site, command.valid_from, command.valid_until),
    )


def accept(programme: Programme, command: AcceptTasks, protocol: Protocol) -> tuple[Fact, ...]:
    found = _standing(programme, command.delegation)
    if found.member != command.by:
        raise Refused(f"{found.key} is for {found.member} to accept", "delegation")
    if found.accepted_at:
        raise Refused(f"{found.key} was accepted on {found.accepted_at:%Y-%m-%d}", "delegation")
    _trained(programme, found.member, found.tasks, protocol, command.at.date())
    return (TasksAccepted(found.key),)


def end(programme: Programme, command: EndDelegation, protocol: Protocol) -> tuple[Fact, ...]:
    found = _standing(programme, command.delegation)
    today = command.at.date()
    own = command.by == found.investigator
    if not own and not programme.log.investigates(command.by, today, found.site):
        raise Refused(f"{found.key} is for an investigator of that site to end", "delegation")
    if not command.cause.strip():
        raise Refused("say why it ends", "cause")
    return (DelegationEnded(found.key, command.cause.strip()),)


def _standing(programme: Programme, key: str) -> Delegation:
    found = programme.log.find(key)
    if found is None or found.ended_on:
        raise Refused(f"no delegation '{key}' stands", "delegation")
    return found


def _trained(
    programme: Programme, member: str, wanted: tuple[str, ...], protocol: Protocol, on: date
) -> None:
    """Refuse tasks nobody knows, and those the member is not trained or has not read for."""
    for key in wanted:
        task = tasks.shipped().task(key)
        if task is None:
            known = ", ".join(each.key for each in tasks.shipped().tasks)
            raise Refused(f"there is no task '{key}'; known: {known}", "tasks")
        untrained = training.untrained(programme, member, task, protocol, on)
        if lacking := (*untrained, *documents.unread(programme, member, task)):
            raise Refused(f"'{task.label}' asks {member} for: {'; '.join(lacking)}", "tasks")


def switched(programme: Programme, fact: LogSwitched, entry: Entry) -> Programme:
    # From the day it is written: nothing is asked for, or let through, backwards.
    since = (entry.recorded_at.date(), fact.asked)
    return _with(programme, switches=(*programme.log.switches, since))


def named(programme: Programme, fact: InvestigatorNamed, entry: Entry) -> Programme:
    made = Investigator(fact.member, fact.site, fact.since)
    return _with(programme, investigators=(*programme.log.investigators, made))


def investigator_ended(programme: Programme, fact: InvestigatorEnded, entry: Entry) -> Programme:
    day = entry.occurred_at.date()
    investigators = tuple(
        replace(e, ended_on=day) if e.member == fact.member and e.ended_on is None else e
        for e in programme.log.investigators
    )
    return _with(programme, investigators=investigators)


def delegated(programme: Programme, fact: TasksDelegated, entry: Entry) -> Programme:
    made = Delegation(
        fact.delegation,
        entry.author,
        fact.member,
        fact.tasks,
        fact.site,
        fact.valid_from,
        fact.valid_until,
        entry.recorded_at,
    )
    return _with(programme, delegations=(*programme.log.delegations, made))


def accepted(programme: Programme, fact: TasksAccepted, entry: Entry) -> Programme:
    # A signature counts from when it was given, whatever day is written on it (21 CFR 11.50).
    return _changed(programme, fact.delegation, accepted_at=entry.recorded_at)


def ended(programme: Programme, fact: DelegationEnded, entry: Entry) -> Programme:
    day = entry.occurred_at.date()
    return _changed(
        programme, fact.delegation, ended_on=day, ended_by=entry.author, ended_because=fact.cause
    )


def _changed(programme: Programme, key: str, **changes: Any) -> Programme:
    delegations = tuple(
        replace(each, **changes) if each.key == key else each for each in programme.log.delegations
    )
    return _with(programme, delegations=delegations)


def _with(programme: Programme, **changes: Any) -> Programme:
    return replace(programme, log=replace(programme.log, **changes))


DECIDE: Mapping[type, Any] = {
    AskForTasks: ask,
    StopAskingForTasks: stop_asking,
    NameInvestigator: name,
    EndInvestigator: end_investigator,
    DelegateTasks: delegate,
    AcceptTasks: accept,
    EndDelegation: end,
}
EVOLVE: Mapping[type, Any] = {
    LogSwitched: switched,
    InvestigatorNamed: named,
    InvestigatorEnded: investigator_ended,
    TasksDelegated: delegated,
    TasksAccepted: accepted,
    DelegationEnded: ended,
}
# Whose name stands in a field of these commands is whoever asks.
IN_OWN_NAME: Mapping[type, str] = {DelegateTasks: "by", AcceptTasks: "by", EndDelegation: "by"}
