"""A copy's file: what was written is read back, and a byte changed anywhere is found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.ledger import archive

LINES = [f"line {number} " + "x" * 700 for number in range(4000)]  # several pieces


@pytest.fixture
def key(tmp_path):
    archive.new_key(tmp_path / "key")
    return archive.read_key(tmp_path / "key")


@pytest.fixture
def written(tmp_path, key):
    archive.write(tmp_path / "copy", key, LINES)
    return tmp_path / "copy"


def test_what_was_written_is_read_back(written, key):
    assert list(archive.read(written, key)) == LINES


@given(lines=st.lists(st.text(st.characters(exclude_characters="\n", codec="utf-8"))))
def test_any_lines_come_back(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("copy") / "copy"
    archive.write(path, b"k" * 32, lines)
    assert list(archive.read(path, b"k" * 32)) == lines


@pytest.mark.proves("copies-restored")
def test_nothing_of_it_can_be_read_without_the_key(written):
    assert b"line" not in written.read_bytes()
    with pytest.raises(archive.BadArchive, match="the key is another"):
        list(archive.read(written, bytes(32)))


@pytest.mark.parametrize("place", [0, 20, 24, 30, 0.5, 0.9, -1])
def test_a_changed_byte_is_found(written, key, place):
    data = bytearray(written.read_bytes())
    at = int(len(data) * place) if isinstance(place, float) else place
    data[at] ^= 1
    written.write_bytes(data)
    with pytest.raises(archive.BadArchive, match=r"damaged|no backup|cut off"):
        list(archive.read(written, key))


@pytest.mark.parametrize("kept", [0.3, 0.7, 0.999])
def test_a_cut_off_tail_is_found(written, key, kept):
    data = written.read_bytes()
    written.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(archive.BadArchive):
        list(archive.read(written, key))


def test_a_whole_last_piece_left_out_is_found(written, key):
    data = written.read_bytes()
    at = len(archive.MAGIC) + archive.SALT
    starts = []
    while at < len(data):
        starts.append(at)
        at += archive.LENGTH.size + archive.LENGTH.unpack(data[at : at + 4])[0]
    assert len(starts) > 2
    written.write_bytes(data[: starts[-1]])
    with pytest.raises(archive.BadArchive, match="cut off"):
        list(archive.read(written, key))
    first, second = data[starts[0] : starts[1]], data[starts[1] : starts[2]]
    written.write_bytes(data[: starts[0]] + second + first + data[starts[2] :])
    with pytest.raises(archive.BadArchive):
        list(archive.read(written, key))


def test_no_file_is_overwritten_and_none_is_left_half_written(written, key, tmp_path):
    with pytest.raises(FileExistsError):
        archive.write(written, key, LINES)
    assert list(archive.read(written, key)) == LINES

    def failing():
        yield "one"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        archive.write(tmp_path / "other", key, failing())
    assert {each.name for each in tmp_path.iterdir()} == {"copy", "key"}


def test_a_key_is_never_overwritten_and_a_wrong_file_is_named(tmp_path, key):
    with pytest.raises(FileExistsError):
        archive.new_key(tmp_path / "key")
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0
    (tmp_path / "short").write_text("c2hvcnQ=")
    for name in ("short", "absent"):
        with pytest.raises(archive.BadArchive, match=name):
            archive.read_key(tmp_path / name)
