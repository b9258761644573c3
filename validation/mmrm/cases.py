"""Writes cases.json: what is fitted to which data, in our words.

python validation/mmrm/cases.py
"""

import json
from pathlib import Path
from typing import Any

STRUCTURES = (
    "unstructured", "toeplitz", "autoregressive", "compound-symmetry", "ante-dependence",
    "heterogeneous-toeplitz", "heterogeneous-autoregressive",
    "heterogeneous-compound-symmetry", "heterogeneous-ante-dependence", "spatial-exponential",
)  # fmt: skip
TRIAL = "change ~ baseline + site + arm * visit"
WAYS = (
    ("reml", "kenward-roger", "kenward-roger"),
    ("reml", "kenward-roger", "kenward-roger-linear"),
    ("reml", "satterthwaite", "model"),
    ("ml", "satterthwaite", "model"),
)


def cases() -> list[dict[str, Any]]:
    def case(data: str, formula: str, covariance: str, way: tuple[str, str, str], **more: str):  # type: ignore[no-untyped-def]
        method, df, reported = way
        return {
            "data": data, "formula": formula, "covariance": covariance, "method": method,
            "df": df, "reported": reported, "group": None, "weights": None, **more,
        }  # fmt: skip

    made = [case("simulated", TRIAL, each, way) for each in STRUCTURES for way in WAYS]
    for each in ("unstructured", "heterogeneous-autoregressive", "compound-symmetry"):
        made += [case("simulated", TRIAL, each, way, group="arm") for way in WAYS]
        made += [case("simulated", TRIAL, each, way, weights="weight") for way in WAYS]
    for kind in ("empirical", "empirical-bias-reduced", "empirical-jackknife"):
        for each in ("unstructured", "autoregressive"):
            made.append(case("simulated", TRIAL, each, ("reml", "satterthwaite", kind)))
        made.append(
            case("simulated", TRIAL, "toeplitz", ("ml", "satterthwaite", kind), weights="weight")
        )
        made.append(case("simulated", TRIAL, "unstructured", ("reml", "between-within", kind)))
    made.append(case("simulated", TRIAL, "unstructured", ("reml", "between-within", "model")))
    made.append(case("simulated", TRIAL, "unstructured", ("reml", "residual", "model")))
    growth = "distance ~ sex * age"
    for each in ("unstructured", "compound-symmetry", "autoregressive", "toeplitz"):
        made += [case("growth", growth, each, way) for way in WAYS]
    made += [case("growth", growth, "compound-symmetry", way, group="sex") for way in WAYS]
    return made


if __name__ == "__main__":
    text = ",\n".join(json.dumps(each) for each in cases())
    Path(__file__).with_name("cases.json").write_text(f"[\n{text}\n]\n")
