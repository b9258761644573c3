"""The command line of exports: CDISC datasets, ODM, tables; and the check of what was written."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sojourn.cli_report import moment
from sojourn.terminal import Author, fail, progress, start

if TYPE_CHECKING:
    from sojourn.exchange.cdisc.checks import Finding
    from sojourn.exchange.cdisc.frames import Form
    from sojourn.exchange.cdisc.source import Source

export_app = typer.Typer(help="Take a programme's data away.", no_args_is_help=True)

CHECKED_BY = "Define-XML by odmlib's XSD, the rest by Sojourn's own checks"
Programme = Annotated[str, typer.Argument(help="Key of the programme.")]
AsOf = Annotated[str, typer.Option("--as-of", help="Data cut, such as 2026-01-31T18:00+00:00.")]
Opened = Annotated[bool, typer.Option("--opened", help="By arm; opens the allocation.")]
Purpose = Annotated[str, typer.Option(help="Why the allocation is opened; stands in the record.")]
Workers = Annotated[int, typer.Option(help="Processes; as many as processors when 0.")]
Folder = Annotated[Path, typer.Option("--out", help="Folder for the files.")]


@export_app.command("cdisc")
def cdisc(
    programme: Programme,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the files; the site's own when absent.")
    ] = None,
    as_of: AsOf = "",
    opened: Opened = False,
    purpose: Purpose = "",
    xpt: Annotated[bool, typer.Option("--xpt", help="SAS transport files too.")] = False,
    workers: Workers = 0,
    author: Author = "command line",
) -> None:
    """SDTM and ADaM with Define-XML: sojourn export cdisc demo --out export"""
    start()
    from sojourn.exchange.cdisc import shelf
    from sojourn.exchange.cdisc.checks import check
    from sojourn.exchange.cdisc.export import export
    from sojourn.exchange.cdisc.place import refuse_unwritable

    folder = out or shelf.folder(programme, blinded=not opened)
    if out is not None:
        with _telling():
            refuse_unwritable(out)
    source = _source(programme, as_of, opened, purpose, author)
    with _telling(), progress("Writing datasets") as bar:
        done = export(source, folder, xpt=xpt, workers=workers or os.cpu_count() or 1, progress=bar)
    for kind, counts in done.records.items():
        typer.echo(f"{kind}: " + ", ".join(f"{name} {count}" for name, count in counts.items()))
    _tell(check(folder, blinded=not opened))
    if out is None:
        shelf.pack(programme, source.cut, blinded=not opened)
    typer.echo(f"first {source.cut.position} entries, root {source.cut.root}; {folder}")


@export_app.command("odm")
def odm(
    programme: Programme,
    out: Annotated[Path, typer.Option(help="The file to write.")],
    as_of: AsOf = "",
    opened: Annotated[
        bool, typer.Option("--opened", help="With what people believed about the arm.")
    ] = False,
    purpose: Purpose = "",
    author: Author = "command line",
) -> None:
    """Every entry with its audit record, as ODM 2.0: sojourn export odm demo --out demo.xml"""
    start()
    from sojourn.exchange.cdisc.odm import export_odm
    from sojourn.exchange.cdisc.place import refuse_unwritable
    from sojourn.ledger.desk import Person

    with _telling():
        refuse_unwritable(out.parent)
    with _telling(), progress("Writing entries") as bar:
        by = Person(author, "statistician")
        written = export_odm(
            programme, out, by, as_of=moment(as_of), opened=opened, purpose=purpose, progress=bar
        )
    typer.echo(f"{written} entries; {out}. 'sojourn export check {out}' holds it against the XSD")


@export_app.command("check")
def check_files(
    path: Annotated[Path, typer.Argument(help="An export's folder, or an ODM file.")],
    opened: Annotated[bool, typer.Option("--opened", help="It may tell the arms.")] = False,
) -> None:
    """Check an export: schemas, terms, keys, dates, references: sojourn export check export"""
    start()
    from sojourn.exchange.cdisc.checks import check, schema

    try:
        found = [*schema(path, "odm", "2.0")] if path.is_file() else check(path, blinded=not opened)
    except (OSError, ValueError, KeyError) as error:
        fail(f"{path} is no export that can be read: {error}")
    _tell(found, "ODM 2.0 by odmlib's XSD" if path.is_file() else CHECKED_BY)


def _table_command(form: "Form") -> None:
    @export_app.command(form, help=f"Tidy tables as {form}, with a data dictionary.")
    def tables(
        programme: Programme,
        out: Folder,
        as_of: AsOf = "",
        opened: Opened = False,
        purpose: Purpose = "",
        workers: Workers = 0,
        author: Author = "command line",
    ) -> None:
        start()
        from sojourn.exchange.cdisc.frames import write_frames
        from sojourn.exchange.cdisc.place import refuse_taken, refuse_unwritable

        with _telling():
            refuse_taken(out)
            refuse_unwritable(out.parent)
        source = _source(programme, as_of, opened, purpose, author)
        with _telling(), progress("Writing tables") as bar:
            given = workers or os.cpu_count() or 1
            counts = write_frames(source, out, form, workers=given, progress=bar)
        typer.echo(f"{len(counts)} tables, {sum(counts.values())} rows; {out}")


_FORMS: tuple["Form", ...] = ("parquet", "csv", "sqlite")
for _form in _FORMS:
    _table_command(_form)


def import_odm(
    file: Annotated[Path, typer.Argument(help="An ODM 2.0 file that 'export odm' wrote.")],
    programme: Annotated[str, typer.Option(help="Programme on this record, on the same pack.")],
    author: Author = "command line",
) -> None:
    """Bring whole courses onto this record: sojourn import odm demo.xml --programme demo"""
    start()
    from sojourn.exchange.cdisc.odm_import import import_odm as bring
    from sojourn.ledger.desk import Person
    from sojourn.record.command import Refused

    try:
        done = bring(file, programme, Person(author, "sponsor"))
    except Refused as refused:
        fail(f"nothing was imported: {refused.message}")
    typer.echo(f"{done.participants} courses, {done.entries} entries")


def _source(programme: str, as_of: str, opened: bool, purpose: str, author: str) -> "Source":
    from sojourn.exchange.cdisc.source import Wish, open_source
    from sojourn.ledger.desk import Person

    wish = Wish(programme, moment(as_of), opened, purpose)
    with _telling():
        return open_source(wish, Person(author, "statistician"))


@contextmanager
def _telling() -> Iterator[None]:
    """Says in one sentence why nothing was written."""
    from sojourn.record.command import Refused

    try:
        yield
    except Refused as refused:
        fail(refused.message)
    except OSError as error:
        fail(f"the files can't be written: {error}")


def _tell(found: "Sequence[Finding]", by: str = CHECKED_BY) -> None:
    for each in found[:50]:
        typer.echo(str(each), err=True)
    if found:
        fail(f"{len(found)} faults")
    typer.echo(f"no fault found: {by}")
