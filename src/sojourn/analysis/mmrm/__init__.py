"""The mixed model for repeated measures: one trial, or thousands at once."""

from sojourn.analysis.mmrm.batch import BatchFit, Layout, by_visit, fit_batch
from sojourn.analysis.mmrm.contrasts import Estimate, Joint, coefficients, contrast, joint, of_term
from sojourn.analysis.mmrm.covariance import STRUCTURES
from sojourn.analysis.mmrm.errors import NotConverged, NotFittable
from sojourn.analysis.mmrm.fit import Convergence, Fit, fit
from sojourn.analysis.mmrm.means import Mean, differences, means

__all__ = [
    "STRUCTURES",
    "BatchFit",
    "Convergence",
    "Estimate",
    "Fit",
    "Joint",
    "Layout",
    "Mean",
    "NotConverged",
    "NotFittable",
    "by_visit",
    "coefficients",
    "contrast",
    "differences",
    "fit",
    "fit_batch",
    "joint",
    "means",
    "of_term",
]
