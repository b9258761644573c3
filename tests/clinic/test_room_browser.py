"""The session room in real browsers against the real server: two therapists, one session."""

import re
import time
from datetime import datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

import pytest

from tests.axe import violations
from tests.clinic.serving import Served, evening_zone, free_port

pytestmark = pytest.mark.browser
TARGET = 48  # pixels


@pytest.fixture(scope="module")
def served(tmp_path_factory, chromium):
    """Two worker processes: what one of them writes, pages of the other must hear of too."""
    served = Served(tmp_path_factory.mktemp("room"), free_port(), evening_zone())
    served.load()
    served.start(workers=2)
    yield served
    served.kill()


@pytest.fixture
def sign_in(served, chromium):
    contexts = []

    def open_page(username: str, **options):
        context = chromium.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.faults = []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.goto(f"{served.url}/account/login/")
        page.fill("#id_login", username)
        page.fill("#id_password", served.password)
        page.keyboard.press("Enter")
        page.wait_for_selector(".who")
        return page

    yield open_page
    for context in contexts:
        context.close()


def room_of(served: Served, page, participant: str = ""):
    page.goto(f"{served.url}/demo/participants/{participant or served.people['in_session']}/room/")
    page.wait_for_selector("#live")
    return page


def of_kind(entries: list[dict], kind: str) -> list[dict]:
    return [each for each in entries if each["kind"] == kind]


@pytest.mark.proves("session-room")
def test_each_of_two_therapists_sees_what_the_other_wrote_within_a_second(served, sign_in):
    one = room_of(served, sign_in("therapist", viewport={"width": 1024, "height": 768}))
    two = room_of(served, sign_in("therapist2", viewport={"width": 390, "height": 844}))
    waits = []
    for number in (2, 9, 4, 8):
        for writer, reader in ((one, two), (two, one)):
            begun = time.monotonic()
            writer.click(f"#tap-distress-{number}")
            reader.wait_for_selector(f"#scale-distress b:text-is('{number}')", timeout=5000)
            waits.append(time.monotonic() - begun)
            writer.click(f"#tap-distress-{number - 1}")
            reader.wait_for_selector(f"#scale-distress b:text-is('{number - 1}')", timeout=5000)
    print(f"seen after {median(waits):.2f} s, at most {max(waits):.2f} s")
    assert median(waits) < 1.0
    assert one.faults == two.faults == []


def test_a_note_being_typed_survives_what_the_colleague_taps(served, sign_in):
    one = room_of(served, sign_in("therapist"))
    two = room_of(served, sign_in("therapist2"))
    one.locator("#note").press_sequentially("Half a sent")
    two.click("#tap-joy")
    one.wait_for_selector(".lines >> text=Joy or warmth")
    one.locator("#note").press_sequentially("ence.")
    one.keyboard.press("Tab")
    one.keyboard.press("Enter")
    two.wait_for_selector(".lines >> text=Half a sentence.")
    assert one.input_value("#note") == ""


def test_a_mistaken_tap_is_undone_with_its_reason_and_stays_to_be_seen(served, sign_in):
    page = room_of(served, sign_in("therapist"))
    page.click("#tap-panic")
    page.wait_for_selector("section.warm >> text=Panic")
    page.click(".lines li:has-text('Panic') .undo")
    page.click("text=Tapped by mistake")
    page.wait_for_selector(".lines .struck:has-text('Panic')")
    assert "Tapped by mistake" in page.inner_text(".lines .struck:has-text('Panic')")
    assert page.locator("section.warm >> text=Panic").count() == 0


def test_someone_alone_is_warned_on_both_tablets_until_the_other_is_back(served, sign_in):
    one, two = room_of(served, sign_in("therapist")), room_of(served, sign_in("therapist2"))
    two.click("#leave-therapist2")
    for page in (one, two):
        page.wait_for_selector("[role=alert] >> text=1 of 2 practitioners in the room")
    two.click("#enter-therapist2")
    for page in (one, two):
        page.wait_for_selector("#leave-therapist2")
        assert page.locator("section.alarm:has-text('practitioners in the room')").count() == 0


