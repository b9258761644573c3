"""Figures read as people write them."""

import pytest

from sojourn.evidence.wording import figure


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("share", 0.663, 0.574, 0.742), "66% (57 to 74)"),
        (("risk-difference", -0.048, -0.182, 0.079), "-5 points (-18 to 8)"),
        (("risk-difference", -0.001, -0.05, 0.04), "0 points (-5 to 4)"),
        (("odds-ratio", 4.848, 2.564, 9.169), "4.85 (2.56 to 9.17)"),
        (("standardised-difference", -0.887, -1.235, -0.54), "-0.89 SD (-1.24 to -0.54)"),
        (("mean-difference", -9.647, -13.134, -6.16), "-9.6 points (-13.1 to -6.2)"),
        (("as-reported", 13000000.0), "13,000,000"),
        (("as-reported", None, 0.07, 0.08), "0.07 to 0.08"),
        (("share", None), "not reported"),
    ],
)
def test_each_measure_has_its_form(arguments, text):
    assert figure(*arguments) == text
