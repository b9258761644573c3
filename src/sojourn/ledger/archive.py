"""A backup's file: lines of text, compressed, then encrypted in pieces that each prove themselves.

The pieces are sealed with AES-256-GCM, each under its own number and a mark on the last,
so that a piece changed, moved, left out or cut off at the end is found (the STREAM
construction of Hoang, Reyhanitabar, Rogaway and Vizár 2015, doi 10.1007/978-3-662-47989-6_24).
Memory does not grow with the file.
"""

import base64
import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"SOJOURN BACKUP 1\n"
PIECE = 1 << 20  # bytes of text in a piece
SALT, LENGTH = 7, struct.Struct(">I")
LARGEST = 64 * PIECE  # no piece is longer, so that a damaged length asks for no memory


class BadArchive(ValueError):
    """The file is no backup, is damaged, or is sealed with another key."""


def new_key(path: Path) -> None:
    """Write a new key to ``path``, which only its owner may read.

    Raises
    ------
    FileExistsError
        If there is a file already: a key is never overwritten.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(AESGCM.generate_key(256)) + b"\n")
        file.flush()
        os.fsync(file.fileno())


def read_key(path: Path) -> bytes:
    """The key that ``new_key`` wrote.

    Raises
    ------
    BadArchive
        If the file can't be read or holds no key.
    """
    try:
        key = base64.b64decode(path.read_bytes().strip(), validate=True)
    except (OSError, ValueError) as error:
        raise BadArchive(f"{path} holds no key: {error}") from error
    if len(key) != 32:
        raise BadArchive(f"{path} holds {len(key)} bytes where a key has 32; check the file")
    return key


def write(path: Path, key: bytes, lines: Iterable[str]) -> int:
    """Seal ``lines`` into a new file at ``path``; returns its size in bytes.

    The file gets its name only when it is whole and on the disk.

    Raises
    ------
    FileExistsError
        If there is a file already.
    """
    part = path.with_name(f"{path.name}.part")
    with path.open("xb"):  # the name is taken from here on
        pass
    try:
        with part.open("wb") as file:
            part.chmod(0o600)
            salt = os.urandom(SALT)
            file.write(MAGIC + salt)
            for number, (text, last) in enumerate(_pieces(lines)):
                nonce = _nonce(salt, number, last=last)
                sealed = AESGCM(key).encrypt(nonce, zlib.compress(text, 3), MAGIC)
                file.write(LENGTH.pack(len(sealed)) + sealed)
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        path.unlink()
        raise
    return size


def read(path: Path, key: bytes) -> Iterator[str]:
    """The lines of the archive at ``path``, each without its line break.

    Raises
    ------
    BadArchive
        Before anything of a damaged piece is given.
    """
    rest = b""
    try:
        with path.open("rb") as file:
            for text in _opened(path, key, file):
                *whole, rest = (rest + text).split(b"\n")
                for line in whole:
                    yield line.decode()
    except OSError as error:
        raise BadArchive(f"{path} can't be read: {error}") from error


def _opened(path: Path, key: bytes, file: BinaryIO) -> Iterator[bytes]:
    if file.read(len(MAGIC)) != MAGIC:
        raise BadArchive(f"{path} is no backup of Sojourn")
    salt = file.read(SALT)
    number, last = 0, False
    while head := file.read(LENGTH.size):
        if last:
            raise BadArchive(f"{path} has bytes after its end")
        length = LENGTH.unpack(head)[0] if len(head) == LENGTH.size else 0
        sealed = file.read(length) if length <= LARGEST else b""
        try:
            text, last = _unsealed(key, salt, number, sealed)
        except InvalidTag:
            why = "or the key is another" if number == 0 else f"in its piece {number + 1}"
            raise BadArchive(f"{path} is damaged, {why}; use another copy") from None
        yield text
        number += 1
    if not last:
        raise BadArchive(f"{path} is cut off after {number} pieces; use another copy")


def _unsealed(key: bytes, salt: bytes, number: int, sealed: bytes) -> tuple[bytes, bool]:
    for last in (False, True):
        try:
            packed = AESGCM(key).decrypt(_nonce(salt, number, last=last), sealed, MAGIC)
        except (InvalidTag, ValueError):
            continue
        return zlib.decompress(packed), last
    raise InvalidTag


def _pieces(lines: Iterable[str]) -> Iterator[tuple[bytes, bool]]:
    held: list[bytes] = []
    size = 0
    for line in lines:
        held.append(line.encode() + b"\n")
        size += len(held[-1])
        if size >= PIECE:
            yield b"".join(held), False
            held, size = [], 0
    yield b"".join(held), True


def _nonce(salt: bytes, number: int, *, last: bool) -> bytes:
    return salt + struct.pack(">I?", number, last)
