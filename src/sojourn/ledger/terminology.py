"""The dictionary this site codes adverse events to."""

from pathlib import Path

from django.conf import settings

from sojourn.vigilance import terms
from sojourn.vigilance.terms import Dictionary


def in_use() -> Dictionary:
    """The site's licensed dictionary where it has set one, else CTCAE v5.0.

    Raises
    ------
    sojourn.definitions.DefinitionError
        If the site's file can't be used.
    """
    return terms.from_file(Path(settings.MEDDRA)) if settings.MEDDRA else terms.shipped()
