"""One case to report: what every form asks of it. A number and no name; blinded stays blinded."""

from dataclasses import dataclass
from datetime import date, datetime

BLINDED = "blinded"


@dataclass(frozen=True, slots=True)
class Given:
    """A day on which the study drug, or what stands for it, was given; dose if unblinded."""

    on: date
    dose: int | None
    unit: str = "mg"


@dataclass(frozen=True, slots=True)
class Concomitant:
    name: str
    dose: str
    indication: str
    started_on: date | None
    stopped_on: date | None


@dataclass(frozen=True, slots=True)
class Study:
    """The programme the case comes from. ``country`` is ISO 3166-1 alpha-2."""

    title: str
    protocol: str
    authorisation: str
    country: str
    site: str
    indication: str
    substance: str  # 'blinded' while nobody may know it


@dataclass(frozen=True, slots=True)
class Subject:
    number: str
    sex: str
    birth_year: int | None


@dataclass(frozen=True, slots=True)
class Reaction:
    """The event as it stands; texts are keys of the course, empty where never recorded."""

    key: str
    written: str
    term: str
    code: str
    dictionary: str
    grade: int
    seriousness: tuple[str, ...]
    relatedness: str
    expectedness: str
    action_taken: str
    outcome: str
    started_on: date
    ended_on: date | None


@dataclass(frozen=True, slots=True)
class CaseReport:
    """A case as it stood at ``made_at``; ``learned_at`` is when the site first knew."""

    study: Study
    subject: Subject
    reaction: Reaction
    given: tuple[Given, ...]
    concomitant: tuple[Concomitant, ...]
    narrative: str
    learned_at: datetime
    latest_at: datetime
    made_at: datetime
    earlier_reports: tuple[str, ...]  # references of reports already sent
    expedited: bool

    @property
    def identifier(self) -> str:
        """Country, site, participant and event: the same case has the same one for ever."""
        where = "".join(each for each in self.study.site.upper() if each.isalnum()) or "SITE"
        return f"{self.study.country}-{where}-{self.subject.number}-{self.reaction.key}"

    @property
    def age_years(self) -> int | None:
        """Age in the year the event began, from the year of birth alone."""
        born = self.subject.birth_year
        return None if born is None else self.reaction.started_on.year - born

    @property
    def blinded(self) -> bool:
        return self.study.substance == BLINDED
