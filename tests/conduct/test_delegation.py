"""Tasks are delegated by whoever is responsible, to whom they are trained for, and both sign."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from sojourn import conduct, course
from sojourn.conduct import accountability, tasks, training
from sojourn.conduct.delegation import (
    AcceptTasks,
    AskForTasks,
    DelegateTasks,
    EndDelegation,
    EndInvestigator,
    NameInvestigator,
    StopAskingForTasks,
)
from sojourn.conduct.training import RecordTraining, WithdrawTraining
from sojourn.definitions import DefinitionError
from sojourn.record.command import Refused
from sojourn.record.entry import Entry
from tests.conduct.test_pausing import HOUR, opened
from tests.course.story import PROTOCOL, START

DAY, TODAY = timedelta(days=1), START.date()
SITE = "Leipzig"


class Record:
    """A programme's stream that grows by commands, each in somebody's name."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        for command in opened():
            self.ask(command)

    @property
    def programme(self):
        return conduct.fold("test", self.entries)

    def ask(self, command, author="lead", role="sponsor"):
        facts = conduct.decide(
            self.programme, command, PROTOCOL, author=author, role=role, now=START + 99 * DAY
        )
        for fact in facts:
            number = len(self.entries) + 1
            at = command.at
            self.entries.append(Entry("programme:test", number, fact, at, at, author, role))
        return facts

    def trained(self, member="ben", *, until=None, leave_out=()):
        for kind, about in (("gcp", ""), ("protocol", "1.0"), ("therapy-method", "")):
            if kind not in leave_out:
                when = START + HOUR
                self.ask(RecordTraining(when, member, kind, TODAY, "trainer", about, until))
        return self

    def delegated(self, *keys, member="ben", site=SITE, at=START + 2 * HOUR, **days):
        days.setdefault("valid_from", at.date())
        command = DelegateTasks(at, member, keys, site=site, **days)
        (fact,) = self.ask(command, "ana", "prescriber")
        self.ask(AcceptTasks(at + HOUR, fact.delegation), member, "therapist")
        return self

    def with_investigator(self, site=SITE):
        self.ask(NameInvestigator(START, "ana", TODAY, site))
        return self

    def asked_for(self):
        self.ask(AskForTasks(START, "the sponsor's SOP"))
        return self

    def lacking(self, command="preparation.hold", member="ben", on=TODAY, site=SITE):
        return self.programme.log.lacking(member, "therapist", command, on, site)


@pytest.fixture
def record():
    return Record().with_investigator().asked_for()


def test_a_task_nobody_delegated_is_refused_with_the_mend(record):
    assert "'Therapy sessions' was not delegated to ben" in record.lacking()
    assert "ask the investigator" in record.lacking()


def test_both_sign_and_then_it_holds_at_its_site_alone(record):
    record.trained().delegated("therapy")

    assert record.lacking() == ""
    assert record.lacking(site="Basel") != ""
    assert record.lacking("dosing.give-dose") != ""


def test_before_the_second_signature_nothing_is_delegated(record):
    record.trained()
    command = DelegateTasks(START + 2 * HOUR, "ben", ("therapy",), TODAY, site=SITE)
    record.ask(command, "ana", "prescriber")

    assert record.lacking() != ""
    with pytest.raises(Refused, match="is for ben to accept"):
        record.ask(AcceptTasks(START + 3 * HOUR, "D-1"), "eve", "therapist")


def test_a_delegation_ends_with_its_last_day_or_when_it_is_ended(record):
    record.trained().delegated("therapy", valid_until=TODAY + 5 * DAY)
    assert record.lacking(on=TODAY + 5 * DAY) == ""
    assert record.lacking(on=TODAY + 6 * DAY) != ""

    record.ask(EndDelegation(START + 2 * DAY, "D-1", "on leave"), "ana", "prescriber")
    assert record.lacking(on=TODAY + DAY) == ""
    assert record.lacking(on=TODAY + 2 * DAY) != ""


def test_nothing_is_delegated_backwards(record):
    record.trained()
    command = DelegateTasks(START + HOUR, "ben", ("therapy",), TODAY, site=SITE)
    record.ask(command, "ana", "prescriber")
    record.ask(AcceptTasks(START + HOUR, "D-1"), "ben", "therapist")
    record.entries[-1] = replace(record.entries[-1], recorded_at=START + 5 * DAY)

    assert record.lacking(on=TODAY + 4 * DAY) != ""
    assert record.lacking(on=TODAY + 5 * DAY) == ""


def test_the_investigator_needs_no_delegation_while_responsible(record):
    assert record.lacking(member="ana") == ""
    record.ask(EndInvestigator(START + 3 * DAY, "ana", "dr Berg is responsible now"))
    assert record.lacking(member="ana", on=TODAY + 2 * DAY) == ""
    assert record.lacking(member="ana", on=TODAY + 3 * DAY) != ""


def test_only_an_investigator_of_that_site_delegates(record):
    record.trained()
    for author, site in (("ben", SITE), ("ana", "Basel"), ("ana", "")):
        command = DelegateTasks(START + HOUR, "ben", ("therapy",), TODAY, site=site)
        with pytest.raises(Refused, match="is no investigator of"):
            record.ask(command, author, "prescriber")


def test_nobody_delegates_or_accepts_in_anothers_name(record):
    record.trained()
    forged = DelegateTasks(START + HOUR, "ben", ("therapy",), TODAY, site=SITE, by="ana")
    with pytest.raises(Refused, match="'ben' is no investigator"):
        record.ask(forged, "ben", "therapist")


