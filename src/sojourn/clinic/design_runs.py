"""Power curves worked out beside the pages: one run for each member, cancelled between chunks.

What a member asked for lies in one file and what has come of it in another, so that every
worker of the server knows of both and a reload loses nothing. Only pages write the first, only
the run the second; the run ends when the first no longer asks for it.
"""

import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from django.conf import settings

from sojourn.clinic import run_files
from sojourn.design.drawing import prepare
from sojourn.design.model import (
    Baseline,
    ByVisit,
    Correlations,
    StatedArm,
    StatedModel,
    shipped_model,
)
from sojourn.design.plan import Plan, Reestimation
from sojourn.design.powering import Point, curve
from sojourn.design.sequential import SPENDING, spend
from sojourn.design.tally import Tally
from sojourn.ledger import clock

TRIALS, SIZES, SEED = 1000, 8, 1
ONCE_AT = 0.6  # where there are no looks, as the phase 3 programme did
State = Literal["running", "done", "cancelled", "stopped"]
_turn = threading.Semaphore(2)


@dataclass(frozen=True, slots=True)
class Slider:
    """One number a member sets, with its bounds; ``digits`` are those behind the point."""

    name: str
    label: str
    unit: str
    low: float
    high: float
    step: float
    start: float
    digits: int = 0


