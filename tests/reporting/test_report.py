"""A report: its numbers, its bytes, its traces, and what the blinded one must not hold."""

import json

import polars as pl
import pytest
from django.db import connection

from sojourn import reporting
from sojourn.analysis import mmrm
from sojourn.ledger import clock, opening, programmes, triggers
from sojourn.ledger.desk import Person
from sojourn.ledger.read import read_all, version
from sojourn.ledger.rebuild import rebuild
from sojourn.ledger.rows import ObservationRow, ParticipantRow
from sojourn.protocols.analysis_plan import load_plan
from sojourn.record.command import Refused
from sojourn.record.hashing import hash_of
from sojourn.record.merkle import includes, leaf_hash
from sojourn.reporting.paper import printed
from tests.reporting.conftest import PLAN, STATISTICIAN, lock

VISITS = ["rating-1", "rating-2", "week-18"]


def named(report, name):
    (found,) = [each for each in report.figures if each.name == name]
    return found


def part(report, end):
    (found,) = [
        each for each in report.figures
        if each.name.startswith("primary/") and each.name.endswith(end)
    ]  # fmt: skip
    return found


@pytest.mark.proves("figures-traced")
@pytest.mark.parametrize("every", [False, True])
def test_the_primary_difference_is_the_mixed_models_own(opened, every):
    arms = opening.allocations("demo")
    # A session that ended without a dose, and no dose after it: later ratings don't count.
    aside = set() if every else {("week-18", name) for name in never_dosed_again()}
    assert every or aside
    dosed = set(
        ParticipantRow.objects.filter(sessions_dosed__gt=0).values_list("participant", flat=True)
    )
    rows = ObservationRow.objects.filter(programme="demo", instrument="caps-5")
    starts = dict(rows.filter(visit="baseline").values_list("participant", "total"))
    visits = [
        visit.key
        for visit in programmes.load("demo").protocol.visits
        if "caps-5" in visit.assessments and visit.key != "baseline"
    ]
    visits = visits[: visits.index("week-18") + 1]
    frame = pl.DataFrame(
        [
            (each.participant, arms[each.participant], each.visit, float(each.change),
             float(starts[each.participant]))
            for each in rows
            if each.visit in visits and each.participant in dosed and each.change is not None
            and (each.visit, each.participant) not in aside
        ],
        schema={
            "participant": pl.String, "arm": pl.Enum(["placebo", "mdma"]),
            "visit": pl.Enum(visits), "change": pl.Float64, "baseline": pl.Float64,
        },
        orient="row",
    )  # fmt: skip
    fit = mmrm.fit("change ~ arm * visit + baseline", frame, participant="participant",
                   visit="visit")  # fmt: skip
    (direct,) = [
        each.value
        for each in mmrm.differences(fit, "arm", "placebo", by=["visit"])
        if ("visit", "week-18") in each.levels
    ]
    end = "difference/week-18/MDMA with therapy"
    figure = named(opened, f"sensitivity/every-rating/{end}") if every else part(opened, f"/{end}")
    told = dict(figure.values)
    assert float(told["estimate"]) == pytest.approx(direct.estimate, rel=1e-5)
    assert float(told["standard_error"]) == pytest.approx(direct.standard_error, rel=1e-4)
    assert float(told["df"]) == pytest.approx(direct.df, rel=1e-4)
    assert float(told["p"]) == pytest.approx(direct.p_value, rel=1e-3)


def never_dosed_again() -> set[str]:
    """Those whose last session was closed without a dose, by their entries alone."""
    found = set()
    for each in read_all():
        if each.stream.startswith("course:demo:"):
            who = each.stream.split(":")[2]
            if each.fact.kind == "dosing.dose-withheld" and each.fact.which == "initial":
                found.add(who)
            if each.fact.kind == "dosing.dose-given":
                found.discard(who)
    return found


@pytest.mark.proves("readable-copies")
def test_the_same_cut_gives_the_same_bytes_also_after_a_rebuild(opened):
    before = reporting.files(opened)
    rebuild()
    again = reporting.files(reporting.make(reporting.Wish("demo"), STATISTICIAN))
    assert {name for name in before if before[name] != again[name]} == set()


