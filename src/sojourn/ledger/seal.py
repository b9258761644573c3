"""The site's seal: one key, kept beside the record and never in it.

It seals allocations, the keys of identities, and the hashes by which people are compared.
"""

import hashlib
import hmac
import os
from functools import cache
from pathlib import Path

from cryptography.fernet import Fernet
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


def which() -> str:
    """Which key this is, in 16 digits that tell nothing of it; empty where there is none yet."""
    return keyed_hash("which key", "")[:16] if _path().exists() else ""


def _path() -> Path:
    return Path(settings.HOME) / "sealing.key"


@cache
def _key(path: Path) -> bytes:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(Fernet.generate_key())
    return path.read_bytes()


@cache
def _fernet(path: Path) -> Fernet:
    return Fernet(_key(path))
