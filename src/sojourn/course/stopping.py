"""Stopping rules: which events count towards each, and whether it is reached."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from sojourn.course.state import AdverseEvent, Course
from sojourn.protocols.model import Protocol, StoppingRule
from sojourn.vigilance.clocks import RELATED

Standing = Literal["reached", "not-reached", "not-set"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where a rule stands: so many counted, against so many allowed."""

    rule: StoppingRule
    counted: int
    at_least: int | None  # None while the site has not set its number
    standing: Standing


def counts_towards(rule: StoppingRule, event: AdverseEvent) -> bool:
    """Whether this event meets every condition of the rule."""
    return (
        (not rule.serious or event.serious)
        and (not rule.related or event.relatedness in RELATED)
        and (not rule.unexpected or event.expectedness == "unexpected")
        and (rule.grade_at_least is None or event.grade >= rule.grade_at_least)
        and (not rule.criteria or not set(rule.criteria).isdisjoint(event.seriousness))
        and (not rule.special_interest or event.special_interest in rule.special_interest)
        and (not rule.terms or event.coded_term in rule.terms)
    )


def counting(protocol: Protocol, course: Course) -> Iterator[tuple[StoppingRule, AdverseEvent]]:
    """Each rule with each event of this course that counts towards it.

    Where people are counted, only a person's first such event does.
    """
    for rule in protocol.stopping_rules:
        found = [event for event in course.adverse_events.values() if counts_towards(rule, event)]
        for event in found[:1] if rule.counts == "participants" else found:
            yield rule, event


def judge(rule: StoppingRule, counted: int, settings: Mapping[str, int]) -> Verdict:
    """Whether the rule is reached; a number nobody set is never taken for not reached."""
    at_least = rule.at_least if rule.at_least is not None else settings.get(rule.setting)
    if at_least is None:
        return Verdict(rule, counted, None, "not-set")
    standing: Standing = "reached" if counted >= at_least else "not-reached"
    return Verdict(rule, counted, at_least, standing)
