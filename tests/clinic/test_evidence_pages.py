"""The register on public pages: what stands there is what was computed, marked as it must be."""

import csv
import io
import json
import re
import shutil
from html import unescape

import pytest
from django.db import connection
from django.test import Client

from sojourn.clinic import forest_picture, published
from sojourn.clinic.forest_picture import Row
from sojourn.evidence import answer_all, shipped_studies
from sojourn.evidence.guidance import topics
from sojourn.evidence.load import RESULTS
from sojourn.evidence.wording import figure
from sojourn.ledger import triggers
from tests.axe import violations

CLAIMS = tuple(answer_all())
DOSE = re.compile(r"\d\s*(mg|mcg|milligram)\b", re.IGNORECASE)


@pytest.fixture
def read(db):
    def page(path: str, answer: int = 200) -> str:
        response = Client(headers={"host": "127.0.0.1"}).get(path)
        assert response.status_code == answer, path
        assert not response.cookies
        return " ".join(unescape(response.content.decode()).split())

    return page


def test_the_register_shows_every_claim_with_its_verdict_and_figure(read):
    text = read("/evidence/")
    for key, answered in answer_all().items():
        assert f'/evidence/claims/{key}/">{answered.claim.title}</a>' in text
        if answered.claim.claimed:
            summary = answered.forest(answered.claim.claimed.computation).summary
            assert figure_of(answered, answered.claim.claimed.computation) in text, key
            assert f"{summary.people} people in this figure" in text
        assert answered.claim.contested in text
    assert text.count("<svg") >= 8


def figure_of(answered, computation):
    forest = answered.forest(computation)
    summary = forest.summary
    return figure(forest.measure, summary.estimate, summary.low, summary.high)


@pytest.mark.parametrize("key", CLAIMS)
def test_a_claim_says_every_figure_in_a_picture_and_in_a_table(read, key):
    text, answered = read(f"/evidence/claims/{key}/"), answer_all()[key]
    assert answered.claim.because.strip() in text
    for lowered in answered.claim.certainty.lowered:
        assert lowered.reason in text
    for forest in answered.forests:
        if forest.summary:
            assert text.count(figure_of(answered, forest.key)) >= 2
        for line in forest.lines:
            shown = figure(line.measure, line.estimate, line.low, line.high)
            assert f'data-label="Figure">{shown}</td>' in text
            if line.estimate is not None or line.low is not None:
                assert f"{shown}" in "".join(re.findall(r"<svg.*?</svg>", text))
        if any(not line.verified for line in forest.lines):
            assert "unverified" in text
        for retracted in forest.retracted_left_out:
            assert f"/evidence/studies/{retracted}/" in text
            assert "retracted" in text


def test_a_claim_tells_how_its_figure_changed_over_the_years(read):
    text = read("/evidence/claims/effect-size/")
    moments = answer_all()["effect-size"].forest("all-trials").over_time
    for moment in moments:
        told = figure("standardised-difference", moment.estimate, moment.low, moment.high)
        assert re.search(
            rf"Until {moment.year} \({moment.studies} stud[^)]*\): {re.escape(told)}", text
        )


def test_a_network_is_a_picture_and_a_league_table(read):
    text = read("/evidence/claims/active-control/")
    assert "League table" in text
    assert "0.17 SD (-0.49 to 0.83), indirect" in text
    assert "-0.85 SD (-1.15 to -0.56)" in text
    assert "League table" not in read("/evidence/claims/effect-size/")


@pytest.mark.parametrize("key", shipped_studies())
def test_a_study_shows_its_figures_with_source_and_mark(read, key):
    text, study = read(f"/evidence/studies/{key}/"), shipped_studies()[key]
    for citation in study.citations:
        assert citation.text in text
    assert text.count('data-label="Figures"') == len(study.outcomes)
    marks = sum(not each.verified for each in (*study.outcomes, *study.bias))
    assert text.count('class="tag">unverified') == marks
    assert ("Retracted on" in text) == bool(study.retracted)
    for bias in study.bias:
        assert bias.note in text


def test_no_public_page_names_a_dose(read):
    pages = ["/evidence/", "/pros-and-cons/", "/guide/", "/evidence/studies/"]
    pages += [f"/evidence/claims/{key}/" for key in CLAIMS]
    pages += [f"/evidence/claims/{key}.json" for key in CLAIMS]
    pages += [f"/evidence/studies/{key}/" for key in shipped_studies()]
    pages += [f"/guide/{key}/?for={who}" for key in topics() for who in ("patients", "clinicians")]
    for page in pages:
        assert not DOSE.search(read(page)), page


