"""A list sealed elsewhere for this site, from its sealing to its last number and its audit."""

import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from sojourn import protocols
from sojourn.cli import app
from sojourn.clinic.demo import PROGRAMME, load, load_demo
from sojourn.conduct.allocation_list import as_text, make
from sojourn.conduct.randomisation import AllocationMade
from sojourn.course.screening import Randomise, RegisterParticipant
from sojourn.course.state import Course
from sojourn.course.unblinding import AnswerUnblinding, RequestUnblinding
from sojourn.ledger import allocating, allocation_lists, clock, desk, seal, unblinding
from sojourn.ledger.desk import Person
from sojourn.ledger.randomisation_audit import audit_programme
from sojourn.ledger.read import read_stream, streams
from sojourn.ledger.rows import ParticipantRow
from sojourn.record.command import Refused
from tests.kept import once

PROTOCOL = protocols.load_shipped("mdma-ptsd")
ARMS, PLAN = PROTOCOL.arms, PROTOCOL.randomisation
SITES = {"site-01": 0, "site-02": 0, "site-03": 0}
LINES = make(b"elsewhere" * 4, SITES, 12, ARMS, PLAN)
COORDINATOR = Person("coordinator", "coordinator")


def sealed(lines=LINES, *, programme=PROGRAMME, site="") -> str:
    text = as_text(lines)
    return allocation_lists.sealed_for(site or seal.address(), programme, "Ina Ek", text)[0]


def taken(file: str, *, role="sponsor", least=12):
    return allocation_lists.take(PROGRAMME, file, author="lead", role=role, least=least)


@pytest.fixture
def founded(db):
    once("a programme founded", lambda: load.found_demo(clock.now()))


@pytest.fixture
def trial(db, monkeypatch):
    """The demonstration, allocated from a list that was taken in before anybody was enrolled."""
    found = load.found_demo

    def with_list(now):
        protocol = found(now)
        taken(sealed())
        return protocol

    monkeypatch.setattr(load, "found_demo", with_list)
    once("allocated by a list", lambda: load_demo(today=datetime.now(UTC), participants=6))


def allocated() -> list[AllocationMade]:
    return [
        entry.fact
        for stream in streams(f"allocation:{PROGRAMME}:")
        for entry in read_stream(stream)
    ]


@pytest.mark.proves("allocation")
@pytest.mark.proves("allocation")
def test_each_allocation_is_the_lists_and_the_audit_holds_it_against_the_list(trial, monkeypatch):
    arms = {(f"allocation:{PROGRAMME}:{line.stratum}", line.number): line.arm for line in LINES}
    made = allocated()
    assert len(made) >= 4
    for each in made:
        assert seal.open_seal(each.sealed) == arms[each.stratum, each.number]
    ana = Person("ana", "statistician")
    assert audit_programme(PROGRAMME, "Audit after database lock", ana).holds
    assert sum(each.given for each in allocation_lists.left(PROGRAMME)) == len(made)
    other = dict.fromkeys(allocation_lists.lines(_received()), LINES[0].arm)
    monkeypatch.setattr(allocation_lists, "lines", lambda _: dict.fromkeys(other, made[0].sealed))
    assert not audit_programme(PROGRAMME, "Audit after database lock", ana).holds


def _received():
    return allocation_lists.received(PROGRAMME)


def test_an_emergency_opens_a_listed_allocation_and_is_on_the_record(trial):
    row = ParticipantRow.objects.filter(status="in-progress", randomised_on__isnull=False)[0]
    who, doctor = row.participant, Person("prescriber", "prescriber")
    for by, command in (
        (doctor, RequestUnblinding(clock.now(), "What they had decides the treatment.")),
        (COORDINATOR, AnswerUnblinding(clock.now(), "unblinding-1", "confirmed", "Seen.")),
    ):
        desk.execute(PROGRAMME, who, command, by)
    label = unblinding.reveal(PROGRAMME, who, "unblinding-1", doctor)
    number = next(each for each in allocated() if each.participant == who)
    line = next(e for e in LINES if (e.stratum, e.number) == (row.site, number.number))
    assert label == next(arm.label for arm in ARMS if arm.key == line.arm)
    assert len(read_stream(unblinding.EMERGENCIES + PROGRAMME)) == 1


@pytest.mark.proves("allocation")
@pytest.mark.proves("allocation")
def test_nothing_is_opened_for_whom_randomising_is_refused(founded, monkeypatch):
    taken(sealed())
    at = clock.now()
    register = RegisterParticipant(at, "P-1", "site-01", 1980, "female")
    desk.execute(PROGRAMME, "P-1", register, COORDINATOR)
    monkeypatch.setattr(seal, "open_seal", lambda _: pytest.fail("a line was opened"))
    with pytest.raises(Refused, match="confirm eligibility"):
        desk.execute(PROGRAMME, "P-1", Randomise(at), COORDINATOR)


