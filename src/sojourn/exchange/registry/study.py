"""A study as ClinicalTrials.gov's API v2 writes it: what is used here, checked; the rest ignored.

Source: ClinicalTrials.gov, Study Data Structure and data API, version 2.
"""

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

Status = Literal[
    "RECRUITING",
    "NOT_YET_RECRUITING",
    "ENROLLING_BY_INVITATION",
    "ACTIVE_NOT_RECRUITING",
    "SUSPENDED",
    "TERMINATED",
    "COMPLETED",
    "WITHDRAWN",
    "UNKNOWN",
    "AVAILABLE",
    "NO_LONGER_AVAILABLE",
    "TEMPORARILY_NOT_AVAILABLE",
    "APPROVED_FOR_MARKETING",
    "WITHHELD",
]


def _day(value: Any) -> Any:
    """A month alone becomes its first day, so that it never looks newer than it is."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}", value):
        return f"{value}-01"
    return value


Day = Annotated[date, BeforeValidator(_day)]


class Section(BaseModel):
    """A part of a study: unknown fields are ignored, known ones are checked."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, alias_generator=to_camel, populate_by_name=True
    )


class Identification(Section):
    nct_id: Annotated[str, Field(pattern=r"^NCT\d{8}$")]
    brief_title: Annotated[str, Field(min_length=1, max_length=500)]
    acronym: Annotated[str, Field(max_length=100)] = ""


class DateStruct(Section):
    date: Day


class StatusSection(Section):
    overall_status: Status
    last_update_post_date_struct: DateStruct | None = None
    last_update_submit_date: Day | None = None

    @property
    def updated_on(self) -> date | None:
        posted = self.last_update_post_date_struct
        return posted.date if posted else self.last_update_submit_date


class Conditions(Section):
    conditions: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()


class Intervention(Section):
    name: str
    type: str = ""


class ArmsInterventions(Section):
    interventions: tuple[Intervention, ...] = ()


class Sponsor(Section):
    name: str = ""


class Sponsors(Section):
    lead_sponsor: Sponsor = Sponsor()


class Design(Section):
    study_type: str = ""
    phases: tuple[str, ...] = ()


class Eligibility(Section):
    minimum_age: str = ""
    maximum_age: str = ""
    sex: str = ""


class Location(Section):
    """A place of the trial. Contact persons are left in the registry, where they stay current."""

    facility: str = ""
    city: str = ""
    state: str = ""
    country: str = ""
    status: Status | None = None


class ContactsLocations(Section):
    locations: tuple[Location, ...] = ()


class ProtocolSection(Section):
    identification_module: Identification
    status_module: StatusSection
    sponsor_collaborators_module: Sponsors = Sponsors()
    conditions_module: Conditions = Conditions()
    design_module: Design = Design()
    arms_interventions_module: ArmsInterventions = ArmsInterventions()
    eligibility_module: Eligibility = Eligibility()
    contacts_locations_module: ContactsLocations = ContactsLocations()


class MiscInfo(Section):
    version_holder: Day | None = None


class DerivedSection(Section):
    misc_info_module: MiscInfo = MiscInfo()


class Study(Section):
    """One study record."""

    protocol_section: ProtocolSection
    derived_section: DerivedSection = DerivedSection()

    @property
    def nct_id(self) -> str:
        return self.protocol_section.identification_module.nct_id

    @property
    def updated_on(self) -> date:
        """The day the registry last posted a change: the version of the record."""
        day = self.protocol_section.status_module.updated_on
        if day is None:
            raise ValueError(f"{self.nct_id} has no date of its last change")
        return day

    @property
    def data_of(self) -> date | None:
        """The day the registry's data were as they stand here."""
        return self.derived_section.misc_info_module.version_holder


def check(data: Any, place: str) -> tuple[Study | None, tuple[str, ...]]:
    """The study ``data`` describes, or what is wrong with it; ``place`` is where it stands."""
    try:
        study = Study.model_validate(data)
    except ValidationError as error:
        return None, tuple(_told(error, place))
    if study.protocol_section.status_module.updated_on is None:
        path = f"{place}protocolSection.statusModule.lastUpdatePostDateStruct.date"
        return None, (f"{path} is missing; export the record with its dates",)
    return study, ()


def _told(error: ValidationError, place: str) -> Iterator[str]:
    for each in error.errors():
        path = ""
        for part in each["loc"]:
            path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
        if each["type"] == "missing":
            yield f"{place}{path} is missing; export the whole record"
        else:
            shown = repr(each["input"])
            shown = shown if len(shown) < 60 else shown[:57] + "..."
            yield f"{place}{path} is {shown}; {each['msg'].replace('Input should', 'it should')}"
