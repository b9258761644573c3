"""SAS transport files, version 5, of the datasets that lie in a folder as Dataset-JSON."""

from datetime import date
from pathlib import Path
from typing import Any

from sojourn.exchange.cdisc import dataset_json

# A date of ADaM is a number in SAS: days since the first of 1960, shown by this format.
DATE, FIRST_DAY = "E8601DA10.", date(1960, 1, 1)


def write_xpt(folder: Path) -> None:
    """Write ``NAME.xpt`` beside every ``NAME.json``."""
    for path in sorted(folder.glob("*.json")):
        write_one(path, path.with_suffix(".xpt"))


def write_one(path: Path, out: Path) -> None:
    """One dataset as XPT v5; the whole of it is in memory."""
    import pandas
    import pyreadstat

    head, rows = dataset_json.read(path)
    columns: dict[str, list[Any]] = {each["name"]: [] for each in head["columns"]}
    dates = {each["name"] for each in head["columns"] if each["dataType"] == "date"}
    texts = {each["name"] for each in head["columns"] if each["dataType"] == "string"}
    for row in rows:
        for name, value in row.items():
            if name in texts:
                columns[name].append(value if value is not None else "")
            elif name in dates:
                columns[name].append(_sas_day(str(value)) if value else None)
            else:
                columns[name].append(float(value) if value is not None else None)
    frame = pandas.DataFrame(
        {
            name: pandas.Series(values, dtype=object if name in texts else "float64")
            for name, values in columns.items()
        }
    )
    pyreadstat.write_xport(
        frame,
        str(out),
        file_label=head["label"],
        column_labels=[each["label"] for each in head["columns"]],
        table_name=head["name"],
        file_format_version=5,
        variable_format=dict.fromkeys(sorted(dates), DATE),
    )


def _sas_day(text: str) -> float:
    return float((date.fromisoformat(text) - FIRST_DAY).days)
