"""What monitors and other programs sent, read back as Observations: one by its id, or by search.

A day's readings are many and lie in a stream of each session, in order of time. So they are looked
for by participant, and a page reads no more of them than it shows.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from django.db import connection

from sojourn.exchange.fhir.codes import HL7, codes
from sojourn.exchange.fhir.elements import About, Resource, coded, instant, of_sign, patient
from sojourn.exchange.fhir.parameters import Place, Search, Span
from sojourn.exchange.fhir.treatment import PANEL, values
from sojourn.ledger import clock, programmes, watching
from sojourn.ledger.readings_rows import ReadingRow
from sojourn.record.hashing import time_of, time_text

# A participant's session by its number, a sign, and the milliseconds since 1970.
_READING = re.compile(r"(?P<who>.+)\.m(?P<session>\d{1,3})\.(?P<sign>[a-z-]+)\.(?P<ms>\d{1,15})")
_AT_ONCE = 24  # rows read beyond the page: more than all signals of a few moments
PARTS = ("systolic", "diastolic")  # of the panel; no observation of their own
NOT_FOUND = (
    "Readings of monitors are found by patient and carry no _lastUpdated: they are not among these."
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One sign at one moment of a session, as a monitor had it."""

    participant: str
    session: int
    sign: str
    at_ms: int
    values: Mapping[str, int]  # by the words of ``codes.yaml``

    @property
    def place(self) -> Place:
        """Where it stands among what happened."""
        moment = time_text(watching.moment(self.at_ms))
        return moment, self.participant, f"m{self.session}.{self.sign}.{self.at_ms}"

    def observation(self) -> Resource:
        """It as an Observation."""
        return {
            "resourceType": "Observation",
            "id": f"{self.participant}.{self.place[2]}",
            "meta": {"versionId": "1"},
            "status": "final",
            "category": [coded(f"{HL7}observation-category", "vital-signs")],
            "code": of_sign(codes().signs[self.sign]),
            "subject": patient(self.participant),
            "effectiveDateTime": instant(clock.here(watching.moment(self.at_ms))),
            **values(self.sign, self.values),
        }


def one(about: About, identity: str) -> Measured | None:
    """What was measured under that id of an Observation; None if no monitor sent it."""
    found = _READING.fullmatch(identity)
    if found is None:
        return None
    visit = _sessions(about).get(int(found["session"]))
    sign, at_ms = found["sign"], int(found["ms"])
    if visit is None or sign in PARTS or sign not in codes().signs:
        return None
    stream = watching.stream_of(about.programme, found["who"], visit)
    rows = ReadingRow.objects.filter(
        stream=stream, at_ms=at_ms, signal__in=_signals([sign]), usable=True
    )
    read = {codes().signals[row.signal]: row.value for row in rows}
    if not read:
        return None
    return Measured(found["who"], int(found["session"]), sign, at_ms, read)


def whose(identity: str) -> str:
    """The participant whose reading has that id."""
    found = _READING.fullmatch(identity)
    return found["who"] if found else ""


def asked_for(search: Search) -> bool:
    """Whether readings of monitors are among what ``search`` means."""
    if search.resource != "Observation" or not _signs(search):
        return False
    return not search.statuses or "final" in search.statuses


def may_be_found(search: Search) -> bool:
    """Whether they are found by what it names: participants or ids, and no time of recording."""
    return bool(search.people or search.ids) and not search.of_recording


def found(about: About, search: Search, most: int) -> list[Measured]:
    """The first ``most`` that ``search`` means after where it goes on from, in order of time."""
    if not may_be_found(search):
        return []
    result = _by_id(about, search) if search.ids else _by_participant(about, search, most)
    if search.after:
        result = [each for each in result if each.place > search.after]
    return sorted(result, key=lambda each: each.place)[:most]


def _by_participant(about: About, search: Search, most: int) -> list[Measured]:
    result = []
    for participant in search.people:
        for number, visit in _sessions(about).items():
            stream = watching.stream_of(about.programme, participant, visit)
            for (at_ms, sign), read in _read(stream, search, most).items():
                result.append(Measured(participant, number, sign, at_ms, read))
    return result


def _by_id(about: About, search: Search) -> list[Measured]:
    first, after = _bounds(replace(search, after=None))
    found = (one(about, each) for each in dict.fromkeys(search.ids))
    return [
        each
        for each in found
        if each
        and each.sign in _signs(search)
        and first <= each.at_ms < after
        and (not search.people or each.participant in search.people)
    ]


def _read(stream: str, search: Search, most: int) -> dict[tuple[int, str], dict[str, int]]:
    """Values by sign, for the first moments of one session that ``search`` means."""
    # A signal that never came would be looked for through the whole day.
    came = watching.load(stream).watch.tracks
    signals = [each for each in _signals(_signs(search)) if each in came]
    if not signals:
        return {}
    first, after = _bounds(search)
    limit = 2 * most + _AT_ONCE  # a panel is two rows
    marks = ", ".join(["%s"] * len(signals))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT at_ms, signal, value FROM ledger_readingrow WHERE stream = %s "
            f"AND at_ms >= %s AND at_ms < %s AND usable AND signal IN ({marks}) "
            "ORDER BY at_ms, signal LIMIT %s",
            [stream, first, after, *signals, limit],
        )
        rows = cursor.fetchall()
    if len(rows) == limit:  # the last moment may have been cut in two
        rows = [row for row in rows if row[0] != rows[-1][0]]
    result: dict[tuple[int, str], dict[str, int]] = {}
    for at_ms, signal, value in rows:
        name = codes().signals[signal]
        result.setdefault((at_ms, PANEL if name in PARTS else name), {})[name] = value
    return result


def _signs(search: Search) -> list[str]:
    known = (each for each in codes().signs if each not in PARTS)
    return [each for each in known if search.codes is None or each in search.codes]


def _signals(signs: Sequence[str]) -> Iterator[str]:
    """The signals of a monitor that make up these signs; of a panel, its parts."""
    for signal, sign in codes().signals.items():
        if sign in signs or (sign in PARTS and PANEL in signs):
            yield signal


def _bounds(search: Search) -> tuple[int, int]:
    spans = [*search.spans, *([Span(first=search.after[0])] if search.after else [])]
    first = max((_ms(each.first) for each in spans if each.first), default=0)
    after = min((_ms(each.after) for each in spans if each.after), default=2**53)
    return first, after


def _ms(moment: str) -> int:
    """The first millisecond that is not before ``moment``; of a foreign place, all there are."""
    try:
        micro = round((time_of(moment) - watching.moment(0)).total_seconds() * 1_000_000)
    except (ValueError, TypeError):
        return 0
    return -(-micro // 1000)


def _sessions(about: About) -> dict[int, str]:
    versions = (programmes.protocol_text(e.digest) for e in about.standing.programme.versions)
    visits = (visit for version in versions for visit in version.dosing_visits())
    return {each.session: each.key for each in visits if each.session is not None}
