"""The pharmacy's pages: what a session gave is on the book, and no page tells an arm."""

import csv
import io
import re
from dataclasses import replace

import pytest

from sojourn.clinic.demo.steps import PHARMACIST, PRESCRIBER
from sojourn.conduct.containers import Administered, ContentsSealed
from sojourn.conduct.pharmacy import CorrectCount, CountContainer, Dispense
from sojourn.course.dosing import DoseGiven
from sojourn.ledger import clock, stock
from sojourn.ledger.desk import Person, load_course, stream_of
from sojourn.ledger.randomisation_audit import audit_programme
from sojourn.ledger.read import read_stream
from sojourn.ledger.rebuild import fingerprint, rebuild
from sojourn.record.command import Refused


def given(participant: str) -> list[DoseGiven]:
    entries = read_stream(stream_of("demo", participant))
    return [each.fact for each in entries if isinstance(each.fact, DoseGiven)]


@pytest.mark.proves("drug-accountability")
def test_every_dose_of_a_session_stands_on_the_book_of_its_container(programme, in_session):
    doses = given(in_session)
    assert doses
    for dose in doses:
        entries = read_stream(stock.stream_of("demo", dose.container))
        told = [each.fact for each in entries if isinstance(each.fact, Administered)]
        assert (dose.visit, dose.which, dose.level_mg) in [
            (each.visit, each.which, each.level_mg) for each in told
        ]
        assert not stock.load("demo", dose.container).open


def test_the_register_ends_at_what_lies_on_the_shelf(desk):
    site = stock.sites("demo")[0]
    answer = desk("pharmacist").get(f"stock/{site}/register.csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    shelf = sum(e.on_the_shelf for e in stock.load_all("demo").values() if e.site == site)
    assert int(rows[-1]["Balance"]) == shelf
    assert desk("pharmacist").get(f"stock/{site}/register.pdf").content.startswith(b"%PDF")


def test_the_stock_shows_the_gap_that_is_open_and_how_to_explain_it(desk):
    page = desk("pharmacist").get("stock/").content.decode()
    assert "8 units were counted where the book says 9" in page
    assert "drug.explain-discrepancy" in page
    assert "limit" in page


def test_a_count_on_the_page_that_differs_raises_the_alert_at_once(desk):
    site = stock.sites("demo")[0]
    each = next(
        e for e in stock.load_all("demo").values() if e.site == site and e.in_stock and not e.open
    )
    path = f"stock/{site}/do/drug.count/"
    form = desk("pharmacist").get(path).content.decode()
    key = re.search(r'name="key" value="([^"]+)"', form)[1]
    at = re.search(r'name="at" value="([^"]+)"', form)[1]
    data = {"at": at, "key": key, "container": each.number, "units": 1, "witness": "prescriber"}
    for _ in range(2):  # a retry writes nothing twice
        answer = desk("pharmacist").post(path, **data)
        assert answer.status_code == 302, answer.content.decode()
    assert len(stock.load("demo", each.number).open) == 1
    assert desk("pharmacist").post(path, units="-1").status_code == 422


def test_the_pharmacys_pages_are_closed_to_the_team_and_to_raters(desk):
    site = stock.sites("demo")[0]
    for who in ("therapist", "prescriber", "coordinator", "rater", "fidelity"):
        for path in ("stock/", "stock/container/1001/", f"stock/{site}/register.csv"):
            assert desk(who).get(path).status_code == 403
        assert "/demo/stock/" not in desk(who).get("").content.decode()


def test_an_overseer_sees_the_stock_and_neither_contents_nor_arm(desk):
    number = next(iter(stock.load_all("demo")))
    sealed = [
        each.fact.sealed
        for each in read_stream(stock.stream_of("demo", number))
        if isinstance(each.fact, ContentsSealed)
    ]
    assert sealed
    for who in ("monitor", "lead", "pharmacist"):
        for path in ("stock/", f"stock/container/{number}/"):
            page = desk(who).get(path).content.decode()
            assert sealed[0] not in page
            assert not re.search(r"mdma with|placebo with|>mdma<|>placebo<", page.lower())


def test_a_container_of_the_other_arm_is_refused_without_a_word_of_arms(programme, in_progress):
    course = load_course("demo", in_progress)
    site = course.site
    fitting = {each.number for each in stock.fitting("demo", site, course)}
    others = [
        each
        for each in stock.load_all("demo").values()
        if each.site == site and each.in_stock and each.number not in fitting and not each.open
    ]
    command = Dispense(clock.now(), in_progress, "dosing-3", others[0].number, 9, PRESCRIBER.name)
    with pytest.raises(Refused, match="is not for") as refused:
        stock.execute("demo", site, command, PHARMACIST, course=course)
    assert not re.search("mdma|placebo", refused.value.message)


def test_the_lists_stay_what_the_record_makes_of_them(programme):
    site = stock.sites("demo")[0]
    each = next(e for e in stock.load_all("demo").values() if e.site == site and not e.open)
    command = CountContainer(clock.now(), each.number, each.on_the_shelf, PRESCRIBER.name)
    stock.execute("demo", site, command, PHARMACIST)
    before = fingerprint()
    rebuild()
    assert fingerprint() == before


def test_where_no_safe_was_set_up_a_dose_is_asked_of_no_book(programme, in_session):
    course = load_course("demo", in_session)
    dose = given(in_session)[0]
    stock.follow("nowhere", course, [dose], clock.now())
    assert not stock.histories("nowhere")


def test_a_dose_from_a_label_nobody_can_read_is_told(programme, in_session):
    course, dose = load_course("demo", in_session), given(in_session)[0]
    stock.follow("demo", course, [replace(dose, container="no idea")], clock.now())
    (gap,) = stock.load("demo", stock.UNLABELLED).open
    assert in_session in gap.label


def test_the_demonstrations_allocations_are_those_of_its_sealed_sequence(programme):
    found = audit_programme("demo", "audit of the sequence", Person("stat", "statistician"))
    assert found.holds
    assert found.allocations > 5
    opened = read_stream("openings:demo")[-1]
    assert (opened.author, opened.fact.purpose) == ("stat", "audit of the sequence")
    with pytest.raises(Refused, match="blinded"):
        audit_programme("demo", "curious about it", Person("monitor", "monitor"))


@pytest.mark.proves("drug-accountability")
def test_study_drug_that_does_not_add_up_is_on_today_and_on_the_board_of_whom_it_concerns(desk):
    [(number, gap)] = stock.unexplained("demo")
    words = "Study drug that does not add up (1)"
    for path in ("", "safety/"):
        for who in ("pharmacist", "monitor", "statistician", "lead"):
            page = desk(who).get(path).content.decode()
            assert words in page, (who, path)
            assert gap.label in page
            assert f"stock/container/{number}/" in page
        for who in ("therapist", "prescriber", "coordinator"):
            assert words not in desk(who).get(path).content.decode(), (who, path)
    command = CorrectCount(clock.now(), number, 9, "Counted again by both of us", "prescriber")
    stock.execute("demo", gap.site, command, PHARMACIST)
    assert stock.unexplained("demo") == []
    assert words not in desk("pharmacist").get("").content.decode()
    answer = desk("pharmacist").get(f"stock/{gap.site}/register.csv").content.decode()
    assert "Count corrected from 8 to 9" in answer
