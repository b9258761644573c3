"""How many virtual trials are drawn and analysed in a second, against a loop of single fits.

    python benchmarks/design.py [--trials 10000]

The trial is MAPP2 as stated: 104 participants, three ratings after baseline, dropout. The
baseline is statsmodels' MixedLM (a random intercept, REML), the nearest Python has to one
repeated-measures fit, on frames made beforehand. Goals: 100 times that loop on this machine;
memory that does not grow with the number of trials.
"""

import os
import sys
import time
import tracemalloc
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import statsmodels.formula.api as smf

from sojourn.design.drawing import Prepared, draw, prepare
from sojourn.design.model import shipped_model
from sojourn.design.plan import Plan
from sojourn.design.trials import characteristics

GOAL, PEOPLE, SINGLE = 100.0, 104, 10
FORMULA = "change ~ baseline + arm * C(visit)"


def looped(prepared: Prepared) -> float:
    """Seconds a trial when each is one statsmodels fit."""
    drawn = draw(prepared, PEOPLE, range(SINGLE), 1)
    span = drawn.totals.shape[2]
    who = np.repeat(np.arange(PEOPLE), span)
    frames = [
        pd.DataFrame(
            {
                "who": who,
                "visit": np.tile(np.arange(span), PEOPLE),
                "baseline": baseline[who],
                "arm": drawn.arm[who],
                "change": (totals - baseline[:, None]).ravel(),
            }
        ).dropna()
        for baseline, totals in zip(drawn.baseline, drawn.totals, strict=True)
    ]
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for frame in frames:
            smf.mixedlm(FORMULA, frame, groups="who").fit(reml=True)
    return (time.perf_counter() - began) / SINGLE


def main() -> int:
    count = int(sys.argv[sys.argv.index("--trials") + 1]) if "--trials" in sys.argv else 10_000
    prepared, cores = prepare(shipped_model("mapp2")), os.cpu_count() or 1
    characteristics(prepared, Plan(PEOPLE, 2, 1))
    began, busy = time.perf_counter(), time.process_time()
    alone = characteristics(prepared, Plan(PEOPLE, count, 1))
    one = (time.perf_counter() - began) / count
    busy = (time.process_time() - busy) / count
    with ThreadPoolExecutor(cores) as pool:
        began = time.perf_counter()
        spread = characteristics(prepared, Plan(PEOPLE, count, 1), spread=pool.map)
        many = (time.perf_counter() - began) / count
    single = looped(prepared)
    print(f"{count} trials of {PEOPLE} as MAPP2, drawn, analysed and counted")
    print(f"  one thread: {1 / one:8.0f} trials/s ({1 / busy:.0f} a core and second)")
    print(f"  {cores} threads: {1 / many:8.0f} trials/s")
    print(f"  statsmodels MixedLM, one fit after another: {1 / single:.1f} trials/s")
    print(f"  {single / one:.0f} times as many on one thread")
    print(f"  the same answer on {cores} threads: {alone == spread}")
    print(f"  power {alone.rejecting.value:.1%} ± {alone.rejecting.error:.1%}")
    few, more = (peak(prepared, trials) for trials in (400, 4000))
    print(f"  peak memory: {few / 2**20:.1f} MiB for 400 trials, {more / 2**20:.1f} for 4000")
    return 0 if single / one >= GOAL and alone == spread and more < 1.2 * few else 1


def peak(prepared: Prepared, trials: int) -> int:
    """Bytes Python and NumPy held at most."""
    tracemalloc.start()
    characteristics(prepared, Plan(PEOPLE, trials, 1))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


if __name__ == "__main__":
    sys.exit(main())
