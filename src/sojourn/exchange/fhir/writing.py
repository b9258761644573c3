"""Resources as JSON; a decimal is written as the number it is."""

import json
from decimal import Decimal
from typing import Any

from sojourn.exchange.fhir.elements import Resource


def text_of(resource: Resource) -> bytes:
    """UTF-8 JSON on one line."""
    return json.dumps(resource, ensure_ascii=False, default=_number).encode()


def _number(value: Any) -> float:
    if isinstance(value, Decimal):
        return float(value)  # of one decimal place, which a float writes back as it was
    raise TypeError(f"{type(value).__name__} is nothing that FHIR writes")