@pytest.mark.parametrize("missing", ["gcp", "protocol", "therapy-method"])
def test_a_task_is_not_delegated_without_each_training_it_asks_for(record, missing):
    record.trained(leave_out=(missing,))
    with pytest.raises(Refused, match="no training on record"):
        record.delegated("therapy")


def test_a_lapsed_training_is_no_training(record):
    record.trained(until=TODAY + DAY)
    with pytest.raises(Refused, match="lapsed on"):
        record.delegated("therapy", at=START + 2 * DAY)


def test_a_withdrawn_training_is_no_training(record):
    record.trained()
    record.ask(WithdrawTraining(START + HOUR, "T-1", "another person's certificate"))
    with pytest.raises(Refused, match="Good clinical practice: no training"):
        record.delegated("therapy")


def test_a_rater_is_certified_in_each_instrument_they_rate(record):
    rated = {e for v in PROTOCOL.visits if v.rated_by == "independent-rater" for e in v.assessments}
    asked = {
        about for key, about in tasks.needed(tasks.shipped().task("rating"), PROTOCOL) if about
    }
    assert asked == rated


def test_training_in_an_earlier_version_of_the_protocol_does_not_count(record):
    record.trained()
    amended = replace(PROTOCOL, version="2.0")
    task = tasks.shipped().task("therapy")
    assert training.untrained(record.programme, "ben", task, PROTOCOL, TODAY) == ()
    assert training.untrained(record.programme, "ben", task, amended, TODAY) == (
        "The protocol (2.0): no training on record",
    )


def test_the_matrix_says_valid_lapsed_or_missing(record):
    record.trained(until=TODAY + DAY).delegated("therapy")
    across = training.columns(record.programme, PROTOCOL)
    row = dict(training.matrix(record.programme, PROTOCOL, TODAY + 2 * DAY))["ben"]
    states = {key: (cell.state, cell.asked_for) for (key, _), cell in zip(across, row, strict=True)}

    assert states["gcp"] == ("lapsed", True)
    assert states["study-drug"] == ("missing", False)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"training": "yoga"}, "no training known here"),
        ({"training": "protocol", "about": "9.9"}, "name the version: 1.0"),
        ({"training": "rater", "about": "hamd-17"}, "name an instrument of the protocol"),
        ({"training": "device"}, "name the device"),
        ({"trained_on": TODAY + 9 * DAY}, "still to come"),
        ({"valid_until": TODAY - DAY}, "lies before"),
        ({"evidence_digest": "abc"}, "no SHA-256"),
    ],
)
def test_a_training_names_what_it_was_about(record, changes, words):
    command = replace(RecordTraining(START, "ben", "gcp", TODAY, "trainer"), **changes)
    with pytest.raises(Refused, match=words):
        record.ask(command)


def test_whoever_is_in_a_session_needs_a_task_there(record):
    assert "'Therapy sessions' is not delegated to them" in record.programme.unfitness(
        "ben", TODAY, SITE
    )
    record.trained().delegated("therapy")
    assert record.programme.log.outside("ben", TODAY, SITE) == ""
    assert record.programme.log.outside("ben", TODAY, "") == ""


def test_where_the_log_is_not_asked_for_nothing_is_refused():
    record = Record().with_investigator()
    assert record.lacking() == ""
    assert record.programme.log.outside("ben", TODAY, SITE) == ""
    with pytest.raises(Refused, match="not asked for already"):
        record.ask(StopAskingForTasks(START, "never began"))


def test_it_is_asked_for_from_a_day_until_another(record):
    record.ask(StopAskingForTasks(START + 4 * DAY, "kept on paper from now on"))
    assert record.lacking(on=TODAY - DAY) == ""
    assert record.lacking(on=TODAY + 3 * DAY) != ""
    assert record.lacking(on=TODAY + 4 * DAY) == ""


@pytest.mark.proves("delegation")
def test_safety_and_rights_are_never_a_task():
    guarded = {each.name for each in course.SAFETY_AND_RIGHTS}
    guarded |= {"dosing.withhold-dose", "dosing.record-vitals", "dosing.close-session"}
    assert not guarded & set(tasks.shipped().by_command)


def test_every_command_of_a_task_exists_and_is_for_its_roles():
    known = {**course.COMMANDS, **accountability.COMMANDS}
    for task in tasks.shipped().tasks:
        for command in task.commands:
            assert set(known[command].roles) & set(task.roles), (task.key, command)


def test_a_faulty_list_of_tasks_names_its_fault(tmp_path):
    text = tasks._PATH.read_text(encoding="utf-8")
    path = tmp_path / "tasks.yaml"
    path.write_text(text.replace("training: [gcp, rater]", "training: [gcp, yoga]"))
    with pytest.raises(DefinitionError, match="asks for training 'yoga'"):
        tasks.load(path)
    path.write_text(text.replace("[screening.randomise]", "[consent.sign]"))
    with pytest.raises(DefinitionError, match=r"'consent\.sign' stands in 'consent' and"):
        tasks.load(path)


def test_a_day_without_an_end_outlasts_one_with_an_end(record):
    record.trained(until=TODAY + DAY)
    record.ask(RecordTraining(START, "ben", "gcp", TODAY, "trainer"))
    assert training.cell(record.programme, "ben", ("gcp", ""), date(2030, 1, 1)).state == "valid"
