"""An arm that a decision lets slip into the record is found, however it is dressed."""

from sojourn import course as courses
from sojourn.course import screening
from tests.blinding.worlds import WORLDS, changed, leaves


def test_an_arm_that_is_written_anywhere_is_found(db, chance, monkeypatch):
    decided = screening.randomise

    def leaking(course, command, circumstances):
        (made,) = decided(course, command, circumstances)
        _, arm = circumstances.allocation
        return tuple([made] * (2 if arm == "mdma" else 1))

    monkeypatch.setitem(courses._DECIDE, screening.Randomise, leaking)

    one, other = (leaves(world, chance, participants=2) for world in WORLDS)

    assert "ledger_entry" in changed(one, other)
