"""The command line on published evidence: show claims, check a results file, add one."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from sojourn.evidence import Answered, Change, Forest, Study

app = typer.Typer(help="What published trials show: claims, results.", no_args_is_help=True)
OWN = "SOJOURN_EVIDENCE"
Folder = Annotated[
    Path | None, typer.Option("--with", envvar=OWN, help="A folder of results of your own.")
]


@app.command("show")
def show(
    claim: Annotated[str | None, typer.Argument(help="Key of one claim; all in short.")] = None,
    folder: Folder = None,
    with_retracted: Annotated[bool, typer.Option(help="Count retracted papers too.")] = False,
) -> None:
    """Claims and what the studies say: sojourn evidence show lasting-remission"""
    from sojourn import evidence

    studies = _studies(folder)
    claims = evidence.shipped_claims()
    if claim is not None and claim not in claims:
        _fail(f"claim '{claim}' is not one of: {', '.join(claims)}")
    for key in claims if claim is None else [claim]:
        answered = evidence.answer_claim(claims[key], studies, include_retracted=with_retracted)
        if claim is None:
            typer.echo(f"{key}: {answered.claim.title}. {_verdict(answered)}")
        else:
            _show(answered)


@app.command("check")
def check(file: Annotated[Path, typer.Argument(help="A results file.")]) -> None:
    """Check a results file against its own arithmetic: sojourn evidence check study.yaml"""
    from sojourn import evidence

    study = _load(file)
    today = datetime.now(UTC).date()  # noqa: TID251
    found = evidence.findings(study, today=today)
    for finding in found:
        typer.echo(str(finding), err=finding.severity == "error")
    if any(finding.severity == "error" for finding in found):
        _fail(f"{file.name} can't be used as it is")
    unverified = sum(not outcome.verified for outcome in study.outcomes)
    typer.echo(
        f"{file.name} is usable: {study.name} ({study.year}), {len(study.outcomes)} outcomes, "
        f"{unverified} of them unverified, {len(found)} to look at"
    )


@app.command("add")
def add(
    file: Annotated[Path, typer.Argument(help="A results file.")],
    into: Annotated[Path, typer.Option(envvar=OWN, help="The folder of results of your own.")],
    dry_run: Annotated[bool, typer.Option(help="Show what would change, write nothing.")] = False,
) -> None:
    """Add a study and see what it does to the claims.

    sojourn evidence add study.yaml --into our-results
    """
    from sojourn import evidence

    study = _load(file)
    before = _studies(into if into.exists() else None)
    if study.key in before:
        _fail(f"key '{study.key}' is there already; give the new study its own")
    missing = [key for key in study.counts_again if key not in before]
    if missing:
        _fail(f"counts_again names '{missing[0]}', which is not there; add that study first")
    after = {**before, study.key: study}
    for change in evidence.changes(before, after, evidence.shipped_claims()):
        typer.echo(_changed(change))
    if dry_run:
        typer.echo("nothing was written")
        return
    into.mkdir(parents=True, exist_ok=True)
    target = into / f"{study.key}.yaml"
    target.write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    typer.echo(f"{target} added")


@app.command("draft")
def draft(file: Annotated[Path, typer.Argument(help="One study, JSON, API v2.")]) -> None:
    """A results file from ClinicalTrials.gov: sojourn evidence draft NCT00000000.json"""
    from sojourn.evidence import EvidenceError
    from sojourn.evidence.registry import draft as draft_study
    from sojourn.exchange import scanning
    from sojourn.record.command import Refused

    try:
        record = json.loads(scanning.taken(file, "json").decode("utf-8"))
        made = draft_study(record)
    except Refused as refused:
        _fail(refused.message)
    except (ValueError, EvidenceError) as error:
        _fail(f"{file.name}: {error}")
    typer.echo(made.as_yaml(), nl=False)
    for note in made.notes:
        typer.echo(note, err=True)


def _load(file: Path) -> "Study":
    from sojourn.evidence import EvidenceError, load_study
    from sojourn.exchange import scanning
    from sojourn.record.command import Refused

    try:
        scanning.taken(file, "yaml")
        return load_study(file)
    except Refused as refused:
        _fail(refused.message)
    except EvidenceError as error:
        typer.echo(str(error), err=True)
        _fail(f"{file.name} can't be used as it is")


def _studies(folder: Path | None) -> Mapping[str, "Study"]:
    from sojourn import evidence

    shipped = evidence.shipped_studies()
    if folder is None:
        return shipped
    try:
        own = evidence.load_studies(folder, known=tuple(shipped))
    except evidence.EvidenceError as error:
        _fail(str(error))
    return {**shipped, **own}


def _verdict(answered: "Answered") -> str:
    return f"{answered.verdict.capitalize()}; certainty {answered.certainty}."


def _show(answered: "Answered") -> None:
    claim = answered.claim
    typer.echo(f"{claim.title}\n{claim.claim}\nClaimed by: {'; '.join(claim.claimed_by)}")
    typer.echo(f"Population: {claim.population}\n{_verdict(answered)} {claim.because}")
    if claim.contested:
        typer.echo(f"Contested: {claim.contested}")
    if answered.agrees is not None:
        does = "does" if answered.agrees else "does not"
        typer.echo(f"The claimed figure {does} lie in the computed interval.")
    for forest in answered.forests:
        _show_forest(forest)
    for lowered in claim.certainty.lowered:
        typer.echo(f"Certainty lowered by {lowered.levels}, {lowered.domain}: {lowered.reason}")
    for each in claim.not_known:
        typer.echo(f"Not known: {each}")
    if answered.unverified:
        typer.echo(f"Not verified against the paper: {', '.join(answered.unverified)}")


def _show_forest(forest: "Forest") -> None:
    from sojourn.evidence.wording import figure

    typer.echo(f"\n{forest.label}")
    for line in forest.lines:
        marks = "".join(
            f" [{mark}]"
            for mark, holds in (("unverified", not line.verified), ("retracted", line.retracted))
            if holds
        )
        shown = figure(line.measure, line.estimate, line.low, line.high)
        typer.echo(f"  {line.study:22} {shown}  {line.label}{marks}")
    summary = forest.summary
    if summary:
        shown = figure(forest.measure, summary.estimate, summary.low, summary.high)
        typer.echo(f"  {'together':22} {shown}  {summary.people} people; {summary.model}")
        _show_steadiness(forest)
    if forest.rests_on_retracted_alone:
        typer.echo("  rests on retracted papers alone; nothing is computed")
    elif forest.retracted_left_out:
        typer.echo(f"  retracted and left out: {', '.join(forest.retracted_left_out)}")


def _show_steadiness(forest: "Forest") -> None:
    """How much the pooled figure rests on single studies, on time and on small studies."""
    from sojourn.evidence.wording import figure

    summary = forest.summary
    if summary and summary.predicted:
        shown = figure(forest.measure, None, *summary.predicted)
        typer.echo(f"  {'a further study':22} {shown}")
    for moment in forest.over_time[:-1]:
        then = figure(forest.measure, moment.estimate, moment.low, moment.high)
        typer.echo(f"  {f'until {moment.year}':22} {then}")
    if forest.without_each:
        estimates = [estimate for _, estimate, _, _ in forest.without_each]
        shown = figure(forest.measure, None, min(estimates), max(estimates))
        typer.echo(f"  {'leaving one out':22} {shown}")
    if forest.asymmetry:
        typer.echo(
            f"  {'small studies':22} Egger p = {forest.asymmetry.p:.2f}, "
            f"{forest.asymmetry.studies} studies"
        )


def _changed(change: "Change") -> str:
    from sojourn.evidence.wording import figure

    if change.before is None and change.after is None:
        return (
            f"{change.claim}, {change.label}: {change.studies_before} studies as reported, "
            f"now {change.studies_after}"
        )
    before, after = (
        figure(change.measure, *figures) if figures else "nothing"
        for figures in (change.before, change.after)
    )
    return (
        f"{change.claim}, {change.label}: {before} of {change.studies_before} studies, "
        f"now {after} of {change.studies_after}"
    )


def _fail(message: str) -> NoReturn:
    typer.secho(message, err=True, fg=typer.colors.RED)
    raise typer.Exit(1)