SLIDERS = (
    Slider("effect", "Effect", "points lower with the treatment", 0, 20, 0.5, 9, 1),
    Slider("sd", "Standard deviation of the total", "points", 5, 20, 0.5, 12.5, 1),
    Slider("correlation", "Correlation with baseline", "", 0, 0.9, 0.05, 0.4, 2),
    Slider("neighbouring", "Correlation of neighbouring visits", "", 0, 0.9, 0.05, 0.8, 2),
    Slider("dropout", "Not rated at the last visit", "% of participants", 0, 40, 1, 10),
    Slider(
        "expectancy", "Expectancy", "points lower if the treatment is guessed", 0, 10, 0.5, 0, 1
    ),
    Slider("alpha", "Two-sided level", "%", 1, 10, 0.5, 5, 1),
    Slider("smallest", "Smallest trial", "participants", 20, 200, 10, 40),
    Slider("largest", "Largest trial", "participants", 40, 400, 10, 140),
    Slider("looks", "Looks at the data", "evenly spaced, the last at the end", 1, 5, 1, 1),
    Slider(
        "raised",
        "Size looked at again",
        "% of the planned size it may be raised to; 100 is never",
        100, 250, 10, 100,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a member asked for; ``run`` tells one asking from the next."""

    run: str
    values: dict[str, float]
    null: bool
    asked_at: str
    cancelled: bool = False
    spending: str = SPENDING[0]


@dataclass(frozen=True, slots=True)
class Run:
    """A run as the page shows it."""

    wanted: Wanted
    state: State
    points: tuple[Point, ...]
    done: int
    of: int


def numbers(given: Mapping[str, Any]) -> dict[str, float]:
    """Slider values from a form, each in its bounds; one that is not there starts as usual.

    Raises
    ------
    ValueError
        Naming the slider, what was given and its bounds.
    """
    found = slid(given, SLIDERS)
    if found["largest"] <= found["smallest"]:
        raise ValueError(
            f"Largest trial is {found['largest']:g}; above the smallest, {found['smallest']:g}"
        )
    return found


def slid(given: Mapping[str, Any], sliders: Sequence[Slider]) -> dict[str, float]:
    """What a form says of each slider; one that is not there starts as usual.

    Raises
    ------
    ValueError
        Naming the slider, what was given and its bounds.
    """
    found = {}
    for slider in sliders:
        text = given.get(slider.name, slider.start)
        try:
            value = float(text)
        except (TypeError, ValueError):
            value = float("nan")
        if not slider.low <= value <= slider.high:
            raise ValueError(
                f"{slider.label} is '{text}'; a number from {slider.low:g} to {slider.high:g}"
            )
        found[slider.name] = value
    return found


def stated(values: Mapping[str, float]) -> StatedModel:
    """The trial those numbers state: visits and guesses as in MAPP2, the effect growing evenly."""
    base = shipped_model("mapp2")
    control, active = base.arms
    span = len(base.visits)
    left = ByVisit(tuple(values["dropout"] / 100 * (each + 1) / span for each in range(span)))
    fallen = control.change.values

    def arm(like: StatedArm, effect: float) -> StatedArm:
        change = (each - effect * (place + 1) / span for place, each in enumerate(fallen))
        sd = ByVisit((values["sd"],) * span)
        return StatedArm(like.key, ByVisit(tuple(change)), sd, left=left, guesses=like.guesses)

    return StatedModel(
        key="page",
        title="Stated on the page",
        visits=base.visits,
        baseline=Baseline(base.baseline.mean, base.baseline.sd),
        arms=(arm(control, 0.0), arm(active, values["effect"])),
        correlation=Correlations(values["correlation"], values["neighbouring"]),
        expectancy={active.key: -values["expectancy"]},
    )


def sizes_between(smallest: float, largest: float) -> tuple[int, ...]:
    """At most ``SIZES`` even sample sizes, both ends included."""
    step = (largest - smallest) / (SIZES - 1)
    return tuple(sorted({2 * round((smallest + each * step) / 2) for each in range(SIZES)}))


def plan_of(values: Mapping[str, float], spending: str, people: int) -> Plan:
    """The plan those numbers state at one size: its looks, and whether it may be raised."""
    level, looks = values["alpha"] / 100, round(values["looks"])
    times = [(each + 1) / looks for each in range(looks)]
    boundaries = spend(times, level / 2, kind=spending) if looks > 1 else None
    again = None
    if values["raised"] > 100:
        most = round(people * values["raised"] / 100)
        at = boundaries.information[-2] if boundaries else ONCE_AT
        again = Reestimation("promising-zone", most, at)
    return Plan(people, TRIALS, SEED, boundaries, again, level)


def start(
    member: int, values: dict[str, float], *, null: bool, spending: str = SPENDING[0]
) -> None:
    """Begin a run for this member; one that is still going ends."""
    if spending not in SPENDING:
        raise ValueError(f"Spending is '{spending}'; one of {', '.join(SPENDING)}")
    before = _read_wanted(member)
    asked_at = clock.now().isoformat()
    wanted = Wanted(secrets.token_hex(8), values, null, asked_at, spending=spending)
    run_files.write(_asked(member), asdict(wanted))
    if before:
        _found(before.run).unlink(missing_ok=True)
    threading.Thread(target=_work, args=(member, wanted), daemon=True).start()


def cancel(member: int) -> None:
    """End this member's run; what it found so far stays on the page."""
    wanted = _read_wanted(member)
    if wanted:
        run_files.write(_asked(member), asdict(replace(wanted, cancelled=True)))


def run_of(member: int) -> Run | None:
    """This member's last run, wherever it has got to."""
    wanted = _read_wanted(member)
    if wanted is None:
        return None
    sizes = sizes_between(wanted.values["smallest"], wanted.values["largest"])
    found = run_files.read(_found(wanted.run)) or {"done": 0, "points": [], "at": wanted.asked_at}
    points = tuple(Point(each["people"], _tally(each["tally"])) for each in found["points"])
    of = TRIALS * len(sizes)
    silent = clock.now() - datetime.fromisoformat(found["at"])
    state: State = "running"
    if found["done"] >= of:
        state = "done"
    elif wanted.cancelled:
        state = "cancelled"
    elif found.get("failed") or silent > run_files.SILENT:
        state = "stopped"
    return Run(wanted, state, points, found["done"], of)


def _work(member: int, wanted: Wanted) -> None:
    with _turn:
        points: list[Point] = []
        try:
            _follow(member, wanted, points)
        except Exception:
            # The page tells it; a thread has nobody else to tell. The cause goes to the log.
            _report(wanted, points, len(points) * TRIALS, failed=True)
            raise
        finally:
            if not _is_wanted(member, wanted.run):
                _found(wanted.run).unlink(missing_ok=True)


def _is_wanted(member: int, run: str) -> bool:
    wanted = _read_wanted(member)
    return wanted is not None and wanted.run == run


def _follow(member: int, wanted: Wanted, points: list[Point]) -> None:
    values = wanted.values
    model = stated(values)
    sizes = sizes_between(values["smallest"], values["largest"])

    def each(_size: int, tally: Tally) -> bool:
        now_wanted = _read_wanted(member)
        if now_wanted is None or now_wanted.run != wanted.run or now_wanted.cancelled:
            return False
        if tally.trials < TRIALS:
            _report(wanted, points, len(points) * TRIALS + tally.trials)
        return True

    prepared = prepare(model.null() if wanted.null else model)
    for size in sizes:
        plan = plan_of(values, wanted.spending, size)
        for point in curve(prepared, plan, (size,), each=each):
            points.append(point)
            _report(wanted, points, len(points) * TRIALS)
        if not points or points[-1].people != size:
            return


def _report(wanted: Wanted, points: list[Point], done: int, *, failed: bool = False) -> None:
    shown = [{"people": each.people, "tally": asdict(each.tally)} for each in points]
    at = clock.now().isoformat()
    run_files.write(_found(wanted.run), {"done": done, "points": shown, "at": at, "failed": failed})


def _tally(data: dict[str, Any]) -> Tally:
    plain = {each.name: data[each.name] for each in fields(Tally)}
    plain["stopped"] = tuple(plain["stopped"])
    plain["outcomes"] = tuple(map(tuple, plain["outcomes"]))
    return Tally(**plain)


def _folder() -> Path:
    folder = Path(settings.HOME) / "design-runs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _asked(member: int) -> Path:
    return _folder() / f"member-{member}.json"


def _found(run: str) -> Path:
    return _folder() / f"run-{run}.json"


def _read_wanted(member: int) -> Wanted | None:
    data = run_files.read(_asked(member))
    if data:  # asked for before looks could be set
        data["values"] = {each.name: each.start for each in SLIDERS} | data["values"]
    return Wanted(**data) if data else None
