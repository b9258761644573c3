"""The trials and the values of R's mmrm that the tests compare with (validation/mmrm)."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

FOLDER = Path(__file__).resolve().parents[3] / "validation" / "mmrm"
TRIAL = "change ~ baseline + site + arm * visit"


@cache
def simulated() -> pl.DataFrame:
    return pl.read_csv(FOLDER / "simulated.csv")


@cache
def growth() -> pl.DataFrame:
    """Potthoff & Roy 1964, doi 10.1093/biomet/51.3-4.313: 27 children at four ages."""
    return pl.read_csv(FOLDER / "growth.csv").with_columns(occasion=pl.col("age"))


@cache
def cases() -> list[dict[str, Any]]:
    return json.loads((FOLDER / "reference.json").read_text())["cases"]
