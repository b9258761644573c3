"""How much of what is recorded is compared with its source: the monitoring plan's shares."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, ClassVar

from sojourn.conduct.programme import MonitoringPlan, Programme
from sojourn.protocols.model import Protocol
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact


@dataclass(frozen=True, slots=True)
class SetMonitoringPlan:
    name: ClassVar[str] = "programme.set-monitoring-plan"
    title: ClassVar[str] = "Set the monitoring plan"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ("sponsor", "monitor")

    at: Annotated[datetime, Ask("Set at")]
    critical_percent: Annotated[
        int,
        Ask(
            "Share of critical data verified against source",
            unit="%",
            at_least=0,
            at_most=100,
            help="Consent, criteria, assessments, doses, adverse events.",
        ),
    ]
    other_percent: Annotated[int, Ask("Share of all other data", unit="%", at_least=0, at_most=100)]
    reason: Annotated[str, Ask("On what assessment of risk", lines=3)]


@dataclass(frozen=True, slots=True)
class MonitoringPlanSet:
    kind: ClassVar[str] = "programme.monitoring-plan-set"
    schema: ClassVar[int] = 1
    critical_percent: int
    other_percent: int
    reason: str


def set_plan(
    programme: Programme, command: SetMonitoringPlan, protocol: Protocol
) -> tuple[Fact, ...]:
    before = programme.monitoring_plan
    shares = (command.critical_percent, command.other_percent)
    if before and shares == (before.critical_percent, before.other_percent):
        raise Refused("these are the shares already", "critical_percent")
    return (MonitoringPlanSet(*shares, command.reason.strip()),)


def has_set(programme: Programme, fact: MonitoringPlanSet, entry: Entry) -> Programme:
    plan = MonitoringPlan(fact.critical_percent, fact.other_percent)
    return replace(programme, monitoring_plan=plan)


DECIDE: Mapping[type, Any] = {SetMonitoringPlan: set_plan}
EVOLVE: Mapping[type, Any] = {MonitoringPlanSet: has_set}
