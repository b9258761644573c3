"""Prints to which digit our fits agree with reference.json, as the README's table.

PYTHONPATH=src python validation/mmrm/agreement.py
"""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from sojourn.analysis.mmrm import coefficients, fit, joint, of_term

HERE = Path(__file__).parent


def largest(case: dict[str, Any], frames: dict[str, pl.DataFrame]) -> list[float]:
    """Largest relative differences: estimates, errors, df, likelihood, joint test."""
    visit = {"simulated": "visit", "growth": "occasion"}[case["data"]]
    if case["covariance"] == "spatial-exponential":
        visit = "week"
    model = fit(
        case["formula"], frames[case["data"]], participant="participant", visit=visit,
        covariance=case["covariance"], group=case["group"], method=case["method"],
        df=case["df"], reported=case["reported"], weights=case["weights"],
    )  # fmt: skip
    r, found = case["r"], coefficients(model)
    term = ["arm", "visit"] if case["data"] == "simulated" else ["sex", "age"]
    both = joint(model, of_term(model, term))
    pairs = (
        ([each.estimate for each in found], r["estimate"]),
        ([each.standard_error for each in found], r["standard_error"]),
        ([each.df for each in found], r["df"]),
        ([model.log_likelihood], [r["log_likelihood"]]),
        ([both.denominator_df, both.f], r["joint"][1:3]),
    )
    return [
        float(np.max(np.abs(np.array(ours) / np.array(theirs, dtype=float) - 1)))
        for ours, theirs in pairs
    ]


def main() -> None:
    growth = pl.read_csv(HERE / "growth.csv").with_columns(occasion=pl.col("age"))
    frames = {"simulated": pl.read_csv(HERE / "simulated.csv"), "growth": growth}
    rows: dict[str, list[list[float]]] = defaultdict(list)
    for case in json.loads((HERE / "reference.json").read_text())["cases"]:
        rows[f"{case['method']}, {case['df']}, {case['reported']}"].append(largest(case, frames))
    print("| method, df, covariance | cases | estimate | error | df | likelihood | joint F, df |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, values in rows.items():
        most = " | ".join(f"{value:.0e}" for value in np.max(values, axis=0))
        print(f"| {name} | {len(values)} | {most} |")


if __name__ == "__main__":
    main()