def test_the_files_of_a_claim_hold_what_its_page_shows(db):
    client = Client(headers={"host": "127.0.0.1"})
    answered = answer_all()["effect-size"]
    table = client.get("/evidence/claims/effect-size.csv")
    rows = list(csv.DictReader(io.StringIO(table.content.decode())))
    assert len(rows) == sum(len(f.lines) + bool(f.summary) for f in answered.forests)
    [together] = [
        row for row in rows if (row["computation"], row["study"]) == ("all-trials", "together")
    ]
    assert float(together["estimate"]) == answered.forest("all-trials").summary.estimate
    mapp1 = next(
        r for r in rows if (r["computation"], r["study"]) == ("response-odds", "mitchell-2021")
    )
    assert (mapp1["active_events"], mapp1["active_n"], mapp1["verified"]) == ("37", "42", "False")
    for key in CLAIMS:
        found = json.loads(client.get(f"/evidence/claims/{key}.json").content)
        assert [each["key"] for each in found["forests"]] == [
            each.key for each in answer_all()[key].forests
        ]
    assert client.get("/evidence/claims/effect-size.xml").status_code == 404
    assert client.get("/evidence/claims/nothing.csv").status_code == 404


def test_what_is_not_there_is_said_to_be_missing(read):
    for path in ("/evidence/claims/nothing/", "/evidence/studies/nothing/", "/guide/nothing/"):
        read(path, 404)


def test_a_study_that_the_site_adds_changes_the_pages(read, settings, tmp_path):
    before = figure_of(answer_all()["lasting-remission"], "remission-mdma")
    settings.EVIDENCE = str(tmp_path)
    assert before in read("/evidence/")
    text = (RESULTS / "mitchell-2021.yaml").read_text(encoding="utf-8")
    text = text.replace("key: mitchell-2021", "key: our-trial").replace("name: MAPP1", "name: Ours")
    path = tmp_path / "our-trial.yaml"
    path.write_text(text, encoding="utf-8")
    now = figure_of(published.claim("lasting-remission"), "remission-mdma")
    assert now != before
    assert now in read("/evidence/")
    assert "Ours, 2021" in read("/evidence/claims/lasting-remission/")
    path.write_text("key: our-trial\n", encoding="utf-8")
    page = read("/evidence/")
    assert before in page
    assert "studies that this site added can’t be read" in page
    shutil.rmtree(tmp_path)
    assert before in read("/evidence/")


def test_the_guide_says_it_to_either_reader_with_its_sources(read):
    patients, clinicians = (read(f"/guide/critique/?for={w}") for w in ("patients", "clinicians"))
    assert '95 of 100 people (between 88 and 98)</a> <span class="tag">unverified' in patients
    assert "95% (95% CI 88 to 98)" in clinicians
    assert read("/guide/critique/") == patients
    assert "not read at its source" in patients
    assert 'href="/ways/"' in patients
    assert "Samaritans" in patients
    assert "Samaritans" not in read("/guide/law/")
    assert 'href="/ways/AU/"' in read("/guide/law/")


def test_a_forest_plot_is_drawn_to_scale():
    rows = [
        Row("One & two", "0.25", 0.25, 0.0, 0.5, weight=0.25),
        Row("Together", "0.5", 0.5, 0.25, 0.75, "pooled"),
    ]
    drawn = forest_picture.forest(rows, "share", None, "Shares")
    span = forest_picture.RIGHT - forest_picture.LEFT
    left, quarter, half = (forest_picture.LEFT + span * share for share in (0, 0.25, 0.5))
    assert f'x1="{left:.1f}" x2="{half:.1f}"' in drawn
    assert f'd="M{quarter:.1f},' in drawn
    assert "One &amp; two: 0.25; Together: 0.5" in drawn
    ratio = forest_picture.forest([Row("A", "2", 2, 1, 4)], "risk-ratio", 1, "Ratio")
    x1, x2 = map(
        float, re.search(r'class="interval study" x1="([\d.]+)" x2="([\d.]+)"', ratio).groups()
    )
    middle = float(re.search(r'class="point study" x="([\d.]+)"', ratio)[1]) + 4.5
    assert middle == pytest.approx((x1 + x2) / 2, abs=0.2)  # a ratio's interval is even on its axis
    assert forest_picture.forest([Row("A", "", None, None, None)], "share", None, "") == ""


@pytest.fixture
def served(transactional_db, live_server):
    """Pages served for real; the test's own database is emptied by its owner afterwards."""
    yield live_server.url
    triggers.remove(connection)


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_they_read_on_a_phone_and_pass_axe(served, chromium, scheme):
    context = chromium.new_context(color_scheme=scheme, viewport={"width": 320, "height": 700})
    page = context.new_page()
    for path in (
        "evidence/", "evidence/claims/active-control/", "evidence/claims/conventional-dropout/",
        "evidence/studies/", "evidence/studies/jerome-2020/", "evidence/studies/mitchell-2021/",
        "guide/", "guide/critique/?for=patients", "guide/law/?for=clinicians",
    ):  # fmt: skip
        page.goto(f"{served}/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
        assert violations(page) == [], path
    context.close()


@pytest.mark.browser
def test_a_guide_page_prints_its_text_and_not_its_menus(served, chromium):
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{served}/guide/session/?for=patients")
    page.emulate_media(media="print")
    assert page.is_visible("article h1")
    assert not page.is_visible("nav.public")
    assert not page.is_visible(".readers")
    assert page.pdf(format="A4").startswith(b"%PDF")
    context.close()


@pytest.mark.browser
def test_the_keyboard_reaches_a_claims_table(served, chromium):
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{served}/evidence/claims/suicidality/")
    closed = page.locator("details:not([open]) > summary").first
    closed.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.parentElement.open")
    context.close()