def test_a_cut_in_the_past_does_not_see_what_came_later(opened):
    planned, cut = "demo", opened.cut.as_of
    before = reporting.files(reporting.make(reporting.Wish(planned, cut), STATISTICIAN))
    from sojourn.conduct.practitioners import ApproveConsentVersion

    command = ApproveConsentVersion(clock.now(), "9.0", clock.now().date(), "committee", False)
    programmes.execute(planned, command, author="lead", role="sponsor")
    after = reporting.files(reporting.make(reporting.Wish(planned, cut), STATISTICIAN))
    later = reporting.make(reporting.Wish(planned), STATISTICIAN)
    assert before == after
    assert later.cut.position > opened.cut.position


@pytest.mark.proves("figures-traced")
def test_a_mean_is_traced_to_its_own_ratings_and_their_proofs_hold(opened, tmp_path):
    reporting.write(opened, tmp_path)
    figure = named(opened, "trajectory/week-18/MDMA with therapy")
    found = reporting.trace(figure.key, tmp_path)
    arms = opening.allocations("demo")
    ours = {
        each.position
        for each in read_all()
        if each.stream.startswith("course:demo:") and each.fact.kind == "assessment.recorded"
        and (each.fact.visit, each.fact.instrument) == ("week-18", "caps-5")
        and arms.get(each.stream.split(":")[2]) == "mdma"
    }  # fmt: skip
    rated = {each.position for each in found.sources if each.kind == "assessment.recorded"}
    assert rated == ours
    assert len(rated) == figure.inputs == int(dict(figure.values)["n"])
    assert {each.kind for each in found.sources} <= {
        "assessment.recorded", "record.corrected", "allocation.made"
    }  # fmt: skip
    assert found.problems == ()
    for each in found.sources:
        proof = [bytes.fromhex(step) for step in each.proof]
        leaf = leaf_hash(bytes.fromhex(each.hash))
        assert includes(bytes.fromhex(found.root), found.size, each.position - 1, leaf, proof)


@pytest.mark.proves("figures-traced")
@pytest.mark.parametrize("rehashed", [False, True])
def test_a_changed_entry_fails_the_trace(opened, tmp_path, rehashed):
    reporting.write(opened, tmp_path)
    figure = named(opened, "trajectory/week-18/MDMA with therapy")
    place = figure.sources[0]
    triggers.remove(connection)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_entry SET author = 'x' WHERE position = %s", [place])
        if rehashed:
            from sojourn.ledger.read import stored_at

            ((*columns, _),) = stored_at([place])
            cursor.execute(
                "UPDATE ledger_entry SET hash = %s WHERE position = %s", [hash_of(*columns), place]
            )
    triggers.install(connection)
    found = reporting.trace(figure.key, tmp_path)
    assert any(f"entry {place} was changed" in each for each in found.problems)


def test_a_record_rewritten_elsewhere_no_longer_gives_the_reports_root(opened, tmp_path):
    reporting.write(opened, tmp_path)
    figure = named(opened, "trajectory/week-18/MDMA with therapy")
    other = figure.sources[0] - 1
    triggers.remove(connection)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_entry SET hash = %s WHERE position = %s", ["ab" * 32, other])
    triggers.install(connection)
    found = reporting.trace(figure.key, tmp_path)
    assert len(found.problems) == len(found.sources)
    assert all("the record was rewritten" in each for each in found.problems)


def test_a_changed_file_of_traces_is_refused(opened, tmp_path):
    reporting.write(opened, tmp_path)
    traces = json.loads((tmp_path / "trace.json").read_text())
    traces["lists"]["0"] = [1]
    (tmp_path / "trace.json").write_text(json.dumps(traces))
    with pytest.raises(reporting.NoTrace, match="was changed"):
        reporting.trace(opened.figures[0].key, tmp_path)


def test_an_unknown_key_is_named(opened, tmp_path):
    reporting.write(opened, tmp_path)
    with pytest.raises(reporting.NoTrace, match="no figure 'zzzzzz'"):
        reporting.trace("zzzzzz", tmp_path)


def test_the_traces_hold_nobodys_number(opened):
    content = reporting.files(opened)["trace.json"].decode()
    for number in ParticipantRow.objects.values_list("participant", flat=True):
        assert number not in content


@pytest.mark.proves("blinding")
def test_the_blinded_report_tells_no_arm_and_never_looks(planned, monkeypatch):
    def peeked(*_):
        raise AssertionError("a blinded report opened the seal")

    monkeypatch.setattr(opening, "allocations", peeked)
    monkeypatch.setattr(opening, "record", peeked)
    report = reporting.make(reporting.Wish(planned, blinded=True), Person("tom", "therapist"))
    files = reporting.files(report)
    words = [content.decode() for name, content in files.items() if name != "report.pdf"]
    words.append(json.dumps(printed(report, ""), ensure_ascii=False))
    for text in words:
        assert "placebo" not in text.lower()
        assert "MDMA with therapy" not in text
        assert "primary/" not in text
    made = {each.position for each in read_all() if each.fact.kind.startswith("allocation.")}
    assert made
    assert not made & {place for each in report.figures for place in each.sources}
    assert version("openings:demo") == 0


