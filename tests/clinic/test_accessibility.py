"""Every page of the staff, by axe-core against WCAG 2.2 AA, in light and dark."""

import json

import pytest
from django.urls import resolve

from sojourn import conduct, course
from sojourn.clinic.demo.programme import ACCOUNTS
from sojourn.clinic.offers import PAGE_OF
from sojourn.clinic.urls import urlpatterns
from sojourn.conduct import accountability
from tests.axe import faint, violations
from tests.clinic.serving import Served, free_port

pytestmark = pytest.mark.browser
ROLES = dict(ACCOUNTS)
OWN_PAGES = {"screening.register", *PAGE_OF}
NAMED = """
import json, sys, django
django.setup()
from sojourn.conduct.rater_pool import RatingAllocated
from sojourn.ledger import clock, ratings, stock
from sojourn.ledger.append import append_next
from sojourn.ledger.desk import stream_of
from sojourn.ledger.models import EntryRow
from sojourn.ledger.rows import EventRow
from sojourn.conduct.membership import GrantRole
from sojourn.ledger import clock, programmes
from sojourn.ledger.rows import ParticipantRow
own = ParticipantRow.objects.get(participant=sys.argv[1]).site
other = ParticipantRow.objects.exclude(site=own).order_by("site")[0].site
grant = GrantRole(clock.now(), "therapist2", "therapist", "delegated on the log", other)
programmes.execute("demo", grant, author="lead", role="sponsor")
event = EventRow.objects.order_by("participant")[0]
container = EntryRow.objects.filter(kind="drug.returned")[0].stream.rpartition(":")[2]
readings = EntryRow.objects.filter(
    stream=stream_of("demo", sys.argv[1]), kind="dosing.vitals-recorded"
)
task = RatingAllocated("TASKA", sys.argv[1], "baseline", "caps-5", "rater")
append_next(
    ratings.RATINGS + "demo", (task,),
    occurred_at=clock.now(), author="coordinator", role="coordinator",
)
print(json.dumps({
    "container": container, "site": stock.sites("demo")[0],
    "eventful": event.participant, "event": event.event, "vitals": readings[0].sequence
}))
"""
# Each page with someone who may open it.
PAGES = (
    ("", "prescriber"),
    ("participants/", "prescriber"),
    ("participants/{person}/", "prescriber"),
    ("participants/{person}/", "rater"),
    ("participants/{person}/suitability/", "prescriber"),
    ("participants/{person}/emergency/", "therapist2"),
    ("participants/{person}/hospital-record/", "prescriber"),
    ("participants/{person}/identity/", "lead"),
    ("participants/{person}/unblinding/", "prescriber"),
    ("participants/{person}/diary/", "therapist"),
    ("participants/{person}/correct/{vitals}/", "therapist"),
    ("participants/{eventful}/events/{event}/", "prescriber"),
    ("ratings/", "coordinator"),
    ("ratings/", "rater"),
    ("ratings/TASKA/", "rater"),
    ("ratings/TASKA/concern/", "rater"),
    ("register/", "prescriber"),
    ("safety/", "prescriber"),
    ("safety/report/", "therapist"),
    ("deviations/", "prescriber"),
    ("queries/", "monitor"),
    ("queries/", "rater"),
    ("access/", "monitor"),
    ("monitoring/", "monitor"),
    ("monitoring/central/", "monitor"),
    ("safety/confidential/", "monitor"),
    ("safety/closed/", "statistician"),
    ("aftercare/", "therapist"),
    ("amendments/", "lead"),
    ("delegation/", "lead"),
    ("training/", "lead"),
    ("documents/", "coordinator"),
    ("outcomes/", "prescriber"),
    ("outcomes/", "statistician"),
    ("evidence/", "prescriber"),
    ("evidence/", "statistician"),
    ("report/", "statistician"),
    ("exports/", "statistician"),
    ("design/", "statistician"),
    ("programme/", "lead"),
    ("protocol/", "lead"),
    ("practitioners/", "lead"),
    ("record/", "prescriber"),
    ("stock/", "pharmacist"),
    ("stock/container/{container}/", "pharmacist"),
)
# Parts of a page, files, and what is only posted to; the room has tests of its own.
NO_PAGES = frozenset(
    {
        "room", "room-live", "room-news", "tap", "undo", "event-message", "event-form", "terms",
        "safety-pack", "deviations-file", "queries-file", "access-log-file", "open-allocation",
        "design-run",
        "start-design", "cancel-design", "verify",
        "checkpoint", "checkpoint-file", "command", "programme-command", "report-file",
        "report-run", "make-report",
        "stock-command", "register-file",
        "export-file",
    }
)  # fmt: skip
STAFF = ("prescriber", "therapist", "coordinator", "lead")
NOT_NOW = (
    "programme.found",
    "programme.open",
    "programme.resume",
    "programme.adopt-amendment",
    "delegation.stop-asking",
    "delegation.delegate",
    "delegation.accept",
    "delegation.end",
    "access.review-emergency",
)


