"""A protocol as a study definition of USDM 4.0.

Each thing stands in one place: what USDM has a place for stands there alone, and the rest of the
pack in extension attributes of the object it is about.
"""

from importlib.metadata import version
from typing import Any

from sojourn.exchange.usdm.classes import (
    Code,
    CommentAnnotation,
    EligibilityCriterion,
    EligibilityCriterionItem,
    Indication,
    InterventionalStudyDesign,
    Masking,
    Organization,
    Study,
    StudyDesignPopulation,
    StudyIdentifier,
    StudyRole,
    StudyTitle,
    StudyVersion,
    Wrapper,
)
from sojourn.exchange.usdm.extensions import extensions
from sojourn.exchange.usdm.making import OWN, Maker, as_html, chained
from sojourn.exchange.usdm.objectives import Aims, aims
from sojourn.exchange.usdm.pathway import Pathway, pathway
from sojourn.exchange.usdm.schedule import Plan, plan
from sojourn.exchange.usdm.treatment import Treatment, treatment
from sojourn.protocols.model import Protocol
from sojourn.protocols.writing import model_digest, pack_data

USDM = "4.0.0"
UNNAMED = "Sponsor, not named in the protocol pack"
# Fields of a pack that stand elsewhere in the definition than in extensions of the design.
PLACED = frozenset(
    {"key", "title", "version", "indication", "condition", "notes", "citations", "arms", "visits",
     "criteria", "outcome", "randomisation", "dosing"}
)  # fmt: skip


def study_definition(protocol: Protocol) -> dict[str, Any]:
    """The JSON of the study definition, as plain data; equal protocols give equal data."""
    make, said = Maker(), pack_data(protocol)
    given = treatment(make, protocol, said.get("dosing", {}))
    timeline = plan(make, protocol, said["visits"], given)
    way = pathway(make, protocol, timeline.epochs, given)
    aim = aims(make, protocol, said["outcome"], given)
    items = _items(make, protocol)
    design = _design(make, protocol, said, (given, timeline, way, aim), items)
    study = Study(
        instance_type="Study",
        name=protocol.key,
        label=protocol.title,
        versions=(_version(make, protocol, said, design, (given, timeline), items),),
    )
    made = Wrapper(
        study=study,
        usdm_version=USDM,
        system_name="Sojourn",
        system_version=version("sojourn"),
    )
    data = made.model_dump(mode="json", by_alias=True, exclude_none=True)
    # Readers of a whole study look for its identifier; a repository fills it.
    return {**data, "study": {"id": None, **data["study"]}}


def _version(
    make: Maker,
    protocol: Protocol,
    data: dict[str, Any],
    design: InterventionalStudyDesign,
    parts: tuple[Treatment, Plan],
    items: tuple[EligibilityCriterionItem, ...],
) -> StudyVersion:
    given, timeline = parts
    own = make.next(StudyVersion)
    sponsor = make(
        Organization,
        name="sponsor",
        label=UNNAMED,
        type=make.not_stated(),
        identifier_scheme=OWN,
        identifier="not-stated",
    )
    extra = {"digest": model_digest(protocol), "citations": data["citations"]}
    return make(
        StudyVersion,
        id=own,
        version_identifier=protocol.version,
        rationale=f"Written from the protocol pack {protocol.key}, version {protocol.version}",
        study_identifiers=(make(StudyIdentifier, text=protocol.key, scope_id=sponsor.id),),
        titles=(make(StudyTitle, text=protocol.title, type=make.code("official-title")),),
        study_designs=(design,),
        eligibility_criterion_items=items,
        roles=_roles(make, protocol, own, design.id, sponsor.id),
        organizations=(sponsor,),
        study_interventions=given.interventions,
        administrable_products=given.products,
        bc_surrogates=timeline.surrogates,
        notes=tuple(make(CommentAnnotation, text=each) for each in protocol.notes),
        extension_attributes=extensions(make, extra),
    )