@pytest.mark.proves("allocation")
def test_after_the_last_number_nobody_is_allocated_until_a_longer_list_comes(founded):
    taken(sealed())
    course = Course(participant="P-1", site="site-01")
    ends = {site: max(e.number for e in LINES if e.stratum == site) for site in SITES}
    for number in range(1, ends["site-01"] + 1):
        allocation = allocating.allocate(PROGRAMME, PROTOCOL, course)
        assert allocation.number == number
        allocating.keep(allocation, f"P-{number}", clock.now())
    with pytest.raises(Refused, match=f"no number {ends['site-01'] + 1} for site-01"):
        allocating.allocate(PROGRAMME, PROTOCOL, course)
    with pytest.raises(Refused, match="no number 1 for site-09"):
        allocating.allocate(PROGRAMME, PROTOCOL, Course(participant="P-2", site="site-09"))
    longer = make(b"elsewhere" * 4, ends, 40, ARMS, PLAN)
    taken(sealed(longer), least=40)
    assert allocating.allocate(PROGRAMME, PROTOCOL, course).number == ends["site-01"] + 1


def test_what_was_taken_in_is_in_the_record_as_ciphertext_of_one_length(founded):
    file = sealed()
    fact = taken(file)
    assert fact.digest == json.loads(file)["digest"]
    (entry,) = read_stream(allocation_lists.LISTS + PROGRAMME)
    assert (entry.author, entry.fact) == ("lead", fact)
    ciphertexts = [text for _, _, text in fact.lines]
    assert len({len(text) for text in ciphertexts}) == 1
    assert len(set(ciphertexts)) == len(LINES)
    for text in (file, repr(fact)):
        assert not any(arm.key in text for arm in ARMS)
    assert fact.checked[-1] == "at least 12 numbers in each stratum"


CHANGES = (
    ({"made_by": "someone else"}, "changed on the way"),
    ({"digest": "0" * 64}, "changed on the way"),
    ({"sealed": "AAAA"}, "changed on the way"),
    ({"programme": "another"}, "made for programme 'another'"),
    ({"format": "1"}, "no sealed list of format"),
    ({"sealed": None}, "no sealed allocation list"),
)


@pytest.mark.proves("allocation")
def test_a_list_that_was_changed_on_the_way_is_refused(founded):
    told = json.loads(sealed())
    letter = bytearray(b64decode(told["sealed"]))
    letter[-1] ^= 1
    changed = ({"sealed": b64encode(letter).decode()}, "changed on the way")
    for change, words in (*CHANGES, changed):
        with pytest.raises(Refused, match=words):
            taken(json.dumps(told | change))
    for text in ("", "[]", "null", "stratum,number,arm"):
        with pytest.raises(Refused, match="no sealed allocation list"):
            taken(text)


def test_a_list_for_another_site_by_a_wrong_role_twice_or_too_late_is_refused(founded):
    with pytest.raises(Refused, match="not sealed for this site"):
        taken(sealed(site="9" * 64))
    for wrong in ("AAAA", "0" * 64, "not hexadecimal"):
        with pytest.raises(ValueError, match="no address of a site"):
            sealed(site=wrong)
    with pytest.raises(Refused, match="not a therapist"):
        taken(sealed(), role="therapist")
    with pytest.raises(Refused, match="at least 50 are asked"):
        taken(sealed(), least=50)
    file = sealed()
    taken(file)
    with pytest.raises(Refused, match="taken in before"):
        taken(file)


def test_a_list_that_comes_after_the_first_allocation_is_refused(founded):
    course = Course(participant="P-1", site="site-01")
    allocating.keep(allocating.allocate(PROGRAMME, PROTOCOL, course), "P-1", clock.now())
    with pytest.raises(Refused, match="from the programme's own sequence already"):
        taken(sealed())


def test_a_statistician_makes_a_list_on_a_machine_of_their_own(founded, tmp_path):
    def sojourn(*said: str) -> str:
        done = CliRunner().invoke(app, ["randomisation", *said])
        assert done.exit_code == 0, done.output
        return done.output

    seed, out, clear = tmp_path / "seed", tmp_path / "list.sealed", tmp_path / "list.csv"
    to = ("--for", sojourn("address").strip(), "--made-by", "Ina Ek", "--out", str(out))
    sites = ("--stratum", "site-01", "--stratum", "site-02")
    made = sojourn("list", PROGRAMME, *to, *sites, "--numbers", "20", "--seed-file", str(seed))
    assert seed.stat().st_mode & 0o077 == 0
    took = sojourn("take", PROGRAMME, str(out), "--least", "20")
    assert made.split()[-1] == took.split()[-1]
    assert "site-02: " in sojourn("left", PROGRAMME)

    clear.write_text("stratum,number,arm\nsite-03,1,mdma\nsite-03,2,mdma\n")
    refused = CliRunner().invoke(app, ["randomisation", "seal", PROGRAMME, str(clear), *to])
    assert refused.exit_code != 0
    assert "not whole blocks" in refused.output
