"""A participant of another site, opened in an emergency: asked for, signed, for a few hours."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from sojourn.clinic import reaching, signing
from sojourn.clinic.access import Visitor, in_programme
from sojourn.clinic.forms import CommandForm
from sojourn.clinic.offers import Offers
from sojourn.conduct.membership import MOST_HOURS, OpenInEmergency
from sojourn.ledger import clock, programmes
from sojourn.ledger.append import StaleVersion
from sojourn.record.command import Refused

RETRIES = 3


@in_programme
def emergency(request: HttpRequest, visitor: Visitor, participant: str) -> HttpResponse:
    """Ask for it with a reason and prove who you are; it is told to those who oversee the site."""
    site = reaching.site_of(visitor.programme, participant)
    if not site:
        raise Http404(f"No participant {participant} in this programme.")
    if visitor.opens(participant):
        return redirect("participant", programme=visitor.programme, participant=participant)
    form = CommandForm(
        OpenInEmergency,
        Offers({}),
        data=request.POST if request.method == "POST" else signing.draft(request),
        initial={"hours": MOST_HOURS},
    )
    signing.ask(form, OpenInEmergency, request.user)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                signed = signing.prove(request, form)
                _open(visitor, form, participant, site, signed=signed)
            except signing.AskedElsewhere as asked:
                return asked.answer
            except Refused as refusal:
                form.refuse(refusal.field, refusal.message)
            else:
                signing.done(request, form)
                messages.warning(request, "Opened for a time. Those who oversee the site are told.")
                return redirect("participant", programme=visitor.programme, participant=participant)
    context = {
        "visitor": visitor,
        "here": "participants",
        "form": form,
        "title": f"{OpenInEmergency.title}: {participant}, {site}",
        "lead": "You hold no role at this site. The page opens for the hours you ask for; "
        "who opened it and why is on the record and is reviewed. It never tells the arm.",
    }
    return render(request, "clinic/command.html", context, status=status)


def _open(
    visitor: Visitor, form: CommandForm, participant: str, site: str, *, signed: bool
) -> None:
    for attempt in range(RETRIES):
        try:
            programmes.execute(
                visitor.programme,
                form.to_command(at=clock.now(), participant=participant, site=site),
                author=visitor.person.name,
                role=visitor.role,
                signed=signed,
            )
        except StaleVersion:
            # What a colleague wrote about the programme does not hold an emergency up.
            if attempt == RETRIES - 1:
                raise
        else:
            return
