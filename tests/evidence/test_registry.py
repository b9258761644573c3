"""A study of ClinicalTrials.gov becomes a draft that fits the schema and claims nothing."""

import copy

import pytest
import yaml

from sojourn.evidence.checks import findings
from sojourn.evidence.load import EvidenceError, load_study
from sojourn.evidence.registry import draft

# Written by hand in the shape of the API v2 (identification, flow, outcome measures, events).
RECORD = {
    "protocolSection": {
        "identificationModule": {"nctId": "NCT01234567", "briefTitle": "MDMA Example in PTSD"},
        "statusModule": {"resultsFirstPostDateStruct": {"date": "2024-05-06", "type": "ACTUAL"}},
        "conditionsModule": {"conditions": ["Posttraumatic Stress Disorder"]},
        "designModule": {
            "designInfo": {"allocation": "RANDOMIZED", "maskingInfo": {"masking": "DOUBLE"}}
        },
        "armsInterventionsModule": {
            "armGroups": [
                {"label": "MDMA-Assisted Therapy", "type": "EXPERIMENTAL"},
                {"label": "Placebo With Therapy", "type": "PLACEBO_COMPARATOR"},
            ]
        },
    },
    "resultsSection": {
        "participantFlowModule": {
            "groups": [
                {"id": "FG000", "title": "MDMA-Assisted Therapy"},
                {"id": "FG001", "title": "Placebo With Therapy"},
            ],
            "periods": [
                {
                    "title": "Overall Study",
                    "milestones": [
                        {"type": "STARTED", "achievements": [
                            {"groupId": "FG000", "numSubjects": "30"},
                            {"groupId": "FG001", "numSubjects": "28"}]},
                        {"type": "COMPLETED", "achievements": [
                            {"groupId": "FG000", "numSubjects": "29"},
                            {"groupId": "FG001", "numSubjects": "24"}]},
                        {"type": "NOT COMPLETED", "achievements": [
                            {"groupId": "FG000", "numSubjects": "1"},
                            {"groupId": "FG001", "numSubjects": "4"}]},
                    ],
                }
            ],
        },
        "outcomeMeasuresModule": {
            "outcomeMeasures": [
                {
                    "type": "PRIMARY", "title": "Change in CAPS-5 Total Severity Score",
                    "reportingStatus": "POSTED", "paramType": "LEAST_SQUARES_MEAN",
                    "dispersionType": "95% Confidence Interval",
                    "unitOfMeasure": "score on a scale", "timeFrame": "Baseline to Week 18",
                    "groups": [
                        {"id": "OG000", "title": "MDMA-Assisted Therapy"},
                        {"id": "OG001", "title": "Placebo With Therapy"}],
                    "denoms": [{"units": "Participants", "counts": [
                        {"groupId": "OG000", "value": "29"}, {"groupId": "OG001", "value": "24"}]}],
                    "classes": [{"categories": [{"measurements": [
                        {"groupId": "OG000", "value": "-23.0", "lowerLimit": "-27.0",
                         "upperLimit": "-19.0"},
                        {"groupId": "OG001", "value": "-14.0", "lowerLimit": "-18.5",
                         "upperLimit": "-9.5"}]}]}],
                },
                {
                    "type": "SECONDARY", "title": "Number of Responders on CAPS-5",
                    "reportingStatus": "POSTED", "paramType": "COUNT_OF_PARTICIPANTS",
                    "unitOfMeasure": "Participants", "timeFrame": "18 weeks",
                    "groups": [
                        {"id": "OG000", "title": "Placebo With Therapy"},
                        {"id": "OG001", "title": "MDMA-Assisted Therapy"}],
                    "denoms": [{"units": "Participants", "counts": [
                        {"groupId": "OG000", "value": "24"}, {"groupId": "OG001", "value": "29"}]}],
                    "classes": [{"categories": [{"measurements": [
                        {"groupId": "OG000", "value": "15"},
                        {"groupId": "OG001", "value": "25"}]}]}],
                },
                {
                    "type": "SECONDARY", "title": "Sleep Quality", "reportingStatus": "POSTED",
                    "paramType": "MEAN", "dispersionType": "Standard Deviation",
                    "timeFrame": "Month 3", "groups": [], "denoms": [],
                    "classes": [{"categories": [{"measurements": []}]}],
                },
            ]
        },
        "adverseEventsModule": {
            "timeFrame": "18 weeks", "frequencyThreshold": "5",
            "eventGroups": [
                {"id": "EG000", "title": "MDMA-Assisted Therapy", "seriousNumAffected": 0,
                 "seriousNumAtRisk": 30, "otherNumAffected": 28, "otherNumAtRisk": 30},
                {"id": "EG001", "title": "Placebo With Therapy", "seriousNumAffected": 1,
                 "seriousNumAtRisk": 28, "otherNumAffected": 20, "otherNumAtRisk": 28},
            ],
            "otherEvents": [
                {"term": "Nausea", "organSystem": "Gastrointestinal disorders", "stats": [
                    {"groupId": "EG000", "numAffected": 12, "numAtRisk": 30},
                    {"groupId": "EG001", "numAffected": 4, "numAtRisk": 28}]},
            ],
        },
    },
}  # fmt: skip


