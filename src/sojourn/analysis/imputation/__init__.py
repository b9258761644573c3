"""Missing values filled in under a stated assumption: at random, or as the reference arm.

Carpenter, Roger & Kenward 2013, doi 10.1080/10543406.2013.834911; conditional means with
the jackknife after Wolbers et al. 2022, doi 10.1002/pst.2234.
"""

from sojourn.analysis.imputation.analyse import Imputed, analysed
from sojourn.analysis.imputation.complete import (
    STRATEGIES,
    Completed,
    conditional_means,
    random_draws,
)
from sojourn.analysis.imputation.rubin import Pooled, pooled
from sojourn.analysis.imputation.tipping import Tipping, tipping_point
from sojourn.analysis.imputation.trial import Trial, read

__all__ = [
    "STRATEGIES",
    "Completed",
    "Imputed",
    "Pooled",
    "Tipping",
    "Trial",
    "analysed",
    "conditional_means",
    "pooled",
    "random_draws",
    "read",
    "tipping_point",
]
