"""Who a participant is: kept apart from the record, shown for a purpose, erased on request."""

from datetime import date

import pytest

from sojourn.clinic.demo import PROGRAMME
from sojourn.course.screening import ConfirmEligibility, RegisterParticipant
from sojourn.ledger import clock, desk, vault
from sojourn.ledger.models import EntryRow
from sojourn.ledger.programmes import load
from sojourn.ledger.read import read_stream
from sojourn.ledger.rows import IdentityMark, IdentityRow, OpenAlertRow
from sojourn.ledger.verify import verify
from sojourn.record.command import Refused
from tests.course.story import consent_to

COORDINATOR = desk.Person("coordinator", "coordinator")
PRESCRIBER = desk.Person("prescriber", "prescriber")
LEAD = desk.Person("lead", "sponsor")
ANA = vault.Identity(
    "Ana", "Garciamar", date(1984, 3, 9), "ana@example.org", "+41 31 555 01 02", country="CH",
    time_zone="Europe/Zurich",
)  # fmt: skip
FORM = {"do": "keep", "given_name": "Ana", "family_name": "Garciamar", "born_on": "1984-03-09"}


@pytest.fixture
def two(programme):
    """Two people in screening, D-901 at one site and D-902 at another."""
    for number, site in (("D-901", "site-01"), ("D-902", "site-02")):
        command = RegisterParticipant(clock.now(), number, site, 1984, "female")
        desk.execute(PROGRAMME, number, command, COORDINATOR)
    return "D-901", "D-902"


@pytest.mark.proves("identity-apart")
def test_a_name_is_kept_encrypted_and_never_enters_the_record(two):
    assert vault.keep(PROGRAMME, "D-901", ANA, COORDINATOR) == ()
    assert vault.contact(PROGRAMME, "D-901").email == "ana@example.org"
    row = IdentityRow.objects.get(participant="D-901")
    assert "Ana" not in row.ciphertext
    for entry in EntryRow.objects.values_list("data", "reason", "author"):
        assert not any("garciamar" in text.lower() or "ana@" in text for text in entry)
    assert IdentityMark.objects.filter(mark__contains="garc").count() == 0
    assert verify().problems == ()


def test_one_person_under_two_numbers_is_found_without_showing_who(two):
    vault.keep(PROGRAMME, "D-901", ANA, COORDINATOR)
    again = vault.Identity("ANA", "Garciámar", date(1984, 3, 9))
    [match] = vault.keep(PROGRAMME, "D-902", again, COORDINATOR)
    assert (match.participant, match.kind) == ("D-901", "same")
    alert = OpenAlertRow.objects.get(participant="D-902")
    assert alert.label.startswith("may be screened twice: D-901 of demo has the same name")
    [version, *_] = load(PROGRAMME).programme.consents(clock.now().date())[0]
    desk.execute(PROGRAMME, "D-902", consent_to(version, clock.now()), PRESCRIBER)
    with pytest.raises(Refused, match="may be screened twice"):
        desk.execute(PROGRAMME, "D-902", ConfirmEligibility(clock.now(), "fits"), PRESCRIBER)


def test_writing_it_again_raises_no_second_alert(two):
    vault.keep(PROGRAMME, "D-901", ANA, COORDINATOR)
    for _ in range(2):
        vault.keep(PROGRAMME, "D-902", ANA, COORDINATOR)
    assert OpenAlertRow.objects.filter(participant="D-902").count() == 1
    assert desk.load_course(PROGRAMME, "D-901").open_alerts == ()


def test_a_close_likeness_is_told_apart_from_the_same(two):
    vault.keep(PROGRAMME, "D-901", ANA, COORDINATOR)
    slip = vault.Identity("Anna", "Garciamarr", date(1984, 3, 9))
    [match] = vault.keep(PROGRAMME, "D-902", slip, COORDINATOR)
    assert match.kind == "close"


@pytest.mark.proves("identity-apart")
def test_each_look_is_on_the_record_with_its_purpose(two):
    vault.keep(PROGRAMME, "D-901", ANA, COORDINATOR)
    found = vault.open_identity(PROGRAMME, "D-901", "to call about the ride home", COORDINATOR)
    assert found == ANA
    opened = [*read_stream(f"identity:{PROGRAMME}")][-1]
    assert (opened.author, opened.fact.participant) == ("coordinator", "D-901")
    assert opened.fact.purpose == "to call about the ride home"
    with pytest.raises(Refused, match="what the name is needed for"):
        vault.open_identity(PROGRAMME, "D-901", " ", COORDINATOR)
    with pytest.raises(Refused, match="names are not shown"):
        vault.open_identity(PROGRAMME, "D-901", "curious", desk.Person("monitor", "monitor"))


@pytest.mark.proves("identity-apart")
def test_erasing_destroys_the_person_and_leaves_the_course(two):
    vault.keep(PROGRAMME, "D-901", ANA, COORDINATOR)
    with pytest.raises(Refused, match="not for a coordinator"):
        vault.erase(PROGRAMME, "D-901", "asked for it", COORDINATOR)
    vault.erase(PROGRAMME, "D-901", "asked for it; weighed by the data protection officer", LEAD)
    assert vault.contact(PROGRAMME, "D-901") is None
    assert not IdentityRow.objects.exists()
    assert not IdentityMark.objects.exists()
    assert desk.load_course(PROGRAMME, "D-901").participant == "D-901"
    assert vault.keep(PROGRAMME, "D-902", ANA, COORDINATOR) == ()
    with pytest.raises(Refused, match="nothing is kept"):
        vault.erase(PROGRAMME, "D-901", "twice", LEAD)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"given_name": "1234"}, "write the name in letters"),
        ({"born_on": "2999-01-01"}, "is no day of birth"),
        ({"born_on": "9.3.1984x"}, "valid date"),
        ({"email": "ana@"}, "valid email"),
        ({"time_zone": "Mars/Olympus"}, "is no time zone"),
        ({"country": "Switzerland"}, "two capital letters"),
        ({"phone": "call me"}, "in digits"),
    ],
)
def test_what_is_wrong_is_told_beside_its_field_and_nothing_is_kept(two, desk_of, change, told):
    page = desk_of("coordinator").post("participants/D-901/identity/", **{**FORM, **change})
    assert page.status_code == 422
    assert told in page.content.decode()
    assert not IdentityRow.objects.exists()
    assert not desk.load_course(PROGRAMME, "D-901").identity_known


@pytest.fixture
def desk_of(programme):
    from tests.clinic.conftest import Desk

    return Desk


def test_the_page_keeps_shows_for_a_purpose_and_erases(two, desk_of):
    path = "participants/D-901/identity/"
    assert desk_of("coordinator").post(path, **FORM).status_code == 302
    shown = desk_of("therapist").get(path).content.decode()
    assert "Garciamar" not in shown
    told = desk_of("therapist").post(path, do="open", purpose="ride home").content.decode()
    assert "Ana Garciamar" in told
    assert desk_of("therapist").post(path, do="open", purpose="").status_code == 422
    assert desk_of("therapist").post(path, do="erase", ground="x").status_code == 422
    assert desk_of("lead").post(path, do="erase", ground="asked for it").status_code == 302
    assert not IdentityRow.objects.exists()


@pytest.mark.proves("identity-apart")
@pytest.mark.parametrize("username", ["rater", "monitor", "statistician", "pharmacist", "fidelity"])
def test_those_who_work_with_numbers_see_no_names(two, desk_of, username):
    assert desk_of(username).get("participants/D-901/identity/").status_code == 403
