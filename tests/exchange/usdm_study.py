"""A study definition of USDM 4.0 as someone else might write it: hand-made, no extensions."""

from typing import Any

CDISC = "http://www.cdisc.org"


def elsewhere() -> dict[str, Any]:
    """Two arms, three visits, one capsule, one endpoint; nothing a pack needs beyond that."""
    study = {
        "id": None,
        "name": "ELSE-01",
        "label": None,
        "versions": [_version()],
        "instanceType": "Study",
    }
    return {"study": study, "usdmVersion": "4.0.0", "systemName": "Elsewhere"}


def of(kind: str, number: int | str, **fields: Any) -> dict[str, Any]:
    return {"id": f"{kind}_{number}", "instanceType": kind, **fields}


_codes = iter(range(10**6))


def code(value: str, decode: str) -> dict[str, Any]:
    return of(
        "Code", next(_codes), code=value, codeSystem=CDISC,
        codeSystemVersion="2024-09-27", decode=decode,
    )  # fmt: skip


def alias(value: str, decode: str) -> dict[str, Any]:
    return of("AliasCode", next(_codes), standardCode=code(value, decode))


def _version() -> dict[str, Any]:
    return of(
        "StudyVersion", 1,
        versionIdentifier="3",
        rationale="First in this form",
        studyIdentifiers=[of("StudyIdentifier", 1, text="ELSE-01", scopeId="Organization_1")],
        organizations=[of("Organization", 1, name="Else", identifierScheme="DUNS", identifier="1",
                          type=code("C54149", "Pharmaceutical Company"))],
        titles=[of("StudyTitle", 1, text="A trial", type=code("C207615", "Brief Study Title")),
                of("StudyTitle", 2, text="A trial of a capsule in PTSD",
                   type=code("C207616", "Official Study Title"))],
        dateValues=[of("GovernanceDate", 1, name="approved", dateValue="2026-01-01",
                       type=code("C71476", "Approval Date"), geographicScopes=[])],
        eligibilityCriterionItems=[
            of("EligibilityCriterionItem", 1, name="adult", text="<p>Aged 18 &amp; over</p>"),
            of("EligibilityCriterionItem", 2, name="pregnant",
               text="<ul><li>Pregnant</li> <li>or <b>breastfeeding</b></li></ul>"),
        ],
        studyInterventions=[of(
            "StudyIntervention", 1, name="CAP", label="Capsule of the drug",
            role=code("C41161", "Experimental Intervention"), type=code("C1909", "Drug"),
            administrations=[of(
                "Administration", 1, name="CAP80", label="Capsule",
                duration=of("Duration", 1, text="Once", durationWillVary=False),
                dose=of("Quantity", 1, value=80.0, unit=alias("C28253", "Milligram")),
            )],
        )],
        studyDesigns=[_design()],
    )  # fmt: skip


def _design() -> dict[str, Any]:
    epochs = [("Screening", "C202487"), ("Treatment", "C101526"), ("Treatment 2", "C101526")]
    criteria = [("adult", "C25532", "Inclusion"), ("pregnant", "C25370", "Exclusion")]
    return of(
        "InterventionalStudyDesign", 1, name="D1", rationale="Usual",
        model=code("C82639", "Parallel Study"),
        characteristics=[code("C46079", "Randomized")],
        blindingSchema=alias("C15228", "Double Blind Study"),
        arms=[_arm(1, "Active", "C174266"), _arm(2, "Placebo", "C174268")],
        epochs=[of("StudyEpoch", number, name=name, type=code(value, name))
                for number, (name, value) in enumerate(epochs, 1)],
        studyCells=[of("StudyCell", f"{arm}{epoch}", armId=f"StudyArm_{arm}",
                       epochId=f"StudyEpoch_{epoch}", elementIds=["StudyElement_1"])
                    for arm in (1, 2) for epoch in (1, 2, 3)],
        elements=[of("StudyElement", 1, name="E1")],
        indications=[of("Indication", 1, name="PTSD", isRareDisease=False)],
        population=of("StudyDesignPopulation", 1, name="All", includesHealthySubjects=False,
                      criterionIds=["EligibilityCriterion_1", "EligibilityCriterion_2"],
                      plannedSex=[code("C16576", "Female")],
                      plannedAge=of("Range", 1, minValue=_years(2, 18), maxValue=_years(3, 65),
                                    isApproximate=False)),
        eligibilityCriteria=[
            of("EligibilityCriterion", number, name=name, category=code(value, word),
               identifier=str(number), criterionItemId=f"EligibilityCriterionItem_{number}")
            for number, (name, value, word) in enumerate(criteria, 1)
        ],
        encounters=[of("Encounter", number, name=f"V{number}", label=label,
                       type=code("C25716", "Visit"), scheduledAtId=f"Timing_{number}")
                    for number, label in enumerate(("Screening", "Treatment", "Week 8"), 1)],
        activities=[of("Activity", 1, name="PCL-5"), of("Activity", 2, name="Vital signs")],
        scheduleTimelines=[_timeline()],
        **_aims(),
    )  # fmt: skip


