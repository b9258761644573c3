"""The lawful ways in as plain lines, for a terminal or a letter."""

from collections.abc import Iterator
from datetime import date

from sojourn.exchange.registry.ways import Way, Ways
from sojourn.ledger import clock


def told(found: Ways, today: date) -> Iterator[str]:
    """What a person reads about one country, line by line."""
    yield f"Lawful ways to MDMA-assisted therapy for PTSD: {found.country}"
    yield ""
    if not found.ways:
        yield "No lawful route is known here. That does not mean that there is no way:"
        yield "your physician, or the medicines authority of the country, can tell you."
    elif found.jurisdiction:
        if found.law_of:
            yield f"The law of the {found.law_of} holds."
        yield f"Checked on {found.jurisdiction.checked_on}."
    for way in found.ways:
        yield from _route(way)
    if found.note:
        yield ""
        yield found.note.text
    yield ""
    yield from _trials(found, today)
    yield ""
    yield "Outside lawful routes MDMA is against the law almost everywhere. Whoever treats lawfully"
    yield "can show the authority's approval and their entry in the official register."


def _route(way: Way) -> Iterator[str]:
    route = way.route
    yield ""
    marks = way.standing if route.verified else f"{way.standing}; unverified"
    yield f"{route.label} ({marks})"
    if route.standing_note:
        yield f"  {route.standing_note}"
    yield f"  Who may be treated: {route.who_may_be_treated}"
    yield f"  Who applies: {route.who_applies}"
    for number, step in enumerate(route.steps, 1):
        yield f"  {number}. {step}"
    yield f"  Who decides: {route.authority}"
    since = f"; in force since {route.in_force_since}" if route.in_force_since else ""
    yield f"  Law: {route.law}{since}"
    for page in route.official_pages:
        yield f"  {page.label}: {page.url}"
    for demand in way.demands:
        yield f"  The team reports: {demand}"
    for each in way.sources:
        yield f"  Source: {' '.join(part for part in (each.text, each.url) if part)}"


def _trials(found: Ways, today: date) -> Iterator[str]:
    taken = found.taken_in
    if taken is None:
        yield "No file of a trial registry was taken in (sojourn import registry FILE.json)."
        return
    age = (today - clock.here(taken.imported_at).date()).days
    of = f"; the registry's data were of {taken.data_of}" if taken.data_of else ""
    yield f"Trials that fit: {found.trial_count} (file taken in {age} days ago{of})"
    for trial in found.trials:
        yield f"  {trial.nct_id} {trial.title} ({trial.status_words}; changed {trial.updated_on})"
        yield f"    {trial.url}"
        for place in trial.places:
            yield f"    {place.in_words}"