@pytest.fixture
def study(tmp_path):
    path = tmp_path / "nct01234567.yaml"
    path.write_text(draft(RECORD).as_yaml(), encoding="utf-8")
    return load_study(path)


def one(study, outcome, kind, **which):
    return next(study.find(outcome, kind, **which))


def test_the_draft_fits_the_schema_and_nothing_in_it_is_verified(study):
    assert study.registration == "NCT01234567"
    assert (study.year, study.design, study.condition) == (2024, "randomised", "ptsd")
    assert [(arm.treatment, arm.role, arm.n) for arm in study.arms] == [
        ("mdma", "active", 30),
        ("placebo", "control", 28),
    ]
    assert not any(outcome.verified for outcome in study.outcomes)
    assert not [each for each in findings(study) if each.severity == "error"]


def test_flow_measures_and_events_find_their_place(study):
    left = one(study, "discontinuation", "count")
    assert [(r.events, r.n) for r in left.results] == [(1, 30), (4, 28)]
    change = one(study, "ptsd-severity", "change")
    assert (change.scale, change.weeks, change.primary) == ("caps-5", 18, True)
    # (27 - 19) / 3.92 * sqrt(29)
    assert float(change.results[0].sd) == pytest.approx(10.99, abs=0.01)
    nausea = one(study, "adverse-event", "count", term="Nausea")
    assert [(r.arm, r.events) for r in nausea.results] == [
        ("mdma-assisted-therapy", 12),
        ("placebo-with-therapy", 4),
    ]
    serious = one(study, "serious-adverse-event", "count")
    assert [r.events for r in serious.results] == [0, 1]


def test_groups_are_matched_by_title_whatever_their_order(study):
    response = one(study, "response", "count")
    assert {r.arm: (r.events, r.n) for r in response.results} == {
        "mdma-assisted-therapy": (25, 29),
        "placebo-with-therapy": (15, 24),
    }


def test_what_can_not_be_placed_is_named(study):
    assert any("Sleep Quality" in note for note in study.notes)


def test_a_group_without_arm_type_is_said_to_be_checked():
    record = copy.deepcopy(RECORD)
    record["protocolSection"]["armsInterventionsModule"]["armGroups"] = []
    made = draft(record)
    assert any("role active to check" in note for note in made.notes)
    assert any("role control to check" in note for note in made.notes)


@pytest.mark.parametrize("path", ["flow", "outcomes", "events"])
def test_a_module_that_is_not_posted_is_left_out(path):
    record = copy.deepcopy(RECORD)
    module = {
        "flow": "participantFlowModule",
        "outcomes": "outcomeMeasuresModule",
        "events": "adverseEventsModule",
    }[path]
    del record["resultsSection"][module]
    made = yaml.safe_load(draft(record).as_yaml())
    assert made["arms"]
    assert all(outcome["results"] for outcome in made["outcomes"])


def test_no_results_and_no_number_are_refused():
    with pytest.raises(EvidenceError, match="no resultsSection"):
        draft({"protocolSection": RECORD["protocolSection"]})
    with pytest.raises(EvidenceError, match="nctId is missing"):
        draft({})
