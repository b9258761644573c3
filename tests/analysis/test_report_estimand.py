"""The estimand applied to a report's frames: which ratings count, by arm, with their entries."""

import pytest

from sojourn.analysis.estimand import Handled, Occurrence
from sojourn.analysis.outcomes import frame
from sojourn.analysis.report import Arisen, Inputs, Layout, Participant
from sojourn.analysis.report.by_subgroup import by_subgroup
from sojourn.analysis.report.comparing import frame as model_frame
from sojourn.analysis.report.intercurrent import analysed_people, tables

VISITS = (("baseline", "Baseline"), ("rating", "Rating"), ("end", "End"), ("year", "Year"))
DAYS = {"baseline": 0, "rating": 50, "end": 100}


def person(key: str, arm: str, place: int, **more) -> Participant:
    return Participant(
        key, arm, "site-1", "female", 40, "in-progress", "", True, 2, 100, 90,
        (place,), (place,), (place + 1,), (1000 + place,), **more,
    )  # fmt: skip


def inputs(strategy: str, failure: int | None = None) -> Inputs:
    """Two people in each arm; 'A2' stopped on day 60, after one rating and before the other."""
    people = tuple(
        person(key, key[0], place, levels=levels)
        for place, (key, levels) in enumerate(
            (("A1", ()), ("A2", (("prior-mdma", "yes"),)), ("B1", ()), ("B2", ()))
        )
    )
    rows, ratings = [], {}
    for number, each in enumerate(people):
        for visit, day in DAYS.items():
            change = -day // 10 - number if visit != "baseline" else None
            rows.append((each.key, each.arm, visit, day, 40 + (change or 0), change, None, None,
                         None))  # fmt: skip
            ratings[each.key, visit] = (10 * number + day + 100,)
    layout = Layout(
        "CAPS-5", "baseline", "end", VISITS, ("A", "B"), opened=True, planned=DAYS,
        handled=(Handled("treatment-stopped", strategy),), failure=failure,
    )  # fmt: skip
    arisen = (Arisen(Occurrence("A2", "treatment-stopped", 60), (77,)),)
    return Inputs(layout, people, frame(rows), ratings, (), (), arisen)


def change_of_a2(found: Inputs, **more: bool) -> list[float | None]:
    rows = model_frame(found, "randomised", **more)
    return [row["change"] for row in rows.iter_rows(named=True) if row["participant"] == "A2"]


@pytest.mark.parametrize(
    ("strategy", "failure", "changes"),
    [
        ("treatment-policy", None, [-6, -11]),
        ("hypothetical", None, [-6, None]),
        ("composite", 0, [-6, 0]),
        ("while-on-treatment", None, [-6, -6]),
        # Nobody can tell who belongs to a principal stratum, so nothing is set aside.
        ("principal-stratum", None, [-6, -11]),
    ],
)
def test_each_strategy_makes_of_the_rating_after_the_event_what_it_says(strategy, failure, changes):
    found = inputs(strategy, failure)
    assert change_of_a2(found) == changes
    assert change_of_a2(found, every=True) == [-6, -11]
    assert len(analysed_people(found, "randomised")) == 4


def test_what_is_set_aside_is_counted_by_arm_and_traced_to_event_rating_and_arm():
    happened, accounted, aside = tables(inputs("hypothetical"), "randomised")
    _, strategy, here, there = happened.rows[0]
    assert (strategy, here.text, there.text) == ("hypothetical", "1", "0")
    assert here.sources == (77, 1001)
    by_label = {row[0]: [cell.text for cell in row[1:]] for row in accounted.rows}
    assert by_label == {
        "Rating counts": ["1", "2"],
        "Rating set aside: treatment stopped before its last session": ["1", "0"],
    }
    _, mine, others = aside.rows[0]
    assert (mine.text, others.text) == ("1", "0")
    assert mine.sources == (77, 210, 1001)
    assert others.sources == ()


def test_a_subgroup_leaves_out_whom_the_record_does_not_tell_of_and_counts_them():
    table = by_subgroup(inputs("treatment-policy"), "randomised", "prior-mdma", planned=False)
    assert "3 with a rating are left out" in table.note
    nobody = by_subgroup(inputs("treatment-policy"), "randomised", "prior-ssri", planned=False)
    assert nobody == "By earlier use of an SSRI: the record holds it of nobody."