def test_a_blinded_report_is_the_same_before_and_after_the_opening(planned):
    wish = reporting.Wish(planned, blinded=True)
    before = reporting.files(reporting.make(wish, STATISTICIAN))
    opening.record(planned, "interim look", STATISTICIAN)
    assert reporting.files(reporting.make(wish, STATISTICIAN)) == before


def test_results_by_arm_are_not_for_blinded_roles(planned):
    with pytest.raises(Refused, match="may not see results by arm"):
        reporting.make(reporting.Wish(planned), Person("tom", "therapist"))
    assert version("openings:demo") == 0


def test_the_opening_for_a_report_is_on_the_record(opened):
    assert version("openings:demo") == 1
    about = " ".join(opened.sections[0].lines)
    assert "before the allocation was opened" in about


@pytest.mark.proves("plan-before-arm")
def test_what_the_locked_plan_asks_for_is_planned_and_the_rest_is_not(opened):
    marks = {each.name: each.planned for each in opened.figures}
    assert all(marks[name] for name in marks if name.startswith(("primary/", "sensitivity/")))
    assert all(marks[name] for name in marks if name.startswith("responders/response/"))
    assert not any(marks[name] for name in marks if name.startswith("responders/loss_of_diag"))
    assert not any(marks[name] for name in marks if name.startswith("retention/"))
    html = reporting.files(opened)["report.html"].decode()
    assert html.count('<span class="tag">Not planned</span>') == sum(
        not table.planned for section in opened.sections for table in section.tables
    )


def test_another_plan_than_the_locked_one_is_post_hoc_and_says_what_it_leaves_out(planned):
    other = load_plan(PLAN.replace("[baseline]", "[baseline, sex]").replace("[sex]\n", "[]\n"))
    report = reporting.make(reporting.Wish(planned, plan=other), STATISTICIAN)
    primary = [each for each in report.figures if each.name.startswith("primary/")]
    assert primary
    assert not any(each.planned for each in primary)
    about = " ".join(report.sections[0].lines)
    assert "the primary analysis as planned" in about
    assert "subgroups by sex" in about


def test_without_a_plan_nothing_counts_as_planned(demo):
    report = reporting.make(reporting.Wish(demo), STATISTICIAN)
    tests = (
        "primary/", "responders/", "trajectory/", "harms/", "retention/", "leaving/",
        "durability/", "sessions/", "cluster/", "subgroup/",
    )  # fmt: skip
    assert not any(each.planned for each in report.figures if each.name.startswith(tests))
    assert "No analysis plan was locked" in " ".join(report.sections[0].lines)


@pytest.mark.proves("plan-before-arm")
def test_no_plan_is_locked_once_the_allocation_was_opened(demo):
    opening.record(demo, "closed session", STATISTICIAN)
    with pytest.raises(Refused, match="no plan can be locked"):
        lock(PLAN)
    assert programmes.load(demo).programme.plans == ()


@pytest.mark.proves("plan-before-arm")
def test_a_locked_plan_is_signed_and_its_text_kept(planned):
    (plan,) = programmes.load(planned).programme.plans
    (entry,) = [each for each in read_all() if each.position == plan.position]
    assert entry.signature.startswith("I approve this analysis plan")
    assert programmes.plan_text(plan.digest) == load_plan(PLAN)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PLAN.replace("mdma-ptsd", "other"), "the programme follows mdma-ptsd"),
        (PLAN.replace("reference: placebo", "reference: sugar"), "'sugar' is no arm"),
        (PLAN.replace("strategy: JR", "deltas: [0, 5]"), "strategy goes with"),
        (PLAN.replace("covariates", "covariate"), "did you mean 'covariates'"),
    ],
)
def test_a_plan_at_fault_is_refused_with_its_mend(demo, text, said):
    with pytest.raises(Refused, match=said):
        lock(text)


def test_a_plan_needs_its_signature_and_its_role(demo):
    with pytest.raises(Refused, match="this is signed"):
        lock(PLAN, approved=False)
    with pytest.raises(Refused, match="not for a therapist"):
        lock(PLAN, role="therapist")
