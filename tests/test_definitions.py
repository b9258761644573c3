"""Definitions mean what a reader sees: no number that YAML takes for another."""

import pytest

from sojourn.definitions import DefinitionError, read


@pytest.mark.parametrize("written", ["0120", "1:20", "0x50", "8_0"])
def test_a_number_that_is_not_plainly_written_is_refused(tmp_path, written):
    path = tmp_path / "ours.yaml"
    path.write_text(f"key: ours\nhours: {written}\n", encoding="utf-8")
    with pytest.raises(DefinitionError, match=f"line 2: {written} is no plainly written number"):
        read(path)


def test_plain_numbers_are_read_as_they_are(tmp_path):
    path = tmp_path / "ours.yaml"
    path.write_text("a: 0\nb: -8\nc: 120\nd: 1.5\n", encoding="utf-8")
    assert read(path) == {"a": 0, "b": -8, "c": 120, "d": 1.5}
