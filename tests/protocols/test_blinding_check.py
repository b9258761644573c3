"""The occasions on which guesses of the arm are asked, as a pack writes them."""

import pytest

from sojourn.protocols import ProtocolError, load_text, shipped_text

PACK = shipped_text("mdma-ptsd")
BLOCK = PACK[PACK.index("blinding_check:") : PACK.index("# Recorded sessions are rated")]


def test_a_pack_without_it_reads_as_before_and_asks_nobody():
    protocol = load_text(PACK.replace(BLOCK, ""), "old.yaml")

    assert protocol.blinding_check is None


def test_the_shipped_pack_asks_each_where_they_have_seen_something():
    check = load_text(PACK, "mdma-ptsd.yaml").blinding_check

    assert not check.verified
    assert check.occasion("week-18").asks == ("participant", "therapist", "independent-rater")
    assert check.occasion("session-1").visit == "dosing-1"
    assert check.occasion("unheard-of") is None


@pytest.mark.parametrize(
    ("wrong", "right", "says"),
    [
        ("key: rating-1, label: After the", "key: session-1, label: After the", "twice; rename"),
        ("visit: dosing-1, asks", "visit: dosing-9, asks", "is 'dosing-9'; no visit"),
        ("[independent-rater], from", "[], from", "is empty; name who"),
        ("from_day: 1, until_day: 7", "from_day: 9, until_day: 7", "must not be after until_day"),
        (
            "visit: dosing-1, asks: [participant, therapist]",
            "visit: dosing-1, asks: [independent-rater]",
            "does not rate 'dosing-1'",
        ),
        ("asks: [participant, ther", "asks: [prescriber, ther", "is 'prescriber'"),
    ],
)
def test_what_contradicts_itself_is_named_with_line_value_and_mend(wrong, right, says):
    assert wrong in BLOCK
    text = PACK.replace(BLOCK, BLOCK.replace(wrong, right, 1))

    with pytest.raises(ProtocolError) as error:
        load_text(text, "site.yaml")

    assert "site.yaml line" in str(error.value)
    assert says in str(error.value)


def test_nobody_is_asked_to_guess_an_arm_that_everyone_knows():
    with pytest.raises(ProtocolError, match="only for a blinded randomised protocol"):
        load_text(PACK.replace("blinded: true", "blinded: false"), "open.yaml")
