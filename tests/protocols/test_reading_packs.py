"""A pack begun, shown as a schedule of activities, and compared with another."""

import re

import pytest

from sojourn import instruments
from sojourn.protocols import (
    ProtocolError,
    activities,
    load_shipped,
    load_text,
    scaffold,
    shipped_text,
)
from sojourn.protocols.comparing import Difference, differences

MDMA = load_shipped("mdma-ptsd")
NAMES = {key: each.name for key, each in instruments.load_shipped().items()}
# What an author would write for each thing asked.
WRITTEN = {
    "a short key of the condition": "depression",
    "a route": "us-ind",
    "a short key of what is given": "psilocybin",
    "minutes someone stays": "480",
    "fewest days": "21",
    "most days": "35",
    "the most of one session": "25",
    "published dose": "25",
    "key of the primary instrument": "madrs",
    "first day": "14",
    "planned day": "21",
    "last day": "28",
    "treatment-policy or hypothetical": "hypothetical",
}


def filled(text: str, without: str = "") -> str:
    def written(match: re.Match[str]) -> str:
        asked = match.group("asked")
        if without and without in asked:
            return match.group(0)
        said = next((w for start, w in WRITTEN.items() if asked.startswith(start)), "As published")
        return said if said.isdigit() else f'"{said}"'

    return re.sub(r'"?<<(?P<asked>[^>]*)>>"?', written, re.sub(r"(?m)^ *#.*\n", "", text))


def test_a_new_pack_names_everything_still_to_be_written_with_its_line():
    with pytest.raises(ProtocolError) as error:
        load_text(scaffold.text("our-pack"), "our-pack.yaml")
    told = [str(each) for each in error.value.problems]
    assert len(told) > 20
    assert all("is still to be filled in: " in each for each in told)
    assert all(each.startswith("our-pack.yaml line ") for each in told)


def test_a_new_pack_is_valid_once_everything_is_filled_in():
    pack = load_text(filled(scaffold.text("our-pack")), "our-pack.yaml")
    assert (pack.key, pack.dosing.sessions[0].initial_mg) == ("our-pack", (25,))
    # What is not claimed to have been read is not marked as read.
    assert not any(each.verified for each in (*pack.visits, *pack.criteria, pack.dosing))


@pytest.mark.proves("packs")
def test_the_one_thing_left_out_is_the_one_thing_named():
    with pytest.raises(ProtocolError) as error:
        load_text(filled(scaffold.text("our-pack"), without="published dose"), "our-pack.yaml")
    (only,) = error.value.problems
    assert only.field == "dosing.sessions[0].initial_mg[0]"


@pytest.mark.parametrize("key", ["", "Our Pack", "../elsewhere", "-"])
def test_a_pack_is_named_plainly(key):
    with pytest.raises(ValueError, match="small letters, digits and dashes"):
        scaffold.text(key)


def test_the_schedule_holds_every_visit_with_its_window_and_what_is_done():
    table = activities.schedule(MDMA, NAMES)
    assert [each.key for each in table.visits] == [each.key for each in MDMA.visits]
    assert table.activities[:4] == ("Preparation", "Dosing", "Integration", "Contact")
    found = {each.key: each for each in table.visits}
    second = found["dosing-2"]
    assert second.window == "day 21 to 35 after Dosing session 1, best day 28"
    held = {name for name, at in zip(table.activities, second.held, strict=True) if at}
    assert held == {"Dosing", "C-SSRS"}
    assert found["contact-1-3"].window == "day 3 after Dosing session 1"
    assert [each.doi for each in second.sources] == ["10.1038/s41591-023-02565-4"]
    assert table.unverified == sum(not each.verified for each in MDMA.visits) > 0


@pytest.mark.parametrize(
    ("key", "levels", "most"),
    [
        ("mdma-ptsd", "80 mg or 120 mg", "180 mg"),
        ("lsd-anxiety", "200 µg", "200 µg"),
        ("ibogaine-opioid-detoxification", "10 mg/kg",
         "set by the site (most that is given in a session)"),
    ],
)  # fmt: skip
def test_doses_are_read_in_their_own_unit(key, levels, most):
    dose = activities.doses(load_shipped(key))[-1]
    assert (dose.levels, dose.most) == (levels, most)
    assert activities.doses(load_shipped("observed-depression-trial")) == ()


def changed(*pairs: tuple[str, str]) -> tuple[Difference, ...]:
    text = shipped_text("mdma-ptsd")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    return differences(MDMA, load_text(text, "ours.yaml"))


def test_nothing_differs_from_itself():
    assert changed() == ()
    assert changed(("# MDMA-assisted", "# Our own")) == ()  # a comment is no change


def test_a_dose_a_window_and_a_checklist_item_changed_are_named_with_both_values():
    found = changed(
        ("number: 3, initial_mg: [80, 120]", "number: 3, initial_mg: [80]"),
        ("window: {earliest: 112, target: 126, latest: 140}",
         "window: {earliest: 119, target: 126, latest: 133}"),
        ("    - {key: room-ready, label: Room quiet and safe}\n", ""),
        ('version: "1.0"', 'version: "1.1"'),
    )  # fmt: skip
    assert found == (
        Difference("Protocol", "version", "changed", "", "1.0", "1.1"),
        Difference("Visits", "Week 18", "changed", "window",
                   "day 112 to 140, best day 126", "day 119 to 133, best day 126"),
        Difference("Doses", "Session 3", "changed", "initial mg", "80, 120", "80"),
        Difference("Checklist of the dosing day", "Room quiet and safe", "removed", "",
                   "key room-ready; label Room quiet and safe"),
    )  # fmt: skip


def test_an_assessment_and_a_criterion_added_are_named():
    criterion = (
        "  - {key: new, kind: exclusion, label: New one, source: mitchell-2023, verified: false}\n"
    )
    found = changed(
        ("assessments: [c-ssrs, pcl-5, phq-9]", "assessments: [c-ssrs, pcl-5]"),
        ("criteria:\n", f"criteria:\n{criterion}"),
    )
    assert [(each.part, each.name, each.change) for each in found] == [
        ("Visits", "Screening", "changed"),
        ("Criteria", "New one", "added"),
    ]
    assert (found[0].before, found[0].after) == ("c-ssrs, pcl-5, phq-9", "c-ssrs, pcl-5")
