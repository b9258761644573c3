"""Writes simulated.csv: a trial that never took place, with dropout and missed visits.

    python validation/mmrm/simulate.py

The file is kept, so that the reference values belong to fixed data whatever NumPy draws.
"""

from pathlib import Path

import numpy as np

WEEKS = (3, 6, 12, 18)


def main() -> None:
    rng = np.random.default_rng(20231)
    lines = ["participant,arm,site,baseline,visit,week,change,weight"]
    spread = np.array([7.0, 9.0, 10.5, 12.0])
    decay = 0.75 ** (np.abs(np.subtract.outer(WEEKS, WEEKS)) / 6)
    factor = np.linalg.cholesky(decay * np.outer(spread, spread))
    for number in range(72):
        arm = ("placebo", "active")[number % 2]
        site = "ABC"[int(rng.choice(3, p=[0.5, 0.3, 0.2]))]
        baseline = int(np.clip(np.rint(rng.normal(44, 7)), 28, 70))
        mean = np.array([-4, -7, -11, -12]) * (1.0 if arm == "placebo" else 1.7)
        change = mean - 0.3 * (baseline - 44) + factor @ rng.normal(size=4)
        weight = round(float(rng.uniform(0.5, 2)), 2)
        last = 4 if rng.random() < 0.75 else int(rng.integers(1, 4))
        for at, week in enumerate(WEEKS):
            missed = at >= last or (at < 3 and rng.random() < 0.06)
            value = "" if missed else f"{change[at]:.2f}"
            lines.append(
                f"P{number:03d},{arm},{site},{baseline},w{week:02d},{week},{value},{weight}"
            )
    Path(__file__).with_name("simulated.csv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
