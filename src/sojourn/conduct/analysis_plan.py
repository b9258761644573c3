"""The statistical analysis plan on the record: locked and signed before any arm is known."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, ClassVar

from sojourn.conduct.programme import LockedPlan, Programme
from sojourn.definitions import DefinitionError
from sojourn.protocols.analysis_plan import load_plan, misfits
from sojourn.protocols.model import Protocol
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact

MEANING = "I approve this analysis plan; it was written without knowledge of any arm."
LONGEST = 40_000  # characters


@dataclass(frozen=True, slots=True)
class LockAnalysisPlan:
    """The plan as YAML; a later version replaces an earlier one until the allocation is opened."""

    name: ClassVar[str] = "programme.lock-analysis-plan"
    title: ClassVar[str] = "Lock the analysis plan"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ("statistician", "sponsor")
    signed: ClassVar[str] = MEANING

    at: Annotated[datetime, Ask("Locked at")]
    plan: Annotated[str, Ask("Analysis plan", help="YAML.", lines=16, longest=LONGEST)]


@dataclass(frozen=True, slots=True)
class AnalysisPlanLocked:
    """Names the plan by the digest of its text, which is kept with the record."""

    kind: ClassVar[str] = "programme.analysis-plan-locked"
    schema: ClassVar[int] = 1
    title: str
    plan_version: str
    digest: str


def plain(text: str) -> str:
    """``text`` as it is kept and hashed: one kind of line break, one at its end."""
    return "\n".join(text.strip().splitlines()) + "\n"


def lock(programme: Programme, command: LockAnalysisPlan, protocol: Protocol) -> tuple[Fact, ...]:
    try:
        plan = load_plan(plain(command.plan))
    except DefinitionError as error:
        raise Refused(str(error), "plan") from error
    for misfit in misfits(plan, protocol):
        raise Refused(misfit, "plan")
    if any(each.digest == plan.digest for each in programme.plans):
        raise Refused(f"this very plan is locked already ({plan.digest[:12]})", "plan")
    if any(each.version == plan.version for each in programme.plans):
        raise Refused(f"version '{plan.version}' is locked already; give the change its own")
    return (AnalysisPlanLocked(plan.title, plan.version, plan.digest),)


def before_opening(opened_at: datetime | None) -> None:
    """Refuse a plan once somebody has looked behind the seal.

    Raises
    ------
    Refused
        Naming when the allocation was opened.
    """
    if opened_at is not None:
        raise Refused(
            f"the allocation was opened on {opened_at:%Y-%m-%d %H:%M}; no plan can be locked after "
            "that. Give it to the report: it will say that it was not planned",
            "plan",
        )


def locked(programme: Programme, fact: AnalysisPlanLocked, entry: Entry) -> Programme:
    plan = LockedPlan(
        fact.title, fact.plan_version, fact.digest, entry.recorded_at, entry.author, entry.position
    )
    return replace(programme, plans=(*programme.plans, plan))


DECIDE: Mapping[type, Any] = {LockAnalysisPlan: lock}
EVOLVE: Mapping[type, Any] = {AnalysisPlanLocked: locked}
