"""An amendment is proposed as a text and holds once it is approved."""

from datetime import timedelta

import pytest

from sojourn import conduct, protocols
from sojourn.conduct import amendment
from sojourn.conduct.amendment import AdoptAmendment, ProposeAmendment
from sojourn.conduct.practitioners import ApproveConsentVersion
from sojourn.protocols import ProtocolError
from sojourn.record.command import Refused
from tests.conduct.test_pausing import HOUR, opened, programme_after
from tests.course.story import SITE_SETTINGS, START

TEXT = protocols.shipped_text("mdma-ptsd")
AMENDED = TEXT.replace('version: "1.0"', 'version: "2.0"', 1)
DAY = START.date()


def propose(text=AMENDED):
    return ProposeAmendment(START + 2 * HOUR, text, "a longer window before the first session")


def adopt(at=START + 3 * HOUR, **changed):
    said = {
        "amended_version": "2.0",
        "committee": "Ethics committee",
        "approval": "EC-2026-17",
        "approved_on": DAY,
        "settings": SITE_SETTINGS,
    }
    return AdoptAmendment(at, **{**said, **changed})


def test_a_proposal_changes_nothing_yet():
    programme = programme_after(*opened(), propose())

    assert programme.protocol_version == "1.0"
    assert (programme.proposal.version, programme.amended) == ("2.0", False)


def test_an_adopted_amendment_holds_from_its_moment_on():
    programme = programme_after(*opened(), propose(), adopt())

    assert programme.protocol_version == "2.0"
    assert programme.proposal is None
    assert programme.followed_at(START + 2 * HOUR).version == "1.0"
    assert programme.followed_at(START + 3 * HOUR).version == "2.0"
    assert programme.versions[1].approval == "EC-2026-17"


def test_each_version_keeps_the_limits_the_site_set_under_it():
    changed = tuple((k, v - 1 if k == "pulse-bpm-max" else v) for k, v in SITE_SETTINGS)
    programme = programme_after(*opened(), propose(), adopt(settings=changed))

    assert dict(programme.settings)["pulse-bpm-max"] == 109
    first = programme.under(programme.versions[0])
    assert dict(first.settings)["pulse-bpm-max"] == 110


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"amended_version": "3.0"}, "no amendment '3.0' is proposed"),
        ({"approved_on": DAY + timedelta(days=1)}, "after it came into force"),
        ({"authority": "Agency"}, "name the authority, its reference and the day"),
        ({"consent_version": "9.0"}, "consent form '9.0' is not approved on record"),
        ({"settings": SITE_SETTINGS[1:]}, "is not set"),
        ({"at": START + HOUR}, "give a later time"),
    ],
)
def test_an_amendment_is_adopted_only_on_its_approval(changes, words):
    with pytest.raises(Refused, match=words):
        programme_after(*opened(), propose(), adopt(**changes))


def test_a_consent_form_of_the_amendment_must_be_on_record():
    form = ApproveConsentVersion(START + 2 * HOUR, "2.0", DAY, "Ethics committee", False)
    programme = programme_after(*opened(), form, propose(), adopt(consent_version="2.0"))

    assert programme.versions[-1].consent_version == "2.0"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("key: mdma-ptsd", "key: another", "keeps the key 'mdma-ptsd'"),
        ('version: "2.0"', 'version: "1.0"', "version '1.0' is in use already"),
        ("block_sizes: [4, 6]", "block_sizes: [4, 8]", "how participants are allotted"),
        ("  - us-ind\n", "", "leaves out the legal ground 'us-ind'"),
    ],
)
def test_what_cannot_be_amended_is_refused(old, new, words):
    text = AMENDED.replace(old, new, 1)
    assert text != AMENDED, "the pack no longer says this"

    with pytest.raises(Refused, match=words):
        programme_after(*opened(), propose(text))


def test_a_faulty_text_names_its_lines():
    with pytest.raises(Refused, match="no valid protocol") as refused:
        programme_after(*opened(), propose(AMENDED.replace("phase: screening", "phase: sleep")))
    assert "line" in refused.value.message or ":" in refused.value.message


def test_only_the_lead_amends():
    programme = programme_after(*opened())
    with pytest.raises(Refused, match="for sponsor"):
        conduct.decide(
            programme, propose(), None, author="ana", role="therapist", now=START + 9 * HOUR
        )


def test_the_text_is_hashed_as_it_is_kept():
    windows = AMENDED.replace("\n", "\r\n")

    assert amendment.read(windows).digest == amendment.read(AMENDED).digest
    assert protocols.load_text(amendment.plain(windows), "kept").digest == (
        amendment.read(windows).digest
    )
    with pytest.raises(ProtocolError):
        protocols.load_text("key: x", "broken")
