"""A hospital's file for someone in screening: shown, decided on by a person, written once."""

import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from sojourn.clinic.demo import PROGRAMME
from sojourn.clinic.views import hospital_record
from sojourn.course.screening import RegisterParticipant
from sojourn.exchange.fhir import bundle_files
from sojourn.ledger import clock
from sojourn.ledger.desk import Person, execute, load_course
from sojourn.ledger.models import EntryRow
from sojourn.ledger.programmes import load
from sojourn.ledger.read import read_stream
from tests.course.story import consent_to

PAGE = "participants/D-901/hospital-record/"


def coded(text: str) -> dict:
    return {"coding": [{"system": "http://snomed.info/sct", "code": "1", "display": text}]}


def entry(kind: str, **content) -> dict:
    return {"resource": {"resourceType": kind, **content}}


BUNDLE = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [
        entry("Patient", name=[{"family": "Garciamar"}], birthDate="1984-02-03", gender="female"),
        entry("Condition", code=coded("Chronic <b>pain</b>"), onsetDateTime="2015-04-01"),
        entry("MedicationRequest", status="active", medicationCodeableConcept=coded("melatonin")),
        entry("MedicationRequest", status="stopped", medicationCodeableConcept=coded("sertraline")),
        entry("MedicationRequest", status="active", medicationCodeableConcept=coded("zzzqqq")),
        entry("Observation", code=coded("Weight"), effectiveDateTime="2020-01-01",
              valueQuantity={"value": 71, "unit": "kg"}),
        entry("Observation", code=coded("Weight"), effectiveDateTime="2021-01-01",
              valueQuantity={"value": 72.5, "unit": "kg"}),
        entry("Claim"),
    ],
}  # fmt: skip


def file(body: object = BUNDLE, name: str = "hospital.json", kind: str = "application/json"):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return SimpleUploadedFile(name, data, kind)


@pytest.fixture
def screened(programme) -> str:
    command = RegisterParticipant(clock.now(), "D-901", "site-01", 1984, "female")
    execute(PROGRAMME, "D-901", command, Person("coordinator", "coordinator"))
    (version, *_) = load(PROGRAMME).programme.consents(clock.now().date())[0]
    by = Person("prescriber", "prescriber")
    execute(PROGRAMME, "D-901", consent_to(version, clock.now()), by)
    return "D-901"


@pytest.fixture
def prescriber(desk, screened):
    return desk("prescriber")


def signed(page: str) -> str:
    return re.search(r'name="draft" value="([^"]+)"', page)[1]


def test_the_file_is_shown_and_nothing_is_written(prescriber):
    before = EntryRow.objects.count()
    answer = prescriber.post(PAGE, file=file())
    page = answer.content.decode()
    assert answer.status_code == 200
    assert [each.words for each in answer.context["reading"].to_write] == [
        "melatonin, from an unknown day",
        "sertraline, from an unknown day until an unknown day",
    ]
    assert "zzzqqq" in page
    assert "Weight 72.5 kg (2021-01-01)" in page
    assert "1 earlier" in page
    assert "Chronic &lt;b&gt;pain" in page
    assert "Claim (1)" in page
    assert "Garciamar" not in page
    assert not answer.context["of_another"]
    assert EntryRow.objects.count() == before


@pytest.mark.parametrize("said", [{"birthDate": "1948-02-03"}, {"gender": "male"}])
def test_a_file_that_may_be_of_someone_else_is_told(prescriber, said):
    another = {**BUNDLE, "entry": [entry("Patient", **said), *BUNDLE["entry"][1:]]}
    assert "right person" in prescriber.post(PAGE, file=file(another)).content.decode()


def test_what_is_chosen_is_written_once_with_where_it_came_from(prescriber):
    page = prescriber.post(PAGE, file=file()).content.decode()
    sent = {"do": "write", "draft": signed(page), "medicine": ["entry[3]"]}
    assert prescriber.post(PAGE, **sent).status_code == 302
    assert set(load_course(PROGRAMME, "D-901").medications) == {"sertraline"}
    (brought,) = [e for e in read_stream(f"imports:{PROGRAMME}") if e.author == "prescriber"]
    assert (brought.fact.file, brought.fact.written) == ("FHIR bundle", 1)
    written = EntryRow.objects.count()
    assert prescriber.post(PAGE, **sent).status_code == 302
    assert EntryRow.objects.count() == written
    assert "Written before" in prescriber.post(PAGE, file=file()).content.decode()


def test_what_was_not_shown_to_them_for_this_person_is_not_written(prescriber, desk, monkeypatch):
    draft = signed(prescriber.post(PAGE, file=file()).content.decode())
    before = EntryRow.objects.count()
    sent = {"do": "write", "medicine": ["entry[2]"]}
    for other, changed in ((desk("therapist"), draft), (prescriber, draft[:-4]), (prescriber, "")):
        assert other.post(PAGE, **sent, draft=changed).status_code == 422
    assert prescriber.post(PAGE, do="write", draft=draft).status_code == 422  # nothing chosen
    monkeypatch.setattr(hospital_record, "LASTS", clock.now() - clock.now())
    assert prescriber.post(PAGE, **sent, draft=draft).status_code == 422
    assert EntryRow.objects.count() == before


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (file(name="hospital.xml"), "no JSON file"),
        (file(kind="application/pdf"), "no JSON file"),
        (file(b""), "empty"),
        (file(b"<Bundle/>"), "read"),
        (file(BUNDLE["entry"][0]["resource"]), "Bundle"),
        (None, "required"),
    ],
    ids=["name", "type", "empty", "xml", "no bundle", "none"],
)
def test_what_is_no_such_file_is_refused_in_words(prescriber, sent, words):
    answer = prescriber.post(PAGE, **({"file": sent} if sent else {}))
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_too_large_a_file_is_refused_unread(prescriber, monkeypatch):
    monkeypatch.setattr(bundle_files, "MOST_BYTES", 100)
    answer = prescriber.post(PAGE, file=file())
    assert answer.status_code == 422
    assert "shorter time" in answer.content.decode()


def test_past_screening_and_for_nobody_there_it_is_not_offered(prescriber, in_progress):
    page = PAGE.replace("D-901", in_progress)
    assert "past it" in prescriber.get(page).content.decode()
    assert prescriber.post(page, file=file()).status_code == 422
    assert prescriber.get(PAGE.replace("D-901", "nobody")).status_code == 404
    assert "hospital-record" in prescriber.get("participants/D-901/suitability/").content.decode()
