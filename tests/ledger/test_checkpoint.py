"""A checkpoint can be lodged elsewhere, and an entry shown to lie under it."""

from pathlib import Path

import pytest

from sojourn.ledger import checkpoint
from sojourn.ledger.read import read_all
from sojourn.ledger.verify import verify
from sojourn.record.merkle import includes, leaf_hash
from tests.ledger.facts import fill, write

pytestmark = pytest.mark.django_db


def test_a_checkpoint_reads_back_from_the_file_it_was_lodged_in(tmp_path: Path) -> None:
    fill(9)
    made = checkpoint.make_checkpoint("Ada Lund")
    file = tmp_path / "checkpoint.json"
    file.write_text(made.as_text())
    assert checkpoint.read_lodged(file) == made
    assert verify(against=made).problems == ()
    write("course:later", expected=0)
    assert verify(against=made).problems == ()


def test_an_empty_record_has_a_checkpoint_too() -> None:
    made = checkpoint.make_checkpoint("Ada Lund")
    assert made.size == 0
    assert verify(against=made).problems == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "holds no checkpoint"),
        ("[]", "holds no checkpoint"),
        ('{"size": 3}', "holds no checkpoint"),
        ('{"size": "3", "root": "", "last_hash": "", "made_at": ""}', "size '3' is no count"),
        ('{"size": -1, "root": "", "last_hash": "", "made_at": ""}', "size -1 is no count"),
        ('{"size": 3, "root": "12", "last_hash": "", "made_at": ""}', "root '12' is not 64"),
    ],
)
def test_a_file_that_holds_no_checkpoint_is_refused_by_name(
    tmp_path: Path, text: str, why: str
) -> None:
    file = tmp_path / "checkpoint.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=f"checkpoint.json:? {why}"):
        checkpoint.read_lodged(file)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no checkpoint"):
        checkpoint.read_lodged(tmp_path / "nowhere.json")


@pytest.mark.parametrize("position", [1, 6, 11])
def test_an_entry_is_shown_to_lie_under_a_checkpoint(position: int) -> None:
    fill(11)
    made = checkpoint.make_checkpoint("Ada Lund")
    write("course:later", expected=0)
    entry = next(iter(read_all(after=position - 1)))
    proof = [bytes.fromhex(step) for step in checkpoint.prove(position, made.size)]
    leaf = leaf_hash(bytes.fromhex(entry.hash))
    assert includes(bytes.fromhex(made.root), made.size, position - 1, leaf, proof)
    assert not includes(bytes.fromhex(made.root), made.size, position % 11, leaf, proof)
