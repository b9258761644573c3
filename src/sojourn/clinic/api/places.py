"""Where commands are sent: to a participant, a programme, a pharmacy, or in confidence."""

from functools import partial
from typing import Any

from django.http import Http404
from ninja import Router

from sojourn.clinic import asking, correcting
from sojourn.clinic.access import rated_by
from sojourn.clinic.api import entries, once, shapes
from sojourn.clinic.api.entries import EntryOut
from sojourn.clinic.api.filling import Filled, command_of
from sojourn.clinic.api.problems import Problem
from sojourn.clinic.api.writing import Entries, Place, Sent, add
from sojourn.clinic.forms import CommandForm
from sojourn.clinic.views import programme as programme_pages
from sojourn.clinic.views import safety as safety_pages
from sojourn.clinic.views import stock as stock_pages
from sojourn.clinic.views.participant import may_see
from sojourn.conduct import blinding, pharmacy
from sojourn.course.screening import RegisterParticipant
from sojourn.course.state import Course
from sojourn.instruments import load_shipped
from sojourn.ledger import confidential, desk, programmes, stock
from sojourn.ledger.append import StaleVersion
from sojourn.ledger.read import read_stream, version
from sojourn.record.command import Refused

PROGRAMME = "/programmes/{programme}"
PARTICIPANT = PROGRAMME + "/participants/{participant}"


def add_commands(of: dict[str, Router]) -> None:
    """Give every command its address, in the router of its area."""
    add(of["participants"], RegisterParticipant, REGISTRATION)
    for kind in shapes.of_participants():
        add(of["participants"], kind, ABOUT_PARTICIPANTS)
    for kind in correcting.CORRECTING:
        add(of["participants"], kind, CORRECTIONS)
    for kind in shapes.of_programmes():
        add(of["programme"], kind, ABOUT_PROGRAMMES)
    for kind in shapes.of_stock():
        add(of["stock"], kind, ABOUT_STOCK)
    for kind in shapes.of_confidence():
        add(of["safety"], kind, IN_CONFIDENCE)


def _register(kind: type[Any], sent: Sent) -> Entries:
    visitor = sent.visitor
    form = partial(_data_of, partial(asking.form_of, visitor, kind, Course()))
    command, _ = command_of(kind, sent.body, form)
    return once.once(
        sent.request,
        lambda key: desk.execute(
            visitor.programme, command.participant, command, visitor.person, key=key
        ),
    )


def _about_participant(kind: type[Any], sent: Sent) -> Entries:
    visitor, participant = sent.visitor, sent.words["participant"]
    course = asking.course_of(visitor, participant)
    visitor = visitor.about(course)
    instrument = asking.instrument_of(kind, getattr(sent.body, "instrument", ""))
    form = partial(asking.form_of, visitor, kind, course, instrument=instrument)
    command, _ = command_of(kind, sent.body, partial(_data_of, form))

    def write(key: str) -> Entries:
        stream = desk.stream_of(visitor.programme, participant)
        # An observation holds whatever came first, unless its author asks that nothing did.
        if sent.version is not None and kind.nature == "observation":
            found = version(stream)
            if found != sent.version:
                raise StaleVersion(stream, sent.version, found)
        return desk.execute(
            visitor.programme,
            participant,
            command,
            visitor.person,
            shown=sent.version,
            key=key,
        )

    return once.once(sent.request, write)


def _correction(kind: type[Any], sent: Sent) -> Entries:
    visitor, participant = sent.visitor, sent.words["participant"]
    sequence = sent.words["sequence"]
    course = asking.course_of(visitor, participant)
    visitor = visitor.about(course)
    history = read_stream(desk.stream_of(visitor.programme, participant))
    entry = next((each for each in history if each.sequence == sequence), None)
    rated = rated_by(visitor.standing.protocol, entry.fact if entry else None)
    own = entry is not None and entry.author == visitor.person.name
    kind_of_fact = entry.fact.kind if entry else ""
    if not blinding.may_correct(visitor.role, kind_of_fact, rated, own=own):
        raise Problem(403, f"entry {sequence} is not for a {visitor.role} to correct")
    try:
        wrong = correcting.command_of(history, sequence)
    except Refused as refusal:
        raise Http404(refusal.message) from refusal
    if type(wrong) is not kind:
        raise Http404(f"entry {sequence} is corrected as '{type(wrong).name}'")
    instrument = load_shipped().get(getattr(wrong, "instrument", ""))
    form = partial(asking.form_of, visitor, kind, course, instrument=instrument, correcting=True)
    command, reason = command_of(kind, sent.body, partial(_data_of, form))
    return once.once(
        sent.request,
        lambda key: desk.correct(
            visitor.programme,
            participant,
            sequence,
            command,
            visitor.person,
            reason=reason,
            key=key,
        ),
    )


