"""Drug accountability: what a pharmacist asks for, and what follows for each container.

Two people stand for whatever is received, dispensed, returned, counted, destroyed or sent:
the author of the entry and a witness with a credential valid on that day. What does not
add up is an alert of diversion that stays open until someone explains it.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sojourn.conduct import pharmacy_corrections
from sojourn.conduct.containers import (
    Administered,
    Container,
    ContainerReceived,
    ContentsSealed,
    Counted,
    Destroyed,
    DiscrepancyExplained,
    Dispensed,
    HandOut,
    Quarantined,
    Released,
    Returned,
    TransferReceived,
    TransferSent,
)
from sojourn.conduct.labels import kit_list, numbers
from sojourn.conduct.pharmacy import (
    CountContainer,
    DestroyUnits,
    Dispense,
    ExplainDiscrepancy,
    Quarantine,
    RecallLot,
    ReceiveShipment,
    ReceiveTransfer,
    RecordTemperature,
    Release,
    SealContents,
    SendContainer,
    SetUpPlace,
    TakeBack,
)
from sojourn.conduct.stock import (
    Placed,
    Stock,
    container_here,
    discrepancy_found,
    refuse_more,
    refuse_unexplained,
    the_container,
    the_place,
)
from sojourn.conduct.storage import Place, PlaceSetUp, TemperatureRecorded
from sojourn.record.command import Refused, check
from sojourn.record.entry import Fact


def decide(stock: Stock, command: Any, *, role: str, now: datetime) -> tuple[Placed, ...]:
    """The facts that follow, each with the container it belongs to.

    Raises
    ------
    Refused
        If the role may not ask for it, or it makes no sense now.
    """
    decider = DECIDE.get(type(command))
    if decider is None:
        raise Refused(f"'{type(command).__name__}' has nothing to do with study drug")
    if role not in command.roles:
        raise Refused(f"'{command.title}' is for {', '.join(command.roles)}, not for a {role}")
    check(command, now=now)
    if stock.undelegated:
        raise Refused(stock.undelegated)
    if hasattr(command, "witness"):
        _check_witness(stock, command.witness, command.at.date())
    facts: tuple[Placed, ...] = decider(stock, command)
    return facts


def given(
    container: Container, participant: str, visit: str, which: str, level_mg: int, site: str
) -> tuple[Fact, ...]:
    """What a dose in the session room means for the container it names."""
    out = container.hand_out(participant, visit)
    who = f"{which} dose of {participant} at {visit}"
    if out is None:
        return (
            discrepancy_found(container, "session", f"{who} was not dispensed from it", 0, site),
        )
    needed, rest = divmod(level_mg, container.unit_mg)
    taken = min(needed, out.out)
    fact = Administered(participant, visit, which, level_mg, taken)
    if out.returned is not None:
        label = f"{who} was recorded after what was left had come back"
        return (fact, discrepancy_found(container, "session", label, 0, site))
    if rest or taken < needed:
        label = f"{who}: {level_mg} can't be made of {out.out} units of {container.unit_mg}"
        return (fact, discrepancy_found(container, "session", label, 0, site))
    return (fact,)


def late(container: Container, place: Place | None, now: datetime) -> tuple[Fact, ...]:
    """An alert for each hand-out whose leftovers are not back in time and not yet told of."""
    told = {each.label for each in container.discrepancies.values() if each.rule == "late"}
    facts: list[Fact] = []
    for out in overdue(container, place, now):
        label = f"{out.participant}, {out.visit}: {out.out} units are neither given nor back"
        if label not in told:
            facts.append(
                discrepancy_found(
                    container, "late", label, out.out, container.site, after=len(facts)
                )
            )
    return tuple(facts)


def overdue(container: Container, place: Place | None, now: datetime) -> tuple[HandOut, ...]:
    """Hand-outs of which something is still out past the hours of the place it came from."""
    if place is None:
        return ()
    limit = timedelta(hours=place.return_hours)
    return tuple(each for each in container.hand_outs if each.out and now - each.at > limit)


def _set_up(stock: Stock, command: SetUpPlace) -> tuple[Placed, ...]:
    if command.lowest_tenths_c >= command.highest_tenths_c:
        raise Refused(
            f"lowest {command.lowest_tenths_c} is not below highest {command.highest_tenths_c}",
            "lowest_tenths_c",
        )
    fact = PlaceSetUp(
        command.place.strip(),
        command.lowest_tenths_c,
        command.highest_tenths_c,
        command.source,
        command.return_hours,
    )
    return (("", fact),)


def _temperature(stock: Stock, command: RecordTemperature) -> tuple[Placed, ...]:
    place = the_place(stock, command.place)
    low, high = command.lowest_tenths_c, command.highest_tenths_c
    if low > high:
        raise Refused(f"lowest {low} is above highest {high}", "lowest_tenths_c")
    facts: list[Placed] = [("", TemperatureRecorded(place.name, low, high, command.instrument))]
    if place.outside(low, high):
        reason = (
            f"{place.name} was at {low / 10:.1f} to {high / 10:.1f} °C by "
            f"{command.at:%Y-%m-%d %H:%M}; its limits are {place.lowest_tenths_c / 10:.1f} to "
            f"{place.highest_tenths_c / 10:.1f} °C"
        )
        facts += [
            (each.number, Quarantined("excursion", reason))
            for each in stock.containers.values()
            if (each.site, each.place) == (stock.site, place.name) and each.in_stock
        ]
    return tuple(facts)


def _receive(stock: Stock, command: ReceiveShipment) -> tuple[Placed, ...]:
    place = the_place(stock, command.place)
    facts: list[Placed] = []
    for number in numbers(command.containers):
        known = stock.containers.get(number)
        if known and known.received:
            raise Refused(f"container {number} was received already", "containers")
        fact = ContainerReceived(
            command.shipment,
            stock.site,
            place.name,
            command.form.strip(),
            command.unit_mg,
            command.lot.strip(),
            command.expires_on,
            command.units,
            command.condition,
            command.temperature_reference,
            command.witness,
        )
        facts.append((number, fact))
        if command.condition == "damaged":
            facts.append((number, Quarantined("damaged", "it arrived damaged or opened")))
    return tuple(facts)


def _seal(stock: Stock, command: SealContents) -> tuple[Placed, ...]:
    """Arms in clear; whoever writes them to the record seals them first."""
    facts: list[Placed] = []
    for line, (number, arm) in enumerate(kit_list(command.lines), start=1):
        if arm not in stock.arms:
            raise Refused(f"line {line} names no arm of the protocol", "lines")
        known = stock.containers.get(number)
        if known and known.sealed:
            raise Refused(f"line {line}: what container {number} holds is sealed already", "lines")
        facts.append((number, ContentsSealed(arm)))
    if not facts:
        raise Refused("the kit list holds no line", "lines")
    if len({number for number, _ in facts}) != len(facts):
        raise Refused("a container stands twice on the kit list", "lines")
    return tuple(facts)


def _dispense(stock: Stock, command: Dispense) -> tuple[Placed, ...]:
    who = stock.recipient
    if who is None or not who.site:
        raise Refused(f"there is no participant {command.participant}", "participant")
    if who.site != stock.site:
        raise Refused(f"{who.participant} is of site {who.site}, not {stock.site}", "participant")
    if who.ended:
        raise Refused(f"the course of {who.participant} has ended", "participant")
    if stock.sealed and not who.randomised:
        raise Refused(f"{who.participant} has no allocation yet; randomise first", "participant")
    each = container_here(stock, command.container)
    hindrance = each.hindrance(command.at.date())
    if hindrance:
        raise Refused(f"container {each.number}: {hindrance}; choose another", "container")
    refuse_unexplained(each)
    if stock.sealed and not each.sealed:
        raise Refused(
            f"container {each.number} is not on the sealed kit list; have it sealed", "container"
        )
    if stock.sealed and not who.fits.get(each.number, False):
        raise Refused(
            f"container {each.number} is not for {who.participant}; take one that is offered",
            "container",
        )
    if each.hand_out(command.participant, command.visit):
        raise Refused(f"it was dispensed to {who.participant} for {command.visit}", "visit")
    refuse_more(each.in_stock, command.units)
    fact = Dispensed(command.participant, command.visit, command.units, command.witness)
    return ((each.number, fact),)


def _take_back(stock: Stock, command: TakeBack) -> tuple[Placed, ...]:
    each = the_container(stock, command.container)
    out = each.hand_out(command.participant, command.visit)
    if out is None:
        raise Refused(
            f"container {each.number} was not dispensed to {command.participant} for "
            f"{command.visit}",
            "participant",
        )
    if out.returned is not None:
        raise Refused("what was left came back already", "container")
    if command.units > out.units:
        raise Refused(f"{command.units} units are more than the {out.units} dispensed", "units")
    fact = Returned(
        command.participant, command.visit, command.units, command.state, command.witness
    )
    missing = out.units - out.administered - command.units
    if not missing:
        return ((each.number, fact),)
    label = (
        f"{out.participant}, {out.visit}: {out.units} units dispensed, "
        f"{out.administered} given, {command.units} back"
    )
    return (
        (each.number, fact),
        (each.number, discrepancy_found(each, "return", label, missing, each.site)),
    )


def _count(stock: Stock, command: CountContainer) -> tuple[Placed, ...]:
    each = container_here(stock, command.container)
    refuse_unexplained(each)
    expected = each.on_the_shelf
    facts: list[Placed] = [(each.number, Counted(command.units, expected, command.witness))]
    if command.units != expected:
        label = f"{command.units} units were counted where the book says {expected}"
        missing = expected - command.units
        facts.append((each.number, discrepancy_found(each, "count", label, missing, each.site)))
    return tuple(facts)


def _explain(stock: Stock, command: ExplainDiscrepancy) -> tuple[Placed, ...]:
    # A dose may name a container nobody ever received: that is explained too.
    each = stock.containers.get(command.container) or Container(number=command.container)
    found = each.discrepancies.get(command.discrepancy)
    if found is None or found.explained_at:
        raise Refused(
            f"container {each.number} has no open discrepancy '{command.discrepancy}'",
            "discrepancy",
        )
    if len(command.explanation.strip()) < 8:
        raise Refused("say in a few words what happened and what was done", "explanation")
    if command.outcome == "lost" and not command.reported.strip():
        raise Refused("a loss is reported; give to whom, the form and its number", "reported")
    settles = found.rule in ("count", "transfer") and command.outcome != "found"
    fact = DiscrepancyExplained(
        found.key,
        command.outcome,
        command.explanation.strip(),
        command.reported.strip(),
        -found.missing if settles else 0,
        command.witness,
    )
    return ((each.number, fact),)


def _quarantine(stock: Stock, command: Quarantine) -> tuple[Placed, ...]:
    each = container_here(stock, command.container)
    if each.quarantine:
        raise Refused(f"it is in quarantine: {each.quarantine}", "container")
    return ((each.number, Quarantined("decision", command.reason)),)


def _recall(stock: Stock, command: RecallLot) -> tuple[Placed, ...]:
    found = [each for each in stock.containers.values() if each.lot == command.lot]
    if not found:
        raise Refused(f"no container of lot '{command.lot}' was received", "lot")
    reason = f"lot {command.lot} is recalled: {command.reason}"
    return tuple((each.number, Quarantined("recall", reason)) for each in found)


def _release(stock: Stock, command: Release) -> tuple[Placed, ...]:
    each = container_here(stock, command.container)
    if not each.quarantine:
        raise Refused(f"container {each.number} is not in quarantine", "container")
    return ((each.number, Released(command.reason, command.reference)),)


def _destroy(stock: Stock, command: DestroyUnits) -> tuple[Placed, ...]:
    each = container_here(stock, command.container)
    refuse_unexplained(each)
    refuse_more(each.on_the_shelf, command.units)
    fact = Destroyed(command.units, command.method, command.certificate, command.witness)
    return ((each.number, fact),)


def _send(stock: Stock, command: SendContainer) -> tuple[Placed, ...]:
    each = container_here(stock, command.container)
    refuse_unexplained(each)
    if command.to_site == stock.site:
        raise Refused(f"it is at site {stock.site} already", "to_site")
    if each.returned or any(out.returned is None for out in each.hand_outs):
        raise Refused(
            f"units of container {each.number} are out or came back; take back and destroy them "
            "first",
            "container",
        )
    refuse_more(each.in_stock, 1)
    fact = TransferSent(command.to_site, each.in_stock, command.witness)
    return ((each.number, fact),)


def _arrive(stock: Stock, command: ReceiveTransfer) -> tuple[Placed, ...]:
    each = the_container(stock, command.container)
    place = the_place(stock, command.place)
    if each.to_site != stock.site:
        raise Refused(f"container {each.number} was not sent to {stock.site}", "container")
    facts: list[Placed] = [
        (
            each.number,
            TransferReceived(stock.site, place.name, command.units, command.witness),
        )
    ]
    missing = each.in_transit - command.units
    if missing:
        label = f"{each.in_transit} units were sent and {command.units} arrived"
        facts.append((each.number, discrepancy_found(each, "transfer", label, missing, stock.site)))
    return tuple(facts)


def _check_witness(stock: Stock, witness: str, on: date) -> None:
    if witness == stock.author:
        raise Refused(f"{witness} writes this; someone else is the second person", "witness")
    if witness not in stock.credentialed:
        raise Refused(f"'{witness}' has no credential valid on {on}; ask another", "witness")


DECIDE: Mapping[type[Any], Any] = {
    SetUpPlace: _set_up,
    RecordTemperature: _temperature,
    ReceiveShipment: _receive,
    SealContents: _seal,
    Dispense: _dispense,
    TakeBack: _take_back,
    CountContainer: _count,
    **pharmacy_corrections.DECIDE,
    ExplainDiscrepancy: _explain,
    Quarantine: _quarantine,
    RecallLot: _recall,
    Release: _release,
    DestroyUnits: _destroy,
    SendContainer: _send,
    ReceiveTransfer: _arrive,
}
COMMANDS: Mapping[str, type[Any]] = {each.name: each for each in DECIDE}
