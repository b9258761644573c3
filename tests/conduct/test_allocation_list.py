"""A list made elsewhere is read, held against the protocol, and refused without naming an arm."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn import protocols
from sojourn.conduct.allocation_list import (
    Line,
    as_text,
    check,
    in_blocks,
    make,
    read_lines,
)
from sojourn.conduct.randomisation import arm_of
from sojourn.record.command import Refused

PROTOCOL = protocols.load_shipped("mdma-ptsd")
ARMS, PLAN = PROTOCOL.arms, PROTOCOL.randomisation
SEED = b"s" * 32
WHOLE = make(SEED, {"oslo": 0, "bergen": 0}, 24, ARMS, PLAN)


def checked(lines, *, reached=None, least=1):
    return check(lines, ARMS, PLAN, reached=reached or {}, least=least)


@given(st.binary(min_size=32, max_size=32), st.integers(1, 60))
def test_a_list_from_a_seed_holds_reads_back_and_is_the_seeds_sequence(seed, numbers):
    lines = make(seed, {"oslo": 0, "bergen": 0}, numbers, ARMS, PLAN)
    assert read_lines(as_text(lines)) == lines
    assert checked(lines, least=numbers)[0] == f"{len(lines)} lines in 2 strata"
    for line in lines[:: max(1, len(lines) // 5)]:
        assert line.arm == arm_of(seed, line.stratum, line.number, ARMS, PLAN)


def test_a_list_goes_on_where_an_earlier_one_ended():
    first = make(SEED, {"oslo": 0}, 10, ARMS, PLAN)
    longer = make(SEED, {"oslo": len(first)}, 40, ARMS, PLAN)
    assert [each.number for each in (*first, *longer)] == list(range(1, len(first + longer) + 1))
    checked(longer, reached={"oslo": len(first)})
    with pytest.raises(Refused, match="run from 1 without a gap"):
        checked(longer)


def exchanged(lines, at, **changes):
    return (*lines[:at], replace(lines[at], **changes), *lines[at + 1 :])


OTHER = {"mdma": "placebo", "placebo": "mdma"}


@pytest.mark.parametrize(
    ("lines", "least", "words"),
    [
        ((), 1, "holds no line"),
        (exchanged(WHOLE, 3, arm="lithium"), 1, "line 5 names no arm"),
        (exchanged(WHOLE, 3, arm=OTHER[WHOLE[3].arm]), 1, "oslo are not whole blocks of 4 or 6"),
        (WHOLE[:-1], 1, "bergen are not whole blocks"),
        ((*WHOLE[:4], *WHOLE[5:]), 1, "oslo do not run from 1"),
        ((WHOLE[0], *WHOLE), 1, "oslo do not run from 1"),
        (WHOLE, 200, "at least 200 are asked"),
    ],
)
def test_what_does_not_hold_is_named_and_no_arm_is(lines, least, words):
    with pytest.raises(Refused, match=words) as refused:
        checked(lines, least=least)
    assert not any(key in str(refused.value) for key in (*OTHER, "lithium"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "does not begin"),
        ("oslo,1,mdma\n", "does not begin"),
        ("stratum,number,arm\noslo,mdma\n", "line 2"),
        ("stratum,number,arm\noslo,1,mdma\noslo,²,placebo\n", "line 3"),
        ("stratum,number,arm\noslo,1,\n", "line 2"),
    ],
)
def test_a_line_that_can_not_be_read_is_named_and_not_repeated(text, words):
    with pytest.raises(Refused, match=words) as refused:
        read_lines(text)
    assert "mdma" not in str(refused.value)


def test_where_the_protocol_minimises_there_is_no_list():
    plan = replace(PLAN, method="minimisation")
    with pytest.raises(Refused, match="the protocol minimises"):
        check(WHOLE, ARMS, plan, reached={}, least=1)


@given(st.lists(st.sampled_from("ab"), max_size=14))
def test_blocks_are_found_whenever_some_cutting_gives_them(sequence):
    arms = tuple(replace(arm, key=key) for arm, key in zip(ARMS, "ab", strict=True))

    def cut(rest) -> bool:
        return not rest or any(
            len(rest) >= size and rest[:size].count("a") == size / 2 and cut(rest[size:])
            for size in (4, 6)
        )

    assert in_blocks(sequence, arms, (4, 6)) == cut(sequence)


def test_an_unequal_ratio_is_kept_within_each_block():
    arms = (replace(ARMS[0], ratio=2), ARMS[1])
    one, two = (each.key for each in arms)
    assert in_blocks([one, two, one, two, one, one], arms, (3,))
    assert not in_blocks([one, one, one, one, two, two], arms, (3,))
    assert in_blocks([one, one, one, one, two, two], arms, (3, 6))


def test_a_line_says_its_own_place():
    assert read_lines("Stratum, Number, Arm\noslo, 1, mdma\n") == (Line("oslo", 1, "mdma"),)
