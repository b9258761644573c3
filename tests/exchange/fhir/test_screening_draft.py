"""A hospital's bundle, as Synthea writes them, becomes a draft: shown first, then written once."""

import json
import tracemalloc

import pytest

from sojourn.clinic.demo import PROGRAMME
from sojourn.exchange.fhir import bundle_files, screening_draft
from sojourn.exchange.fhir.outcome import Fault
from sojourn.ledger.desk import Person, load_course
from sojourn.ledger.models import EntryRow
from sojourn.ledger.read import read_stream

PRESCRIBER = Person("prescriber", "prescriber")


def entry(kind: str, **content) -> dict:
    return {"fullUrl": f"urn:uuid:{kind}", "resource": {"resourceType": kind, **content}}


def words(text: str) -> dict:
    return {"coding": [{"system": "http://snomed.info/sct", "code": "1", "display": text}]}


BUNDLE = {
    "resourceType": "Bundle",
    "type": "transaction",
    "entry": [
        entry("Patient", name=[{"family": "Lund", "given": ["Ada"]}]),
        entry("Condition", code=words("Posttraumatic stress disorder"), onsetDateTime="2015-04-01"),
        entry("Medication", id="m1", code=words("sertraline")),
        entry(
            "MedicationRequest",
            status="stopped",
            authoredOn="2019-05-02T10:00:00Z",
            medicationReference={"reference": "urn:uuid:Medication"},
        ),
        entry(
            "MedicationRequest",
            status="active",
            authoredOn="2020-01-02",
            medicationCodeableConcept=words("melatonin"),
            reasonCode=[words("sleep")],
        ),
        entry("MedicationRequest", status="active", medicationCodeableConcept=words("zzzqqq")),
        entry(
            "Observation",
            code=words("Blood pressure"),
            effectiveDateTime="2021-02-03T08:00:00Z",
            component=[
                {"code": words("Systolic"), "valueQuantity": {"value": 121, "unit": "mm[Hg]"}}
            ],
        ),
        entry("Claim"),
    ],
}
BODY = json.dumps(BUNDLE).encode()


@pytest.fixture
def someone(therapist) -> str:
    return next(e for e in therapist.found("ResearchSubject") if e["status"] == "on-study")["id"]


def take(participant: str, *, write: bool):
    decide = screening_draft.write if write else screening_draft.preview
    draft = screening_draft.read(BODY)
    return decide(PROGRAMME, participant, draft, PRESCRIBER).items


def test_the_preview_writes_nothing_and_says_what_would_happen(someone):
    before = EntryRow.objects.count()
    told = [(each.resource, each.standing, each.words) for each in take(someone, write=False)]
    assert EntryRow.objects.count() == before
    assert told == [
        ("Condition", "to read", "Posttraumatic stress disorder, 2015-04-01"),
        ("MedicationRequest", "to write", "sertraline, from 2019-05-02 until an unknown day"),
        ("MedicationRequest", "to write", "melatonin, from 2020-01-02"),
        ("MedicationRequest", "to ask", "zzzqqq, from an unknown day"),
        ("Observation", "to read", "Systolic 121 mm[Hg] (2021-02-03)"),
        ("Claim", "left out", ""),
    ]
    assert "Lund" not in str(told)


def test_a_bundle_is_read_as_json_reads_it_wherever_its_fields_stand():
    fields = json.loads(BODY)
    turned = json.dumps(dict(reversed(fields.items())), indent=2).encode("utf-8-sig")
    read = [screening_draft.read(each).items for each in (turned, BODY)]
    assert [each.digest for each in read[0]] == [each.digest for each in read[1]]
    assert list(bundle_files.entries(BODY)) == fields["entry"]


def test_many_megabytes_are_read_one_entry_at_a_time():
    claim = entry("Claim", item=[{"sequence": n, "text": "visit " * 4} for n in range(100)])
    body = json.dumps({**BUNDLE, "entry": [*BUNDLE["entry"], *[claim] * 200]}).encode()
    assert len(body) > 800_000
    tracemalloc.start()
    draft = screening_draft.read(body)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert draft.resources == 206
    assert most < 2 * len(body)


def test_written_once_with_where_it_came_from(someone):
    done = take(someone, write=True)
    assert [each.standing for each in done].count("written") == 2
    assert {"sertraline", "melatonin"} <= set(load_course(PROGRAMME, someone).medications)
    (noted,) = [
        each.fact for each in read_stream(f"imports:{PROGRAMME}") if each.author == "prescriber"
    ]
    assert (noted.file, noted.written) == ("FHIR bundle", 2)
    digests = {f"fhir-in:{each.digest}" for each in done if each.standing == "written"}
    entries = read_stream(f"course:{PROGRAMME}:{someone}")
    assert digests == {each.command for each in entries if each.command.startswith("fhir-in:")}
    before = EntryRow.objects.count()
    assert [e.standing for e in take(someone, write=True)].count("known") == 2
    assert EntryRow.objects.count() == before


NO_BUNDLES = [
    b"", b"[]", b"{}", b'{"resourceType":"Patient"}', b'{"resourceType":"Patient","entry":[]}',
    b"\xff", b"{" * 9999, b'{"entry":[' + b"[" * 99_999, BODY + b"x", BODY[:-1], BODY[:-3], b"{,}",
    b'{"resourceType":"Bundle","entry":[{},]}', b'{"resourceType":"Bundle","entry":[],"entry":[]}',
    b'{"resourceType":"Bundle","entry":[' + b'{"a":' * 41 + b"1" + b"}" * 41 + b"]}",
    b'{"resourceType":"Bundle","entry":[' + b"{}," * 20_000 + b"{}]}", b" " * 20_000_001,
]  # fmt: skip


@pytest.mark.parametrize("body", NO_BUNDLES, ids=range(len(NO_BUNDLES)))
def test_what_is_no_bundle_is_refused(body):
    with pytest.raises(Fault):
        screening_draft.read(body)
