"""How often trials without an effect come out below 0.05, by way of testing.

PYTHONPATH=src python validation/mmrm/size.py [--trials 20000]
"""

import sys

import numpy as np

from sojourn.analysis.mmrm import by_visit, fit_batch

VISITS = 4
WAYS = (
    ("satterthwaite", "model"),
    ("kenward-roger", "kenward-roger-linear"),
    ("kenward-roger", "kenward-roger"),
)


def trials(count: int, people: int) -> tuple[np.ndarray, np.ndarray]:
    """No effect; three in ten leave early, three in a hundred visits are missed."""
    rng = np.random.default_rng(9)
    spread = np.array([7.0, 9.0, 10.0, 12.0])
    lag = np.abs(np.subtract.outer(range(VISITS), range(VISITS)))
    factor = np.linalg.cholesky(0.7**lag * np.outer(spread, spread))
    arm = np.broadcast_to(np.arange(people) % 2.0, (count, people))
    baseline = rng.normal(44, 7, (count, people))
    change = rng.normal(size=(count, people, VISITS)) @ factor.T - 0.3 * (baseline[..., None] - 44)
    leaves = rng.random((count, people)) < 0.3
    last = np.where(leaves, rng.integers(0, VISITS, (count, people)), VISITS)
    change[np.arange(VISITS) >= last[..., None]] = np.nan
    change[rng.random(change.shape) < 0.03] = np.nan
    return change, np.stack([baseline, arm], axis=-1)


def main() -> None:
    count = int(sys.argv[sys.argv.index("--trials") + 1]) if "--trials" in sys.argv else 20_000
    layout = by_visit(("baseline", "arm"), ("arm",), VISITS)
    print("| participants | df, covariance | below 0.05 | mean error | spread of the estimates |")
    print("| --- | --- | --- | --- | --- |")
    for people in (24, 104):
        change, known = trials(count, people)
        for df, reported in WAYS:
            made = fit_batch(
                change, known, layout, layout.difference("arm", -1), df=df, reported=reported
            )
            found = made.converged
            rate = (made.p_value[found] < 0.05).mean()
            error, spread = made.standard_error[found].mean(), made.estimate[found].std()
            print(f"| {people} | {df}, {reported} | {rate:.2%} | {error:.3f} | {spread:.3f} |")


if __name__ == "__main__":
    main()
