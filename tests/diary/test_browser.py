"""The diary in a real browser: offline for days, by keyboard, on a small phone, in both lights."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.hashers import make_password
from playwright.sync_api import expect

from sojourn.clinic.demo import PROGRAMME, load_demo
from sojourn.clinic.demo.programme import ACCOUNTS
from sojourn.clinic.models import Member
from sojourn.course.diary import EntryMade
from sojourn.ledger import triggers
from sojourn.ledger.desk import load_course, stream_of
from sojourn.ledger.models import Head
from sojourn.ledger.read import read_stream
from tests.diary.conftest import link_to, someone_after_a_session
from tests.kept import once

PASSWORD = "calm-quiet-room-7"
pytestmark = pytest.mark.browser


@pytest.fixture
def head_row(django_db_setup, django_db_blocker):
    """Emptying the tables takes the record's head row with it: put it back for later tests."""
    yield
    with django_db_blocker.unblock():
        Head.objects.get_or_create(id=1, defaults={"position": 0, "hash": ""})


@pytest.fixture
def site(head_row, transactional_db, live_server, chromium):
    """Pages served for real; afterwards the test's own database is emptied by its owner."""
    from django.db import connection

    Head.objects.get_or_create(id=1, defaults={"position": 0, "hash": ""})
    triggers.remove(connection)
    triggers.install(connection)
    once("12 people with passwords", people_and_passwords)
    yield live_server.url
    triggers.remove(connection)


def people_and_passwords():
    load_demo(today=datetime.now(UTC), participants=12)
    for username, role in ACCOUNTS:
        Member.objects.create(username=username, role=role, password=make_password(PASSWORD))


@pytest.fixture
def phone(site, chromium):
    """Opens a diary with a fresh link, as the participant would."""
    contexts = []

    def opened(participant: str, *, clock: datetime | None = None, **options):
        context = chromium.new_context(viewport={"width": 360, "height": 740}, **options)
        contexts.append(context)
        page = context.new_page()
        page.faults = []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on(
            "console",
            lambda message: (
                page.faults.append(message.text)
                if "Content Security Policy" in message.text
                else None
            ),
        )
        if clock:
            page.clock.install(time=clock)
        page.goto(f"{site}/diary/open/{link_to(participant)}/")
        page.click("main button")
        page.wait_for_selector("form[data-diary]")
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        return page

    yield opened
    for context in contexts:
        context.close()


def fill(page, mood: int, *, suicidal: str = "no", line: str = "") -> None:
    page.check(f"[name=mood][value='{mood}']")
    page.fill("[name=sleep-hours]", "7")
    page.check("[name=anxiety][value='3']")
    page.check(f"[name=suicidal-thoughts][value={suicidal}]")
    if line:
        page.fill("[name=line]", line)
    page.click("form[data-diary] button")


def told(page, words: str) -> None:
    expect(page.locator("[data-status]")).to_contain_text(words)


def entries_of(participant: str) -> list:
    stream = read_stream(stream_of(PROGRAMME, participant))
    return [each for each in stream if isinstance(each.fact, EntryMade)]


@pytest.mark.proves("participants-diary")
def test_three_days_offline_arrive_once_and_in_order(site, phone):
    participant = someone_after_a_session()
    before = len(entries_of(participant))
    now = datetime.now(UTC).replace(microsecond=0)
    page = phone(participant, clock=now - timedelta(days=2, hours=1))
    page.context.set_offline(True)
    for ago, mood in ((2, 8), (1, 6), (0, 4)):
        page.clock.set_system_time(now - timedelta(days=ago, hours=1))
        page.reload()
        assert page.inner_text("h1") == "How are you today?"
        assert page.locator("#help a[href='tel:988']").first.is_visible()
        fill(page, mood, suicidal="yes" if mood == 4 else "no", line=f"mood {mood}")
        if mood == 4:
            assert page.locator(".urgent a[href='tel:988']").first.is_visible()
        told(page, {2: "One entry is kept", 1: "2 entries are kept", 0: "3 entries are kept"}[ago])
    assert len(entries_of(participant)) == before

    page.clock.set_system_time(now)
    page.context.set_offline(False)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    told(page, "arrived")
    page.reload()
    page.evaluate("self.outbox.send()")

    arrived = entries_of(participant)[before:]
    assert [dict(each.fact.answers)["mood"] for each in arrived] == ["8", "6", "4"]
    days = [each.occurred_at for each in arrived]
    assert days == sorted(days)
    for each, ago in zip(arrived, (2, 1, 0), strict=True):
        assert abs(each.occurred_at - (now - timedelta(days=ago, hours=1))) < timedelta(minutes=5)
        assert each.recorded_at >= now
        assert (each.author, each.role) == ("participant", "participant")
    alerts = load_course(PROGRAMME, participant).open_alerts
    assert "diary-suicidality" in {each.rule for each in alerts}
    assert page.evaluate("self.outbox.all().then((all) => all.length)") == 0
    assert page.faults == []


