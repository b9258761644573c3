"""ODM 2.0: valid by its XSD, an audit record with each entry, and back onto an empty record."""

import re

import pytest

from sojourn.clinic.demo import PROGRAMME
from sojourn.clinic.demo.programme import found_demo
from sojourn.exchange.cdisc.checks import schema
from sojourn.exchange.cdisc.odm_import import import_odm
from sojourn.ledger import clock
from sojourn.ledger.desk import Person
from sojourn.ledger.read import read_stream, streams
from sojourn.ledger.rows import ParticipantRow
from sojourn.ledger.verify import verify
from sojourn.record.command import Refused
from tests.exchange.cdisc.conftest import states

LEAD = Person("lead", "sponsor")


@pytest.mark.proves("exchange-conformant")
def with_subjects(trial, wanted: int | None = None) -> str:
    """The file with as many subjects as it takes to hold every kind of entry once."""
    text, seen, kept = trial.odm.read_text(), set(), []
    head, *subjects = text[: text.index("</ClinicalData>")].split("<SubjectData")
    for subject in subjects:
        kinds = set(re.findall(r'<ItemGroupData ItemGroupOID="([^"]+)"', subject))
        if not kinds <= seen:
            kept.append(f"<SubjectData{subject}")
        seen |= kinds
    return head + "".join(kept[:wanted]) + text[text.index("</ClinicalData>") :]


def test_entries_of_every_kind_are_valid_by_the_xsd_of_odm_2(trial, tmp_path):
    # All 104 take the validator twenty seconds; they differ from these in their values alone.
    path = tmp_path / "some.xml"
    path.write_text(with_subjects(trial))
    kinds = {each.fact.kind for each in trial.by_position.values()}
    assert all(f'<ItemGroupData ItemGroupOID="IG.{kind}"' in path.read_text() for kind in kinds)
    assert [str(each) for each in schema(path, "odm", "2.0")] == []


def test_a_file_with_a_fault_is_not_valid(trial, tmp_path):
    one = with_subjects(trial, 1)
    path = tmp_path / "one.xml"
    path.write_text(one.replace("<AuditRecord><UserRef", "<AuditRecord><Nobody", 1))
    assert list(schema(path, "odm", "2.0"))
    path.write_text(one.replace("ItemGroupOID=", "ItemGroup=", 1))
    assert list(schema(path, "odm", "2.0"))


@pytest.mark.proves("readable-copies")
def test_every_entry_is_in_it_with_who_when_and_why(trial):
    text = trial.odm.read_text()
    assert trial.written == sum(map(len, trial.entries.values()))
    assert text.count("<AuditRecord>") == trial.written
    corrected = next(
        each
        for entries in trial.entries.values()
        for each in entries
        if each.fact.kind == "record.corrected"
    )
    assert f"<SourceID>{corrected.position} {corrected.hash}</SourceID>" in text
    assert f"<ReasonForChange>{corrected.reason}</ReasonForChange>" in text


def test_what_people_believed_about_the_arm_is_in_it_only_once_it_is_opened(trial):
    kinds = {each.fact.kind for each in trial.by_position.values()}
    assert "blinding.guess-recorded" in kinds
    told = 'ItemGroupData ItemGroupOID="IG.blinding.guess'
    assert told in trial.odm.read_text()
    assert told not in trial.odm.with_name("blinded.xml").read_text()


@pytest.mark.proves("blinding")
def test_no_arm_is_in_a_blinded_file(trial):
    text = trial.odm.with_name("blinded.xml").read_text()
    assert "placebo" not in text.replace("or matching placebo", "")


@pytest.mark.proves("readable-copies")
@pytest.mark.django_db
def test_104_come_back_onto_an_empty_record_with_the_same_states(trial):
    found_demo(clock.now())
    done = import_odm(trial.odm, PROGRAMME, LEAD)
    assert done.entries == trial.written
    assert states() == trial.states
    assert ParticipantRow.objects.count() == len(trial.states)
    assert verify().problems == ()
    stream = f"course:{PROGRAMME}:D-001"
    for before, after in zip(trial.entries[stream], read_stream(stream), strict=True):
        same = ("fact", "occurred_at", "author", "role", "signature", "sequence")
        assert [getattr(before, n) for n in same] == [getattr(after, n) for n in same]
        assert after.reason.endswith(f"entry {before.position}")
    assert read_stream(f"imports:{PROGRAMME}")[-1].fact.written == trial.written
    with pytest.raises(Refused, match="on this record already"):
        import_odm(trial.odm, PROGRAMME, LEAD)


@pytest.mark.django_db
def test_before_the_programme_is_founded_nothing_is_brought_in(trial):
    with pytest.raises(Refused, match="found it first"):
        import_odm(trial.odm, PROGRAMME, LEAD)


@pytest.mark.django_db
def test_a_file_of_another_protocol_or_that_skips_an_entry_writes_nothing(trial, tmp_path):
    found_demo(clock.now())
    text = trial.odm.read_text()
    other = tmp_path / "other.xml"
    other.write_text(text.replace('VersionID="', 'VersionID="0', 1))
    with pytest.raises(Refused, match="same pack"):
        import_odm(other, PROGRAMME, LEAD)
    start = text.index('<ItemGroupData ItemGroupOID="IG.consent.signed"')
    end = text.index("</ItemGroupData>", start) + len("</ItemGroupData>")
    other.write_text(text[:start] + text[end:])
    with pytest.raises(Refused, match="does not follow"):
        import_odm(other, PROGRAMME, LEAD)
    other.write_text("<ODM/>")
    with pytest.raises(Refused, match="no ODM"):
        import_odm(other, PROGRAMME, LEAD)
    assert not list(streams(f"course:{PROGRAMME}:"))


@pytest.mark.django_db
def test_a_file_that_declares_entities_is_not_read(trial, tmp_path):
    found_demo(clock.now())
    bomb = tmp_path / "bomb.xml"
    bomb.write_text('<!DOCTYPE a [<!ENTITY x "xxxxxxxx"><!ENTITY y "&x;&x;">]><a>&y;</a>')
    with pytest.raises(Refused, match="document type"):
        import_odm(bomb, PROGRAMME, LEAD)


@pytest.mark.django_db
def test_only_the_sponsor_brings_courses_in(trial):
    with pytest.raises(Refused, match="may not"):
        import_odm(trial.odm, PROGRAMME, Person("tom", "therapist"))
