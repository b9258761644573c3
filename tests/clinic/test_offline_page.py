"""Who works offline stands on the record's page, and every other page says so plainly."""

import re
from datetime import timedelta

import pytest

from sojourn.clinic.demo import PROGRAMME
from sojourn.diary import rounds
from sojourn.diary.keys import owner_of
from sojourn.diary.models import Device
from sojourn.diary.receiving import Batch, Filled, receive
from sojourn.ledger import archive, clock, leases, raising
from sojourn.ledger.desk import Person, load_course
from sojourn.ledger.models import Head
from sojourn.ledger.taking_out import take_back, take_out

LEAD = Person("lead", "sponsor")


@pytest.fixture
def out(programme, in_session, tmp_path):
    """The site of the session that is going on, offline."""
    archive.new_key(tmp_path / "key")
    site = load_course(PROGRAMME, in_session).site
    until = clock.now().date() + timedelta(days=1)
    key = archive.read_key(tmp_path / "key")
    return take_out(PROGRAMME, site, tmp_path / "out", key, until=until, by=LEAD, numbers="OFF-")


def test_the_record_tells_what_is_out_and_what_came_of_it(desk, out):
    page = desk("therapist").get("record/").content.decode()
    assert f"out until {out.until}" in page
    assert "new numbers begin with OFF-" in page
    assert out.participants[0] in page
    take_back(PROGRAMME, out.key, "the site's machine was lost", LEAD)
    assert "taken back in an emergency" in desk("therapist").get("record/").content.decode()


def test_a_page_of_a_course_that_is_out_says_where_to_write(desk, out, in_session):
    position = Head.objects.get().position
    therapist = desk("therapist")
    path = f"participants/{in_session}/do/safety.raise-concern/"
    form = therapist.get(path).content.decode()
    fields = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form))
    answer = therapist.post(
        path, **fields, at=f"{clock.now():%Y-%m-%dT%H:%M}", concern="felt unwell"
    )
    assert "was taken offline by site" in answer.content.decode()
    assert raising.tick(PROGRAMME) == 0
    assert Head.objects.get().position == position


def test_reminders_and_a_participant_s_phone_wait_until_the_course_is_home(out, in_session):
    position = Head.objects.get().position
    now = clock.now()
    done = rounds.make_round(now + timedelta(days=1))
    device = Device(programme=PROGRAMME, participant=in_session)
    batch = Batch(owner_of(PROGRAMME, in_session), now, (Filled("0" * 32, now, 0, ()),))
    receipt = receive(device, batch, now)
    assert (receipt.taken, receipt.refused) == ((), ())
    written = Head.objects.get().position - position
    assert written == done.sent + done.alerts  # about people of other sites alone
    assert leases.standing(PROGRAMME).out
