"""Programmes as data: who may take part, what happens when, within which limits."""

from sojourn.protocols.load import (
    json_schema,
    load,
    load_shipped,
    load_text,
    shipped,
    shipped_text,
)
from sojourn.protocols.model import Protocol
from sojourn.protocols.reading import Problem, ProtocolError

__all__ = [
    "Problem",
    "Protocol",
    "ProtocolError",
    "json_schema",
    "load",
    "load_shipped",
    "load_text",
    "shipped",
    "shipped_text",
]
