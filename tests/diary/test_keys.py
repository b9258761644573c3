"""A link's life: sent, opened once, expired, revoked; wrong ones all answer alike."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client

from sojourn.clinic.demo import PROGRAMME
from sojourn.clinic.models import Member
from sojourn.course.consent import WithdrawConsent
from sojourn.diary import keys
from sojourn.diary.models import Device, Link
from sojourn.ledger import clock, desk, vault
from sojourn.ledger.desk import load_course, stream_of
from sojourn.ledger.read import read_stream
from tests.diary.conftest import HOST, THERAPIST, key_in, link_to


def open_with(key: str) -> Client:
    client = Client(headers=HOST)
    client.post(f"/diary/open/{key}/")
    return client


def staff(username: str) -> Client:
    client = Client(headers=HOST)
    client.force_login(Member.objects.get(username=username))
    return client


@pytest.mark.proves("identity-apart")
def test_a_message_names_nobody_and_nothing_of_the_treatment(participant):
    link_to(participant)
    message = mail.outbox[-1]
    assert message.to == ["someone@example.org"]
    text = (message.subject + message.body).lower()
    for word in (participant.lower(), PROGRAMME + "/", "mdma", "ptsd", "session", "mood", "trial"):
        assert word not in text, word


def test_neither_the_link_nor_the_address_is_kept_anywhere(participant):
    key = link_to(participant)
    assert not Link.objects.filter(digest=key).exists()
    assert Link.objects.get(digest=keys.digest_of(key)).used_at is None
    record = "".join(repr(each) for each in read_stream(stream_of(PROGRAMME, participant)))
    assert key not in record
    assert "example.org" not in record
    assert "diary.link-sent" in [
        each.fact.kind for each in read_stream(stream_of(PROGRAMME, participant))
    ]


def test_looking_at_a_link_does_not_use_it_up_and_opening_does(participant):
    key = link_to(participant)
    for _ in range(3):
        assert Client(headers=HOST).get(f"/diary/open/{key}/").status_code == 200
    assert open_with(key).get("/diary/").status_code == 200
    assert open_with(key).get("/diary/").status_code == 403
    assert load_course(PROGRAMME, participant).diary_access.opened_at is not None


def test_wrong_used_expired_and_revoked_links_answer_alike(participant):
    used = link_to(participant)
    open_with(used)
    expired = link_to(participant)
    Link.objects.filter(digest=keys.digest_of(expired)).update(
        expires_at=clock.now() - timedelta(seconds=1)
    )
    revoked = link_to(participant)
    keys.revoke(PROGRAMME, participant, "phone lost", THERAPIST)
    answers = {
        (response.status_code, response.content)
        for key in ("nothing", "../../etc", "'; --", "x" * 3000, used, expired, revoked)
        if (response := Client(headers=HOST).post(f"/diary/open/{key.replace('/', '')}/"))
    }
    assert len(answers) == 1
    [(status, page)] = answers
    assert status == 403
    assert b"opens nothing" in page
    assert b"tel:988" in page  # help is there even so


def test_a_link_lives_as_long_as_the_site_has_set(participant, settings):
    settings.DIARY_LINK_MINUTES = 5
    link = Link.objects.get(digest=keys.digest_of(link_to(participant)))
    assert timedelta(minutes=4) < link.expires_at - clock.now() <= timedelta(minutes=5)


def test_revoking_closes_every_device_at_once(participant):
    first, second = open_with(link_to(participant)), open_with(link_to(participant))
    keys.revoke(PROGRAMME, participant, "phone lost", THERAPIST)
    for client in (first, second):
        assert client.get("/diary/").status_code == 403
        assert client.get("/diary/state/").status_code == 401
        assert client.post("/diary/sync/", "{}", "application/json").status_code == 403


def test_a_device_stays_open_only_for_a_while(phone):
    assert phone.get("/diary/").status_code == 200
    Device.objects.update(expires_at=clock.now())
    assert phone.get("/diary/").status_code == 403


def test_the_cookie_opens_the_diary_and_nothing_of_the_staffs(participant):
    client = open_with(link_to(participant))
    cookie = client.cookies["sojourn-diary"]
    assert cookie["httponly"]
    assert cookie["path"] == "/diary/"
    assert cookie["samesite"] == "Lax"
    assert client.get(f"/{PROGRAMME}/").status_code == 302
    assert client.get(f"/{PROGRAMME}/participants/{participant}/").status_code == 302


def test_no_link_after_consent_is_withdrawn_and_no_row_is_left(participant):
    course = load_course(PROGRAMME, participant)
    desk.execute(
        PROGRAMME,
        participant,
        WithdrawConsent(clock.now(), "stop"),
        THERAPIST,
        shown=course.version,
    )
    before = Link.objects.count()
    with pytest.raises(desk.courses.Refused):
        keys.send_link(PROGRAMME, participant, "someone@example.org", THERAPIST)
    assert Link.objects.count() == before
    assert mail.outbox == []


class Broken:
    """A mail server that is down."""

    def __init__(self, **options: object) -> None:
        pass

    def send_messages(self, messages: list) -> int:
        raise ConnectionRefusedError("no mail server")


def test_a_message_that_does_not_leave_is_told_and_its_link_opens_nothing(participant, settings):
    settings.EMAIL_BACKEND = "tests.diary.test_keys.Broken"
    before = Link.objects.count()
    with pytest.raises(keys.NotSent, match="no mail server"):
        keys.send_link(PROGRAMME, participant, "someone@example.org", THERAPIST)
    assert Link.objects.count() == before


# --- the team's page --------------------------------------------------------


def page_of(participant: str) -> str:
    return f"/{PROGRAMME}/participants/{participant}/diary/"


def test_a_therapist_sends_a_link_to_an_address_used_once(participant):
    answer = staff("therapist").post(
        page_of(participant), {"do": "send", "address": "once@example.org"}, follow=True
    )
    assert b"on its way" in answer.content
    assert mail.outbox[-1].to == ["once@example.org"]
    assert open_with(key_in(mail.outbox[-1].body)).get("/diary/").status_code == 200


def test_the_vaults_address_is_used_where_there_is_one(participant):
    identity = vault.Identity("Ada", "Lund", clock.now().date().replace(year=1980),
                              email="ada@example.org")  # fmt: skip
    vault.keep(PROGRAMME, participant, identity, THERAPIST)
    page = staff("coordinator").get(page_of(participant)).content
    assert b"ada@example.org" not in page
    staff("coordinator").post(page_of(participant), {"do": "send", "address": "other@example.org"})
    assert mail.outbox[-1].to == ["ada@example.org"]


@pytest.mark.parametrize("address", ["", "nobody", "a@b", "two@example.org, three@example.org"])
def test_a_wrong_address_is_told_and_nothing_leaves(participant, address):
    answer = staff("therapist").post(page_of(participant), {"do": "send", "address": address})
    assert answer.status_code == 422
    assert b"is no e-mail address" in answer.content
    assert mail.outbox == []


@pytest.mark.parametrize("username", ["monitor", "pharmacist", "statistician", "prescriber"])
def test_other_roles_send_no_link(participant, username):
    answer = staff(username).post(
        page_of(participant), {"do": "send", "address": "once@example.org"}
    )
    assert answer.status_code == 422
    assert mail.outbox == []


def test_raters_see_no_diary(participant):
    for username in ("rater", "fidelity"):
        assert staff(username).get(page_of(participant)).status_code == 403
        assert staff(username).get(f"/{PROGRAMME}/aftercare/").status_code == 403
        history = staff(username).get(f"/{PROGRAMME}/participants/{participant}/").content
        assert b"Entry made" not in history
        assert b"diary" not in history.lower()


def test_the_generic_forms_lead_to_the_diarys_own_page(participant):
    for name in ("diary.send-link", "diary.revoke-access"):
        answer = staff("therapist").get(f"/{PROGRAMME}/participants/{participant}/do/{name}/")
        assert answer.status_code == 302
        assert answer.headers["Location"].endswith("/diary/")
    for name in ("diary.make-entry", "diary.note-missed", "diary.record-reminder"):
        answer = staff("therapist").get(f"/{PROGRAMME}/participants/{participant}/do/{name}/")
        assert answer.status_code == 404


def test_access_ends_with_a_reason(participant):
    therapist = staff("therapist")
    assert therapist.post(page_of(participant), {"do": "revoke"}).status_code == 422
    client = open_with(link_to(participant))
    therapist.post(page_of(participant), {"do": "revoke", "reason": "phone lost"})
    assert client.get("/diary/").status_code == 403
    assert settings.DIARY_DAYS == 30
