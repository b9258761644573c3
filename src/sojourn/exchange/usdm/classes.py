"""The classes of USDM 4.0 that a protocol has a word for; what else a file holds is left unread.

Source: CDISC Unified Study Definitions Model 4.0, the API specification of its reference
architecture.
"""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic.alias_generators import to_camel

Identifier = Annotated[str, Field(min_length=1)]
Number = Annotated[int, Field(strict=True)] | Annotated[float, Field(strict=True)]


class Part(BaseModel):
    """An object of the model: ``id`` is unique within its study, ``instance_type`` its class."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, alias_generator=to_camel, populate_by_name=True
    )

    id: Identifier
    extension_attributes: tuple["ExtensionAttribute", ...] = ()
    instance_type: str

    @model_validator(mode="after")
    def _of_its_class(self) -> Self:
        wanted = type(self).__name__
        if self.instance_type != wanted:
            raise ValueError(f"instanceType is '{self.instance_type}'; here stands a {wanted}")
        return self


class ExtensionClass(Part):
    url: str


class ExtensionAttribute(Part):
    """One value of a kind the model has no place for, or a list of further ones."""

    url: str
    value_string: str | None = None
    value_boolean: bool | None = None
    value_integer: Annotated[int, Field(strict=True)] | None = None
    value_extension_class: ExtensionClass | None = None


class Code(Part):
    code: str
    code_system: str
    code_system_version: str
    decode: str


class AliasCode(Part):
    standard_code: Code
    standard_code_aliases: tuple[Code, ...] = ()


class CommentAnnotation(Part):
    text: str


class Quantity(Part):
    value: Number
    unit: AliasCode | None = None


class Range(Part):
    min_value: Quantity
    max_value: Quantity


class Duration(Part):
    text: str | None = None
    duration_will_vary: bool


class Named(Part):
    """A part that people call by name; ``label`` is what is shown."""

    name: str
    label: str | None = None
    description: str | None = None

    @property
    def shown(self) -> str:
        """The most readable of its names."""
        return self.label or self.description or self.name


class StudyTitle(Part):
    text: str
    type: Code


class StudyIdentifier(Part):
    text: str
    scope_id: str


class Organization(Named):
    type: Code
    identifier_scheme: str
    identifier: str


class Masking(Part):
    text: str
    is_masked: bool


class StudyRole(Named):
    code: Code
    applies_to_ids: tuple[str, ...] = ()
    organization_ids: tuple[str, ...] = ()
    masking: Masking | None = None


class Indication(Named):
    codes: tuple[Code, ...] = ()
    is_rare_disease: bool


class StudyArm(Named):
    type: Code
    data_origin_description: str
    data_origin_type: Code


class StudyEpoch(Named):
    type: Code
    previous_id: str | None = None
    next_id: str | None = None


class TransitionRule(Named):
    text: str


class StudyElement(Named):
    transition_start_rule: TransitionRule | None = None
    transition_end_rule: TransitionRule | None = None
    study_intervention_ids: tuple[str, ...] = ()


class StudyCell(Part):
    arm_id: str
    epoch_id: str
    element_ids: tuple[str, ...]


class Encounter(Named):
    type: Code
    previous_id: str | None = None
    next_id: str | None = None
    scheduled_at_id: str | None = None


class BiomedicalConceptSurrogate(Named):
    reference: str | None = None


class Procedure(Named):
    procedure_type: str
    code: Code
    study_intervention_id: str | None = None


class Activity(Named):
    previous_id: str | None = None
    next_id: str | None = None
    defined_procedures: tuple[Procedure, ...] = ()
    bc_surrogate_ids: tuple[str, ...] = ()


class ScheduledActivityInstance(Named):
    default_condition_id: str | None = None
    epoch_id: str | None = None
    timeline_exit_id: str | None = None
    activity_ids: tuple[str, ...] = ()
    encounter_id: str | None = None


class ScheduledDecisionInstance(Named):
    default_condition_id: str | None = None


class ScheduleTimelineExit(Part):
    pass


class Timing(Named):
    """How long before or after another instance one is planned; durations in ISO 8601."""

    type: Code
    value: str
    value_label: str
    relative_to_from: Code
    relative_from_scheduled_instance_id: str
    relative_to_scheduled_instance_id: str | None = None
    window_lower: str | None = None
    window_upper: str | None = None
    window_label: str | None = None


def _kind(value: Any) -> str:
    """Only the class that ``instanceType`` names is tried, so that an error is told once."""
    named = value.get("instanceType") if isinstance(value, dict) else type(value).__name__
    return "decision" if named == "ScheduledDecisionInstance" else "activity"


Instance = Annotated[
    Annotated[ScheduledActivityInstance, Tag("activity")]
    | Annotated[ScheduledDecisionInstance, Tag("decision")],
    Discriminator(_kind),
]


class ScheduleTimeline(Named):
    main_timeline: bool
    entry_condition: str
    entry_id: str
    exits: tuple[ScheduleTimelineExit, ...] = ()
    timings: tuple[Timing, ...] = ()
    instances: tuple[Instance, ...] = ()


class Administration(Named):
    duration: Duration
    dose: Quantity | None = None
    frequency: AliasCode | None = None
    administrable_product_id: str | None = None


class AdministrableProduct(Named):
    administrable_dose_form: AliasCode
    product_designation: Code


class StudyIntervention(Named):
    role: Code
    type: Code
    administrations: tuple[Administration, ...] = ()


class Endpoint(Named):
    text: str
    purpose: str
    level: Code


class Objective(Named):
    text: str
    level: Code
    endpoints: tuple[Endpoint, ...] = ()


class AnalysisPopulation(Named):
    text: str
    subset_of_ids: tuple[str, ...] = ()


class IntercurrentEvent(Named):
    text: str
    strategy: str


class Estimand(Named):
    """``population_summary`` is the population-level summary; ``variable_of_interest_id`` an
    endpoint."""

    population_summary: str
    analysis_population_id: str
    intervention_ids: tuple[str, ...]
    variable_of_interest_id: str
    intercurrent_events: tuple[IntercurrentEvent, ...]


class EligibilityCriterionItem(Named):
    text: str


class EligibilityCriterion(Named):
    category: Code
    identifier: str
    criterion_item_id: str
    previous_id: str | None = None
    next_id: str | None = None


class StudyDesignPopulation(Named):
    includes_healthy_subjects: bool
    planned_sex: tuple[Code, ...] = ()
    planned_age: Range | None = None
    criterion_ids: tuple[str, ...] = ()


class InterventionalStudyDesign(Named):
    study_type: Code | None = None
    characteristics: tuple[Code, ...] = ()
    intent_types: tuple[Code, ...] = ()
    encounters: tuple[Encounter, ...] = ()
    activities: tuple[Activity, ...] = ()
    arms: tuple[StudyArm, ...]
    study_cells: tuple[StudyCell, ...]
    rationale: str
    epochs: tuple[StudyEpoch, ...]
    elements: tuple[StudyElement, ...] = ()
    estimands: tuple[Estimand, ...] = ()
    indications: tuple[Indication, ...] = ()
    study_intervention_ids: tuple[str, ...] = ()
    objectives: tuple[Objective, ...] = ()
    population: StudyDesignPopulation
    schedule_timelines: tuple[ScheduleTimeline, ...] = ()
    eligibility_criteria: tuple[EligibilityCriterion, ...]
    analysis_populations: tuple[AnalysisPopulation, ...] = ()
    model: Code
    blinding_schema: AliasCode | None = None


class StudyVersion(Part):
    version_identifier: str
    rationale: str
    study_identifiers: tuple[StudyIdentifier, ...]
    titles: tuple[StudyTitle, ...]
    study_designs: tuple[InterventionalStudyDesign, ...] = ()
    eligibility_criterion_items: tuple[EligibilityCriterionItem, ...] = ()
    roles: tuple[StudyRole, ...] = ()
    organizations: tuple[Organization, ...] = ()
    study_interventions: tuple[StudyIntervention, ...] = ()
    administrable_products: tuple[AdministrableProduct, ...] = ()
    bc_surrogates: tuple[BiomedicalConceptSurrogate, ...] = ()
    notes: tuple[CommentAnnotation, ...] = ()


class Study(Named):
    """``id`` may be absent: a repository gives it."""

    id: str | None = None  # type: ignore[assignment]
    versions: tuple[StudyVersion, ...] = ()


class Wrapper(BaseModel):
    """What a file holds: one study, and which version of the model it is written in."""

    model_config = Part.model_config

    study: Study
    usdm_version: str
    system_name: str | None = None
    system_version: str | None = None
