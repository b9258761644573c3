"""A programme amended on its way: who stays, who is moved, and that the lists agree."""

from datetime import date, timedelta

import pytest

from sojourn import protocols
from sojourn.conduct.amendment import AdoptAmendment, ProposeAmendment
from sojourn.conduct.practitioners import ApproveConsentVersion
from sojourn.course.adverse_events import RecordAdverseEvent
from sojourn.course.amendment import MoveToVersion
from sojourn.course.screening import RegisterParticipant
from sojourn.course.visits import HoldScreeningVisit
from sojourn.ledger import clock, programmes
from sojourn.ledger.desk import Person, execute, load_course, stream_of
from sojourn.ledger.read import read_stream
from sojourn.ledger.rebuild import fingerprint, rebuild
from sojourn.ledger.rows import DueRow, FollowedRow, StoppingRow
from sojourn.record.command import Refused
from tests.clinic.founding import TRIAL as KEY
from tests.clinic.founding import TRIAL_PASSWORD as PASSWORD
from tests.clinic.founding import the_pages
from tests.clinic.test_pages import prefilled
from tests.course.story import SITE_SETTINGS, consent_to

LEAD, PRESCRIBER = Person("lead", "sponsor"), Person("prescriber", "prescriber")
TEXT = protocols.shipped_text("mdma-ptsd")
SCREENED = "window: {earliest: 0, target: 7, latest: 28}\n    assessments: [c-ssrs, pcl-5, phq-9]"
AMENDED = TEXT.replace('version: "1.0"', 'version: "2.0"', 1).replace(
    SCREENED, SCREENED.replace("latest: 28", "latest: 42"), 1
)


@pytest.fixture
def trial(trial) -> None:
    for number in ("P-1", "P-2"):
        register(number)


def register(number: str) -> None:
    command = RegisterParticipant(clock.now(), number, "Leipzig", 1980, "female")
    execute(KEY, number, command, PRESCRIBER)


def to_programme(command, *, signed: bool = False) -> None:
    programmes.execute(KEY, command, author="lead", role="sponsor", signed=signed)


def amend(consent_version: str = "", text: str = AMENDED) -> None:
    to_programme(ProposeAmendment(clock.now(), text, "a longer time for screening"))
    adopt = AdoptAmendment(
        clock.now(), "2.0", "EC", "EC-17", date(2026, 1, 2), "", "", None, consent_version,
        SITE_SETTINGS,
    )  # fmt: skip
    to_programme(adopt, signed=True)


def move(number: str, *, signed: bool = True) -> None:
    command = MoveToVersion(clock.now(), "2.0", "the site follows it now")
    execute(KEY, number, command, PRESCRIBER, signed=signed)


def window(number: str) -> int:
    row = DueRow.objects.get(participant=number, visit="screening")
    return (row.latest_on - row.earliest_on).days


@pytest.mark.proves("amendments")
def test_an_amendment_moves_nobody_and_new_participants_follow_it(trial):
    before = fingerprint()

    amend()
    assert fingerprint() == before
    register("P-3")

    assert [window(each) for each in ("P-1", "P-2", "P-3")] == [28, 28, 42]
    kinds = [each.fact.kind for each in read_stream(stream_of(KEY, "P-3"))]
    assert kinds == ["screening.participant-registered", "protocol.version-followed"]
    rows = fingerprint()
    rebuild()
    assert fingerprint() == rows


@pytest.mark.proves("amendments")
def test_who_is_moved_keeps_every_entry_and_the_lists_agree(trial):
    amend()
    execute(KEY, "P-1", consent_to("1.0", clock.now()), PRESCRIBER)
    entries = read_stream(stream_of(KEY, "P-1"))

    with pytest.raises(Refused, match="this is signed"):
        move("P-1", signed=False)
    move("P-1")

    assert read_stream(stream_of(KEY, "P-1"))[: len(entries)] == entries
    assert (window("P-1"), window("P-2")) == (42, 28)
    assert [e.participant for e in FollowedRow.objects.all()] == ["P-1"]
    rows = fingerprint()
    rebuild()
    assert fingerprint() == rows


def test_stopping_rules_are_the_whole_trials_whichever_version_is_followed(trial):
    execute(KEY, "P-1", consent_to("1.0", clock.now()), PRESCRIBER)
    at = clock.now()
    fainted = RecordAdverseEvent(
        at, "Syncope", grade=3, serious=False, relatedness="probable", expectedness="",
        outcome="recovered", valence="unpleasant", started_on=at.date(),
    )  # fmt: skip
    execute(KEY, "P-1", fainted, PRESCRIBER)
    assert not StoppingRow.objects.exists()

    amend(text=AMENDED.replace("    serious: true\n    related: true\n", "    related: true\n", 1))

    assert [each.rule for each in StoppingRow.objects.all()] == ["related-serious"]
    assert load_course(KEY, "P-1").moves == ()
    rows = fingerprint()
    rebuild()
    assert fingerprint() == rows


