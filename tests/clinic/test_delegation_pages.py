"""Delegation where it counts: at the desk, at the pharmacy and on the pages, each step signed."""

import re
from hashlib import sha256

import pytest
from typer.testing import CliRunner

from sojourn.cli_document import document_app
from sojourn.clinic.models import Member
from sojourn.conduct.delegation import AskForTasks, NameInvestigator
from sojourn.conduct.pharmacy import CONDITIONS, ReceiveShipment
from sojourn.conduct.training import RecordTraining
from sojourn.course.consent import WithdrawConsent
from sojourn.course.screening import RegisterParticipant
from sojourn.ledger import clock, programmes, stock
from sojourn.ledger.desk import Person, execute
from sojourn.record.command import Refused
from tests.clinic.founding import TRIAL, TRIAL_PASSWORD, found_trial, the_pages
from tests.clinic.test_pages import prefilled
from tests.course.story import consent_to

PRESCRIBER, THERAPIST = Person("prescriber", "prescriber"), Person("therapist", "therapist")
SITE = "Leipzig"


@pytest.fixture
def asked(trial) -> None:
    """The log is asked for, the prescriber is the investigator, the therapist is trained."""
    now = clock.now()
    told = [
        AskForTasks(now, "the sponsor's SOP"),
        NameInvestigator(now, "prescriber", now.date(), SITE),
        *(
            RecordTraining(now, "therapist", key, now.date(), "trainer", about)
            for key, about in (("gcp", ""), ("protocol", "1.0"), ("therapy-method", ""))
        ),
    ]
    for command in told:
        programmes.execute(TRIAL, command, author="lead", role="sponsor")
    execute(TRIAL, "P-1", RegisterParticipant(now, "P-1", SITE, 1980, "female"), THERAPIST)


def give(client, command: str, **said):
    path = f"/{TRIAL}/programme/do/{command}/"
    page = client.get(path)
    hidden = {name: prefilled(page, name) for name in ("at", "version")}
    return client.post(path, {**hidden, "signature": TRIAL_PASSWORD, **said})


def consent(by: Person = THERAPIST) -> None:
    execute(TRIAL, "P-1", consent_to("1.0", clock.now()), by)


@pytest.mark.proves("delegation")
def test_from_the_investigators_signature_to_the_members_and_the_printed_log(asked):
    with pytest.raises(Refused, match="'Explaining and obtaining consent' was not delegated"):
        consent()
    day = clock.now().date()
    investigator, therapist = the_pages("prescriber"), the_pages("therapist")
    tasks = {"member": "therapist", "tasks": ["consent", "therapy"], "site": SITE}
    unsigned = give(investigator, "delegation.delegate", valid_from=day, **tasks, signature="wrong")
    assert unsigned.status_code == 422
    assert give(investigator, "delegation.delegate", valid_from=day, **tasks).status_code == 302

    assert "1 delegation to you waits" in therapist.get(f"/{TRIAL}/delegation/").content.decode()
    with pytest.raises(Refused, match="was not delegated"):
        consent()
    assert give(therapist, "delegation.accept", delegation="D-1").status_code == 302
    consent()

    shown = the_pages("rater").get(f"/{TRIAL}/delegation/").content.decode()
    assert re.search(r'<th scope="row">therapist</th><td>Explaining and obtaining consent; ', shown)
    assert "in force" in shown
    matrix = the_pages("rater").get(f"/{TRIAL}/training/").content.decode()
    assert "The protocol (1.0)" in matrix


def test_without_the_training_the_form_says_which_is_missing(asked):
    day = clock.now().date()
    answer = give(
        the_pages("prescriber"),
        "delegation.delegate",
        member="pharmacist",
        tasks=["dispensing"],
        site=SITE,
        valid_from=day,
    )
    assert answer.status_code == 422
    assert "The study drug: handling, storage, accountability: no training" in (
        answer.content.decode().replace("&#x27;", "'")
    )


def test_the_menu_offers_delegating_to_the_investigator_alone(asked):
    assert (
        "delegation.delegate/"
        in the_pages("prescriber").get(f"/{TRIAL}/delegation/").content.decode()
    )
    path = f"/{TRIAL}/programme/do/delegation.delegate/"
    assert the_pages("therapist").get(path).status_code == 404


@pytest.mark.proves("delegation")
def test_the_pharmacy_asks_for_the_task_too(asked):
    now = clock.now()
    command = ReceiveShipment(
        now, "S-1", "safe", "C-0001", "capsule", 40, 3, "L1", now.date(), CONDITIONS[0][0],
        "logger 1", "prescriber",
    )  # fmt: skip
    with pytest.raises(Refused, match="'Dispensing and accounting for the study drug' was not"):
        stock.execute(TRIAL, SITE, command, Person("pharmacist", "pharmacist"))


@pytest.mark.proves("delegation")
def test_a_withdrawal_waits_for_no_task(asked):
    consent(PRESCRIBER)
    withdrawal = WithdrawConsent(clock.now(), "no more, thank you", "all")
    execute(TRIAL, "P-1", withdrawal, THERAPIST)


def test_a_programme_founded_from_the_command_line_asks_from_its_first_day(db):
    found_trial(delegation_log=True)
    now = clock.now()
    execute(TRIAL, "P-1", RegisterParticipant(now, "P-1", SITE, 1980, "female"), THERAPIST)
    with pytest.raises(Refused, match="ask the investigator"):
        consent()
    assert Member.objects.count() > 0


@pytest.mark.proves("documents")
def test_a_document_is_recorded_read_and_checked_against_its_file(trial, tmp_path):
    file = tmp_path / "manual.pdf"
    file.write_bytes(b"the manual of the therapy")
    digest = sha256(file.read_bytes()).hexdigest()
    said = {"document_kind": "therapy-manual", "name_of_document": "Manual", "digest": digest}
    said |= {"document_version": "1.0", "dated": clock.now().date()}
    assert give(the_pages("lead"), "document.record", **said).status_code == 302
    therapist = the_pages("therapist")
    assert give(therapist, "document.acknowledge", document="DOC-1").status_code == 302

    shown = therapist.get(f"/{TRIAL}/documents/").content.decode()
    assert digest in shown
    assert re.search(r'<div class="small">therapist, \d', shown)

    found = CliRunner().invoke(document_app, [str(file)])
    assert found.exit_code == 0, found.output
    assert "trial: DOC-1: Manual, version 1.0" in found.output
    file.write_bytes(b"another text")
    assert CliRunner().invoke(document_app, [str(file)]).exit_code == 1