def test_entries_of_another_person_stay_on_the_phone(site, phone):
    participant = someone_after_a_session()
    page = phone(participant)
    before = len(entries_of(participant))
    page.evaluate(
        "self.outbox.add({id: 'abcdefabcdefabcdef', owner: 'someone-else', offset_min: 0, "
        "filled_at: new Date().toISOString(), answers: [['mood', '1']]})"
    )
    page.reload()
    told(page, "another")
    assert len(entries_of(participant)) == before
    assert page.evaluate("self.outbox.all().then((all) => all.length)") == 1


def test_it_can_be_installed_and_writes_no_script_into_the_page(site, phone):
    page = phone(someone_after_a_session())
    manifest = page.evaluate(
        "fetch(document.querySelector('link[rel=manifest]').href).then((answer) => answer.json())"
    )
    assert manifest["start_url"] == "/diary/"
    assert manifest["display"] == "standalone"
    assert page.evaluate("fetch('/static/diary/mark.svg').then((answer) => answer.status)") == 200
    assert page.locator("script:not([src]), style, [style], [onclick]").count() == 0
    assert page.faults == []


def test_a_diary_is_filled_by_keyboard_alone(site, phone):
    participant = someone_after_a_session()
    before = len(entries_of(participant))
    page = phone(participant)
    page.focus("[name=mood]")
    page.keyboard.press("ArrowRight")
    for key in ("Tab", "7", "Tab", "ArrowRight", "Tab", "Space"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.name") == "suicidal-thoughts"
    for _ in range(40):
        if page.evaluate("document.activeElement.innerText") == "Send":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    told(page, "arrived")
    answers = dict(entries_of(participant)[before].fact.answers)
    assert answers["mood"] == "1"
    assert answers["sleep-hours"] == "7"
    assert answers["suicidal-thoughts"] == "no"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_and_fit_a_small_phone(site, phone, scheme, tmp_path):
    page = phone(someone_after_a_session(), color_scheme=scheme)
    page.set_viewport_size({"width": 320, "height": 640})
    for path in (
        "/diary/",
        "/diary/reminders/",
        "/diary/in-confidence/",
        "/diary/help/",
        "/diary/open/nothing/",
    ):
        page.goto(site + path)
        if path == "/diary/":
            page.check("[name=suicidal-thoughts][value=yes]")
        page.click("summary")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
        assert page.locator("h1").count() == 1, path
        results = Axe().run(page)
        assert results.violations_count == 0, (path, results.generate_report())
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    brightness = sum(map(int, re.findall(r"\d+", paper)[:3])) / 3
    assert (brightness > 128) == (scheme == "light")
    assert page.faults == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_teams_pages_are_accessible_and_fit_a_small_phone(site, chromium, scheme):
    participant = someone_after_a_session()
    context = chromium.new_context(color_scheme=scheme, viewport={"width": 320, "height": 740})
    page = context.new_page()
    page.goto(f"{site}/account/login/")
    page.fill("#id_login", "coordinator")
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector(".who")
    for path in ("aftercare/", f"participants/{participant}/diary/"):
        page.goto(f"{site}/{PROGRAMME}/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
        results = Axe().run(page)
        assert results.violations_count == 0, (path, results.generate_report())
    context.close()
