"""The programme's own page: legal ground, people, consent forms, limits, and its history."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from sojourn import conduct
from sojourn.clinic import duties, grounds, history, signing
from sojourn.clinic.access import Visitor, in_programme
from sojourn.clinic.forms import CommandForm
from sojourn.clinic.models import Member
from sojourn.clinic.offers import Offers
from sojourn.conduct import (
    amendment,
    blinding,
    delegation,
    documents,
    membership,
    reporting,
    training,
)
from sojourn.conduct.amendment import AdoptAmendment
from sojourn.conduct.membership import OpenInEmergency, RequireGrants, ReviewEmergency
from sojourn.conduct.reach import ROLES, Grant, to_review
from sojourn.ledger import clock, programmes
from sojourn.ledger.append import StaleVersion
from sojourn.ledger.read import read_stream
from sojourn.protocols.model import Protocol
from sojourn.record.command import Refused
from sojourn.record.entry import Entry

# Asked for on pages of their own, by the name of the page.
PAGE_OF: Mapping[type[Any], str] = {
    **dict.fromkeys(amendment.DECIDE, "amendments"),
    **dict.fromkeys(delegation.DECIDE, "delegation"),
    **dict.fromkeys(training.DECIDE, "training"),
    **dict.fromkeys(documents.DECIDE, "documents"),
}


@in_programme
def programme(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """What the programme stands on today."""
    today = timezone.localdate(clock.now())
    entries = read_stream(programmes.PREFIX + visitor.programme)
    standing = visitor.standing
    settings = dict(standing.programme.settings)
    context = {
        "visitor": visitor,
        "here": "programme",
        "programme": standing.programme,
        "protocol": standing.protocol,
        "grounds": grounds.grounds(standing.programme, standing.protocol, today),
        "endings": grounds.endings(standing.programme, today),
        "owed": grounds.owed(standing.programme, standing.protocol, today),
        "reports": grounds.reports(standing.programme, standing.protocol, today),
        "on_events": grounds.on_events(standing.programme, standing.protocol, today),
        "members": _members(visitor),
        "credentials": [(each, each.holds(today)) for each in standing.programme.credentials],
        "settings": [
            (setting, settings.get(setting.key)) for setting in standing.protocol.site_settings
        ],
        "commands": [
            (each.name, each.title) for each in commands_of(visitor) if each not in PAGE_OF
        ],
        "lines": history.lines(
            (each for each in entries if may_see(visitor, each)),
            standing.protocol,
            signing.names(entries),
        ),
    }
    return render(request, "clinic/programme.html", context)


def _members(visitor: Visitor) -> list[tuple[Grant, str]]:
    labels = dict(ROLES)
    return [
        (each, labels[each.role])
        for each in sorted(visitor.standing.programme.grants, key=lambda each: each.member)
        if visitor.everywhere or any(map(visitor.reach.includes, each.sites))
    ]


def may_see(visitor: Visitor, entry: Entry) -> bool:
    """Whether this visitor may see an entry of the programme's own record."""
    fact = entry.fact
    if fact.kind in blinding.TELLS_OF_SESSIONS and not visitor.everywhere:
        return visitor.reach.includes(getattr(fact, "site", ""))
    return blinding.may_see_in_programme(visitor.role, fact.kind)


@in_programme
def programme_command(request: HttpRequest, visitor: Visitor, command: str) -> HttpResponse:
    """The form of one command to the programme, and its answer."""
    kind = next((each for each in commands_of(visitor) if each.name == command), None)
    if kind is None:
        raise Http404(f"'{command}' is no command for a {visitor.role} here.")
    standing = visitor.standing
    form = CommandForm(
        kind,
        offers_of(visitor),
        data=request.POST if request.method == "POST" else signing.draft(request),
        initial={
            **_limits_as_they_are(kind, standing),
            **request.GET.dict(),
            "version": standing.programme.version,
        },
        protocol=asked_about(kind, standing),
    )
    signing.ask(form, kind, request.user)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                given = form.to_command()
                must_be_known(given)
                programmes.execute(
                    visitor.programme,
                    given,
                    author=visitor.person.name,
                    role=visitor.role,
                    shown=form.cleaned_data.get("version"),
                    signed=signing.prove(request, form),
                )
            except signing.AskedElsewhere as asked:
                return asked.answer
            except Refused as refusal:
                form.refuse(refusal.field, refusal.message)
            except StaleVersion:
                status = 409
                form.add_error(None, "A colleague changed the programme first. Read it again.")
            else:
                signing.done(request, form)
                messages.success(request, f"Recorded: {kind.title}.")
                page = PAGE_OF.get(kind, "programme")
                return redirect(page, programme=visitor.programme)
    context = {"visitor": visitor, "here": "programme", "form": form, "title": kind.title}
    return render(request, "clinic/command.html", context, status=status)


