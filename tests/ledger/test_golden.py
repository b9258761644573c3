"""What was stored once is read for ever."""

import json

import pytest

from sojourn.ledger import registry
from sojourn.record.kinds import canonical
from tests.ledger.write_golden import GOLDEN, golden_file

KINDS = {fact.kind: fact for fact in registry.kinds()}
EVERY_SHAPE = [
    (kind, schema) for kind, fact in KINDS.items() for schema in range(1, fact.schema + 1)
]


@pytest.mark.parametrize(("kind", "schema"), EVERY_SHAPE)
def test_every_shape_a_kind_ever_had_still_reads(kind: str, schema: int) -> None:
    file = golden_file(kind, schema)
    assert file.exists(), f"{file.name} is missing: run python tests/ledger/write_golden.py"
    text = file.read_text(encoding="utf-8").strip()
    fact = registry.kinds().read(kind, schema, text)
    assert type(fact) is KINDS[kind]
    if schema == KINDS[kind].schema:
        assert registry.kinds().write(fact) == (kind, schema, canonical(json.loads(text)))


def test_no_golden_file_is_of_a_kind_that_is_gone() -> None:
    known = {golden_file(kind, schema).name for kind, schema in EVERY_SHAPE}
    assert {file.name for file in GOLDEN.glob("*.json")} <= known
