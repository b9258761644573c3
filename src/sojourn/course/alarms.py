"""The alarm engine: what each new reading does to each rule. Pure, and cheap per reading.

A rule's run counts readings beyond its limit; a reading between the limit and
the point of return neither counts nor ends the run. Unusable readings touch no
run. A reading older than the newest of its signal is *late*: it may raise what
was missed, and never clears anything.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sojourn.course.readings import Clock, Reading, Watched

MINUTE_MS = 60_000
NEVER = -(2**62)
REMEMBERED = 8  # episodes of a rule that a late reading is compared with


@dataclass(frozen=True, slots=True)
class Raised:
    """A rule whose condition held from ``since_ms`` to ``at_ms``, at ``value`` in the end."""

    rule: str
    since_ms: int
    at_ms: int
    value: int
    late: bool = False


@dataclass(frozen=True, slots=True)
class Track:
    """One signal so far: the newest stamp, the newest usable value, and how it got there."""

    seen_ms: int = NEVER
    usable_ms: int = 0
    value: int | None = None
    same_since_ms: int = 0
    same: int = 0
    streamed: bool = False  # a device sends it, so that silence means something
    minutes: tuple[tuple[int, int, int], ...] = ()  # minute, sum and number of its values


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one rule stands. ``raised_ms`` is set while its alarm lasts."""

    beyond: int = 0
    since_ms: int = 0
    back: int = 0
    back_since_ms: int = 0
    raised_ms: int | None = None
    episodes: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Watch:
    """Everything a session's alarms remember, with the clock of each source."""

    tracks: Mapping[str, Track] = field(default_factory=dict)
    rules: Mapping[str, Standing] = field(default_factory=dict)
    clocks: Mapping[str, Clock] = field(default_factory=dict)


def step(
    watch: Watch, reading: Reading, rules: Sequence[Watched], *, streamed: bool = False
) -> tuple[Watch, tuple[Raised, ...]]:
    """The watch after one usable reading, and the alarms it raises.

    A reading no newer than its signal's newest is judged alone, as ``late``.
    """
    track = watch.tracks.get(reading.signal, Track())
    if reading.at_ms <= track.seen_ms:
        return late(watch, (reading,), rules)
    mine = [rule for rule in rules if rule.signal == reading.signal]
    after = _followed(track, reading, streamed, mine)
    standings = dict(watch.rules)
    raised = []
    for rule in mine:
        beyond, back = _judged(rule, track, after, reading)
        before = standings.get(rule.key, Standing())
        standing, since = _advanced(rule, before, beyond, back, reading.at_ms)
        standings[rule.key] = standing
        if since is not None:
            raised.append(Raised(rule.key, since, reading.at_ms, reading.value))
    tracks = {**watch.tracks, reading.signal: after}
    return replace(watch, tracks=tracks, rules=standings), tuple(raised)


def skip(watch: Watch, reading: Reading, *, streamed: bool = False) -> Watch:
    """The watch after an unusable reading: its moment is known, its value counts for nothing."""
    track = watch.tracks.get(reading.signal, Track())
    if reading.at_ms <= track.seen_ms:
        return watch
    after = replace(
        track,
        seen_ms=reading.at_ms,
        usable_ms=reading.at_ms if track.seen_ms == NEVER else track.usable_ms,
        streamed=track.streamed or streamed,
    )
    return replace(watch, tracks={**watch.tracks, reading.signal: after})


def late(
    watch: Watch, around: Iterable[Reading], rules: Sequence[Watched]
) -> tuple[Watch, tuple[Raised, ...]]:
    """What readings that came late show together with those ``around`` them, of one signal.

    Raises what was missed; an episode that was raised before is not raised again.
    Where ``around`` reaches up to now, a run that is going on counts them too.
    """
    fresh = Watch()
    found: list[Raised] = []
    readings = sorted(around)
    for reading in readings:
        fresh, raised = step(fresh, reading, rules)
        found += raised
    standings = dict(watch.rules)
    missed = []
    for each in found:
        standing = standings.get(each.rule, Standing())
        if any(first <= each.at_ms and each.since_ms <= last for first, last in standing.episodes):
            continue
        standings[each.rule] = _remembering_late(standing, each.since_ms, each.at_ms)
        missed.append(replace(each, late=True))
    track = watch.tracks.get(readings[-1].signal) if readings else None
    if track and readings[-1].at_ms >= track.usable_ms:
        for key, seen in fresh.rules.items():
            standings[key] = _going_on(standings.get(key, Standing()), seen)
    return replace(watch, rules=standings), tuple(missed)


def silence(
    watch: Watch, rules: Sequence[Watched], now_ms: int
) -> tuple[Watch, tuple[Raised, ...]]:
    """The alarms of monitors that went silent by ``now_ms``."""
    standings = dict(watch.rules)
    raised = []
    for rule in rules:
        track = watch.tracks.get(rule.signal)
        due = _silent_from(rule, track, standings.get(rule.key, Standing()))
        if track is None or due is None or now_ms < due:
            continue
        standing = standings.get(rule.key, Standing())
        standings[rule.key] = replace(
            _remembering(standing, track.usable_ms, now_ms), raised_ms=now_ms, back=0
        )
        raised.append(Raised(rule.key, track.usable_ms, now_ms, track.value or 0))
    return replace(watch, rules=standings), tuple(raised)


def silent_from(watch: Watch, rules: Sequence[Watched]) -> int | None:
    """The first moment at which a monitor would have been silent for too long, if any can be."""
    moments = [
        _silent_from(rule, watch.tracks.get(rule.signal), watch.rules.get(rule.key, Standing()))
        for rule in rules
    ]
    return min((each for each in moments if each is not None), default=None)