def test_by_keyboard_alone_letters_tap_tab_reaches_and_the_letters_can_be_switched_off(
    served, sign_in
):
    page = room_of(served, sign_in("therapist"))
    before = page.locator("#tap-tears .count").inner_text()
    page.keyboard.press("r")
    page.wait_for_function(
        "before => document.querySelector('#tap-tears .count').textContent !== before", arg=before
    )
    page.focus("#tap-distress-0")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "tap-distress-1"
    page.keyboard.press("Enter")
    page.wait_for_selector("#scale-distress b:text-is('1')")
    assert page.evaluate("document.activeElement.id") == "tap-distress-1"

    page.focus("#shortcuts")
    page.keyboard.press("Space")
    page.keyboard.press("r")
    page.keyboard.press("Space")
    page.focus("#note")
    page.keyboard.type("rest")
    time.sleep(0.6)
    assert page.input_value("#note") == "rest"
    assert page.locator("#tap-tears .count").inner_text() == str(int(before) + 1)
    assert page.faults == []


def test_a_phone_of_320_pixels_shows_all_of_it_with_targets_for_a_thumb(served, sign_in):
    page = room_of(served, sign_in("therapist", viewport={"width": 320, "height": 640}))
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    small = page.evaluate(
        """least => [...document.querySelectorAll('#room button, #room a.button, #room .undo')]
          .filter(node => node.offsetParent)
          .map(node => [node.textContent.trim(), node.getBoundingClientRect()])
          .filter(([, box]) => box.width < least || box.height < least)
          .map(([text, box]) => `${text}: ${box.width} x ${box.height}`)""",
        TARGET,
    )
    assert small == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_room_is_dim_whatever_the_system_prefers(served, sign_in, scheme):
    page = room_of(served, sign_in("therapist", color_scheme=scheme))
    for selector in ("body", ".card"):
        colour = page.evaluate(
            f"getComputedStyle(document.querySelector('{selector}')).backgroundColor"
        )
        assert sum(map(int, re.findall(r"\d+", colour)[:3])) / 3 < 70, (selector, colour)


@pytest.mark.proves("session-room")
def test_taps_made_without_a_network_are_kept_and_each_arrives_once(served, sign_in):
    one, two = sign_in("therapist"), sign_in("therapist2")
    room_of(served, one)
    room_of(served, two)
    participant = served.people["in_session"]
    known = len(of_kind(served.entries(participant), "dosing.observation-noted"))
    one.context.set_offline(True)
    tapped = time.time()
    one.click("#tap-water")
    one.click("#tap-toilet")
    one.wait_for_selector("#unsaved >> text=2 not yet saved: Drank water, Toilet")
    time.sleep(3)
    one.context.set_offline(False)
    two.wait_for_selector(".lines >> text=Toilet", timeout=10_000)
    one.wait_for_selector("#unsaved", state="hidden")

    fresh = of_kind(served.entries(participant), "dosing.observation-noted")[known:]
    assert sorted(each["data"]["observation"] for each in fresh) == ["toilet", "water"]
    for each in fresh:
        assert abs(each["at"] - tapped) < 2.5
        assert each["recorded"] - each["at"] > 2


def test_an_answer_that_got_lost_does_not_write_twice(served, sign_in):
    page = room_of(served, sign_in("therapist"))
    participant = served.people["in_session"]
    known = len(of_kind(served.entries(participant), "dosing.observation-noted"))
    lost = []

    def lose_the_answer(route):
        if len(lost) < 2:
            lost.append(route.fetch().status)  # the server has it, the page is never told
            route.abort()
        else:
            route.continue_()

    page.route("**/room/tap/", lose_the_answer)
    page.click("#tap-fear")
    page.wait_for_selector("#unsaved >> text=1 not yet saved: Fear")
    page.wait_for_selector("#unsaved", state="hidden", timeout=15_000)

    assert lost == [200, 200]
    fresh = of_kind(served.entries(participant), "dosing.observation-noted")[known:]
    assert [each["data"]["observation"] for each in fresh] == ["fear"]


def test_what_the_server_refuses_is_said_and_not_sent_again(served, sign_in):
    page = room_of(served, sign_in("therapist"))
    page.evaluate(
        """() => {
          const button = document.querySelector('#tap-joy');
          button.value = 'observe levitation';
          button.click();
        }"""
    )
    page.wait_for_selector("#unsaved >> text=Not recorded. Joy or warmth: the protocol has no")
    assert page.evaluate("localStorage.length") == 0


