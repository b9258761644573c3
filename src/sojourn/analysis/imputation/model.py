"""The imputation model: arms and covariates by visit, one unstructured covariance for all arms.

Fitted by restricted maximum likelihood to the trial and to resamples of it in one batch.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sojourn.analysis.imputation.trial import Trial
from sojourn.analysis.mmrm.batch import by_visit, fit_batch
from sojourn.analysis.mmrm.errors import NotConverged

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Parameters:
    """``effects`` (samples, visits, covariates), the intercept first; ``sigma`` (samples,
    visits, visits)."""

    effects: Array
    sigma: Array


def covariates(trial: Trial) -> Array:
    """(participants, 1 + other arms + covariates): intercept, arm indicators, covariates."""
    indicators = trial.arm[:, None] == np.arange(1, len(trial.arms))
    return np.column_stack([np.ones(len(trial.arm)), indicators, trial.covariates])


def fitted(
    trial: Trial, responses: Array, design: Array, *, threads: int = 1
) -> tuple[Parameters, NDArray[np.bool_]]:
    """Parameters for each sample of ``responses`` (samples, participants, visits), and which
    samples could be fitted; ``design`` is (samples or 1, participants, covariates)."""
    names = [*trial.arms[1:], *(f"covariate {name}" for name in trial.names)]
    layout = by_visit(names, names, len(trial.visits))
    row = layout.difference(names[0], -1)
    found = fit_batch(
        responses, design[..., 1:], layout, row[None],
        df="satterthwaite", reported="model", threads=threads,
    )  # fmt: skip
    slots = np.array(layout.slots)
    belongs = (slots[..., None] == np.arange(len(layout.covariates))).astype(float)
    effects = np.einsum("sc,vck->svk", found.coefficients, belongs)
    return Parameters(effects, found.sigma), found.converged


def leave_one_out(trial: Trial, responses: Array, *, threads: int = 1) -> tuple[Parameters, Array]:
    """The trial, then the trial without each participant in turn; and who counts in each.

    Raises
    ------
    NotConverged
        If the model can't be fitted, naming the participant without whom.
    """
    people = len(responses)
    weights = np.vstack([np.ones(people), 1 - np.eye(people)])
    samples = np.where(weights[..., None] > 0, responses, np.nan)
    parameters, converged = fitted(trial, samples, covariates(trial)[None], threads=threads)
    if not converged.all():
        first = int(np.flatnonzero(~converged)[0])
        without = f" without participant '{trial.participants[first - 1]}'" if first else ""
        raise NotConverged(
            f"the imputation model can't be fitted{without}; "
            "leave out a covariate or a sparse visit"
        )
    return parameters, weights


def bootstrapped(
    trial: Trial,
    responses: Array,
    samples: int,
    generator: np.random.Generator,
    *,
    threads: int = 1,
) -> tuple[Parameters, int]:
    """Parameters from ``samples`` bootstrap samples, drawn within arms; and how many more failed.

    Raises
    ------
    NotConverged
        If more than one sample in ten can't be fitted.
    """
    spare = samples + max(10, samples // 10)
    drawn = np.empty((spare, len(responses)), dtype=np.int64)
    for arm in range(len(trial.arms)):
        members = np.flatnonzero(trial.arm == arm)
        drawn[:, members] = generator.choice(members, size=(spare, len(members)))
    design = covariates(trial)
    parameters, converged = fitted(trial, responses[drawn], design[drawn], threads=threads)
    kept = np.flatnonzero(converged)[:samples]
    if len(kept) < samples:
        raise NotConverged(
            f"{int((~converged).sum())} of {spare} bootstrap samples can't be fitted; "
            "leave out a covariate or a sparse visit"
        )
    failed = int((~converged[: kept[-1] + 1]).sum())
    return Parameters(parameters.effects[kept], parameters.sigma[kept]), failed
