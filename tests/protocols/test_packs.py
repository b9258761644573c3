"""What the publications of the shipped packs say, and what no pack may do."""

import re
from datetime import date
from pathlib import Path

import pytest

import sojourn
from sojourn import instruments, medicines
from sojourn.medicines import Taken, WashoutRule, findings
from sojourn.protocols import ProtocolError, jurisdiction, load_shipped, load_text, shipped
from sojourn.protocols.load import shipped_text

DOSING = tuple(key for key in shipped() if load_shipped(key).dosing)
IBOGAINE = "ibogaine-opioid-detoxification"
AUTISM = "mdma-social-anxiety-autism"
PSILOCYBIN = "psilocybin-treatment-resistant-depression"
LSD = "lsd-anxiety"


def problems(key: str, old: str, new: str) -> str:
    text = shipped_text(key)
    assert old in text
    with pytest.raises(ProtocolError) as error:
        load_text(text.replace(old, new, 1), "ours.yaml")
    return str(error.value)


# --- what was published ---------------------------------------------------------------------


@pytest.mark.proves("packs")
@pytest.mark.parametrize(
    ("key", "doi", "levels", "instrument", "days_to_outcome"),
    [
        # Danforth 2018: 75 to 125 mg, two sessions; LSAS one month after the second.
        (AUTISM, "10.1007/s00213-018-5010-9", [(75, 100), (75, 100, 125)], "lsas", 30),
        # Goodwin 2022: one dose of 25 mg (against 10 and 1); MADRS at week 3.
        (PSILOCYBIN, "10.1056/NEJMoa2206443", [(25,)], "madrs", 21),
        # Holze 2023: two sessions of 200 µg; STAI global 16 weeks after the last.
        (LSD, "10.1016/j.biopsych.2022.08.025", [(200,), (200,)], "stai", 112),
        # Knuijver 2022: one dose of 10 mg/kg, watched for at least 24 hours.
        (IBOGAINE, "10.1111/add.15448", [(10,)], "sows", 1),
    ],
)
def test_doses_and_outcome_are_the_published_ones(key, doi, levels, instrument, days_to_outcome):
    pack = load_shipped(key)
    assert [session.initial for session in pack.dosing.sessions] == levels
    cited = {each.key: each.doi for each in pack.citations}
    assert cited[pack.dosing.source.split()[0]] == doi
    assert pack.outcome.instrument == instrument
    assert pack.visit(pack.outcome.visit).window.target == days_to_outcome


def test_each_pack_counts_as_its_publication_does():
    units = {key: {s.unit for s in load_shipped(key).dosing.sessions} for key in DOSING}
    assert units[LSD] == {"µg"}
    assert units[IBOGAINE] == {"mg/kg"}
    assert units[AUTISM] == units[PSILOCYBIN] == units["mdma-ptsd"] == {"mg"}


def test_the_heart_is_watched_for_a_day_by_limits_the_site_sets():
    pack = load_shipped(IBOGAINE)
    assert pack.dosing.lasting_min == 24 * 60
    asked = {each.key: each for each in pack.site_settings}
    for key in ("qtc-ms-session-max", "qtc-ms-emergency", "qtc-rise-ms", "dose-mg-max"):
        assert asked[key].required
    assert {r.key for r in pack.monitoring.alarms if r.signal == "qtc_ms"} == {
        "qtc-emergency",
        "qtc-rise",
    }
    assert all("qtc_ms" in each.signals for each in pack.monitoring.schedule)
    assert {"qt-prolonging", "cyp2d6-inhibitor"} <= set(pack.dosing.excluded_classes)


@pytest.mark.parametrize("key", DOSING)
def test_every_instrument_and_excluded_class_of_a_pack_is_there(key):
    pack = load_shipped(key)
    rated = {each for visit in pack.visits for each in visit.assessments}
    assert rated <= set(instruments.load_shipped())
    classes = {each.key for each in medicines.load_shipped().classes}
    assert set(pack.dosing.excluded_classes) <= classes


# --- legal routes ---------------------------------------------------------------------------


@pytest.mark.parametrize("key", DOSING)
def test_a_pack_stands_only_on_routes_open_for_its_drug_and_condition(key):
    pack = load_shipped(key)
    for ground in pack.authorisations:
        _, route = jurisdiction.routes()[ground.key]
        assert route.is_for(pack.dosing.study_drug, pack.condition)


def test_there_is_no_route_but_a_trial_for_a_drug_that_no_law_names():
    for key, (_, route) in jurisdiction.routes().items():
        if route.is_for("ibogaine", "opioid-use-disorder"):
            assert route.kind == "clinical-trial", key


@pytest.mark.proves("packs")
@pytest.mark.parametrize(
    ("key", "route"),
    [
        (IBOGAINE, "au-authorised-prescriber"),
        (IBOGAINE, "ch-limited-medical-use"),
        (AUTISM, "au-authorised-prescriber"),  # open for PTSD alone
        (LSD, "ca-special-access"),
    ],
)
def test_no_programme_can_be_founded_where_its_drug_has_no_lawful_route(key, route):
    told = problems(key, "authorisations: [us-ind", f"authorisations: [{route}")
    assert f"is '{route}'; that route is not open for" in told
    assert "us-ind" in told.split("those that are:")[1]


