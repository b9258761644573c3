"""Power curves on a page: set, followed, cancelled and still there after a reload."""

import time

import pytest

from sojourn.clinic import design_runs, run_files
from sojourn.clinic.models import Member
from sojourn.design.drawing import prepare
from sojourn.design.plan import Plan
from sojourn.design.trials import characteristics
from tests.axe import violations
from tests.clinic import test_browser

clinic, sign_in = test_browser.clinic, test_browser.sign_in
SMALL = {"smallest": "40", "largest": "60"}


def until(condition, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def state_of(member: Member) -> str:
    return design_runs.run_of(member.pk).state


@pytest.fixture(autouse=True)
def own_runs(settings, tmp_path):
    settings.HOME = tmp_path


@pytest.mark.parametrize("username", ["statistician", "lead", "monitor"])
def test_those_who_design_find_the_sliders(desk, username):
    page = desk(username).get("design/").content.decode()
    for slider in design_runs.SLIDERS:
        assert f'type="range" id="id_{slider.name}"' in page
    assert "Set the sliders and press Run" in page
    assert 'href="/demo/design/"' in desk(username).get("").content.decode()


@pytest.mark.parametrize("username", ["therapist", "rater", "pharmacist"])
def test_others_do_not(desk, username):
    one = desk(username)
    assert one.get("design/").status_code == 403
    assert one.post("design/start/", **SMALL).status_code == 403
    assert one.post("design/cancel/").status_code == 403
    assert one.get("design/run/").status_code == 403
    assert 'href="/demo/design/"' not in one.get("").content.decode()


def test_a_run_is_worked_out_and_found_again_by_its_member_only(desk):
    one, member = desk("statistician"), Member.objects.get(username="statistician")
    one.post("design/start/", **SMALL)
    until(lambda: state_of(member) == "done")
    run = design_runs.run_of(member.pk)
    assert [point.people for point in run.points] == [40, 42, 46, 48, 52, 54, 58, 60]
    # The page shows what the same model gives on the command line.
    prepared = prepare(design_runs.stated(run.wanted.values))
    plan = Plan(40, design_runs.TRIALS, design_runs.SEED)
    assert run.points[0].tally == characteristics(prepared, plan)
    page = one.get("design/").content.decode()
    assert "Done: 8000 trials" in page
    assert 'role="img" aria-label="Power. 40 people' in page
    assert "hx-trigger" not in one.get("design/run/").content.decode()
    assert "press Run" in desk("lead").get("design/").content.decode()


def test_looks_and_a_size_looked_at_again_are_set_on_the_page(desk):
    one, member = desk("statistician"), Member.objects.get(username="statistician")
    one.post("design/start/", **SMALL, looks="2", raised="150", spending="pocock", null="yes")
    until(lambda: state_of(member) == "done")
    run = design_runs.run_of(member.pk)
    for point in run.points:
        assert 0 < point.tally.stopped[0] < point.tally.trials
        assert point.tally.rejecting.value < 0.05
    sizes = [point.tally.sample_size.value for point in run.points]
    assert max(sizes) > 42
    page = one.get("design/").content.decode()
    assert "Expected size" in page
    assert "Stopped early" in page
    assert 'value="pocock" selected' in page


def test_a_run_is_cancelled_and_keeps_what_it_found(desk):
    one, member = desk("monitor"), Member.objects.get(username="monitor")
    one.post("design/start/", smallest="200", largest="400")
    until(lambda: design_runs.run_of(member.pk).done > 0)
    assert "Cancel" in one.get("design/run/").content.decode()
    one.post("design/cancel/")
    assert state_of(member) == "cancelled"
    time.sleep(0.5)
    done = design_runs.run_of(member.pk).done
    time.sleep(0.5)
    assert design_runs.run_of(member.pk).done == done < 8 * design_runs.TRIALS
    assert "Cancelled after" in one.get("design/").content.decode()


def test_a_new_run_ends_the_one_before(desk):
    one, member = desk("monitor"), Member.objects.get(username="monitor")
    one.post("design/start/", smallest="200", largest="400")
    until(lambda: design_runs.run_of(member.pk).done > 0)
    one.post("design/start/", **SMALL, null="yes")
    until(lambda: state_of(member) == "done")
    run = design_runs.run_of(member.pk)
    assert run.wanted.null
    for point in run.points:
        figure = point.tally.rejecting
        assert abs(figure.value - 0.05) < 4 * figure.error
    until(lambda: len(list(design_runs._folder().glob("run-*"))) == 1)


def test_a_run_nobody_works_on_any_more_says_so(desk):
    one, member = desk("lead"), Member.objects.get(username="lead")
    wanted = design_runs.Wanted("x", design_runs.numbers({}), False, "2026-01-01T00:00:00+00:00")
    run_files.write(design_runs._asked(member.pk), design_runs.asdict(wanted))
    assert "The run has stopped" in one.get("design/").content.decode()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"effect": "30"}, "Effect is &#x27;30&#x27;; a number from 0 to 20"),
        ({"sd": "nan"}, "a number from 5 to 20"),
        ({"alpha": "much"}, "a number from 1 to 10"),
        ({"spending": "bayes"}, "Spending is &#x27;bayes&#x27;; one of obrien-fleming"),
        ({"smallest": "200", "largest": "100"}, "above the smallest, 200"),
    ],
)
def test_a_number_out_of_bounds_is_refused_and_nothing_runs(desk, given, said):
    one, member = desk("statistician"), Member.objects.get(username="statistician")
    one.post("design/start/", **given)
    assert said in one.get("design/").content.decode()
    assert design_runs.run_of(member.pk) is None


@pytest.mark.browser
def test_a_curve_is_made_by_keyboard_and_survives_a_reload(sign_in, clinic):
    page = sign_in("statistician", viewport={"width": 320, "height": 700})
    page.goto(f"{clinic}/demo/design/")
    page.focus("#id_effect")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    assert page.text_content('output[for="id_effect"]') == "11.0"
    page.focus("#id_largest")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    for _ in range(6):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "BUTTON":
            break
    page.keyboard.press("Enter")
    page.wait_for_selector("#run >> text=Working")
    page.reload()
    page.wait_for_selector("#run >> text=Done", timeout=120_000)
    assert page.locator("#run svg").count() == 1
    assert page.input_value("#id_effect") == "11"
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.faults == []


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_design_of_a_trial(sign_in, clinic, scheme):
    page = sign_in("lead", color_scheme=scheme)
    page.goto(f"{clinic}/demo/design/")
    assert violations(page) == []
    page.press("#id_effect", "ArrowRight")
    page.click("text=Run")
    page.wait_for_selector("#run >> text=Working")
    page.click("#cancel")
    page.wait_for_selector("#run >> text=Cancelled")
    page.click("text=Run")
    page.wait_for_selector("#run >> text=Done", timeout=120_000)
    assert violations(page) == []
