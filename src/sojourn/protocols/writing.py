"""A protocol as a pack again: from the model to the text of a YAML file."""

import hashlib
import json
from typing import Any

import yaml
from pydantic import TypeAdapter

from sojourn.protocols.model import Protocol

_ADAPTER: TypeAdapter[Protocol] = TypeAdapter(Protocol)
HEAD = "# Written by Sojourn, each visit written out. docs/packs.md says what each field means.\n"


def pack_data(protocol: Protocol) -> dict[str, Any]:
    """The fields of a pack that says what ``protocol`` says, each visit written out.

    Plain data: mappings, lists, texts, whole numbers, yes and no. What has its default is left out.
    """
    data: dict[str, Any] = _ADAPTER.dump_python(protocol, mode="json", exclude_defaults=True)
    for worked_out in ("digest", "earlier"):
        data.pop(worked_out, None)
    data["authorisations"] = [each.key for each in protocol.authorisations]
    return data


def pack_text(data: dict[str, Any]) -> str:
    """The text of the pack with these fields."""
    return HEAD + yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100)


def model_digest(protocol: Protocol) -> str:
    """SHA-256 of what a pack says, however its text is laid out."""
    data = pack_data(protocol)
    plain = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()
