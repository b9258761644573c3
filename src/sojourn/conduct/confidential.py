"""Reports past the treating team: whoever was hurt or saw it tells those who oversee the site.

They lie in a stream of their own beside the courses, so that no page about a
participant, no count, no alert and no withheld dose can tell a therapist of one.
The entry's author is who reported: a participant by their number.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

from sojourn.conduct.blinding import CONFIDENTIAL_READERS
from sojourn.record.command import Ask, Nature, Refused, check
from sojourn.record.entry import Entry, Fact

CATEGORIES = (
    ("boundary-violation", "A boundary was crossed: touch, sexual or otherwise"),
    ("pressure", "Pressure to take part, to stay, to say or not to say something"),
    ("care", "I was not cared for, or was left alone"),
    ("diversion", "Study drug went elsewhere"),
    ("records", "Records were changed, left out or invented"),
    ("other", "Something else"),
)
REPORTERS = (
    "participant",
    "therapist",
    "prescriber",
    "coordinator",
    "pharmacist",
    "independent-rater",
    "fidelity-rater",
    "statistician",
)


@dataclass(frozen=True, slots=True)
class ReportConfidentially:
    name: ClassVar[str] = "safety.report-confidentially"
    title: ClassVar[str] = "Report in confidence"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = (*REPORTERS, "sponsor", "monitor")

    at: Annotated[datetime, Ask("Reported at")]
    category: Annotated[str, Ask("What it is about", choices=CATEGORIES)]
    text: Annotated[str, Ask("What happened", help="The treating team does not see this.", lines=6)]


@dataclass(frozen=True, slots=True)
class AnswerConfidentialReport:
    name: ClassVar[str] = "safety.answer-confidential-report"
    title: ClassVar[str] = "Act on a confidential report"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = tuple(sorted(CONFIDENTIAL_READERS))

    at: Annotated[datetime, Ask("Acted at")]
    report: Annotated[str, Ask("Report", choices_from="confidential-reports")]
    action: Annotated[str, Ask("What was done", lines=3)]


@dataclass(frozen=True, slots=True)
class ConfidentialReportMade:
    kind: ClassVar[str] = "safety.confidential-report-made"
    schema: ClassVar[int] = 1
    report: str
    category: str
    text: str


@dataclass(frozen=True, slots=True)
class ConfidentialReportAnswered:
    kind: ClassVar[str] = "safety.confidential-report-answered"
    schema: ClassVar[int] = 1
    report: str
    action: str


@dataclass(frozen=True, slots=True)
class ConfidentialReport:
    """One report as it stands; open until someone who oversees the site says what was done."""

    key: str
    category: str
    text: str
    by: str
    role: str
    at: datetime
    answered_at: datetime | None = None
    action: str = ""

    @property
    def about(self) -> str:
        return dict(CATEGORIES).get(self.category, self.category)


@dataclass(frozen=True, slots=True)
class Reports:
    """Every confidential report of a programme, oldest first."""

    by_key: Mapping[str, ConfidentialReport] = field(default_factory=lambda: MappingProxyType({}))
    version: int = 0

    @property
    def open(self) -> tuple[ConfidentialReport, ...]:
        return tuple(each for each in self.by_key.values() if each.answered_at is None)


def decide(reports: Reports, command: Any, *, role: str, now: datetime) -> tuple[Fact, ...]:
    """The facts that follow from a report or from what was done about one.

    Raises
    ------
    Refused
        If the role may not ask for it, or it names no open report.
    """
    if role not in command.roles:
        raise Refused(f"'{command.title}' is for {', '.join(command.roles)}, not for a {role}")
    check(command, now=now)
    if isinstance(command, ReportConfidentially):
        if not command.text.strip():
            raise Refused("say in your own words what happened", "text")
        key = f"report-{len(reports.by_key) + 1}"
        return (ConfidentialReportMade(key, command.category, command.text.strip()),)
    if isinstance(command, AnswerConfidentialReport):
        report = reports.by_key.get(command.report)
        if report is None:
            raise Refused(f"there is no confidential report '{command.report}'", "report")
        if report.answered_at:
            raise Refused(f"it was acted on at {report.answered_at:%Y-%m-%d %H:%M}", "report")
        if len(command.action.strip()) < 8:
            raise Refused("say in a few words what was done", "action")
        return (ConfidentialReportAnswered(report.key, command.action.strip()),)
    raise Refused(f"'{type(command).__name__}' has nothing to do with confidential reports")


def evolve(reports: Reports, entry: Entry) -> Reports:
    """The reports after ``entry``."""
    fact = entry.fact
    if isinstance(fact, ConfidentialReportMade):
        report = ConfidentialReport(
            fact.report, fact.category, fact.text, entry.author, entry.role, entry.occurred_at
        )
    elif isinstance(fact, ConfidentialReportAnswered):
        report = replace(
            reports.by_key[fact.report], answered_at=entry.occurred_at, action=fact.action
        )
    else:
        raise TypeError(f"'{fact.kind}' is no fact of a confidential stream")
    known = MappingProxyType({**reports.by_key, report.key: report})
    return Reports(known, entry.sequence)


def fold(entries: Iterable[Entry]) -> Reports:
    """The reports that a programme's confidential stream adds up to."""
    return reduce(evolve, entries, Reports())


FACTS: tuple[type[Fact], ...] = (ConfidentialReportMade, ConfidentialReportAnswered)