def _years(number: int, value: int) -> dict[str, Any]:
    return of("Quantity", number, value=value, unit=alias("C29848", "Year"))


def _arm(number: int, name: str, value: str) -> dict[str, Any]:
    return of(
        "StudyArm", number, name=name, label=f"{name} arm", type=code(value, name),
        dataOriginDescription="This study", dataOriginType=code("C188866", "Within study"),
    )  # fmt: skip


def _aims() -> dict[str, Any]:
    endpoint = of(
        "Endpoint", 1, name="END1", text="Change in PCL-5 at week 8", purpose="Efficacy",
        level=code("C94496", "Primary Endpoint"),
    )  # fmt: skip
    event = of(
        "IntercurrentEvent", 1, name="STOP", text="Stops early",
        strategy="Treatment Policy - measured all the same",
    )  # fmt: skip
    return {
        "objectives": [of("Objective", 1, name="OBJ1", text="<p>To show an effect</p>",
                          level=code("C85826", "Primary Objective"), endpoints=[endpoint])],
        "analysisPopulations": [of("AnalysisPopulation", 1, name="ITT", text="All randomised")],
        "estimands": [of("Estimand", 1, name="EST1", populationSummary="Difference in means",
                         analysisPopulationId="AnalysisPopulation_1",
                         interventionIds=["StudyIntervention_1"],
                         variableOfInterestId="Endpoint_1", intercurrentEvents=[event])],
    }  # fmt: skip


def _timeline() -> dict[str, Any]:
    def timing(number: int, kind: tuple[str, str], value: str, to: int, **window: str) -> Any:
        return of(
            "Timing", number, name=f"T{number}", type=code(*kind), value=value, valueLabel=value,
            relativeToFrom=code("C201355", "Start to Start"),
            relativeFromScheduledInstanceId=f"ScheduledActivityInstance_{number}",
            relativeToScheduledInstanceId=f"ScheduledActivityInstance_{to}", **window,
        )  # fmt: skip

    after = ("C201356", "After")
    window = {"windowLower": "P3D", "windowUpper": "P1W", "windowLabel": "-3 to 7 days"}
    ends: dict[int, dict[str, str]] = {
        number: {"defaultConditionId": f"ScheduledActivityInstance_{number + 1}"}
        for number in (1, 2)
    }
    ends[3] = {"timelineExitId": "ScheduleTimelineExit_1"}
    return of(
        "ScheduleTimeline", 1, name="Main", mainTimeline=True, entryCondition="Consent",
        entryId="ScheduledActivityInstance_1",
        exits=[of("ScheduleTimelineExit", 1)],
        timings=[timing(1, ("C201358", "Fixed Reference"), "P0D", 1),
                 timing(2, after, "P2W", 1, **window), timing(3, after, "P56D", 2)],
        instances=[of("ScheduledActivityInstance", number, name=f"I{number}", label="At it",
                      encounterId=f"Encounter_{number}", epochId=f"StudyEpoch_{number}",
                      activityIds=["Activity_1", "Activity_2"], **ends[number])
                   for number in (1, 2, 3)],
    )  # fmt: skip
