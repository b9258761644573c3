"""Making a report: open the allocation if need be, cut, compute, write four files."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from sojourn.conduct.blinding import may_see_closed_session
from sojourn.ledger import opening, programmes, replica
from sojourn.ledger.cut import cut_at
from sojourn.ledger.desk import Person
from sojourn.ledger.read import stored_at
from sojourn.protocols.analysis_plan import AnalysisPlan, misfits
from sojourn.record.command import Refused
from sojourn.record.hashing import time_text
from sojourn.record.kinds import canonical
from sojourn.reporting.assembly import Report, assemble
from sojourn.reporting.cut import Progress, gather
from sojourn.reporting.front import lock_at
from sojourn.reporting.page import page
from sojourn.reporting.paper import paper
from sojourn.reporting.plans import planned
from sojourn.reporting.registry_draft import registry_text, results_draft, why_no_draft

NUMBERS, TRACES, PAGE, PAPER = "report.json", "trace.json", "report.html", "report.pdf"
REGISTRY = "report-registry.json"
FILES = (PAGE, PAPER, NUMBERS, TRACES)


@dataclass(frozen=True, slots=True)
class Wish:
    """Which report is asked for. ``as_of`` None: the programme's last entry."""

    programme: str
    as_of: datetime | None = None
    plan: AnalysisPlan | None = None
    blinded: bool = False
    purpose: str = "Report of the trial"


def shelf(programme: str, *, blinded: bool) -> Path:
    """Where the site keeps the latest report of a programme, beside the record."""
    return Path(settings.HOME) / "reports" / programme / ("blinded" if blinded else "opened")


def make(wish: Wish, by: Person, progress: Progress | None = None) -> Report:
    """The report asked for. One by arm opens the allocation first, and that is on the record.

    A programme that randomises nobody has one report, of its single arm.

    Raises
    ------
    Refused
        If there is no such programme, the plan is of another protocol, or the role may not see
        results by arm.
    """
    whole = programmes.load(wish.programme)
    cut = cut_at(wish.programme, wish.as_of)
    standing = programmes.in_force(whole, cut.as_of)
    protocol = standing.protocol
    by_arm = protocol.randomisation is not None and not wish.blinded
    for misfit in misfits(wish.plan, protocol) if wish.plan else ():
        raise Refused(misfit, "plan")
    if by_arm and not may_see_closed_session(by.role):
        raise Refused(f"a {by.role} may not see results by arm; ask for the blinded report")
    if by_arm and protocol.randomisation and protocol.randomisation.blinded:
        opening.record(wish.programme, wish.purpose, by)
    plan = planned(wish.programme, wish.plan)
    with replica.reading(cut.position):
        inputs = gather(
            cut,
            protocol,
            plan.used.primary.reference,
            opened=by_arm,
            followed=lambda course: programmes.followed(whole, course).protocol,
            progress=progress,
        )
        return assemble(inputs, cut, standing.programme, protocol, plan)


def locked_at(wish: Wish) -> bool:
    """Whether the database was locked at the data cut that is asked for.

    Raises
    ------
    Refused
        If there is no such programme.
    """
    return lock_at(cut_at(wish.programme, wish.as_of)) is not None


def files(report: Report) -> dict[str, bytes]:
    """The report's files by name; equal reports give equal bytes.

    The draft for a registry is among them where the report may become one.
    """
    traces = (canonical(_traces(report)) + "\n").encode()
    digest = hashlib.sha256(traces).hexdigest()
    numbers = (canonical(_numbers(report, digest)) + "\n").encode()
    made = {
        PAGE: page(report, digest).encode(),
        PAPER: paper(report, digest),
        NUMBERS: numbers,
        TRACES: traces,
    }
    if why_no_draft(report) is None:
        made[REGISTRY] = registry_text(results_draft(report)).encode()
    return made


def write(report: Report, folder: Path) -> None:
    """Write the report's files into ``folder``, which is made when absent.

    Each is put in its place whole, so that nobody reads half a file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # A draft of an earlier report never stands beside this one.
    (folder / REGISTRY).unlink(missing_ok=True)
    for name, content in files(report).items():
        draft = folder / f"{name}.draft"
        draft.write_bytes(content)
        draft.replace(folder / name)


def _numbers(report: Report, trace_digest: str) -> dict[str, Any]:
    return {
        "schema": 1,
        "programme": report.cut.programme,
        "as_of": time_text(report.cut.as_of),
        "size": report.cut.position,
        "root": report.cut.root,
        "protocol_digest": report.protocol_digest,
        "plan_digest": report.plan_digest,
        "by_arm": report.by_arm,
        "software": report.software,
        "trace_digest": trace_digest,
        "figures": {
            each.key: {
                "name": each.name,
                "text": each.text,
                "values": dict(each.values),
                "planned": each.planned,
            }
            for each in report.figures
        },
    }


def _traces(report: Report) -> dict[str, Any]:
    """Which entries each figure rests on. Lists that many figures share are written once."""
    lists: dict[tuple[int, ...], str] = {}
    for figure in report.figures:
        lists.setdefault(figure.sources, str(len(lists)))
    positions = sorted({place for places in lists for place in places})
    hashes = {str(row[0]): row[14] for row in stored_at(positions)}
    return {
        "schema": 1,
        "figures": {
            each.key: {
                "function": each.function,
                "inputs": each.inputs,
                "entries": lists[each.sources],
            }
            for each in report.figures
        },
        "lists": {name: list(places) for places, name in lists.items()},
        "hashes": hashes,
    }
