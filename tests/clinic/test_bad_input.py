"""Whatever is typed or pasted is answered with its field named, and never with a broken page."""

import pytest
from django.test import Client

from sojourn.clinic.models import Member
from sojourn.ledger.desk import load_course
from tests.clinic.test_pages import prefilled, written

TAG = '<script>alert("x")</script>'


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-30T10:00",
        "2026-13-45T99:99",
        "0001-01-01T00:00",
        "9999-12-31T23:59",
        "2026-01-01T00:00:00+23:59",
        "yesterday",
        "\x00",
        "2026-01-01",
    ],
)
def test_a_moment_that_is_none_is_not_found_and_never_shows_another(desk, in_progress, text):
    page = desk("monitor").get(f"participants/{in_progress}/", as_of=text)

    assert page.status_code == (200 if text.startswith("9999") else 404)


def concern(desk, participant, **data):
    therapist = desk("therapist")
    path = f"participants/{participant}/do/safety.raise-concern/"
    at = prefilled(therapist.get(path), "at")
    return therapist.post(path, **{"at": at, "concern": "seems tired", **data})


@pytest.mark.proves("bad-input")
@pytest.mark.parametrize("sign", ["\x00", "\x07", "\x1b", "\x85", "\u2028"])
@pytest.mark.parametrize("field", ["concern", "key"])
def test_a_control_character_is_told_beside_its_field(desk, in_session, field, sign):
    before = written()

    answer = concern(desk, in_session, **{field: f"a{sign}b"})

    assert answer.status_code == 422
    assert written() == before


def test_a_control_character_in_the_reason_of_a_correction_is_told_beside_it(desk, in_session):
    from sojourn.ledger.desk import stream_of
    from sojourn.ledger.read import read_stream

    entries = read_stream(stream_of("demo", in_session))
    wrong = [each for each in entries if each.fact.kind == "dosing.vitals-recorded"][-1]
    path = f"participants/{in_session}/correct/{wrong.sequence}/"
    therapist = desk("therapist")
    data = {
        "at": prefilled(therapist.get(path), "at"),
        "moment": wrong.fact.moment,
        "systolic_mmhg": wrong.fact.systolic_mmhg - 3,
        "diastolic_mmhg": wrong.fact.diastolic_mmhg,
        "pulse_bpm": wrong.fact.pulse_bpm,
        "temperature_tenths_c": wrong.fact.temperature_tenths_c,
    }

    answer = therapist.post(path, **data, reason_for_correction="mis\x07read")

    assert answer.status_code == 422
    assert "control character U+0007" in answer.content.decode()


@pytest.mark.parametrize("at", ["0001-01-01T00:00", "0026-11-25T10:00", "1899-12-31T00:00"])
def test_a_time_long_past_is_told_beside_its_field(desk, in_session, at):
    answer = concern(desk, in_session, at=at)

    assert answer.status_code == 422
    assert "check the year" in answer.content.decode()


@pytest.mark.proves("bad-input")
def test_markup_in_a_text_is_shown_as_it_was_typed(desk, in_session):
    assert concern(desk, in_session, concern=TAG).status_code == 302

    for path in ("", f"participants/{in_session}/", f"participants/{in_session}/suitability/"):
        page = desk("therapist").get(path).content.decode()
        assert TAG not in page, path
        assert "&lt;script&gt;" in page, path


def test_a_link_can_not_choose_the_key_or_version_of_a_form(desk, in_session):
    path = f"participants/{in_session}/do/dosing.withhold-dose/"

    page = desk("therapist").get(path, key="chosen", version="1")

    assert prefilled(page, "key") != "chosen"
    assert int(prefilled(page, "version")) == load_course("demo", in_session).version


def test_a_decision_sent_twice_is_answered_as_recorded(desk, in_session):
    path = f"participants/{in_session}/do/dosing.withhold-dose/"
    therapist = desk("therapist")
    form = therapist.get(path)
    data = {name: prefilled(form, name) for name in ("key", "version", "at")}
    data |= {"which": "supplemental", "reason": "prefers not to"}
    before = written()

    answers = [therapist.post(path, **data).status_code for _ in range(2)]

    assert answers == [302, 302]
    assert written() == before + 1


def test_consent_withdrawn_from_treatment_can_still_be_withdrawn_from_all(desk, in_session):
    therapist = desk("therapist")
    path = f"participants/{in_session}/do/consent.withdraw/"
    form = therapist.get(path)
    data = {name: prefilled(form, name) for name in ("key", "version", "at")}
    assert therapist.post(path, **data, wish="no more", scope="treatment").status_code == 302

    assert path in therapist.get(f"participants/{in_session}/").content.decode()


def test_a_participant_number_with_signs_in_it_is_not_found(desk):
    for number in ("%00", "%07", "D-%E2%80%A8", "Ω-1", "a" * 500):
        assert desk("therapist").client.get(f"/demo/participants/{number}/").status_code == 404


@pytest.mark.parametrize("role", ["", "owner"])
def test_an_account_without_a_known_role_writes_nothing(programme, in_session, role):
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(Member.objects.create(username="nobody", role=role))
    before = written()

    for path in ("do/safety.raise-concern/", "identity/", "suitability/", "correct/1/"):
        for ask in (client.get, client.post):
            assert ask(f"/demo/participants/{in_session}/{path}").status_code == 403
    for path in ("record/verify/", "record/checkpoint/", "outcomes/open/"):
        assert client.post(f"/demo/{path}").status_code == 403
    assert written() == before