def _about_programme(kind: type[Any], sent: Sent) -> Entries:
    visitor = sent.visitor
    if kind not in programme_pages.commands_of(visitor):
        raise Problem(422, "it makes no sense now, or is not for who holds a role at some sites")
    offered = programme_pages.offers_of(visitor)
    protocol = programme_pages.asked_about(kind, visitor.standing)
    form = partial(CommandForm, kind, offered, protocol=protocol)
    command, _ = command_of(kind, sent.body, partial(_data_of, form))
    programme_pages.must_be_known(command)
    return once.once(
        sent.request,
        lambda key: programmes.execute(
            visitor.programme,
            command,
            author=visitor.person.name,
            role=visitor.role,
            shown=sent.version,
            under=key,
        ),
    )


def _about_stock(kind: type[Any], sent: Sent) -> Entries:
    visitor, site = sent.visitor, sent.words["site"]
    if site not in stock_pages.sites_of(visitor):
        raise Http404(f"There is no site '{site}' in this programme.")
    participant = getattr(sent.body, "participant", None) or ""
    container = getattr(sent.body, "container", None) or ""
    offered = stock_pages.offers_of(
        visitor, site, kind, participant=participant, container=container
    )
    command, _ = command_of(kind, sent.body, partial(_data_of, partial(CommandForm, kind, offered)))
    about = isinstance(command, pharmacy.Dispense)
    course = stock_pages.course_about(visitor, participant) if about else None
    return once.once(
        sent.request,
        lambda key: stock.execute(
            visitor.programme, site, command, visitor.person, course=course, key=key
        ),
    )


def _in_confidence(kind: type[Any], sent: Sent) -> Entries:
    visitor = sent.visitor
    offered = safety_pages.offers_of(visitor)
    command, _ = command_of(kind, sent.body, partial(_data_of, partial(CommandForm, kind, offered)))
    return once.once(
        sent.request,
        lambda key: confidential.execute(visitor.programme, command, visitor.person, key=key),
    )


def _data_of(form: Any, data: Filled) -> CommandForm:
    made: CommandForm = form(data=data)
    return made


def _of_participant(sent: Sent, written: Entries) -> list[EntryOut]:
    return entries.shown(sent.visitor, [each for each in written if may_see(sent.visitor, each)])


def _of_programme(sent: Sent, written: Entries) -> list[EntryOut]:
    return entries.shown(sent.visitor, entries.of_programme(sent.visitor, written))


def _of_stock(sent: Sent, written: Entries) -> list[EntryOut]:
    return entries.shown(sent.visitor, entries.of_containers(written))


def _own(sent: Sent, written: Entries) -> list[EntryOut]:
    return entries.shown(sent.visitor, written)


REGISTRATION = Place(
    PROGRAMME + "/participants", "participants", _register, _of_participant, versioned=False
)
ABOUT_PARTICIPANTS = Place(
    PARTICIPANT + "/commands/{command}", "command", _about_participant, _of_participant
)
CORRECTIONS = Place(
    PARTICIPANT + "/entries/{sequence}/corrections/{command}",
    "correct",
    _correction,
    _of_participant,
    correcting=True,
)
ABOUT_PROGRAMMES = Place(
    PROGRAMME + "/commands/{command}", "programme-command", _about_programme, _of_programme
)
ABOUT_STOCK = Place(
    PROGRAMME + "/sites/{site}/commands/{command}",
    "stock-command",
    _about_stock,
    _of_stock,
    versioned=False,
)
IN_CONFIDENCE = Place(
    PROGRAMME + "/confidential/commands/{command}",
    "confidential-command",
    _in_confidence,
    _own,
    versioned=False,
)
