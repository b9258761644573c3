"""Write golden files for kinds and schemas that have none yet.

    PYTHONPATH=src python tests/ledger/write_golden.py

A golden file holds the data of one fact as this version stores it. It is kept
for ever: a later version must still read it, through upcasters if the shape has
changed. A file that exists is never written again, so run this once when a kind
or a schema is new, look at what it wrote, and commit it.

The facts are examples made from each field's type. To keep a more telling one,
edit the file by hand before it is committed.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import django
from pydantic import TypeAdapter

GOLDEN = Path(__file__).resolve().parent / "golden"


def golden_file(kind: str, schema: int) -> Path:
    """Where the golden file of that kind and schema lies."""
    return GOLDEN / f"{kind}.{schema}.json"


def example_of(fact: type[Any]) -> Any:
    """A fact whose fields hold the plainest value their type allows."""
    adapter: TypeAdapter[Any] = TypeAdapter(fact)
    schema = adapter.json_schema()
    return adapter.validate_json(json.dumps(_value(schema, schema.get("$defs", {}))))


def _value(schema: dict[str, Any], shapes: dict[str, Any]) -> Any:
    if "$ref" in schema:
        return _value(shapes[schema["$ref"].rsplit("/", 1)[1]], shapes)
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return _value(next(each for each in schema[choice] if each != {"type": "null"}), shapes)
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    if schema.get("type") == "object":
        return {name: _value(each, shapes) for name, each in schema.get("properties", {}).items()}
    if schema.get("type") == "array":
        items = schema.get("prefixItems") or [schema.get("items", {"type": "string"})]
        return [_value(each, shapes) for each in items]
    dates = {"date-time": "2026-03-02T08:30:00Z", "date": "2026-03-02", "duration": "PT90M"}
    if schema.get("format") in dates:
        return dates[schema["format"]]
    plain = {"integer": 1, "boolean": True, "null": None}
    return plain.get(schema.get("type", ""), "example")


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sojourn.clinic.settings")
    django.setup()
    from sojourn.ledger.registry import kinds

    GOLDEN.mkdir(exist_ok=True)
    for fact in kinds():
        file = golden_file(fact.kind, fact.schema)
        if not file.exists():
            file.write_text(kinds().write(example_of(fact))[2] + "\n", encoding="utf-8")
            print(f"wrote {file.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
