"""The primary objective with its endpoint and estimand."""

from dataclasses import dataclass
from typing import Any

from sojourn.exchange.usdm.classes import (
    AnalysisPopulation,
    Endpoint,
    Estimand,
    IntercurrentEvent,
    Objective,
    StudyDesignPopulation,
)
from sojourn.exchange.usdm.extensions import extensions
from sojourn.exchange.usdm.making import Maker, as_html
from sojourn.exchange.usdm.treatment import Treatment
from sojourn.protocols.model import Protocol

# ICH E9(R1), A.3.2, as USDM's strategy of an intercurrent event is written.
STRATEGIES = {
    "treatment-policy": "Treatment policy",
    "hypothetical": "Hypothetical",
    "composite": "Composite variable",
    "while-on-treatment": "While on treatment",
    "principal-stratum": "Principal stratum",
}


@dataclass(frozen=True, slots=True)
class Aims:
    """``population`` is the identifier of the population the analysed one is part of."""

    objective: Objective
    estimand: Estimand
    analysed: AnalysisPopulation
    population: str


def aims(make: Maker, protocol: Protocol, data: dict[str, Any], given: Treatment) -> Aims:
    """Objective, endpoint and estimand; ``data`` is the pack's outcome as plain data."""
    said = protocol.outcome.estimand
    population = make.next(StudyDesignPopulation)
    analysed = make(
        AnalysisPopulation,
        name="primary-analysis",
        text=said.population,
        subset_of_ids=(population,),
    )
    endpoint = make(
        Endpoint,
        name="primary-endpoint",
        text=as_html(said.variable),
        purpose="Primary outcome",
        level=make.code("primary-endpoint"),
        extension_attributes=extensions(
            make, {name: each for name, each in data.items() if name != "estimand"}
        ),
    )
    extra = {} if said.failure is None else {"failure": said.failure}
    estimand = make(
        Estimand,
        name="primary-estimand",
        description=said.treatment,
        population_summary=said.summary,
        analysis_population_id=analysed.id,
        intervention_ids=tuple(each.id for each in given.interventions),
        variable_of_interest_id=endpoint.id,
        intercurrent_events=tuple(
            make(
                IntercurrentEvent,
                name=each.event or f"event-{number}",
                text=as_html(each.text),
                strategy=STRATEGIES[each.strategy] if each.strategy else "Not stated",
                extension_attributes=extensions(make, {"event": each.event} if each.event else {}),
            )
            for number, each in enumerate(said.intercurrent_events, start=1)
        ),
        extension_attributes=extensions(make, extra),
    )
    objective = make(
        Objective,
        name="primary-objective",
        text=as_html(f"To estimate, for {protocol.indication}: {said.treatment}"),
        level=make.code("primary-objective"),
        endpoints=(endpoint,),
    )
    return Aims(objective, estimand, analysed, population)
