"""How many repeated-measures models are fitted in a second, against R and statsmodels.

    python benchmarks/mmrm.py [--trials 10000]

The trial is of phase-3 size: 104 participants, four visits after baseline, a quarter
with dropout; unstructured covariance, REML, Kenward-Roger degrees of freedom for the
difference at the last visit. R's nlme::gls and, where installed, mmrm fit the same trials
in the same run: one after another, and spread over all cores. SOJOURN_R_LIBRARY may name
a folder with R packages. Goals: the batch 1,000 times R's mmrm on this machine, the
single fit of 10,000 participants 10 times; time and memory that grow less than the
participants do.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from sojourn.analysis.mmrm import by_visit, contrast, fit, fit_batch

GOAL_BATCH, GOAL_SINGLE = 1000.0, 10.0
VISITS, PEOPLE, MANY = 4, 104, 10_000
LAYOUT = by_visit(("baseline", "arm"), ("arm",), VISITS)
LAST = LAYOUT.difference("arm", -1)
FORMULA = "change ~ baseline + arm * visit"


def trials(count: int, people: int, seed: int = 1) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    spread = np.array([9.0, 10.0, 11.0, 12.0])
    lag = np.abs(np.subtract.outer(range(VISITS), range(VISITS)))
    factor = np.linalg.cholesky(0.7**lag * np.outer(spread, spread))
    arm = np.broadcast_to(np.arange(people) % 2.0, (count, people))
    baseline = np.rint(rng.normal(44, 7, (count, people)))
    change = rng.normal(size=(count, people, VISITS)) @ factor.T - 0.3 * (baseline[..., None] - 44)
    change += arm[..., None] * np.array([-2, -4, -6, -8]) + np.array([-5, -9, -12, -14])
    left = rng.random((count, people)) < 0.25
    last = np.where(left, rng.integers(1, VISITS, (count, people)), VISITS)
    change[np.arange(VISITS) >= last[..., None]] = np.nan
    return change, np.stack([baseline, arm], axis=-1)


def framed(change: Any, known: Any) -> pl.DataFrame:
    who = np.repeat(np.arange(len(change)), VISITS)
    return pl.DataFrame(
        {
            "participant": who,
            "visit": np.tile(np.arange(1, VISITS + 1), len(change)),
            "baseline": known[who, 0],
            "arm": pl.Series(["placebo", "active"], dtype=pl.Enum(["placebo", "active"])).gather(
                known[who, 1].astype(int)
            ),
            "change": change.ravel(),
        }
    ).with_columns(pl.col("change").fill_nan(None))


def alone(frame: pl.DataFrame) -> float:
    model = fit(FORMULA, frame, participant="participant", visit="visit")
    return contrast(model, LAST).estimate


def seconds(work: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def main() -> int:
    count = int(sys.argv[sys.argv.index("--trials") + 1]) if "--trials" in sys.argv else 10_000
    cores = os.cpu_count() or 1
    change, known = trials(count, PEOPLE)
    fit_batch(change[:2], known[:2], LAYOUT, LAST)
    began, busy = time.perf_counter(), time.process_time()
    result = fit_batch(change, known, LAYOUT, LAST, threads=cores)
    batch = (time.perf_counter() - began) / count
    busy = (time.process_time() - busy) / count
    frame, large = framed(change[0], known[0]), framed(*(each[0] for each in trials(1, MANY)))
    agree = abs(alone(frame) / result.estimate[0, 0] - 1)
    single, single_large = seconds(lambda: alone(frame), 15), seconds(lambda: alone(large), 5)
    print(f"{count} trials of {PEOPLE}, {VISITS} visits; {cores} cores")
    print(f"  batch: {1 / batch:9.0f} fits/s on all cores ({1 / busy:.0f} a core and second)")
    print(f"  {result.converged.mean():.2%} of the batch converged")
    print(f"  single: {1 / single:8.1f} fits/s; {single_large * 1e3:.0f} ms at {MANY} participants")
    print(f"  the first trial alone and in the batch differ by {agree:.1e}")
    good = agree < 1e-8 and bool(result.converged.all())
    against_statsmodels(frame, single)
    good &= against_r(change, known, large, (batch, busy), single_large, cores)
    good &= growth()
    return 0 if good else 1


def against_statsmodels(frame: pl.DataFrame, single: float) -> None:
    """The nearest Python has; neither has these degrees of freedom or this covariance."""
    import statsmodels.api as sm
    import statsmodels.formula.api as smf

    data = frame.drop_nulls().to_dict(as_series=False)
    import pandas as pd

    table = pd.DataFrame(data)
    table["visit"] = table["visit"].astype(str)

    def mixed() -> object:
        return smf.mixedlm(FORMULA, table, groups="participant").fit(reml=True)

    def gee() -> object:
        structure = sm.cov_struct.Unstructured()
        moment = table["visit"].astype(int) - 1
        return smf.gee(FORMULA, "participant", table, time=moment, cov_struct=structure).fit()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, work, differs in (
            ("MixedLM", mixed, "a random intercept: compound symmetry, normal quantiles"),
            ("GEE", gee, "unstructured by moments, not likelihood; sandwich errors"),
        ):
            taken = seconds(work, 3)
            print(
                f"  statsmodels {name} ({differs}): {taken * 1e3:.0f} ms, "
                f"{taken / single:.1f} times our single fit"
            )


def against_r(
    change: Any, known: Any, large: pl.DataFrame, batch: tuple[float, float], single: float,
    cores: int,
) -> bool:  # fmt: skip
    """Ratios to R; true where the goals are met or there is no R to compare with."""
    program = shutil.which("Rscript")
    if not program:
        print("  R is not on this machine: nothing was compared with it, its goals not judged")
        return True
    some = [framed(change[t], known[t]).with_columns(trial=pl.lit(t)) for t in range(60)]
    small = run_r(program, pl.concat(some), cores, 60, "none")
    wall, busy = batch
    for name, (alone_wall, alone_busy, spread) in small.items():
        print(
            f"  R {name}: {alone_wall * 1e3:.0f} ms a fit ({alone_busy * 1e3:.0f} in the "
            f"processor), {spread * 1e3:.0f} spread over all cores\n"
            f"    batch on all cores: {alone_wall / wall:.0f} times R one after another, "
            f"{spread / wall:.0f} times R on all cores; {alone_busy / busy:.0f} times a core"
        )
    if "mmrm" not in small:
        print("  R's mmrm is not installed: it was not compared with, its goals not judged")
        return True
    # nlme::gls takes minutes for one trial of this size.
    big = run_r(program, large.with_columns(trial=pl.lit(0)), 1, 2, "nlme::gls")["mmrm"][0]
    print(f"  R mmrm, {MANY} participants: {big * 1e3:.0f} ms a fit")
    good = True
    for name, ratio, goal in (
        ("batch against R one after another", small["mmrm"][0] / wall, GOAL_BATCH),
        (f"single fit of {MANY}", big / single, GOAL_SINGLE),
    ):
        good &= ratio >= goal
        verdict = "pass" if ratio >= goal else "FAIL"
        print(f"  {name}: {ratio:.0f} times R's mmrm, goal {goal:.0f}: {verdict}")
    return good


def run_r(
    program: str, data: pl.DataFrame, cores: int, most: int, without: str
) -> dict[str, tuple[float, float, float]]:
    """Seconds a fit for each R package: one after another, in the processor, on all cores."""
    library = os.environ.get("SOJOURN_R_LIBRARY", "")
    environment = {**os.environ, "R_LIBS": library} if library else dict(os.environ)
    script = Path(__file__).with_name("mmrm.R")
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        data.write_csv(file.name)
        command = [program, str(script), file.name, str(cores), str(most), without]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found = {}
    for line in done.stdout.splitlines():
        name, fits, alone, busy, spread, _ = line.split()
        found[name] = (float(alone) / int(fits), float(busy) / int(fits), float(spread) / int(fits))
    return found


def growth() -> bool:
    """Time and memory of one fit as the participants grow tenfold, twice."""
    sizes = (1_000, 10_000, 100_000)
    found = []
    for people in sizes:
        frame = framed(*(each[0] for each in trials(1, people)))
        taken = seconds(lambda frame=frame: alone(frame), 3)
        tracemalloc.start()
        alone(frame)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        found.append((taken, peak))
        print(f"  {people:7} participants: {taken * 1e3:7.1f} ms, {peak / 1e6:7.1f} MB at most")
    more = sizes[-1] / sizes[0]
    longer, larger = found[-1][0] / found[0][0], found[-1][1] / found[0][1]
    good = longer < more and larger < more
    print(
        f"  {more:.0f} times the participants: {longer:.1f} times the time, {larger:.1f} times "
        f"the memory; goal less than {more:.0f}: {'pass' if good else 'FAIL'}"
    )
    return good


if __name__ == "__main__":
    sys.exit(main())
