"""Registry files: taken in whole or not at all, once, and found by condition, place and status."""

import json
from datetime import date

import pytest

from sojourn.exchange.reading import ImportRefused
from sojourn.exchange.registry.finding import Search, countries, find, latest
from sojourn.exchange.registry.models import RegistryImport, RegistrySite, RegistryStudy
from sojourn.exchange.registry.taking import Taken, take
from tests.exchange.studies import study


@pytest.fixture
def taken(db, tmp_path):
    def write(data: object, name: str = "studies.json") -> Taken:
        path = tmp_path / name
        path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
        return take(path)

    return write


def refused(taken, data: object) -> tuple[str, ...]:
    with pytest.raises(ImportRefused) as refusal:
        taken(data)
    assert RegistryStudy.objects.count() == RegistryImport.objects.count() == 0
    return refusal.value.problems


def found(**search: object) -> list[str]:
    return [trial.nct_id for trial in find(Search(**search))[0]]


@pytest.mark.parametrize(
    "shape",
    [
        {"studies": [study(1), study(2)]},
        [study(1), study(2)],
        f"{json.dumps(study(1))}\n\n{json.dumps(study(2))}\n",
        "\ufeff" + json.dumps({"studies": [study(1), study(2)]}),
    ],
)
def test_every_shape_the_registry_gives_is_read(taken, shape):
    assert taken(shape) == Taken(2, 2, 0, 0, 0, more_pages=False)
    assert found() == ["NCT00000001", "NCT00000002"]


def test_one_study_alone_is_read(taken):
    assert taken(study(7)).written == 1


def test_a_page_of_several_says_so(taken):
    assert taken({"studies": [study()], "nextPageToken": "ZVNj07ul"}).more_pages


def test_the_same_file_twice_is_one(taken):
    taken([study(1), study(2)])
    before = list(RegistrySite.objects.values_list("id", flat=True))
    assert taken([study(1), study(2)]) == Taken(2, 0, 0, 2, 0, more_pages=False)
    assert list(RegistrySite.objects.values_list("id", flat=True)) == before


def test_a_newer_version_replaces_and_an_older_one_does_not(taken):
    taken(study(status="RECRUITING", updated="2026-10-01"))
    newer = study(status="COMPLETED", updated="2026-11-01", places=())
    assert taken(newer) == Taken(1, 0, 1, 0, 0, more_pages=False)
    assert taken(study(updated="2026-09-30")) == Taken(1, 0, 0, 0, 1, more_pages=False)
    row = RegistryStudy.objects.get()
    assert (row.status, row.updated_on, row.sites.count()) == ("COMPLETED", date(2026, 11, 1), 0)


def test_the_age_of_what_is_known_is_kept(taken):
    taken(study())
    assert latest().data_of == date(2026, 11, 20)
    assert (latest().file_name, latest().studies) == ("studies.json", 1)


def test_no_contact_person_is_kept(taken):
    taken(study())
    rows = (*RegistryStudy.objects.values(), *RegistrySite.objects.values())
    assert "Doe" not in str(rows)
    assert "Roe" not in str(rows)


