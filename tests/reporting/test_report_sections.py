"""What stands around the primary result, recomputed from the record by another way."""

import pytest

from sojourn import protocols, reporting
from sojourn.analysis import blinding
from sojourn.analysis.outcomes import exact_interval, frame
from sojourn.analysis.report import EVERYONE, Inputs, Layout
from sojourn.analysis.safety import poisson_rate
from sojourn.course import deviations
from sojourn.course.deviations import ClassifyDeviation
from sojourn.ledger import clock, opening, programmes
from sojourn.ledger.cut import told_by
from sojourn.ledger.desk import Person, at_desk
from sojourn.ledger.read import read_all
from sojourn.ledger.rows import ObservationRow, ParticipantRow
from sojourn.reporting.departures import departures
from sojourn.reporting.front import estimand
from tests.reporting.conftest import STATISTICIAN

LABELS = {"mdma": "MDMA with therapy", "placebo": "Placebo with therapy", "unknown": "unknown"}
ACTIVE, REFERENCE = LABELS["mdma"], LABELS["placebo"]


def test_what_stands_around_the_primary_result_is_in_the_record(planned):
    # Given a deviation that the monitor found important
    who, key = classify_one(planned)
    report = reporting.make(reporting.Wish(planned), STATISTICIAN)
    figures = {each.name: each for each in report.figures}
    entries = {each.position: each for each in read_all()}
    arms = {who: LABELS[arm] for who, arm in opening.allocations("demo").items()}
    dosed = set(
        ParticipantRow.objects.filter(sessions_dosed__gt=0).values_list("participant", flat=True)
    )

    # Then no figure rests on what came after the cut, and each that counts anything has sources
    for each in report.figures:
        assert all(place <= report.cut.position for place in each.sources), each.name
        assert each.sources or not each.inputs, each.name

    # and the blinding indices are those of the guesses on record
    for guesser, account in (("participant", ""), ("independent-rater", "rater")):
        pairs = [
            (arms[each.stream.split(":")[2]], LABELS[each.fact.guess])
            for each in entries.values()
            if each.fact.kind == "blinding.guess-recorded"
            and (each.fact.occasion, each.fact.guesser) == ("week-18", guesser)
            and each.fact.account == account
            and each.stream.split(":")[2] in dosed
        ]
        guesses = blinding.counted(pairs, ACTIVE, REFERENCE)
        figure = figures[f"blinding/week-18/{guesser}/james"]
        index = blinding.james(guesses)
        told = dict(figure.values)
        assert float(told["estimate"]) == pytest.approx(index.estimate, rel=1e-5)
        assert float(told["low"]) == pytest.approx(index.low, rel=1e-5)
        assert int(told["n"]) == len(pairs)
        kinds = {entries[place].fact.kind for place in figure.sources}
        assert kinds == {"blinding.guess-recorded", "allocation.made"}
        own = blinding.bang(guesses, (ACTIVE, REFERENCE))[0]
        told = dict(figures[f"blinding/week-18/{guesser}/bang/{ACTIVE}"].values)
        assert float(told["estimate"]) == pytest.approx(own.estimate, rel=1e-5)

    # and responders who still respond are those rated twice
    rows = ObservationRow.objects.filter(instrument="caps-5", response__isnull=False)
    responded = {(each.participant, each.visit): each.response for each in rows}
    ours = [each for each in dosed if arms[each] == ACTIVE and responded.get((each, "week-18"))]
    known = [each for each in ours if (each, "month-12") in responded]
    still = sum(responded[each, "month-12"] for each in known)
    told = dict(figures[f"durability/month-12/kept/{ACTIVE}"].values)
    assert (int(told["count"]), int(told["of"])) == (still, len(known))
    assert (int(told["responders"]), len(known) > 2) == (len(ours), True)
    assert float(told["low"]) == pytest.approx(exact_interval(still, len(known))[0], rel=1e-5)

    # and rates are of the events over the time at risk
    told = dict(figures[f"harms/event_rate//{ACTIVE}"].values)
    events, years = int(told["count"]), float(told["person_years"])
    assert events == int(dict(figures[f"harms/all///{ACTIVE}"].values)["events"]) > 0
    rate = poisson_rate(events, years * 365.25)
    assert float(told["estimate"]) == pytest.approx(rate.per_100_years, rel=1e-4)
    assert float(told["high"]) == pytest.approx(rate.high, rel=1e-4)

    # and the deviation found important is counted once, in its arm, with the entry that says so
    figure = figures[f"deviation/grave/important/{arms[who]}"]
    assert figure.text == "1"
    classified = [e for e in entries.values() if e.fact.kind == "deviation.classified"]
    assert {e.position for e in classified if e.fact.deviation == key} <= set(figure.sources)

    # and nobody of the staff is named where pairs of therapists are compared
    (clusters,) = [each for each in report.sections if each.key == "clusters"]
    assert "therapist2" not in repr(clusters)


def test_a_programme_founded_on_an_older_text_says_that_every_rating_is_used():
    text = protocols.shipped_text("mdma-ptsd")
    start, end = text.index("      - {event: treatment-stopped"), text.index("    summary: Diff")
    prose = '      - "Rescue medicine: values after it are not used"\n'
    stored = protocols.load_text(text[:start] + prose + text[end:], "stored", stored=True)
    layout = Layout("CAPS-5", "baseline", "week-18", (), (EVERYONE,), opened=False)
    inputs = Inputs(layout, (), frame(()), {}, (), ())
    section = estimand(inputs, stored, "randomised")
    (line,) = [each for each in section.lines if each.startswith("Intercurrent event")]
    assert "Rescue medicine" in line
    assert "no rating is set aside for it" in line
    assert section.tables == ()


def test_the_blinded_report_counts_guesses_and_tells_none(planned):
    report = reporting.make(reporting.Wish(planned, blinded=True), Person("tom", "therapist"))
    mine = [each.name for each in report.figures if each.name.startswith("blinding/")]
    assert mine
    assert all("/asked/" in name for name in mine)
    assert not [each for each in report.figures if each.name.startswith(("guess/", "expectancy/"))]


def classify_one(programme: str) -> tuple[str, str]:
    """The participant and key of a missed visit that is found important, the first there is."""
    protocol = programmes.load(programme).protocol
    today = clock.now()
    for row in ParticipantRow.objects.filter(sessions_dosed__gt=0).order_by("participant"):
        with at_desk(programme, row.participant, Person("mona", "monitor")) as desk:
            found = deviations.known(desk.course, protocol, today.date())
            if not found:
                continue
            comment = "Nobody was at the telephone that day; the rota was changed."
            desk.execute(ClassifyDeviation(today, found[0].key, "important", comment))
        told = told_by(f"course:{programme}:{row.participant}", 10**9)
        graded = [e for e in departures(told, protocol, today.date()) if e.classification]
        assert [each.classification for each in graded] == ["important"]
        return row.participant, found[0].key
    raise AssertionError("the demonstration has no deviation")
