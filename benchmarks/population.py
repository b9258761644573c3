"""Every person of a population, one by one: how long 13 million take, and whether memory grows.

    python benchmarks/population.py [--people 13000000]

The population is the shipped one over 30 years in two worlds, with care as usual only and with
the therapy as capacity allows. Each size runs in a process of its own, and its peak is what the
system saw, less what the process held before the first person. Goals: all of them under a minute
on 2 threads; a hundredth of the people takes as much memory; the same answer on one thread.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from sojourn.design.population.capacity import flow
from sojourn.design.population.model import shipped_population
from sojourn.design.population.people import People, simulate

GOAL_SECONDS, GOAL_GROWTH_MIB, THREADS = 60.0, 16.0, 2


def one(people: int, threads: int) -> None:
    """Simulates ``people`` and prints what came of it as JSON."""
    model = shipped_population()
    simulate(model, 1, people=1000)  # compiles
    before = peak_mib()
    heard = 0

    def each(done: int, total: People) -> None:
        nonlocal heard
        heard += 1

    with ThreadPoolExecutor(threads) as pool:
        began = time.perf_counter()
        found = simulate(model, 1, people=people, spread=pool.map, each=each)
        seconds = time.perf_counter() - began
    difference = found.difference(model)
    print(
        json.dumps(
            {
                "seconds": seconds,
                "grown": peak_mib() - before,
                "peak": peak_mib(),
                "heard": heard,
                "treated": found.treated.tolist(),
                "dead": found.members[:, -1, -1].tolist(),
                "cost": float(difference.cost),
                "qalys": float(difference.effect),
            }
        )
    )


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def apart(people: int, threads: int) -> dict[str, float]:
    """The same in a process of its own, so that its peak is its own."""
    command = [sys.executable, __file__, "--people", str(people), "--alone", str(threads)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, float] = json.loads(said)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=13_000_000)
    parser.add_argument("--alone", type=int, default=0, help="threads, in this process")
    asked = parser.parse_args()
    if asked.alone:
        one(asked.people, asked.alone)
        return 0
    many, few = apart(asked.people, THREADS), apart(max(1, asked.people // 100), THREADS)
    single = apart(asked.people, 1)
    same = all(many[key] == single[key] for key in ("treated", "dead", "cost", "qalys"))
    growth = many["grown"] - few["grown"]
    stated = flow(shipped_population())
    print(f"{asked.people:,} people over 30 years, in two worlds")
    print(f"  {THREADS} threads: {many['seconds']:.1f} s; one thread: {single['seconds']:.1f} s")
    print(f"  peak memory {many['peak']:.0f} MiB, of which {many['grown']:.1f} for the people")
    print(f"  a hundredth of them: {few['grown']:.1f} MiB; progress told {many['heard']} times")
    print(f"  the same answer on one thread: {same}")
    print(f"  everyone who waits is treated in year {stated.cleared}")
    fast = many["seconds"] < GOAL_SECONDS * asked.people / 13_000_000
    return 0 if fast and same and growth < GOAL_GROWTH_MIB else 1


if __name__ == "__main__":
    sys.exit(main())
