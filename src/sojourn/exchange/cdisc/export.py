"""The trial as SDTM and ADaM: Dataset-JSON as it is read, then XPT and Define-XML beside it."""

import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import django

from sojourn.exchange.cdisc import analyse, dataset_json, tabulate, trial_design
from sojourn.exchange.cdisc.define import Contents, define
from sojourn.exchange.cdisc.source import Progress, Source, reopen
from sojourn.exchange.cdisc.standard import Dataset, adam, sdtm
from sojourn.exchange.cdisc.xpt import write_xpt
from sojourn.ledger import replica

SDTM, ADAM = "sdtm", "adam"
OURS = frozenset({".json", ".xpt", ".part"})
SHARE = 100  # participants a process takes at a time
Shelves = dict[str, dataset_json.Shelf]


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: records by dataset, and where."""

    folder: Path
    records: dict[str, dict[str, int]]  # by standard, then by dataset


def export(
    source: Source,
    folder: Path,
    *,
    xpt: bool = False,
    workers: int = 1,
    progress: Progress | None = None,
) -> Exported:
    """Write every dataset and its Define-XML into ``folder``; one participant is in memory.

    With ``xpt`` the datasets are written as SAS transport files too, one dataset in memory each.
    More ``workers`` are processes of their own, which read the record for themselves.
    """
    study = source.study
    for kind in (SDTM, ADAM):
        for path in (folder / kind).glob("*"):
            if path.suffix in OURS:
                path.unlink()  # of an earlier export: what is not written anew must not stay
    shelves = {
        kind: dataset_json.Shelf(
            folder / kind, dataset_json.about(study.key, kind.upper(), study.as_of)
        )
        for kind in (SDTM, ADAM)
    }
    described = _described()
    for name in (*tabulate.DOMAINS, "RELREC"):
        shelves[SDTM].add(name, described[SDTM][name], ())
    for name in described[ADAM]:
        shelves[ADAM].add(name, described[ADAM][name], ())
    for name, rows in trial_design.datasets(study):
        shelves[SDTM].add(name, described[SDTM][name], rows)
    if study.opened and study.protocol.dosing:
        rows = tabulate.between_datasets(study.key)
        shelves[SDTM].add("RELREC", described[SDTM]["RELREC"], rows)
    with tempfile.TemporaryDirectory(dir=folder) as parts:
        if workers > 1:
            _together(source, shelves, Path(parts), workers, progress)
        else:
            _fill(source, source.streams, shelves, progress)
        records = {kind: shelf.close() for kind, shelf in shelves.items()}
    for kind, counts in records.items():
        contents = Contents({name: described[kind][name] for name in counts}, counts, xpt)
        (folder / kind / "define.xml").write_bytes(define(study, kind, contents))
        if xpt:
            write_xpt(folder / kind)
    return Exported(folder, records)


def _fill(
    source: Source, names: Sequence[str], shelves: Shelves, progress: Progress | None = None
) -> None:
    described = _described()
    with replica.reading(source.cut.position):
        for subject in source.subjects(names, progress):
            tables = tabulate.tabulate(subject)
            for name, rows in tables.items():
                shelves[SDTM].add(name, described[SDTM][name], rows)
            for name, rows in analyse.analyse(subject, tables).items():
                shelves[ADAM].add(name, described[ADAM][name], rows)


def _together(
    source: Source, shelves: Shelves, parts: Path, workers: int, progress: Progress | None
) -> None:
    """Many processes, each a share of the participants; shares are put together in order."""
    described, names = _described(), source.streams
    given = (source.wish, source.cut, source.by, source.allotted)
    shares = [names[start : start + SHARE] for start in range(0, len(names), SHARE)]
    folders = [parts / str(number) for number in range(len(shares))]
    # Each process sets Django up for itself: a connection to the database is not shared.
    with ProcessPoolExecutor(workers, get_context("spawn"), django.setup) as pool:
        done = pool.map(partial(_share, given), shares, folders)
        for number, left in enumerate(done, start=1):
            for kind, files in left.items():
                for name, (path, count) in files.items():
                    shelves[kind].add_file(name, described[kind][name], path, count)
            if progress:
                progress(number, len(shares))


def _share(
    given: tuple[Any, ...], names: Sequence[str], folder: Path
) -> dict[str, dict[str, tuple[Path, int]]]:
    """One share, in a process of its own."""
    shelves = {kind: dataset_json.Shelf(folder / kind, {}) for kind in (SDTM, ADAM)}
    _fill(reopen(*given), names, shelves)
    return {kind: shelf.leave() for kind, shelf in shelves.items()}


@cache
def _described() -> dict[str, dict[str, Dataset]]:
    return {SDTM: {**sdtm().datasets, **supplements()}, ADAM: dict(adam().datasets)}


def supplements() -> dict[str, Dataset]:
    """SUPP-- of every domain: one shape, described once."""
    shape = sdtm().datasets["SUPP"]
    return {
        f"SUPP{name}": Dataset(
            f"Supplemental Qualifiers for {name}",
            shape.class_,
            shape.structure,
            shape.keys,
            shape.variables,
        )
        for name in tabulate.DOMAINS
    }