def test_a_pack_says_what_is_given_and_a_stored_text_from_before_still_reads():
    text = shipped_text("mdma-ptsd").replace("  study_drug: mdma\n", "")
    assert "study_drug is missing; name what is given" in problems(
        "mdma-ptsd", "  study_drug: mdma\n", ""
    )
    assert load_text(text, "stored", stored=True).dosing.study_drug == ""


# --- doses in micrograms and by body weight -------------------------------------------------


@pytest.mark.parametrize(
    ("key", "old", "new", "message"),
    [
        (LSD, "session_total_max_ug: 200", "session_total_max_ug: 100", "session_total_max_ug 100"),
        (LSD, "session_total_max_ug: 200", "session_total_max_mg: 200", "session_total_max_mg"),
        (LSD, "number: 1, initial_ug", "number: 1, initial_mg", "count in one of them"),
        (IBOGAINE, "  weight: weight-kg\n", "", "name a characteristic in kg"),
        (IBOGAINE, "  weight: weight-kg\n", "  weight: qtc-ms\n", "name a characteristic in kg"),
        (IBOGAINE, "session_total_max_setting: dose-mg-max", "session_total_max_mg: 900",
         "session_total_max_setting is missing"),
        (IBOGAINE, "lowest: 100, highest: 2000}", "lowest: 100, highest: 2000, required: false}",
         "no limit that a site must set"),
        (IBOGAINE, "initial_mg_per_kg: [10]", "initial_mg_per_kg: []", "is empty"),
    ],
)  # fmt: skip
def test_doses_that_do_not_fit_together_are_named(key, old, new, message):
    assert message in problems(key, old, new)


def test_what_an_arm_holds_of_its_label_is_the_published_dose():
    arms = {each.key: each for each in load_shipped(PSILOCYBIN).arms}
    assert [arms[f"psilocybin-{mg}"].holds(25) for mg in (25, 10, 1)] == [25, 10, 1]
    arms = {each.key: each for each in load_shipped(LSD).arms}
    assert (arms["lsd"].holds(200), arms["placebo"].holds(200)) == (200, 0)
    # Where a pack does not say it, nobody makes it up.
    assert {each.key: each.holds(80) for each in load_shipped("mdma-ptsd").arms} == {
        "mdma": 80,
        "placebo": None,
    }
    told = problems(PSILOCYBIN, "percent_of_label: 40", "percent_of_label: 41")
    assert "of a label of 25 that is no whole number" in told


# --- medicines beside each study drug -------------------------------------------------------


def weights(study_drug: str, name: str, excluded: frozenset[str] = frozenset()) -> set[str]:
    rule = WashoutRule(5, 7, excluded, study_drug)
    taken = (Taken(name, (name,)),)
    return {
        each.weight for each in findings(medicines.load_shipped(), taken, date(2026, 3, 2), rule)
    }


def test_what_a_medicine_means_follows_the_study_drug():
    assert weights("mdma", "lithium") == {"hard-stop"}
    assert weights("psilocybin", "ondansetron") == {"caution"}
    assert weights("ibogaine", "ondansetron") == {"hard-stop"}
    assert weights("", "ondansetron") == weights("mdma", "ondansetron") == {"caution"}


def test_a_class_with_nothing_on_file_beside_a_drug_is_for_a_prescriber():
    assert weights("ibogaine", "sumatriptan") == {"unknown"}
    assert weights("a-new-drug", "propranolol") == {"unknown"}
    # Unless the pack excludes it: then it is held back whatever is on file.
    assert weights("a-new-drug", "propranolol", frozenset({"beta-blocker"})) == {"hard-stop"}


@pytest.mark.parametrize("study_drug", ["psilocybin", "lsd", "ibogaine"])
def test_every_rule_beside_another_drug_names_its_source_and_is_unverified(study_drug):
    formulary = medicines.load_shipped()
    rules = [rule for (drug, _), rule in formulary.beside.items() if drug == study_drug]
    assert len(rules) >= 20
    assert all(rule.source and not rule.verified for rule in rules)
    assert "MDMA" not in " ".join(rule.consequence + rule.advice for rule in rules)


# --- no code may know a substance -----------------------------------------------------------

# Where words of publications, of stored analysis plans, of the demonstration and of examples on
# the command line are kept: none of them decides about a dose.
MAY_NAME_ONE = {
    "__init__.py", "exchange/registry/telling.py", "analysis/subgroups.py", "evidence/beside.py",
    "evidence/registry.py", "clinic/views/beside.py", "analysis/report/by_subgroup.py",
    "analysis/report/describing.py", "reporting/assembly.py", "reporting/history.py",
    "protocols/analysis_plan.py",
}  # fmt: skip


def test_no_code_names_a_substance():
    word = re.compile(r"mdma|midomafetamine|psiloc|\blsd\b|lysergi|ibogain", re.IGNORECASE)
    source = Path(sojourn.__file__).parent
    named = {
        str(path.relative_to(source))
        for path in source.rglob("*.py")
        if word.search(path.read_text(encoding="utf-8"))
    }
    told = {each for each in named if re.match(r"cli(_\w+)?\.py|clinic/demo/", each)}
    assert named <= MAY_NAME_ONE | told, named - MAY_NAME_ONE - told
    deciding = {"course", "conduct", "medicines", "instruments", "record", "ledger", "vigilance"}
    assert not [each for each in named if each.split("/")[0] in deciding]
