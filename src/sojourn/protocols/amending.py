"""What an amended protocol means for somebody in the middle of an earlier version.

What has happened stays planned as it was; what is to come is as the new version has it
(ICH E6(R3), annex 1, section 2.5: the protocol in its current, approved version is followed).
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from sojourn.protocols.blinding_check import BlindingCheck
from sojourn.protocols.model import Protocol, Visit, Window

START = "enrolment"


def carried_over(
    before: Protocol, after: Protocol, kept: Collection[str], since: datetime
) -> Protocol:
    """``after`` for someone who has followed ``before`` until ``since``.

    The visits ``kept``, by key, stand as ``before`` planned them, with the guesses of the arm
    that follow them.
    """
    stay = {each.key: each for each in before.visits if each.key in kept}
    new = {each.key for each in after.visits}
    either = {each.key: each for each in (*before.visits, *after.visits)} | stay
    gone = [key for key in either if key not in new and key not in stay]
    return replace(
        after,
        visits=without(tuple(either[key] for key in _in_order(before, after)), gone),
        blinding_check=_occasions(before.blinding_check, after.blinding_check, stay),
        earlier=(*before.earlier, (since, replace(before, earlier=()))),
    )


def without(visits: tuple[Visit, ...], gone: Collection[str]) -> tuple[Visit, ...]:
    """``visits`` without some of them.

    What counted from one of those counts from its anchor, later by its target: as the plan
    counts from a visit that never takes place.
    """
    known = {each.key: each for each in visits}
    left = []
    for visit in visits:
        if visit.key in gone:
            continue
        anchor, days = visit.anchor, 0
        while anchor in gone:
            days += known[anchor].window.target
            anchor = known[anchor].anchor
        window = visit.window
        shifted = Window(window.earliest + days, window.target + days, window.latest + days)
        moved = anchor != visit.anchor
        left.append(replace(visit, anchor=anchor, window=shifted) if moved else visit)
    return tuple(left)


def referred_to(protocol: Protocol) -> frozenset[str]:
    """Visits that something else than another visit's window rests on."""
    check, plan = protocol.blinding_check, protocol.randomisation
    return frozenset(
        (
            protocol.outcome.baseline_visit,
            protocol.outcome.visit,
            *((plan.after_visit,) if plan else ()),
            *((each.visit for each in check.occasions) if check else ()),
        )
    )


def turned_round(before: Protocol, after: Protocol) -> str:
    """A visit that one version counts from another and the other version the other way round.

    Empty where there is none. Whatever mixture of both is followed then leads back to enrolment.
    """
    anchors: dict[str, set[str]] = {}
    for visit in (*before.visits, *after.visits):
        anchors.setdefault(visit.key, set()).add(visit.anchor)
    settled = {START}
    while True:
        fresh = {key for key, of in anchors.items() if key not in settled and of <= settled}
        if not fresh:
            return min(set(anchors) - settled, default="")
        settled |= fresh


def _in_order(before: Protocol, after: Protocol) -> list[str]:
    """Keys of all visits in the order of ``after``, others behind what they followed before."""
    order = [each.key for each in after.visits]
    place = 0
    for visit in before.visits:
        if visit.key not in order:
            order.insert(place, visit.key)
        place = order.index(visit.key) + 1
    return order


def _occasions(
    before: BlindingCheck | None, after: BlindingCheck | None, stay: Mapping[str, Visit]
) -> BlindingCheck | None:
    asked = tuple(each for each in (before.occasions if before else ()) if each.visit in stay)
    named = {each.key for each in asked}
    to_come = tuple(
        each
        for each in (after.occasions if after else ())
        if each.visit not in stay and each.key not in named
    )
    base = after or before
    return replace(base, occasions=(*asked, *to_come)) if base else None