def asked_about(kind: type[Any], standing: programmes.Standing) -> Protocol:
    """The protocol a form asks the limits of: the proposed one when it is to be adopted."""
    proposal = standing.programme.proposal
    if kind is AdoptAmendment and proposal:
        return programmes.protocol_text(proposal.digest)
    return standing.protocol


def _limits_as_they_are(kind: type[Any], standing: programmes.Standing) -> dict[str, int]:
    if kind is not AdoptAmendment:
        return {}
    return {f"settings-{key}": value for key, value in standing.programme.settings}


def commands_of(visitor: Visitor) -> tuple[Any, ...]:
    """The commands to the programme that make sense for this role now."""
    found = visitor.standing.programme
    unfit = {"programme.found"} | {
        "open": {"programme.open", "programme.resume"},
        "paused": {"programme.open", "programme.pause"},
        "not-opened": {"programme.pause", "programme.resume"},
        "closed": {"programme.open", "programme.pause", "programme.resume"},
    }[found.status]
    today = timezone.localdate(clock.now())
    if not reporting.unsent(found, visitor.standing.protocol, today):
        unfit = unfit | {"programme.record-authority-report"}
    if found.proposal is None:
        unfit = unfit | {"programme.adopt-amendment"}
    unfit = unfit | duties.senseless(visitor)
    unfit = unfit | {OpenInEmergency.name}  # asked for on the participant's own page
    if found.grants_required:
        unfit = unfit | {RequireGrants.name}
    if not to_review(found, visitor.reach, visitor.person.name):
        unfit = unfit | {ReviewEmergency.name}
    return tuple(
        each
        for each in conduct.COMMANDS.values()
        if visitor.role in each.roles and each.name not in unfit and _of_their_sites(visitor, each)
    )


def _of_their_sites(visitor: Visitor, command: type[Any]) -> bool:
    # A lead of some sites decides about their people, and about nothing of the whole programme.
    return visitor.everywhere or visitor.role != "sponsor" or command in membership.DECIDE


def must_be_known(command: Any) -> None:
    """A name nobody has would leave the one who was meant with the role they had."""
    name = getattr(command, "member", "").strip()
    if name and not Member.objects.filter(username=name).exists():
        raise Refused(f"there is no account '{name}'; check the sign-in name", "member")


def offers_of(visitor: Visitor) -> Offers:
    """Every choice a form to the programme may need."""
    standing = visitor.standing
    today = timezone.localdate(clock.now())
    owed = reporting.unsent(standing.programme, standing.protocol, today)
    return Offers(
        {
            **duties.choices(visitor),
            "authorisation-kinds": tuple(
                (each.key, f"{each.label} ({each.jurisdiction}, {each.authority})")
                for each in standing.protocol.authorisations
            ),
            "authorisations": tuple(
                (each.reference, each.reference)
                for each in standing.programme.authorisations
                if not each.revoked
            ),
            "reported-authorisations": tuple(
                dict.fromkeys((each.reference, each.reference) for each in owed)
            ),
            "authority-reports": tuple(
                dict.fromkeys((each.report.key, each.report.label) for each in owed)
            ),
            "devices": tuple(
                (each.name, each.name) for each in standing.programme.devices if not each.revoked
            ),
            "proposed-versions": tuple(
                (each.version, each.version) for each in (standing.programme.proposal,) if each
            ),
            "approved-consent-versions": tuple(
                (each.version, f"{each.version}, approved {each.approved_on}")
                for each in reversed(standing.programme.consent_versions)
            ),
            "practitioners": tuple((each, each) for each in standing.programme.practitioners),
            "member-roles": ROLES,
            "emergency-accesses": tuple(
                (each.key, f"{each.participant}, {each.member}, {each.since:%Y-%m-%d %H:%M}")
                for each in to_review(standing.programme, visitor.reach, visitor.person.name)
            ),
            "rated-sessions": tuple(
                (each.key, each.label)
                for each in standing.protocol.visits
                if standing.protocol.fidelity and each.phase in standing.protocol.fidelity.phases
            ),
        }
    )
