"""Documents by version and digest: superseded, read by whom it concerns, found again by a file."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest

from sojourn.conduct import documents, tasks
from sojourn.conduct.delegation import NameInvestigator
from sojourn.conduct.documents import AcknowledgeDocument, RecordDocument, WithdrawDocument
from sojourn.record.command import Refused
from tests.conduct.test_delegation import DAY, HOUR, SITE, START, TODAY, Record

ONE, TWO = (sha256(text.encode()).hexdigest() for text in ("version 1", "version 2"))
BROCHURE = "investigators-brochure"


def brochure(version="1", digest=ONE, **said):
    title = "Investigator's brochure"
    return RecordDocument(START + HOUR, BROCHURE, title, version, TODAY, digest, **said)


@pytest.fixture
def record():
    record = Record()
    record.ask(NameInvestigator(START, "ana", TODAY, SITE))
    record.ask(brochure(approval="EC-17", approved_on=TODAY, filed_at="binder 1"))
    return record


def test_a_later_version_supersedes_the_earlier_and_both_stay(record):
    record.ask(brochure("2", TWO, supersedes="DOC-1"))
    first, second = record.programme.documents

    assert (first.out_of_use, second.out_of_use) == ("superseded by DOC-2", "")
    assert (first.approval, first.filed_at) == ("EC-17", "binder 1")
    with pytest.raises(Refused, match="no document 'DOC-1' is in use"):
        record.ask(brochure("3", sha256(b"3").hexdigest(), supersedes="DOC-1"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"digest": "abc"}, "is no SHA-256"),
        ({"digest": ONE, "document_version": "2"}, "this very file is DOC-1 already"),
        ({"digest": TWO}, "DOC-1 is that version with another file"),
        ({"digest": TWO, "document_version": "2", "dated": TODAY + DAY}, "still to come"),
        ({"digest": TWO, "document_kind": "sop", "supersedes": "DOC-1"}, "of another kind"),
    ],
)
def test_what_cannot_be_recorded_says_why(record, changes, words):
    with pytest.raises(Refused, match=words):
        record.ask(replace(brochure(), **changes))


@pytest.mark.proves("documents")
def test_a_task_is_delegated_only_to_who_has_read_what_it_asks_for(record):
    record.trained()
    assert documents.unread(record.programme, "ben", tasks.shipped().task("consent")) == (
        "not read: Investigator's brochure, version 1",
    )
    with pytest.raises(Refused, match="not read: Investigator's brochure, version 1"):
        record.delegated("consent")

    record.ask(AcknowledgeDocument(START + HOUR, "DOC-1", by="eve"), "ben", "therapist")
    record.delegated("consent")

    assert record.programme.documents[0].read_by("ben")
    assert not record.programme.documents[0].read_by("eve"), "nobody reads in another's name"
    assert documents.readers(record.programme, record.programme.documents[0]) == ("ben",)


def test_a_new_version_is_read_anew(record):
    record.trained()
    record.ask(AcknowledgeDocument(START + HOUR, "DOC-1"), "ben", "therapist")
    record.ask(brochure("2", TWO, supersedes="DOC-1"))

    assert documents.unread(record.programme, "ben", tasks.shipped().task("consent")) == (
        "not read: Investigator's brochure, version 2",
    )
    with pytest.raises(Refused, match="no document 'DOC-1' is in use"):
        record.ask(AcknowledgeDocument(START + HOUR, "DOC-1"), "eve", "therapist")


def test_nobody_reads_twice(record):
    record.ask(AcknowledgeDocument(START + HOUR, "DOC-1"), "ben", "therapist")
    with pytest.raises(Refused, match="have read DOC-1 already"):
        record.ask(AcknowledgeDocument(START + 2 * HOUR, "DOC-1"), "ben", "therapist")


def test_a_file_is_found_by_its_digest_and_said_to_be_out_of_use(record):
    day = TODAY.isoformat()
    assert list(documents.known(record.programme, ONE)) == [
        (f"DOC-1: Investigator's brochure, version 1, dated {day}", True)
    ]
    record.ask(WithdrawDocument(START + timedelta(days=1), "DOC-1", "a scan of the wrong pages"))
    [(words, in_use)] = documents.known(record.programme, ONE)
    assert "withdrawn on" in words
    assert not in_use
    assert list(documents.known(record.programme, TWO)) == []


def test_the_protocols_own_text_is_found_too(record):
    [(words, in_use)] = documents.known(record.programme, record.programme.protocol_digest)
    assert (words, in_use) == ("text of protocol mdma-ptsd 1.0", True)
