"""What a file is, before anyone reads it: its size, its kind, and what a virus scanner says of it.

Every file that is taken is plain text of a kind that is named: nothing here is ever unpacked, so
that an archive can't grow and a macro can't hide in one. Where a site names its clamd
(SOJOURN_CLAMD, as unix:/run/clamav/clamd.ctl or tcp://127.0.0.1:3310), each file is shown to it,
and none is taken while it does not answer.
"""

import os
import socket
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from sojourn.record.command import Refused

MIB: Final = 2**20
CHUNK: Final = 64 * 1024
ANSWER_S: Final = 30.0
LONGEST_ANSWER: Final = 4096  # bytes


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file that is taken: how its name ends, how it may begin, how large it may be."""

    suffixes: tuple[str, ...]
    begins: tuple[bytes, ...]  # after white space; empty where any text may come first
    most_bytes: int
    words: str


KINDS: Final[Mapping[str, Kind]] = {
    "table": Kind((".csv", ".tsv", ".txt"), (), 64 * MIB, "comma-separated text"),
    "json": Kind((".json", ".ndjson"), (b"{", b"["), 64 * MIB, "JSON"),
    "xml": Kind((".xml",), (b"<",), 1024 * MIB, "XML"),
    "yaml": Kind((".yaml", ".yml"), (), 4 * MIB, "YAML"),
}
# How files begin that are no text, whatever they are called.
_SIGNATURES: Final = (
    (b"PK\x03\x04", "a ZIP archive, or an Office file that is one; save it as plain text"),
    (b"PK\x05\x06", "a ZIP archive; unpack it"),
    (b"\xd0\xcf\x11\xe0", "an old Office file, which may hold macros; save it as plain text"),
    (b"%PDF", "a PDF"),
    (b"{\\rtf", "rich text; save it as plain text"),
    (b"MZ", "a program"),
    (b"\x7fELF", "a program"),
    (b"#!", "a script"),
    (b"\x1f\x8b", "a gzip archive; unpack it"),
    (b"BZh", "a bzip2 archive; unpack it"),
    (b"\xfd7zXZ", "an xz archive; unpack it"),
    (b"7z\xbc\xaf", "a 7z archive; unpack it"),
    (b"Rar!", "a RAR archive; unpack it"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
)


def taken(path: Path, kind: str) -> bytes:
    """The content of a file of that kind, a key of ``KINDS``.

    Raises
    ------
    Refused
        If it is too large, is of another kind than its name or its content says, can't be read,
        or the scanner refuses it or does not answer.
    """
    known = KINDS[kind]
    if path.suffix.lower() not in known.suffixes:
        endings = " or ".join(known.suffixes)
        raise Refused(f"{path.name} is not named as {known.words}; its name must end in {endings}")
    try:
        with path.open("rb") as file:
            content = file.read(known.most_bytes + 1)
    except OSError as error:
        raise Refused(f"{path.name} can't be read: {error.strerror}") from error
    return checked(path.name, content, kind)


def checked(name: str, content: bytes, kind: str) -> bytes:
    """The same for content that came another way, as a page's upload.

    Raises
    ------
    Refused
        As for a file.
    """
    known = KINDS[kind]
    if len(content) > known.most_bytes:
        raise Refused(f"{name} is over {known.most_bytes // MIB} MiB; split it")
    _must_be_text(name, content, known)
    scan(name, content)
    return content


def scan(name: str, content: bytes) -> None:
    """Show content to the site's scanner, where it has one.

    Raises
    ------
    Refused
        If the scanner found something, or did not answer as it should.
    """
    address = os.environ.get("SOJOURN_CLAMD", "")
    if not address:
        return
    try:
        with _connected(address) as line:
            line.sendall(b"zINSTREAM\0")
            for start in range(0, len(content), CHUNK):
                part = content[start : start + CHUNK]
                line.sendall(struct.pack("!I", len(part)) + part)
            line.sendall(struct.pack("!I", 0))
            answer = _answer(line)
    except (OSError, ValueError) as error:
        raise Refused(
            f"{name} was not taken: the virus scanner at {address} does not answer ({error}). "
            "Start it, then send the file again"
        ) from error
    if answer.endswith(" FOUND"):
        found = answer.removeprefix("stream: ").removesuffix(" FOUND")
        raise Refused(f"{name} was not taken: the virus scanner found {found}")
    if answer != "stream: OK":
        raise Refused(f"{name} was not taken: the virus scanner said '{answer[:200]}'")


def _must_be_text(name: str, content: bytes, known: Kind) -> None:
    for signature, words in _SIGNATURES:
        if content.startswith(signature):
            raise Refused(f"{name} is {words}; {known.words} is taken here")
    if (place := content.find(b"\0")) >= 0:
        raise Refused(f"{name} is no text (byte {place} is NUL); save it as {known.words} in UTF-8")
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if known.begins and start not in known.begins:
        raise Refused(f"{name} does not begin as {known.words} does; check what it holds")


def _answer(line: socket.socket) -> str:
    said = b""
    while not said.endswith(b"\0"):
        part = line.recv(LONGEST_ANSWER)
        if not part or len(said) > LONGEST_ANSWER:
            raise ValueError("its answer is cut off")
        said += part
    return said.rstrip(b"\0").decode("utf-8", "replace").strip()


@contextmanager
def _connected(address: str) -> Iterator[socket.socket]:
    parts = urlsplit(address)
    if parts.scheme == "unix":
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        where: str | tuple[str, int] = parts.path
    elif parts.scheme == "tcp" and parts.hostname and parts.port:
        line = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        where = (parts.hostname, parts.port)
    else:
        raise ValueError("write unix:/path or tcp://host:port")
    with line:
        line.settimeout(ANSWER_S)
        line.connect(where)
        yield line
