"""A small trial with dropout, gaps and values seen after the event, and its imputation by hand."""

import numpy as np
import polars as pl

from sojourn.analysis import imputation, mmrm

VISITS = ["w1", "w2", "w3"]


def frame(seed=4, people=40, arms=("control", "active")):
    draw = np.random.default_rng(seed)
    rows = []
    for number in range(people):
        arm, baseline = arms[number % len(arms)], draw.normal(30, 5)
        level = draw.normal(0, 4)
        gone = int(draw.choice([1, 2, 3, 3, 3, 3]))
        for at, visit in enumerate(VISITS):
            change = level - 2 * at - (3 * at if arm == "active" else 0) + draw.normal(0, 2)
            if at < gone:
                rows.append((f"p{number:02}", visit, arm, baseline, change + 0.2 * baseline))
    return pl.DataFrame(
        rows, schema=["participant", "visit", "arm", "baseline", "change"], orient="row"
    )


def trial(table=None, **options):
    return imputation.read(
        frame() if table is None else table,
        participant="participant",
        visit="visit",
        visits=VISITS,
        arm="arm",
        reference="control",
        response="change",
        covariates=["baseline"],
        **options,
    )


def by_hand(table, made, strategy):
    """The conditional means participant by participant, from the model of one trial."""
    out = made.responses.copy()
    late = {
        (name, visit)
        for name, first in zip(made.participants, made.departs, strict=True)
        for visit in VISITS[first:]
    }
    keep = [
        strategy == "MAR" or (who, when) not in late
        for who, when in zip(table["participant"], table["visit"], strict=True)
    ]
    levels = pl.Enum(["control", "active"])
    informing = table.filter(pl.Series(keep)).with_columns(pl.col("arm").cast(levels))
    model = mmrm.fit(
        "change ~ visit * arm + visit * baseline",
        informing,
        participant="participant",
        visit="visit",
        df="satterthwaite",
    )
    coefficient = dict(zip(model.columns, model.coefficients, strict=True))

    def mean(active, baseline):
        values = []
        for at, visit in enumerate(VISITS):
            value = coefficient["Intercept"] + coefficient["baseline"] * baseline
            value += coefficient["arm[T.active]"] * active
            if at:
                value += coefficient[f"visit[T.{visit}]"]
                value += coefficient[f"visit[T.{visit}]:baseline"] * baseline
                value += coefficient[f"visit[T.{visit}]:arm[T.active]"] * active
            values.append(value)
        return np.array(values)

    sigma = model.sigma[0]
    for number, response in enumerate(made.responses):
        gaps = np.isnan(response)
        first = made.departs[number]
        own = mean(made.arm[number], made.covariates[number, 0])
        reference = mean(0, made.covariates[number, 0])
        mu = own.copy()
        if first < len(VISITS):
            if strategy == "JR":
                mu[first:] = reference[first:]
            elif strategy == "CR":
                mu = reference
            elif strategy == "CIR" and first:
                mu[first:] = own[first - 1] + reference[first:] - reference[first - 1]
            elif strategy == "CIR":
                mu = reference
        if gaps.any():
            across = sigma[np.ix_(gaps, ~gaps)] @ np.linalg.inv(sigma[np.ix_(~gaps, ~gaps)])
            out[number, gaps] = mu[gaps] + across @ (response - mu)[~gaps]
    return out
