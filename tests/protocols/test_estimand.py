"""The estimand of a pack: its intercurrent events, what is refused, and what older packs wrote."""

import pytest

from sojourn.protocols import ProtocolError, load_text, shipped_text

TEXT = shipped_text("mdma-ptsd")
EVENT = "{event: treatment-stopped, strategy: hypothetical"
PROSE = '      - "New treatment for PTSD: values after it are not used"\n'


def with_prose() -> str:
    start = TEXT.index("      - {event: treatment-stopped")
    return TEXT[:start] + PROSE + TEXT[TEXT.index("    summary: Difference", start) :]


def test_the_shipped_pack_handles_its_events():
    events = load_text(TEXT, "ours.yaml").outcome.estimand.intercurrent_events
    assert [(each.event, each.strategy) for each in events] == [
        ("treatment-stopped", "hypothetical"),
        ("excluded-medicine", "hypothetical"),
    ]


def test_a_sentence_alone_is_refused_with_its_line_and_read_where_it_was_stored_before():
    with pytest.raises(ProtocolError) as refused:
        load_text(with_prose(), "ours.yaml")
    (problem,) = refused.value.problems
    assert with_prose().splitlines()[problem.line - 1] + "\n" == PROSE
    assert "write {event: treatment-stopped" in problem.message
    stored = load_text(with_prose(), "stored", stored=True).outcome.estimand
    (event,) = stored.intercurrent_events
    assert (event.event, event.strategy) == (None, None)
    assert event.text.startswith("New treatment")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (EVENT, "{event: boredom, strategy: hypothetical", "'boredom'"),
        (EVENT, "{event: treatment-stopped, strategy: ignore", "'ignore'"),
        (EVENT, "{strategy: hypothetical", "has no event"),
        (EVENT, "{event: treatment-stopped", "no strategy"),
        (EVENT, "{event: excluded-medicine, strategy: hypothetical", "named before"),
        (EVENT, "{event: treatment-stopped, strategy: composite", "composite event"),
        ("    summary: Diff", "    failure: 0\n    summary: Diff", "composite event"),
        (EVENT, "{event: treatment-stopped, strategy: hypothetical, why: no", "not a field"),
    ],
)
def test_an_event_at_fault_is_named(old, new, said):
    with pytest.raises(ProtocolError, match=said):
        load_text(TEXT.replace(old, new, 1), "ours.yaml")


def test_a_composite_event_says_what_failure_is():
    text = TEXT.replace(EVENT, "{event: treatment-stopped, strategy: composite", 1)
    text = text.replace("    summary: Diff", "    failure: 0\n    summary: Diff", 1)
    assert load_text(text, "ours.yaml").outcome.estimand.failure == 0
