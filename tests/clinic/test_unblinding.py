"""The arm is on one page, once, for one person; everybody else sees only that it happened."""

from datetime import UTC, datetime

import pytest

from sojourn.clinic.demo import PROGRAMME
from sojourn.clinic.demo.programme import ACCOUNTS
from sojourn.ledger import opening, programmes
from sojourn.ledger.desk import Person, load_course, stream_of
from sojourn.ledger.read import read_all, read_stream
from sojourn.ledger.unblinding import EMERGENCIES, reveal
from sojourn.record.command import Refused

REASON = "Serotonin syndrome suspected; what they had decides the treatment."


def field(command: str, participant: str) -> str:
    return f"participants/{participant}/do/{command}/"


@pytest.mark.proves("unblinding")
def test_one_person_sees_the_arm_once_and_no_other_page_tells_it(desk, in_progress):
    participant = in_progress
    arms = {each.key: each.label for each in programmes.load(PROGRAMME).protocol.arms}
    arm = arms[opening.allocations(PROGRAMME)[participant]]
    page = f"participants/{participant}/unblinding/"
    doctor, other = desk("prescriber"), desk("therapist")
    before = pages(desk, participant, arms)
    written = load_course(PROGRAMME, participant).version

    def version() -> int:
        return load_course(PROGRAMME, participant).version

    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M")
    asked = {"at": at, "reason": REASON, "alone": "no", "version": version()}
    assert doctor.post(field("safety.request-unblinding", participant), **asked).status_code == 302
    early = doctor.post(page, request="unblinding-1")
    assert (early.status_code, arm in early.content.decode()) == (422, False)
    said = {
        "at": at,
        "request": "unblinding-1",
        "answer": "confirmed",
        "comment": "Seen together.",
        "version": version(),
    }
    alone = doctor.post(field("safety.answer-unblinding", participant), **said)
    assert alone.status_code == 422
    assert other.post(field("safety.answer-unblinding", participant), **said).status_code == 302
    assert other.post(page, request="unblinding-1").status_code == 422
    assert desk("pharmacist").post(page, request="unblinding-1").status_code == 403

    shown = doctor.post(page, request="unblinding-1")
    assert f"<h2>{arm}</h2>" in shown.content.decode()
    assert shown["Cache-Control"] == "no-store"
    assert doctor.post(page, request="unblinding-1").status_code == 422
    with pytest.raises(Refused, match="once"):
        reveal(PROGRAMME, participant, "unblinding-1", Person("prescriber", "prescriber"))

    assert pages(desk, participant, arms) == before
    for entry in read_stream(stream_of(PROGRAMME, participant), since=written + 1):
        assert not any(f"'{key}'" in repr(entry.fact) for key in arms)
    (opened,) = read_stream(EMERGENCIES + PROGRAMME)
    assert (opened.fact.scope, opened.author) == (participant, "prescriber")
    assert programmes.opened_at(PROGRAMME) is None
    for username in ("rater", "fidelity"):
        seen = desk(username).get(f"participants/{participant}/").content.decode()
        assert "nblind" not in seen
        assert desk(username).get(page).status_code == 403
    assert "was unblinded" in other.get(f"participants/{participant}/").content.decode()
    assert sum(each.fact.kind == "allocation.opened" for each in read_all()) == 1


def pages(desk, participant: str, arms: dict[str, str]) -> dict[tuple[str, str], tuple[int, ...]]:
    """How often each arm's label stands on each role's pages: some name both in general."""
    found = {}
    for username, _ in ACCOUNTS:
        person = desk(username)
        for path in ("", f"participants/{participant}/", f"participants/{participant}/unblinding/"):
            text = person.get(path, history="all").content.decode()
            found[username, path] = tuple(text.count(label) for label in arms.values())
    return found