def test_a_visit_left_out_is_still_numbered_for_those_who_came(trial):
    start = AMENDED.index("  - key: integration-{session}-3")
    amend(text=AMENDED[:start] + AMENDED[AMENDED.index("  - key: rating-1") :])

    standing = programmes.load(KEY)
    before = [each.key for each in standing.protocol.visits]
    numbered = [each.key for each in programmes.whole_schedule(standing).visits]
    assert "integration-1-3" not in before
    assert numbered == [*before, "integration-1-3", "integration-2-3", "integration-3-3"]


def test_what_took_place_before_the_move_is_entered_late_by_the_version_of_then(trial):
    late = clock.now()
    amend()
    execute(KEY, "P-1", consent_to("1.0", clock.now()), PRESCRIBER)
    move("P-1")

    execute(KEY, "P-1", HoldScreeningVisit(late, "screening"), PRESCRIBER)

    course = load_course(KEY, "P-1")
    theirs = programmes.followed(programmes.load(KEY), course)
    assert theirs.protocol.version == "2.0"
    assert theirs.protocol.visit("screening").window.latest == 28


@pytest.mark.proves("amendments")
def test_a_new_consent_form_is_signed_before_the_move(trial):
    execute(KEY, "P-1", consent_to("1.0", clock.now()), PRESCRIBER)
    form = ApproveConsentVersion(clock.now(), "2.0", date(2026, 1, 2), "EC", sign_again=False)
    to_programme(form)
    amend("2.0")

    with pytest.raises(Refused, match="signed consent form"):
        move("P-1")
    execute(KEY, "P-1", consent_to("2.0", clock.now()), PRESCRIBER)
    move("P-1")


def test_the_pages_propose_show_adopt_and_move(trial):
    lead = the_pages("lead")
    page = lead.get(f"/{KEY}/programme/do/programme.propose-amendment/")
    said = {"at": prefilled(page, "at"), "version": prefilled(page, "version")}
    said |= {"pack": AMENDED, "summary": "a longer time for screening"}
    assert lead.post(f"/{KEY}/programme/do/programme.propose-amendment/", said).status_code == 302
    shown = lead.get(f"/{KEY}/amendments/").content.decode()
    assert "Proposed: version 2.0" in shown
    assert "day 0 to 42, best day 7" in shown

    page = lead.get(f"/{KEY}/programme/do/programme.adopt-amendment/")
    assert 'value="110"' in page.content.decode(), "the limits as they are"
    said = {f"settings-{key}": value for key, value in SITE_SETTINGS}
    said |= {"at": prefilled(page, "at"), "approved_on": "2026-01-02", "committee": "EC"}
    said |= {"approval": "EC-17", "signature": PASSWORD}
    # The command's own version and the one the page showed share a name in the form.
    said |= {"amended_version": "2.0", "version": prefilled(page, "version")}
    adopted = lead.post(f"/{KEY}/programme/do/programme.adopt-amendment/", said)
    assert adopted.status_code == 302, adopted.content.decode()
    shown = lead.get(f"/{KEY}/amendments/").content.decode()
    assert "EC, EC-17, 2 Jan 2026" in shown
    assert "What would change" in shown


def test_the_preview_shows_what_would_change_and_a_rater_sees_none_of_it(trial):
    amend()
    prescriber, rater = the_pages("prescriber"), the_pages("rater")

    shown = prescriber.get(f"/{KEY}/amendments/").content.decode()
    assert "What would change" in shown
    path = f"/{KEY}/participants/P-1/do/protocol.move/"
    page = prescriber.get(path)
    text = page.content.decode()
    assert "From version 1.0 to 2.0" in text
    today = clock.now().date()
    assert f"{today} to {today + timedelta(days=42)}" in text
    said = {each: prefilled(page, each) for each in ("at", "key", "version")}
    said |= {"protocol_version": "2.0", "reason": "now", "signature": PASSWORD}
    assert prescriber.post(path, said).status_code == 302
    assert load_course(KEY, "P-1").moves[-1].version == "2.0"

    assert rater.get(f"/{KEY}/amendments/").status_code == 403
    assert rater.get(path).status_code == 403
