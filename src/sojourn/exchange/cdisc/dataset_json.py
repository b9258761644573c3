"""Dataset-JSON 1.1, written row by row: a dataset of any size needs the memory of one row.

Rows go to a file of their own while they come, since the number of records stands before them
in the finished file. Source: CDISC Dataset-JSON v1.1 (2024).
"""

import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from importlib.metadata import version
from operator import itemgetter
from pathlib import Path
from typing import IO, Any

from pydantic_core import to_json

from sojourn.exchange.cdisc.standard import Dataset, Row, Variable

VERSION = "1.1.0"
DATA_TYPES = {"text": "string", "partialDatetime": "string", "datetime": "string"}


class Shelf:
    """Open datasets in a folder; ``close`` finishes each file."""

    def __init__(self, folder: Path, about: dict[str, Any]) -> None:
        self._folder, self._about = folder, about
        self._datasets: dict[str, tuple[Dataset, Callable[[Row], Any], IO[bytes]]] = {}
        self._more: dict[str, list[Path]] = {}
        self.counts: dict[str, int] = {}

    def add(self, name: str, dataset: Dataset, rows: Iterable[Row]) -> None:
        """Write ``rows`` to the dataset called ``name``; the first call opens it."""
        if name not in self._datasets:
            self._folder.mkdir(parents=True, exist_ok=True)
            part: IO[bytes] = (self._folder / f"{name.lower()}.part").open("wb")
            pick: Callable[[Row], Any] = itemgetter(*(each.name for each in dataset.variables))
            self._datasets[name] = (dataset, pick, part)
            self._more[name], self.counts[name] = [], 0
        _, pick, part = self._datasets[name]
        values = [pick(row) for row in rows]
        if values:
            # What comes together stands on one line: to encode row by row takes far longer.
            part.write((b",\n" if self.counts[name] else b"") + to_json(values)[1:-1])
            self.counts[name] += len(values)

    def add_file(self, name: str, dataset: Dataset, rows: Path, count: int) -> None:
        """Add what another shelf left in the file ``rows``, which ``close`` reads.

        Everything added in rows comes before everything added in files.
        """
        self.add(name, dataset, ())
        if count:
            self._more[name].append(rows)
            self.counts[name] += count

    def leave(self) -> dict[str, tuple[Path, int]]:
        """Leave the rows as they are, without heads: the file and the count of each dataset."""
        for _, _, part in self._datasets.values():
            part.close()
        return {
            name: (Path(part.name), self.counts[name])
            for name, (_, _, part) in self._datasets.items()
        }

    def close(self) -> dict[str, int]:
        """Finish every file and say how many records each holds."""
        for name, (dataset, _, part) in self._datasets.items():
            part.close()
            own = Path(part.name)
            pieces = [each for each in (own, *self._more[name]) if each.stat().st_size]
            head = json.dumps(self._head(name, dataset), ensure_ascii=False, indent=1)
            with (self._folder / f"{name.lower()}.json").open("wb") as out:
                out.write((head[: head.rindex("}")].rstrip() + ',\n "rows": [\n').encode())
                for number, piece in enumerate(pieces):
                    out.write(b",\n" if number else b"")
                    with piece.open("rb") as rows:
                        shutil.copyfileobj(rows, out, 1 << 20)
                    piece.unlink()
                out.write(b"\n]}\n")
            own.unlink(missing_ok=True)
        return self.counts

    def _head(self, name: str, dataset: Dataset) -> dict[str, Any]:
        keys = {each: number for number, each in enumerate(dataset.keys, start=1)}
        return {
            **self._about,
            "itemGroupOID": f"IG.{name}",
            "records": self.counts[name],
            "name": name,
            "label": dataset.label,
            "columns": [_column(name, each, keys) for each in dataset.variables],
        }


def about(study: str, kind: str, as_of: datetime) -> dict[str, Any]:
    """What the head of every file of one export says."""
    moment = as_of.isoformat(timespec="seconds")
    return {
        # The moment of the cut, not of the writing: the same cut gives the same bytes.
        "datasetJSONCreationDateTime": moment,
        "datasetJSONVersion": VERSION,
        "fileOID": f"{study}.{kind}.{as_of:%Y%m%dT%H%M%S}",
        "dbLastModifiedDateTime": moment,
        "originator": "Sojourn",
        "sourceSystem": {"name": "Sojourn", "version": version("sojourn")},
        "studyOID": f"ST.{study}",
        "metaDataVersionOID": f"MDV.{study}.{kind}",
        "metaDataRef": "define.xml",
    }


def _column(dataset: str, variable: Variable, keys: dict[str, int]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "itemOID": f"IT.{dataset}.{variable.name}",
        "name": variable.name,
        "label": variable.label,
        "dataType": DATA_TYPES.get(variable.type, variable.type),
    }
    if variable.type == "date":
        found |= {"targetDataType": "integer", "displayFormat": "E8601DA."}
    elif not variable.is_number:
        found["length"] = variable.length
    if variable.name in keys:
        found["keySequence"] = keys[variable.name]
    return found


def read(path: Path) -> tuple[dict[str, Any], Iterator[Row]]:
    """The head of a Dataset-JSON file and its rows by name of the variable."""
    whole = json.loads(path.read_text(encoding="utf-8"))
    rows = whole.pop("rows")
    names = [each["name"] for each in whole["columns"]]
    return whole, (dict(zip(names, row, strict=True)) for row in rows)
