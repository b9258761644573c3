"""What may be asked of a fit, and what goes together.

Kenward and Roger's adjusted covariance comes in two forms. "kenward-roger-linear" treats the
covariance as linear in its parameters, as an unstructured one is in its entries: it is what
SAS gives for ddfm=kr there, equals the t test where that is exact, and is the default.
"kenward-roger" adds a term in the second derivatives by the parameters actually used (see
``covariance``), as R's mmrm does by default; that term depends on the parametrisation, and
in small trials it makes standard errors too small (validation/mmrm has the rates).
"""

from typing import Literal

from sojourn.analysis.mmrm.empirical import POWERS
from sojourn.analysis.mmrm.errors import NotFittable

Method = Literal["reml", "ml"]

DEGREES = ("kenward-roger", "satterthwaite", "between-within", "residual")
ADJUSTED = ("kenward-roger-linear", "kenward-roger")
COVARIANCES = ("model", *ADJUSTED, *POWERS)


def reported_covariance(method: str, df: str, reported: str | None) -> str:
    """The covariance to report: as asked, or the one that belongs to the degrees of freedom.

    Raises
    ------
    NotFittable
        For a name that is not known, and for options that don't go together.
    """
    if method not in ("reml", "ml"):
        raise NotFittable(f"method '{method}' is not known; use 'reml' or 'ml'")
    if df not in DEGREES:
        raise NotFittable(f"df '{df}' is not known; use one of {', '.join(DEGREES)}")
    if reported is None:
        reported = ADJUSTED[0] if df == "kenward-roger" else "model"
    if reported not in COVARIANCES:
        known = ", ".join(COVARIANCES)
        raise NotFittable(f"reported '{reported}' is not known; use one of {known}")
    if (df == "kenward-roger") != (reported in ADJUSTED):
        raise NotFittable(
            f"df '{df}' does not go with the covariance '{reported}': Kenward and Roger's "
            "degrees of freedom belong with their covariance"
        )
    if df == "kenward-roger" and method == "ml":
        raise NotFittable("Kenward and Roger's method needs method 'reml'")
    return reported