def _roles(
    make: Maker, protocol: Protocol, own: str, design: str, sponsor: str
) -> tuple[StudyRole, ...]:
    """The sponsor, and who is kept from knowing the arm."""
    found = [
        make(
            StudyRole,
            name="sponsor",
            code=make.code("sponsor"),
            applies_to_ids=(own,),
            organization_ids=(sponsor,),
        )
    ]
    if protocol.randomisation and protocol.randomisation.blinded:
        masked = ["subject", "care-provider"]
        if any(each.rated_by == "independent-rater" for each in protocol.visits):
            masked.append("outcomes-assessor")
        for name in masked:
            masking = make(Masking, text="The allocation is sealed", is_masked=True)
            found.append(
                make(
                    StudyRole,
                    name=name,
                    code=make.code(name),
                    applies_to_ids=(design,),
                    masking=masking,
                )
            )
    return tuple(found)


def _design(
    make: Maker,
    protocol: Protocol,
    data: dict[str, Any],
    parts: tuple[Treatment, Plan, Pathway, Aims],
    items: tuple[EligibilityCriterionItem, ...],
) -> InterventionalStudyDesign:
    given, timeline, way, aim = parts
    randomised = protocol.randomisation
    criteria = _criteria(make, data, items)
    population = make(
        StudyDesignPopulation,
        id=aim.population,
        name="population",
        includes_healthy_subjects=False,
        planned_sex=_sexes(make, protocol),
        criterion_ids=tuple(each.id for each in criteria),
    )
    rest = {name: value for name, value in data.items() if name not in PLACED}
    if "randomisation" in data:
        kept = {name: each for name, each in data["randomisation"].items() if name != "blinded"}
        rest["randomisation"] = kept
    if given.rest:
        rest["dosing"] = given.rest
    blinding = None
    if randomised:
        schema = make.code("double-blind" if randomised.blinded else "open-label")
        blinding = make.alias(schema)
    stratified = randomised and (randomised.strata or randomised.factors)
    characteristics = (make.code("stratified" if stratified else "randomised"),)
    return make(
        InterventionalStudyDesign,
        name=protocol.key,
        label=protocol.title,
        rationale="As the publications that the pack cites",
        study_type=make.code("interventional"),
        characteristics=characteristics if randomised else (),
        intent_types=(make.code("treatment-intent"),),
        encounters=timeline.encounters,
        activities=timeline.activities,
        arms=way.arms,
        study_cells=way.cells,
        epochs=timeline.epochs,
        elements=way.elements,
        estimands=(aim.estimand,),
        indications=(_indication(make, protocol),),
        study_intervention_ids=tuple(each.id for each in given.interventions),
        objectives=(aim.objective,),
        population=population,
        schedule_timelines=(timeline.timeline,),
        eligibility_criteria=criteria,
        analysis_populations=(aim.analysed,),
        model=make.code("parallel" if len(protocol.arms) > 1 else "single-group"),
        blinding_schema=blinding,
        extension_attributes=extensions(make, rest),
    )


def _indication(make: Maker, protocol: Protocol) -> Indication:
    extra = {"condition": protocol.condition} if protocol.condition else {}
    return make(
        Indication,
        name="indication",
        label=protocol.indication,
        is_rare_disease=False,
        extension_attributes=extensions(make, extra),
    )


def _sexes(make: Maker, protocol: Protocol) -> tuple[Code, ...]:
    """Both, where no criterion asks for the sex; else the criteria say it."""
    asked = any(
        condition.characteristic == "sex"
        for each in protocol.criteria
        for block in each.met_when
        for condition in block
    )
    return () if asked else (make.code("female"), make.code("male"))


def _items(make: Maker, protocol: Protocol) -> tuple[EligibilityCriterionItem, ...]:
    return tuple(
        make(
            EligibilityCriterionItem,
            name=each.key,
            text=as_html(each.label),
        )
        for each in protocol.criteria
    )


def _criteria(
    make: Maker, data: dict[str, Any], items: tuple[EligibilityCriterionItem, ...]
) -> tuple[EligibilityCriterion, ...]:
    given = data.get("criteria", [])
    ids = [make.next(EligibilityCriterion) for _ in given]
    return tuple(
        make(
            EligibilityCriterion,
            id=ids[number],
            name=each["key"],
            description=each.get("rationale"),
            category=make.code(each["kind"]),
            identifier=str(number + 1),
            criterion_item_id=items[number].id,
            extension_attributes=extensions(
                make,
                {
                    name: value
                    for name, value in each.items()
                    if name not in ("key", "kind", "label", "rationale")
                },
            ),
            **chained(ids, number),
        )
        for number, each in enumerate(given)
    )
