"""The session room as data: what contradicts itself is named with its line."""

import pytest

from sojourn import protocols

PACK = protocols.shipped_text("mdma-ptsd")


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("{key: onset, label: Onset, from_min: 30}", "{key: onset, label: Onset, from_min: 75}",
         "let each be later"),
        ("label: Waiting, from_min: 0}", "label: Waiting, from_min: 5}", "begin at 0"),
        ("label: Music, form: toggle, shortcut: m", "label: Music, form: toggle, shortcut: e",
         "two entries called 'e'"),
        ("{key: tears, group", "{key: fear, group", "two entries called 'fear'"),
        ("form: scale, lowest: 0, highest: 10", "form: scale", "needs lowest below highest"),
        ("label: Fear, form: moment", "label: Fear, form: place", "needs choices as a place"),
        ("form: moment, shortcut: r", "form: moment, shortcut: R", "is 'R'"),
        ("needs: assessment, instrument: c-ssrs", "needs: assessment", "needs instrument"),
        ("{key: oriented, label", "{key: escort, label", "two entries called 'escort'"),
        ("{key: way-home, label", "{key: room-ready, label", "two entries called 'room-ready'"),
        ("next_dose_decided_by: []", "next_dose_decided_by: [coordinator]", "next_dose_decided_by"),
    ],
)  # fmt: skip
def test_a_contradiction_in_the_room_is_named(right, wrong, said):
    assert PACK.count(right) == 1
    with pytest.raises(protocols.ProtocolError, match=said):
        protocols.load_text(PACK.replace(right, wrong), "ours.yaml")


@pytest.mark.parametrize(
    ("minutes", "phase"),
    [(0, "waiting"), (29.9, "waiting"), (30, "onset"), (75, "peak"), (420, "closing")],
)
def test_the_phase_begins_at_its_minute(minutes, phase):
    room = protocols.load_shipped("mdma-ptsd").dosing.room
    assert room.phase(minutes).key == phase


def test_what_no_publication_says_is_marked_as_ours():
    room = protocols.load_shipped("mdma-ptsd").dosing.room
    assert not room.verified
    assert "own" in room.source
