"""Who may be in a session and who not, their supervision, and how closely sessions keep to it."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from sojourn.analysis.agreement import Agreement, cohen_kappa, intraclass
from sojourn.clinic.access import Visitor, in_programme
from sojourn.clinic.views.programme import commands_of
from sojourn.conduct import fidelity
from sojourn.conduct.practitioners import SUPERVISION_DAYS, registry
from sojourn.conduct.programme import ATTESTATIONS, Programme
from sojourn.ledger import clock
from sojourn.protocols.model import Fidelity

HERE = (
    "programme.record-credential",
    "programme.withdraw-credential",
    "programme.record-attestation",
    "programme.suspend-practitioner",
    "programme.lift-suspension",
    "programme.record-supervision",
    "programme.rate-fidelity",
)
SUPERVISIONS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Agreed:
    """How far two raters agree: on the session's mean, or on one item; ``why_not`` when untold."""

    label: str
    sessions: int
    icc: Agreement | None
    kappa: float | None
    why_not: str = ""


@in_programme
def practitioners(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The registry of practitioners, supervision, and ratings of recorded sessions."""
    found = visitor.standing.programme
    plan = visitor.standing.protocol.fidelity
    reads_of_sessions = visitor.sees_course and visitor.everywhere
    rated = fidelity.rated_sessions(found) if reads_of_sessions else ()
    context = {
        "visitor": visitor,
        "here": "programme",
        "registry": registry(found, timezone.localdate(clock.now())),
        "attestations": dict(ATTESTATIONS),
        "supervision_days": SUPERVISION_DAYS,
        "supervisions": (
            found.supervisions[: -SUPERVISIONS_SHOWN - 1 : -1] if reads_of_sessions else ()
        ),
        "plan": plan,
        "rated": rated,
        "agreement": _agreement(found, plan) if plan and rated else (),
        "commands": [(e.name, e.title) for e in commands_of(visitor) if e.name in HERE],
    }
    return render(request, "clinic/practitioners.html", context)


def _agreement(programme: Programme, plan: Fidelity) -> tuple[Agreed, ...]:
    items = [(None, "Mean of the session"), *((n, each.label) for n, each in enumerate(plan.items))]
    return tuple(_agreed(programme, item, label) for item, label in items)


def _agreed(programme: Programme, item: int | None, label: str) -> Agreed:
    table = fidelity.shared_table(programme, item)
    if not table:
        return Agreed(label, 0, None, None, "two raters must rate the same sessions")
    kappa = None
    if item is not None:
        kappa = cohen_kappa([row[0] for row in table], [row[1] for row in table])
        kappa = None if kappa != kappa else kappa
    try:
        return Agreed(label, len(table), intraclass(table), kappa)
    except ValueError as too_little:
        return Agreed(label, len(table), None, kappa, str(too_little))
