"""The same rows as tidy tables: Parquet, CSV or SQLite, with a data dictionary."""

import csv
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import polars

from sojourn.exchange.cdisc import dataset_json
from sojourn.exchange.cdisc.export import ADAM, SDTM, export
from sojourn.exchange.cdisc.place import refuse_taken, refuse_unwritable
from sojourn.exchange.cdisc.source import Progress, Source
from sojourn.exchange.cdisc.standard import Row, Standard, adam, sdtm, terminology

Form = Literal["parquet", "csv", "sqlite"]
DICTIONARY = "dictionary"
COLUMNS = ("table", "variable", "label", "type", "codelist", "terms", "origin", "method")
TYPES = {"integer": polars.Int64, "float": polars.Float64, "date": polars.Date}
AFFINITIES = {"integer": "INTEGER", "float": "REAL"}


def write_frames(
    source: Source, out: Path, form: Form, *, workers: int = 1, progress: Progress | None = None
) -> dict[str, int]:
    """Write each table to ``out`` (a folder; one file for SQLite); records by table.

    A table's dates are dates, its times text in ISO 8601; what is missing is null, never zero.

    Raises
    ------
    Refused
        If something lies at ``out`` already (nothing is overwritten), or can't be written there.
    """
    refuse_taken(out)
    refuse_unwritable(out.parent)
    counts = {}
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        export(source, Path(folder), workers=workers, progress=progress)
        made = Path(folder) / ("tables.sqlite3" if form == "sqlite" else "tables")
        if form != "sqlite":
            made.mkdir()
        for name, head, rows in _tables(Path(folder)):
            counts[name] = _WRITE[form](made, name, head["columns"], rows)
        _WRITE[form](made, DICTIONARY, [_text(each) for each in COLUMNS], dictionary(counts))
        if out.is_dir():
            out.rmdir()
        shutil.move(made, out)
    return counts


def load(source: Source) -> dict[str, polars.DataFrame]:
    """Every table in memory, by its name, with the data dictionary."""
    with tempfile.TemporaryDirectory() as folder:
        export(source, Path(folder))
        found = {name: _frame(head["columns"], rows) for name, head, rows in _tables(Path(folder))}
    found[DICTIONARY] = _frame([_text(each) for each in COLUMNS], dictionary(found))
    return found


def dictionary(names: Any) -> Iterator[Row]:
    """One row for each variable of those tables: what it means and where it comes from."""
    lists = terminology().codelists
    for standard in (sdtm(), adam()):
        for table in sorted(names):
            key = "SUPP" if table.startswith("supp") else table.upper()
            if key in standard.datasets:
                yield from _described(table, key, standard, lists)


def _described(table: str, key: str, standard: Standard, lists: Any) -> Iterator[Row]:
    for each in standard.datasets[key].variables:
        known = lists.get(each.codelist)
        terms = "; ".join(
            f"{term.value} = {term.decode}" if term.decode else term.value
            for term in (known.terms if known else ())
        )
        yield {
            "table": table,
            "variable": each.name,
            "label": each.label,
            "type": each.type,
            "codelist": each.codelist or None,
            "terms": terms or None,
            "origin": each.origin,
            "method": standard.methods.get(each.method),
        }


def _tables(folder: Path) -> Iterator[tuple[str, dict[str, Any], Iterator[Row]]]:
    for kind in (SDTM, ADAM):
        for path in sorted((folder / kind).glob("*.json")):
            yield path.stem, *dataset_json.read(path)


def _text(name: str) -> dict[str, Any]:
    return {"name": name, "dataType": "string"}


def _frame(columns: list[dict[str, Any]], rows: Iterator[Row]) -> polars.DataFrame:
    names = [each["name"] for each in columns]
    dates = [each["name"] for each in columns if each["dataType"] == "date"]
    read_as = {
        each["name"]: polars.String
        if each["name"] in dates
        else TYPES.get(each["dataType"], polars.String)
        for each in columns
    }
    held: dict[str, list[Any]] = {name: [] for name in names}
    for row in rows:
        for name in names:
            held[name].append(row[name])
    frame = polars.DataFrame(held, schema=read_as, strict=False)
    return frame.with_columns(polars.col(dates).str.to_date()) if dates else frame


def _parquet(folder: Path, name: str, columns: list[dict[str, Any]], rows: Iterator[Row]) -> int:
    frame = _frame(columns, rows)
    frame.write_parquet(folder / f"{name}.parquet")
    return frame.height


def _csv(folder: Path, name: str, columns: list[dict[str, Any]], rows: Iterator[Row]) -> int:
    names, count = [each["name"] for each in columns], 0
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(names)
        for row in rows:
            writer.writerow([row[each] for each in names])
            count += 1
    return count


def _sqlite(path: Path, name: str, columns: list[dict[str, Any]], rows: Iterator[Row]) -> int:
    names = [each["name"] for each in columns]
    typed = ", ".join(
        f'"{each["name"]}" {AFFINITIES.get(each["dataType"], "TEXT")}' for each in columns
    )
    with sqlite3.connect(path) as database:
        database.execute(f'CREATE TABLE "{name}" ({typed})')
        marks = ", ".join("?" * len(names))
        added = database.executemany(
            f'INSERT INTO "{name}" VALUES ({marks})', ([row[n] for n in names] for row in rows)
        )
        count = max(added.rowcount, 0)
    database.close()
    return count


_WRITE = {"parquet": _parquet, "csv": _csv, "sqlite": _sqlite}