def reach_ms(rules: Iterable[Watched], signal: str) -> int:
    """How far around a late reading one must look, in milliseconds."""
    mine = [rule for rule in rules if rule.signal == signal]
    longest = max((max(rule.for_s * 1000, rule.within_min * MINUTE_MS) for rule in mine), default=0)
    same = max((rule.limit * 1000 for rule in mine if rule.kind == "unchanging"), default=0)
    return max(longest, same, 10 * MINUTE_MS)


def _silent_from(rule: Watched, track: Track | None, standing: Standing) -> int | None:
    if rule.kind != "missing" or track is None or not track.streamed:
        return None
    if standing.raised_ms is None:
        return track.usable_ms + rule.limit * 1000
    return standing.raised_ms + rule.again_after_s * 1000 if rule.again_after_s else None


def _followed(track: Track, reading: Reading, streamed: bool, rules: list[Watched]) -> Track:
    same = reading.value == track.value
    minutes = track.minutes
    reach = max((rule.within_min for rule in rules), default=0)
    if reach:
        minute = reading.at_ms // MINUTE_MS
        kept = [each for each in minutes if each[0] >= minute - reach]
        if kept and kept[-1][0] == minute:
            _, total, number = kept.pop()
            kept.append((minute, total + reading.value, number + 1))
        else:
            kept.append((minute, reading.value, 1))
        minutes = tuple(kept)
    return Track(
        seen_ms=reading.at_ms,
        usable_ms=reading.at_ms,
        value=reading.value,
        same_since_ms=track.same_since_ms if same else reading.at_ms,
        same=track.same + 1 if same else 1,
        streamed=track.streamed or streamed,
        minutes=minutes,
    )


def _judged(rule: Watched, before: Track, after: Track, reading: Reading) -> tuple[bool, bool]:
    """Whether this reading is beyond the limit, and whether it is back for good."""
    value, limit = reading.value, rule.limit
    match rule.kind:
        case "above":
            return value > limit, value <= limit - rule.back
        case "below":
            return value < limit, value >= limit + rule.back
        case "unchanging":
            unchanged = reading.at_ms - after.same_since_ms >= limit * 1000
            return unchanged and after.same >= max(2, rule.readings), after.same == 1
        case "missing":
            return False, True
    return _moved(rule, before, reading)


def _moved(rule: Watched, before: Track, reading: Reading) -> tuple[bool, bool]:
    # Against each earlier minute's mean: one wild value must not make a slope.
    minute = reading.at_ms // MINUTE_MS
    sign = 1 if rule.kind == "rise" else -1
    most = 0
    for each, total, number in before.minutes:
        if minute - rule.within_min <= each < minute:
            most = max(most, sign * (reading.value * number - total) // number)
    return most >= rule.limit, most <= rule.limit - rule.back


def _advanced(
    rule: Watched, standing: Standing, beyond: bool, back: bool, at_ms: int
) -> tuple[Standing, int | None]:
    """Where the rule stands after a reading, and since when its condition held if it is raised."""
    if standing.raised_ms is not None:
        return _lasting(rule, standing, beyond, back, at_ms)
    if beyond:
        since = standing.since_ms if standing.beyond else at_ms
        grown = replace(standing, beyond=standing.beyond + 1, since_ms=since)
        if grown.beyond < _needed(rule) or at_ms - since < rule.for_s * 1000:
            return grown, None
        raised = _remembering(grown, since, at_ms)
        return replace(raised, raised_ms=at_ms, back=0), since
    return (replace(standing, beyond=0) if back and standing.beyond else standing), None


def _lasting(
    rule: Watched, standing: Standing, beyond: bool, back: bool, at_ms: int
) -> tuple[Standing, int | None]:
    if back:
        since = standing.back_since_ms if standing.back else at_ms
        grown = replace(standing, back=standing.back + 1, back_since_ms=since)
        if grown.back >= _needed(rule) and at_ms - since >= rule.for_s * 1000:
            return Standing(episodes=standing.episodes), None
        return grown, None
    if not beyond:
        return replace(standing, back=0), None
    first, _ = standing.episodes[-1]
    lasting = replace(standing, back=0, episodes=(*standing.episodes[:-1], (first, at_ms)))
    again = rule.again_after_s * 1000
    if again and standing.raised_ms is not None and at_ms - standing.raised_ms >= again:
        return replace(lasting, raised_ms=at_ms), first
    return lasting, None


def _going_on(standing: Standing, seen: Standing) -> Standing:
    """The standing with a run or alarm that late readings show to be going on; never with less."""
    if standing.raised_ms is not None:
        return standing
    if seen.raised_ms is not None:
        lasting = seen.episodes[-1]
        earlier = tuple(each for each in standing.episodes if each[0] != lasting[0])
        return replace(seen, episodes=(*earlier, lasting)[-REMEMBERED:])
    if seen.beyond > standing.beyond:
        return replace(standing, beyond=seen.beyond, since_ms=seen.since_ms)
    return standing


def _needed(rule: Watched) -> int:
    # An unchanging value is counted in its run of equal readings, by their time.
    return 1 if rule.kind in ("missing", "unchanging") else rule.readings


def _remembering(standing: Standing, first_ms: int, last_ms: int) -> Standing:
    return replace(standing, episodes=(*standing.episodes, (first_ms, last_ms))[-REMEMBERED:])


def _remembering_late(standing: Standing, first_ms: int, last_ms: int) -> Standing:
    if standing.raised_ms is None:
        return _remembering(standing, first_ms, last_ms)
    # The episode that lasts stays the newest.
    *earlier, lasting = standing.episodes
    episodes = (*earlier, (first_ms, last_ms), lasting)[-REMEMBERED:]
    return replace(standing, episodes=episodes)