@pytest.mark.proves("session-room")
def test_another_member_on_the_same_tablet_never_sends_the_taps_of_the_first(served, sign_in):
    page = room_of(served, sign_in("therapist"))
    participant = served.people["in_session"]
    known = len(served.entries(participant))
    page.route("**/room/tap/", lambda route: route.abort())
    page.click("#tap-silence")
    page.wait_for_selector("#unsaved >> text=1 not yet saved")
    page.unroute("**/room/tap/")
    page.goto("about:blank")  # or an answer still on its way would bring a cookie of its own
    page.context.clear_cookies()
    page.goto(f"{served.url}/account/login/")
    page.fill("#id_login", "therapist2")
    page.fill("#id_password", served.password)
    page.keyboard.press("Enter")
    page.wait_for_selector(".who")
    room_of(served, page)
    time.sleep(1.5)
    assert len(served.entries(participant)) == known


@pytest.mark.parametrize("which", ["during", "before", "undo"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_against_wcag_2_2_aa_in_the_room(served, sign_in, which, scheme):
    page = sign_in("therapist", color_scheme=scheme)
    room_of(served, page, served.people["ready"] if which == "before" else "")
    if which == "undo":
        page.click(".undo >> nth=0")
        page.wait_for_selector("h1 >> text=Undo")
    assert violations(page) == []


@pytest.mark.proves("session-room")
def test_a_whole_session_is_run_by_two_with_the_room_alone(served, sign_in):
    one = sign_in("therapist", viewport={"width": 1024, "height": 768})
    two = sign_in("therapist2", viewport={"width": 390, "height": 844})
    participant = served.people["ready"]
    assert participant, "the demonstration has nobody whose session is due"
    room_of(served, one, participant)
    room_of(served, two, participant)
    assert "Not ready" in one.inner_text("#live")
    assert "checklist not signed today: Room quiet and safe" in one.inner_text("#live")

    # before: each signs what they checked, and the other sees it
    one.click("#sign-room-ready")
    two.wait_for_selector(".checks li:has-text('Room quiet and safe') >> text=therapist,")
    two.click("#sign-emergency-ready")
    one.wait_for_selector(".checks li:has-text('Rescue equipment') >> text=therapist2,")
    for button in one.locator(".checks button").all_inner_texts():
        assert button == "I checked it"
    while one.locator(".checks button").count():
        left = one.locator(".checks button").count()
        one.locator(".checks button").first.click()
        one.wait_for_function(
            "left => document.querySelectorAll('.checks button').length < left", arg=left
        )

    now = datetime.now(ZoneInfo(served.zone))
    morning = now - timedelta(hours=9)
    assert morning.date() == now.date(), "the zone was chosen so that it is the evening"

    def form(page, at, submit="main button:text-is('Record')", **fields):
        page.fill("#id_at", at.strftime("%Y-%m-%dT%H:%M"))
        for name, value in fields.items():
            for each in value if isinstance(value, tuple) else (value,):
                control = page.locator(f"[name='{name}'][value='{each}']")
                control.check() if control.count() else page.fill(f"[name='{name}']", each)
        page.click(submit)
        page.wait_for_selector("#live, .errorlist")
        assert page.locator(".errorlist").count() == 0, page.inner_text("main")

    one.click("text=Open the session")
    form(one, morning, practitioners=("therapist", "therapist2"))
    two.wait_for_selector("text=no dose yet", timeout=10_000)
    two.wait_for_selector("#note")  # the page around it is loaded anew once a session opens

    visit = two.get_attribute("#live", "data-session")
    two.goto(
        f"{served.url}/demo/participants/{participant}/do/assessment.record/"
        f"?visit={visit}&instrument=c-ssrs"
    )
    for group in sorted({each.get_attribute("name") for each in
                         two.locator("[name^='answers-'][type=radio]").all()}):  # fmt: skip
        two.locator(f"[name='{group}']").first.check()
    for each in two.locator("[name^='answers-'][type=number]").all():
        each.fill("0")
    two.fill("#id_at", (morning + timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M"))
    two.click("main button:text-is('Record')")
    two.wait_for_selector("h1")
    room_of(served, two, participant)

    def vitals(page, at, moment):
        page.click("#take-vitals")
        form(page, at, moment=moment, systolic_mmhg="128", diastolic_mmhg="79",
             pulse_bpm="74", temperature_tenths_c="369")  # fmt: skip

    def dose(page, at, which, giver, witness, container):
        page.click(f"text=Give the {which} dose")
        page.locator("[name=level_mg]").first.check()
        form(page, at, given_by=giver, witness=witness, container=container, which=which)

    vitals(two, morning + timedelta(minutes=20), "before-initial")
    one.wait_for_selector("dd:has-text('74')")
    given_at = morning + timedelta(minutes=30)
    dose(one, given_at, "initial", "therapist", "therapist2", "C-17")
    two.wait_for_selector("text=container C-17, witness therapist2")

    # during
    one.click("#tap-eyeshades")
    two.wait_for_selector("#tap-eyeshades[aria-pressed=true]")
    two.click("#tap-nausea")
    one.wait_for_selector("section.warm >> text=Nausea")
    two.click("#leave-therapist2")
    one.wait_for_selector("text=1 of 2 practitioners in the room")
    one.click("#enter-therapist2")
    one.wait_for_selector("#leave-therapist2")
    vitals(one, given_at + timedelta(minutes=95), "before-supplemental")
    one.goto(
        f"{served.url}/demo/participants/{participant}/do/dosing.give-dose/?which=supplemental"
    )
    one.locator("[name=level_mg]").first.check()
    form(one, given_at + timedelta(minutes=97), given_by="therapist2", witness="therapist",
         container="C-18", which="supplemental")  # fmt: skip
    two.wait_for_selector("text=container C-18, witness therapist")

    # going home: refused with everything named, then signed, then closed
    vitals(two, now, "end")
    two.click("text=Close the session")
    two.fill("#id_at", now.strftime("%Y-%m-%dT%H:%M"))
    two.locator("[name=homeward][value=escorted-home]").check()
    two.click("main button:text-is('Record')")
    two.wait_for_selector(".errorlist")
    for label in ("Oriented to person", "No acute distress", "An adult escort"):
        assert label in two.inner_text(".errorlist")
    room_of(served, two, participant)
    while two.locator("#going-home button").count():
        left = two.locator("#going-home button").count()
        two.locator("#going-home button").first.click()
        two.wait_for_function(
            "left => document.querySelectorAll('#going-home button').length < left", arg=left
        )
    two.click("text=Close the session")
    form(two, datetime.now(ZoneInfo(served.zone)), homeward="escorted-home")
    one.wait_for_selector("text=is closed", timeout=10_000)

    entries = served.entries(participant)
    assert {each["author"] for each in of_kind(entries, "dosing.checklist-item-signed")
            if each["data"]["visit"] == visit} == {"therapist", "therapist2"}  # fmt: skip
    doses = [
        e["data"] for e in of_kind(entries, "dosing.dose-given") if e["data"]["visit"] == visit
    ]
    assert [(each["which"], each["container"], each["witness"]) for each in doses] == [
        ("initial", "C-17", "therapist2"),
        ("supplemental", "C-18", "therapist"),
    ]
    assert of_kind(entries, "dosing.too-few-present")
    assert entries[-1]["kind"] == "dosing.session-closed"
    assert one.faults == two.faults == []


@pytest.mark.proves("nothing-lost")
def test_a_killed_server_loses_nothing_acknowledged_and_the_page_comes_back_by_itself(
    served, sign_in
):
    one, two = room_of(served, sign_in("therapist")), room_of(served, sign_in("therapist2"))
    participant = served.people["in_session"]
    one.click("#tap-cold")
    two.wait_for_selector("#tap-cold[aria-pressed=true]")
    before = served.entries(participant)

    served.kill()
    one.wait_for_selector("#connection >> text=No connection")
    one.click("#tap-sweating")
    one.wait_for_selector("#unsaved >> text=1 not yet saved: Sweating")
    assert served.entries(participant) == before

    served.start(workers=2)
    two.wait_for_selector("#tap-sweating[aria-pressed=true]", timeout=30_000)
    one.wait_for_selector("#unsaved", state="hidden")
    one.wait_for_selector("#connection", state="hidden", timeout=30_000)
    after = served.entries(participant)
    assert after[: len(before)] == before
    assert [each["data"].get("observation") for each in after[len(before) :]] == ["sweating"]


def test_control_c_stops_the_server_at_once_with_pages_open(served, sign_in):
    pages = [room_of(served, sign_in("therapist")) for _ in range(3)]
    time.sleep(0.5)
    took = served.stop()
    print(f"stopped in {took:.1f} s")
    assert took < 5
    assert pages
    served.start(workers=2)
