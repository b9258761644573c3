"""Two worlds that differ in the arms alone: whoever is blinded finds them the same, byte for byte.

Both are written and must leave the same database (under an ideal seal, see worlds.py). Then every
blinded role asks for everything in one of them. An answer made without opening the seal follows
from that database alone, so it is the same in both; one made with it is asked for again with the
other world's arms under the seal, and must come back the same: status, headers, cookies and body.
"""

from collections.abc import Iterable, Iterator

import pytest
from typer.testing import CliRunner

from sojourn import reporting
from sojourn.cli import app
from sojourn.clinic import report_runs
from sojourn.clinic.demo import PROGRAMME
from sojourn.clinic.views import today
from sojourn.exchange.cdisc.export import export
from sojourn.exchange.cdisc.frames import write_frames
from sojourn.exchange.cdisc.odm import export_odm
from sojourn.exchange.cdisc.source import Wish, open_source
from sojourn.ledger import opening
from sojourn.ledger.desk import Person
from tests.blinding import crawling
from tests.blinding.crawling import Asker, Request
from tests.blinding.worlds import World, changed, under

Worlds = dict[str, World]
QUERY = "?history=all&participant={}&container=1001&event=ae-1&visit=dosing-1"
seen: set[int] = set()  # statuses
TODAY = Request("today", "GET", f"/{PROGRAMME}/")


def differing(worlds: Worlds, asker: Asker, asked: Iterable[Request]) -> Iterator[str]:
    """Requests whose answer tells the two worlds apart."""
    here = worlds["this"].ideal
    for request in asked:
        before = here.openings
        answer = asker.ask(request)
        assert answer.status < 500, (asker.name, request)
        seen.add(answer.status)
        if here.openings > before:
            with under(worlds["other"].ideal):
                if asker.ask(request) != answer:
                    yield f"{asker.name}: {request}"


@pytest.fixture(autouse=True)
def within(worlds, db):
    """Tests without a database are put off to the end; the worlds would last as long."""


@pytest.mark.proves("blinding")
@pytest.mark.proves("blinding")
def test_the_record_of_both_worlds_is_the_same_to_the_byte(worlds):
    one, other = worlds["this"], worlds["other"]
    assert sum(len(rows) for rows in one.rows.values()) > 1500
    assert set(one.ideal.book) == set(other.ideal.book)
    differ = [sealed for sealed, arm in one.ideal.book.items() if other.ideal.book[sealed] != arm]
    assert len(differ) > 10
    assert changed(one, other) == []


@pytest.mark.proves("blinding")
@pytest.mark.proves("blinding")
def test_nothing_a_blinded_person_can_ask_for_tells_the_worlds_apart(worlds, chance, monkeypatch):
    monkeypatch.setattr(report_runs, "_begin", lambda work: work())
    known = crawling.values()
    query = QUERY.format(known["participant"][0])
    found, count = [], 0
    for asker in crawling.staff(chance):
        asked = [*crawling.requests(asker.name, known, query), crawling.too_late(known)]
        found += differing(worlds, asker, asked)
        count += len(asked)
    for asker, asked in crawling.programs(chance):
        found += differing(worlds, asker, asked)
        count += len(asked)
    assert found == []
    assert count > 1000
    assert seen >= {200, 204, 302, 400, 401, 403, 404, 405, 409, 422}


@pytest.mark.proves("blinding")
@pytest.mark.proves("blinding")
def test_what_is_taken_away_blinded_is_made_without_opening_the_seal(worlds, tmp_path):
    before = worlds["this"].ideal.openings
    monitor = Person("monitor", "monitor")
    source = open_source(Wish(PROGRAMME), monitor)
    assert export(source, tmp_path / "cdisc", xpt=True).records["sdtm"]["DM"] > 0
    for form in ("csv", "parquet"):
        assert sum(write_frames(source, tmp_path / form, form).values()) > 500
    assert export_odm(PROGRAMME, tmp_path / "odm.xml", Person("ana", "statistician")) > 500
    reporting.write(reporting.make(reporting.Wish(PROGRAMME, blinded=True), monitor), tmp_path)
    assert worlds["this"].ideal.openings == before


def a_number(request, template, context):
    arms = list(opening.allocations(PROGRAMME).values())
    return context | {"statuses": {"in progress": arms.count("mdma")}}


def an_order(request, template, context):
    arms = opening.allocations(PROGRAMME)
    return context | {"statuses": dict.fromkeys(sorted(arms, key=arms.__getitem__), 1)}


def test_what_an_operator_runs_opens_no_seal(worlds):
    before = worlds["this"].ideal.openings
    for said in (
        "verify",
        "rebuild",
        "reconcile",
        "programme list",
        f"randomisation left {PROGRAMME}",
    ):
        done = CliRunner().invoke(app, said.split())
        assert done.exit_code == 0, (said, done.output)
    assert worlds["this"].ideal.openings == before


@pytest.mark.parametrize("leak", [a_number, an_order, None])
def test_a_page_that_gives_the_arm_away_is_found(worlds, chance, monkeypatch, leak):
    """By a count, by who comes first, by a header that no reader of pages would see."""
    therapist = next(each for each in crawling.staff(chance) if each.name == "therapist")
    assert list(differing(worlds, therapist, [TODAY])) == []
    shown = today.render

    def giving_away(*asked):
        answer = shown(*asked[:2], leak(*asked) if leak else asked[2])
        if leak is None:
            answer["ETag"] = repr(sorted(opening.allocations(PROGRAMME).items()))
        return answer

    monkeypatch.setattr(today, "render", giving_away)

    assert list(differing(worlds, therapist, [TODAY])) == [f"therapist: {TODAY}"]
