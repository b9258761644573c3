"""The site's seal: one key, kept beside the record and never in it.

It seals allocations, the keys of identities, and the hashes by which people are compared. Its
address is a public key: whoever has it can seal a letter that this site alone can open (X25519,
RFC 7748; HKDF, RFC 5869; ChaCha20-Poly1305, RFC 8439).
"""

import base64
import hashlib
import hmac
import os
from functools import cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

WIDTH = 64  # every arm is padded to one width, so that length tells nothing


def seal(arm: str) -> str:
    """``arm`` as ciphertext of a length that does not depend on it."""
    return _fernet(_path()).encrypt(arm.ljust(WIDTH).encode()).decode()


def open_seal(sealed: str) -> str:
    """The arm under the seal; only for callers who recorded the opening."""
    return _fernet(_path()).decrypt(sealed.encode()).decode().strip()


def randomisation_seed(programme: str) -> bytes:
    """The secret seed of a programme's randomisation lists (32 bytes)."""
    message = f"randomisation of {programme}".encode()
    return hmac.new(_key(_path()), message, hashlib.sha256).digest()


def wrap(key: bytes) -> bytes:
    """Another key, sealed."""
    return _fernet(_path()).encrypt(key)


def unwrap(sealed: bytes) -> bytes:
    """The key that ``wrap`` sealed."""
    return _fernet(_path()).decrypt(sealed)


def keyed_hash(purpose: str, text: str) -> str:
    """SHA-256 of ``text`` under the seal (HMAC): equal texts, equal hashes, and no way back."""
    message = f"{purpose} {text}".encode()
    return hmac.new(_key(_path()), message, hashlib.sha256).hexdigest()


def which(key: bytes = b"") -> str:
    """Which key this is, in 16 digits that tell nothing of it; empty where there is none yet.

    Another key than the one in use may be given.
    """
    if not key and not _path().exists():
        return ""
    return hmac.new(key or _key(_path()), b"which key ", hashlib.sha256).hexdigest()[:16]


def key_for(lease: str) -> bytes:
    """The sealing key of a site that works offline under that lease; nobody there learns ours."""
    message = f"offline under {lease}".encode()
    made = hmac.new(_key(_path()), message, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made)


def place(key: bytes) -> None:
    """Make ``key`` the key of this site's seal, where it has none yet.

    Raises
    ------
    ValueError
        If it has another.
    """
    path = _path()
    if path.exists():
        if path.read_bytes() != key:
            raise ValueError(f"{path} holds another sealing key; begin in a folder of its own")
        return
    _write(path, key)


def address() -> str:
    """Where sealed letters to this site go: its public key, which may be known to anybody."""
    return _own().public_key().public_bytes_raw().hex()


def seal_letter(text: bytes, to: str, about: bytes) -> bytes:
    """``text`` sealed for the site of that address; ``about`` is bound to it and stays readable.

    Needs no key of one's own and no record, so that it can be done elsewhere.

    Raises
    ------
    ValueError
        If ``to`` is no address of a site.
    """
    once = X25519PrivateKey.generate()
    ours = once.public_key().public_bytes_raw()
    try:
        site = X25519PublicKey.from_public_bytes(bytes.fromhex(to))
        cipher = _letter_cipher(once.exchange(site), ours, site.public_bytes_raw())
    except ValueError as error:
        raise ValueError(f"'{to}' is no address of a site; ask for it anew") from error
    # The key is used once, so that its nonce may be all zeros.
    return ours + cipher.encrypt(bytes(12), text, about)


def open_letter(sealed: bytes, about: bytes) -> bytes:
    """What was sealed for this site.

    Raises
    ------
    ValueError
        If it was sealed for another site or about something else, or was changed on the way.
    """
    own = _own()
    try:
        theirs = X25519PublicKey.from_public_bytes(sealed[:32])
        cipher = _letter_cipher(
            own.exchange(theirs), sealed[:32], own.public_key().public_bytes_raw()
        )
        return cipher.decrypt(bytes(12), sealed[32:], about)
    except (ValueError, InvalidTag) as error:
        raise ValueError("it was not sealed for this site, or was changed on the way") from error


def _letter_cipher(shared: bytes, ours: bytes, site: bytes) -> ChaCha20Poly1305:
    info = b"sojourn sealed letter 1" + ours + site
    return ChaCha20Poly1305(HKDF(SHA256(), 32, None, info).derive(shared))


def _own() -> X25519PrivateKey:
    message = b"private key of this site's address"
    return X25519PrivateKey.from_private_bytes(
        hmac.new(_key(_path()), message, hashlib.sha256).digest()
    )


def _path() -> Path:
    return Path(settings.HOME) / "sealing.key"


@cache
def _key(path: Path) -> bytes:
    if not path.exists():
        _write(path, Fernet.generate_key())
    return path.read_bytes()


def _write(path: Path, key: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)


@cache
def _fernet(path: Path) -> Fernet:
    return Fernet(_key(path))