def forms():
    """Every form there is, with the first member of staff who may fill it in."""
    for each in course.COMMANDS.values():
        by = [name for name in STAFF if ROLES[name] in each.roles]
        if by and each.name not in OWN_PAGES:
            yield f"participants/{{person}}/do/{each.name}/", by[0]
    for each in conduct.COMMANDS.values():
        if "sponsor" in each.roles and each.name not in NOT_NOW:
            yield f"programme/do/{each.name}/", "lead"
    for each in accountability.COMMANDS.values():
        yield f"stock/{{site}}/do/{each.name}/", "pharmacist"


@pytest.fixture(scope="module")
def served(tmp_path_factory, chromium):
    served = Served(tmp_path_factory.mktemp("axe"), free_port())
    served.load()
    served.start()
    yield served
    served.kill()


@pytest.fixture(scope="module")
def named(served):
    """What addresses name: someone in a session, one of their readings, someone with an event."""
    return {**served.people, **json.loads(served.run(NAMED, served.people["in_session"]))}


@pytest.fixture(scope="module")
def page_of(served, chromium):
    """A signed-in page for each member, opened once."""
    found = {}

    def opened(username):
        if username not in found:
            page = chromium.new_context(color_scheme="light").new_page()
            page.goto(f"{served.url}/account/login/")
            assert violations(page) == []
            page.fill("#id_login", username)
            page.fill("#id_password", served.password)
            page.keyboard.press("Enter")
            page.wait_for_selector(".who")
            found[username] = page
        return found[username]

    yield opened
    for page in found.values():
        page.context.close()


def visit(page, address):
    answer = page.goto(address)
    assert answer.status == 200, address
    page.wait_for_selector("h1")


@pytest.mark.proves("usable-pages")
@pytest.mark.parametrize(("path", "username"), PAGES)
def test_axe_finds_nothing_against_wcag_2_2_aa(served, named, page_of, path, username):
    page = page_of(username)
    visit(page, f"{served.url}/demo/{path.format(person=named['in_session'], **named)}")
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert faint(page) == []
    page.emulate_media(color_scheme="light")


@pytest.mark.parametrize(("path", "username"), tuple(forms()))
def test_axe_finds_nothing_in_any_form(served, named, page_of, path, username):
    """Their colours are those of the pages."""
    page = page_of(username)
    where = path.format(person=named["in_session"], site=named["site"])
    visit(page, f"{served.url}/demo/{where}")
    assert violations(page, color_contrast=False) == []


def test_every_page_is_among_those_looked_at():
    sample = {"person": "P", "vitals": 1, "eventful": "P", "event": "ae-1", "container": "1"}
    looked_at = {resolve(f"/demo/{path.format(**sample)}").url_name for path, _ in PAGES}
    ours = {each.name for each in urlpatterns if str(each.pattern).startswith("<slug:programme>")}
    assert ours - NO_PAGES == looked_at
