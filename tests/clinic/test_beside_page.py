"""A programme beside the literature: pooled while the seal is closed, by arm for who opened it."""

import re

import polars as pl
import pytest

from sojourn import analysis
from sojourn.clinic import own_results
from sojourn.clinic.own_results import too_few
from sojourn.evidence import Count
from sojourn.evidence.beside import BESIDE
from sojourn.ledger.rows import EventRow, ParticipantRow


def text_of(answer) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


@pytest.mark.parametrize(
    ("count", "kept"),
    [
        (Count(4, 9), True),
        (Count(5, 10), False),
        (Count(2, 20), True),
        (Count(18, 20), True),
        (Count(0, 20), True),
        (Count(20, 20), True),
        (Count(3, 20), False),
    ],
)
def test_a_pooled_count_that_could_tell_an_arm_is_kept_back(count, kept):
    assert too_few(count) is kept


def test_every_outcome_of_the_literature_has_words():
    assert set(own_results.LABELS) == set(BESIDE)


def test_who_may_see_what_beside_the_literature(desk):
    """A rater sees nothing, a blinded role no arm, a statistician arms after the opening."""
    assert desk("rater").get("evidence/").status_code == 403
    blinded = text_of(desk("prescriber").get("evidence/"))
    assert "All participants together" in blinded
    assert "This programme," not in blinded
    assert "as a further trial might" not in blinded.split("“As a further trial")[0]
    assert "too few to be shown" in blinded
    for events, people in re.findall(r'class="number">(\d+)/(\d+)</td>', blinded):
        assert not too_few(Count(int(events), int(people)))
    statistician = desk("statistician")
    assert "This programme," not in text_of(statistician.get("evidence/"))
    statistician.post("outcomes/open/", purpose="monitoring board of May")
    opened = text_of(statistician.get("evidence/"))
    assert "This programme, MDMA with therapy" in opened
    assert "This programme, Placebo with therapy" in opened
    assert "too few to be shown" not in opened
    assert "Beside the literature" in text_of(desk("prescriber").get("outcomes/"))


def test_counts_are_those_of_the_record(programme):
    empty = analysis.frame([])
    found = own_results.counted("demo", empty, "week-18", lambda _: "", sealed=False)
    counts = {each.outcome: each.count for each in found}
    dosed = set(
        ParticipantRow.objects.filter(sessions_dosed__gt=0).values_list("participant", flat=True)
    )
    serious = set(EventRow.objects.filter(serious=True).values_list("participant", flat=True))
    assert counts["serious-adverse-event"] == Count(len(serious & dosed), len(dosed))
    nauseous = {
        each.participant for each in EventRow.objects.all() if "nausea" in each.term.lower()
    }
    assert counts["nausea"] == Count(len(nauseous & dosed), len(dosed))
    assert "response" not in counts
    gone = ParticipantRow.objects.filter(sessions_dosed__gt=0, status__in=("withdrawn", "lost"))
    assert gone.count() > 0
    assert counts["discontinuation"] == Count(gone.count(), gone.count())
    rows = [(each, "", "week-18", 0, 10, -20, True, True, None) for each in sorted(dosed)]
    observed = analysis.frame(rows)
    assert isinstance(observed, pl.DataFrame)
    again = own_results.counted("demo", observed, "week-18", lambda _: "", sealed=False)
    measured = {each.outcome: each.count for each in again}
    assert measured["response"] == Count(len(dosed), len(dosed))
    assert measured["discontinuation"] == Count(0, len(dosed))
    assert "remission" not in measured  # nobody's is known