def broken(path: str, value: object) -> dict:
    record = study()
    *parents, last = path.split(".")
    at = record["protocolSection"]
    for name in parents:
        at = at[name]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return record


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("identificationModule.nctId", "NCT1", "identificationModule.nctId is 'NCT1'"),
        ("identificationModule.nctId", None, "identificationModule.nctId is missing"),
        ("statusModule.overallStatus", "Open", "statusModule.overallStatus is 'Open'; it should"),
        ("statusModule", None, "protocolSection.statusModule is missing; export the whole record"),
        ("statusModule.lastUpdatePostDateStruct.date", "soon",
         "lastUpdatePostDateStruct.date is 'soon'"),
        ("conditionsModule.conditions", "PTSD", "conditionsModule.conditions is 'PTSD'"),
        ("contactsLocationsModule.locations", [{"city": 7}],
         "contactsLocationsModule.locations[0].city is 7"),
    ],
)  # fmt: skip
def test_a_field_at_fault_is_named_by_its_path_and_nothing_is_written(taken, path, value, message):
    problems = refused(taken, {"studies": [study(2), broken(path, value)]})
    assert len(problems) == 1
    assert problems[0].startswith("studies.json: studies[1].protocolSection.")
    assert message in problems[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("", "not JSON"),
        ('{\n  "studies": [', "not JSON: Expecting value: line 2"),
        ('{"studies": ["\\u0000"]}', "holds a NUL character"),
        ('["\\ud800"]', "[0]."),
        ("[]", "there is no study in it"),
        ('{"studies": 7}', "studies must be a list"),
        ("7", "is 7; it should"),
        ("[null]", "[0]."),
        ('{"studies": []}\n{', "line 2: not JSON"),
    ],
)
def test_what_is_no_registry_file_is_told_in_a_sentence(taken, text, message):
    assert any(message in each for each in refused(taken, text))


def test_a_study_that_stands_twice_and_differs_is_refused(taken):
    two = [study(1), study(1, status="COMPLETED")]
    assert "NCT00000001 stands twice and differs; keep one" in refused(taken, two)[0]


def test_a_record_without_the_date_of_its_last_change_is_refused(taken):
    record = study()
    del record["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"]
    del record["protocolSection"]["statusModule"]["lastUpdateSubmitDate"]
    assert "lastUpdatePostDateStruct.date is missing" in refused(taken, record)[0]


def test_a_month_alone_counts_from_its_first_day(taken):
    taken(study(updated="2026-10"))
    assert RegistryStudy.objects.get().updated_on == date(2026, 10, 1)


# --- finding -------------------------------------------------------------------------------


@pytest.fixture
def register(taken):
    sites = (("Basel", "Switzerland", "RECRUITING"), ("Bern", "Switzerland", "COMPLETED"),
             ("Perth", "Australia", ""))  # fmt: skip
    taken(
        [
            study(1, places=sites, updated="2026-10-01"),
            study(2, conditions=("PTSD",), status="NOT_YET_RECRUITING", places=sites[2:]),
            study(3, conditions=("Depression",), title="Low Mood", updated="2026-11-01"),
            study(4, status="AVAILABLE", study_type="EXPANDED_ACCESS", places=()),
            study(5, conditions=("Stress Disorders, Post-Traumatic",), status="COMPLETED"),
        ]
    )


def test_a_condition_is_found_under_all_its_names(register):
    assert found(status="any") == ["NCT00000001", "NCT00000002", "NCT00000004", "NCT00000005"]
    assert found(condition="post-traumatic stress disorder", status="any") == found(status="any")
    assert found(condition="depression") == ["NCT00000003"]
    assert found(condition="") == ["NCT00000003", "NCT00000001", "NCT00000004"]


def test_a_place_is_found_with_those_of_its_sites_that_recruit(register):
    trials, count = find(Search(country=("Switzerland",)))
    assert count == 1
    assert [each.city for each in trials[0].places] == ["Basel"]
    assert found(country=("Switzerland",), city="bern") == []
    assert found(country=("Switzerland",), city="bern", status="any") == ["NCT00000001"]
    assert found(city="perth") == ["NCT00000001"]
    assert found(country=("Australia",), status="soon") == ["NCT00000002"]
    assert found(country=("Atlantis",), status="any") == []


def test_an_open_expanded_access_record_counts_as_open(register):
    trial = next(each for each in find(Search())[0] if each.nct_id == "NCT00000004")
    assert trial.expanded_access
    assert trial.status_words == "Available"
    assert trial.url == "https://clinicaltrials.gov/study/NCT00000004"


def test_countries_are_those_of_the_file(register):
    assert countries() == ("Australia", "Switzerland")
