"""Resources read from the record: one, its versions, or a page of many. Blinding is kept here."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from django.db.models import QuerySet

from sojourn import instruments
from sojourn.conduct import blinding
from sojourn.conduct.randomisation import AllocationOpened
from sojourn.conduct.reach import Reach
from sojourn.course.correction import effective
from sojourn.exchange.fhir import people, plans, ratings, treatment
from sojourn.exchange.fhir.elements import About, Made, Resource
from sojourn.exchange.fhir.outcome import Fault
from sojourn.ledger import allocating, programmes, seal
from sojourn.ledger.columns import entry_of
from sojourn.ledger.desk import Person, stream_of
from sojourn.ledger.read import has_entry, read_stream, stored_at, version
from sojourn.ledger.registry import kinds
from sojourn.ledger.rows import ParticipantRow, ResourceRow
from sojourn.record.entry import Entry

Builder = Callable[[About, Made], Resource]
ONCE = ("Patient", "ResearchSubject", "CarePlan")  # one for each participant, under their number
OF_COURSES: Mapping[str, Builder] = {
    "Patient": people.patient_of,
    "ResearchSubject": people.subject,
    "CarePlan": plans.care_plan,
    "QuestionnaireResponse": ratings.response,
    "Observation": lambda about, made: (
        ratings.score if made.identity.endswith(".score") else treatment.vital_sign
    )(about, made),
    "MedicationStatement": treatment.statement,
    "MedicationAdministration": treatment.administration,
    "AdverseEvent": treatment.adverse_event,
    "Consent": people.consent,
}
OF_PROGRAMMES = ("ResearchStudy", "PlanDefinition", "Questionnaire")
# What a blinded rater may see: who there is, and what raters record.
FOR_RATERS = frozenset({"Patient", "QuestionnaireResponse", "Observation"})
_KEYED = re.compile(r"(?P<participant>.+)\.(?P<key>\d{1,9}(\.[a-z-]+)?)")


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads for one caller, who sees what their role may see on the pages."""

    programme: str
    by: Person
    base: str
    reach: Reach

    @property
    def about(self) -> About:
        standing = programmes.load(self.programme)
        return About(self.programme, standing, self.base, self.by.role)

    @property
    def rates_only(self) -> bool:
        """Whether this role is kept away from whatever could tell the arm."""
        return not blinding.may_see_course(self.by.role)

    @property
    def rated_instruments(self) -> list[str]:
        """The instruments of visits that an independent rater rates."""
        visits = self.about.standing.protocol.visits
        rated = (each.assessments for each in visits if each.rated_by == "independent-rater")
        return sorted({key for several in rated for key in several})

    def may_see(self, resource: str) -> bool:
        """Whether this role may see any of that type."""
        if resource in OF_PROGRAMMES or not self.rates_only:
            return True
        pool = programmes.load(self.programme).programme.rater_pool
        if not blinding.may_see_visits(self.by.role, pool):
            return False
        return resource in FOR_RATERS

    def reaches(self, participant: str) -> bool:
        """Whether this caller holds a role at that participant's site."""
        if self.reach.everywhere:
            return True
        rows = ParticipantRow.objects.filter(stream=stream_of(self.programme, participant))
        return self.reach.includes(rows.values_list("site", flat=True).first() or "")

    def at_sites(self, rows: QuerySet[ResourceRow]) -> QuerySet[ResourceRow]:
        """Those of ``rows`` that are of sites this caller holds a role at."""
        sites = self.reach.sites
        return rows if sites is None else rows.filter(site__in=sorted(sites))

    def visible(self, row: ResourceRow) -> bool:
        """Whether this role may see that one."""
        if not self.may_see(row.resource) or not self.reach.includes(row.site):
            return False
        return row.resource == "Patient" or blinding.may_see_visit(self.by.role, row.rated_by)

    def row(self, resource: str, identity: str) -> ResourceRow:
        """The row of one resource.

        Raises
        ------
        Fault
            404 where there is none, and where this role may not know whether there is one.
        """
        participant, key = place_of(resource, identity)
        row = ResourceRow.objects.filter(
            stream=stream_of(self.programme, participant), resource=resource, key=key
        ).first()
        if row is None or not self.visible(row):
            raise Fault(404, f"there is no {resource}/{identity} that you may see", resource)
        return row

    def resources(self, rows: Sequence[ResourceRow]) -> list[Resource]:
        """The resources of ``rows`` as they stand, in that order."""
        found = _entries([position for row in rows for position in _positions(row)])
        about = self.about
        unsealed = self._unsealed(rows)
        return [
            self._built(about, row, tuple(found[each] for each in _positions(row)), unsealed)
            for row in rows
        ]

    def versions(self, row: ResourceRow) -> Iterator[Resource]:
        """Every version, newest first."""
        positions = _positions(row)
        found = _entries(positions)
        entries = tuple(found[each] for each in positions)
        about, unsealed = self.about, self._unsealed([row])
        for upto in range(len(entries), 0, -1):
            yield self._built(about, row, entries[:upto], unsealed)

    def of_programme(self, resource: str) -> list[Resource]:
        """What belongs to the programme as a whole."""
        about = self.about
        if resource == "ResearchStudy":
            stream = programmes.PREFIX + self.programme
            return [plans.research_study(about, read_stream(stream, since=version(stream)))]
        if resource == "PlanDefinition":
            return [plans.plan_definition(about)]
        used = {key for visit in about.standing.protocol.visits for key in visit.assessments}
        shipped = instruments.load_shipped()
        return [ratings.questionnaire(about, shipped[key]) for key in sorted(used & set(shipped))]

    def _built(
        self, about: About, row: ResourceRow, entries: tuple[Entry, ...], unsealed: bool
    ) -> Resource:
        made = Made(identity_of(row), entries, effective(entries, kinds().read))
        if unsealed and row.resource == "ResearchSubject":
            sealed = allocating.sealed_arm(self.programme, made.course)
            about = replace(about, arm=seal.open_seal(sealed)) if sealed else about
        return OF_COURSES[row.resource](about, made)

    def _unsealed(self, rows: Sequence[ResourceRow]) -> bool:
        """Whether these show the arm: to a role that may open it and has put that on the record."""
        return (
            any(row.resource == "ResearchSubject" for row in rows)
            and blinding.may_open_allocation(self.by.role)
            and self._has_opened()
        )

    def _has_opened(self) -> bool:
        stream = programmes.OPENINGS + self.programme
        return has_entry(stream, AllocationOpened.kind, self.by.name)


def identity_of(row: ResourceRow) -> str:
    """The id a resource is known by: the participant's number, then its key in their course."""
    return f"{row.participant}.{row.key}" if row.key else row.participant


def place_of(resource: str, identity: str) -> tuple[str, str]:
    """Participant and key of an id.

    Raises
    ------
    Fault
        404 where no such id was ever given.
    """
    if resource in ONCE:
        return identity, ""
    found = _KEYED.fullmatch(identity)
    if found is None:
        raise Fault(404, f"there is no {resource}/{identity} that you may see", resource)
    return found["participant"], found["key"]


def _positions(row: ResourceRow) -> list[int]:
    return [int(each) for each in row.entries.split()]


def _entries(positions: Sequence[int]) -> dict[int, Entry]:
    known = kinds()
    return {row[0]: entry_of(row, known) for row in stored_at(sorted(set(positions)))}
