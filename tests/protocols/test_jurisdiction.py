"""Lawful routes as data: the shipped ones hold and cite, and a broken one says how to mend it."""

from datetime import date
from urllib.parse import urlsplit

import pytest

from sojourn.protocols import ProtocolError, load_shipped, load_text, shipped, shipped_text
from sojourn.protocols import jurisdiction as jurisdictions

AUSTRALIA = (jurisdictions.FOLDER / "AU.yaml").read_text(encoding="utf-8")
OLD_GROUNDS = """authorisations:
  - {key: us-ind, jurisdiction: US, label: IND in effect, authority: FDA}
  - {key: our-own, jurisdiction: DE, label: Our own ground, authority: BfArM}
"""


def problems(tmp_path, old: str, new: str) -> str:
    assert old in AUSTRALIA
    path = tmp_path / "AU.yaml"
    path.write_text(AUSTRALIA.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ProtocolError) as error:
        jurisdictions.load(path)
    return str(error.value)


@pytest.mark.parametrize("code", jurisdictions.load_shipped())
def test_every_route_says_who_applies_under_which_law_and_where_that_was_read(code):
    known = jurisdictions.load_shipped()[code]
    assert known.routes
    for route in known.routes:
        assert known.cited(route.source), route.key
        assert route.who_applies
        assert route.law
        assert route.official_pages or not route.treats


def test_routes_link_to_authorities_and_registers_only():
    official = jurisdictions.places().official_hosts
    # Hosts of governments, their agencies and the registers named in law; nobody who treats.
    assert set(official) <= {
        "tga.gov.au", "ahpra.gov.au", "anzctr.org.au", "ecfr.gov", "fda.gov", "clinicaltrials.gov",
        "bag.admin.ch", "fedlex.admin.ch", "swissmedic.ch", "humanforschung-schweiz.ch",
        "canada.ca", "canadagazetteducanada.gc.ca", "laws-lois.justice.gc.ca", "eur-lex.europa.eu",
        "euclinicaltrials.eu", "gov.uk", "legislation.gov.uk", "bepartofresearch.nihr.ac.uk",
        "health.gov.il", "gov.il", "medsafe.govt.nz",
    }  # fmt: skip
    for known in jurisdictions.load_shipped().values():
        pages = [each.url for route in known.routes for each in route.official_pages]
        for url in (*pages, *(each.url for each in known.citations if each.url)):
            host = urlsplit(url).hostname
            assert any(host == each or host.endswith(f".{each}") for each in official), url


def test_australia_permits_psychiatrists_since_july_2023():
    code, route = jurisdictions.routes()["au-authorised-prescriber"]
    assert code == "AU"
    assert not route.in_force(date(2023, 6, 30))
    assert route.in_force(date(2023, 7, 1))
    report = next(each for each in route.reports if each.every == "half-year")
    assert (report.counted_from, report.within_days, report.verified) == ("calendar", 31, True)


@pytest.mark.parametrize("country", ["NL", "NO", "DE"])
def test_a_member_of_the_union_has_its_trials(country):
    known = jurisdictions.of_country(country)
    assert known is not None
    assert [route.kind for route in known.routes] == ["clinical-trial"]


@pytest.mark.parametrize("country", ["BR", "XX", "ZA"])
def test_nothing_is_guessed_about_a_country_nobody_described(country):
    assert jurisdictions.of_country(country) is None


def test_countries_are_named_once():
    codes = [each.code for each in jurisdictions.places().countries]
    assert len(codes) == len(set(codes)) == 249
    assert jurisdictions.country_name("IL") == "Israel"
    assert jurisdictions.country_name("XX") is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("code: AU", "code: NZ", "code is 'NZ'; the file is called AU"),
        ("kind: clinical-trial", "kind: retreat", "routes[1].kind is 'retreat'"),
        ("source: tga-trials\n", "source: hearsay\n", "is 'hearsay'; cite one of: tga-guidance"),
        ("law: Therapeutic Goods Act", "lawn: Therapeutic Goods Act", "did you mean 'law'?"),
        (
            "https://www.anzctr.org.au/",
            "https://guide.example.com/",
            "link only to authorities, official registers",
        ),
        ("https://www.anzctr.org.au/", "http://www.anzctr.org.au/", "by https"),
        ("https://www.anzctr.org.au/", "https://notanzctr.org.au/", "link only to authorities"),
        ("every: half-year, counted_from: calendar", "every: half-year, counted_from: event",
         "every half-year does not fit"),
        ("within_days: 31, ", "", "within_days is missing; say how long after the period"),
        ("in_force_since: 2023-07-01", "in_force_since: 2023-07-01\n    in_force_until: 2020-01-01",
         "is 2020-01-01; it lies before 2023-07-01"),
        ("key: adverse-events,", "key: six-monthly,", "is 'six-monthly' a second time"),
        ("checked_on: 2026-11-25", "checked_on: lately", "checked_on is 'lately'"),
    ],
)  # fmt: skip
def test_a_broken_jurisdiction_names_file_line_field_and_mend(tmp_path, old, new, message):
    told = problems(tmp_path, old, new)
    assert message in told
    assert told.startswith("AU.yaml line ")


# --- what packs say about their legal grounds ---------------------------------------------


@pytest.mark.parametrize("key", shipped())
def test_each_ground_of_a_pack_is_a_route_with_its_jurisdictions_words(key):
    for ground in load_shipped(key).authorisations:
        code, route = jurisdictions.routes()[ground.key]
        assert (ground.jurisdiction, ground.label) == (code, route.label)
        assert ground.reports == route.reports


@pytest.mark.parametrize(
    ("ground", "message"),
    [
        ("  - us-hearsay\n", "authorisations[0] is 'us-hearsay'; no jurisdiction has that route"),
        ("  - 7\n", "authorisations[0] is 7; no jurisdiction has that route"),
        ("  - data-licence\n", "nobody is treated under it, and this protocol gives doses"),
        ("  - {key: us-ind, jurisdiction: US, label: IND, authority: FDA}\n",
         "is written out; give the key of a route alone"),
    ],
)  # fmt: skip
def test_a_pack_with_a_ground_no_jurisdiction_has_is_told_so(ground, message):
    text = shipped_text("mdma-ptsd").replace("  - us-ind\n", ground)
    with pytest.raises(ProtocolError) as error:
        load_text(text, "ours.yaml")
    assert message in str(error.value)
    assert "ours.yaml line " in str(error.value)


def test_a_stored_text_with_its_grounds_written_out_still_reads():
    text = shipped_text("mdma-ptsd")
    start, end = text.index("authorisations:"), text.index("arms:")
    old = text[:start] + OLD_GROUNDS + text[end:]

    with pytest.raises(ProtocolError):
        load_text(old, "stored")
    known, own = load_text(old, "stored", stored=True).authorisations

    assert (known.label, known.authority) == ("IND in effect", "FDA")
    assert [each.key for each in known.reports] == ["annual", "safety-reports"]
    assert (own.key, own.jurisdiction, own.reports) == ("our-own", "DE", ())
