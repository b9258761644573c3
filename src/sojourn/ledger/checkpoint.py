"""Checkpoints: one root for the whole record, to print, sign and lodge elsewhere."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from django.db import connection, transaction

from sojourn.ledger import clock
from sojourn.ledger.models import Checkpoint
from sojourn.record.hashing import time_text
from sojourn.record.merkle import CompactRange, leaf_hash


@dataclass(frozen=True, slots=True)
class Lodged:
    """What a checkpoint says outside the database."""

    size: int
    root: str
    last_hash: str
    made_at: str

    def as_text(self) -> str:
        """JSON, one field a line, fit to print."""
        return json.dumps(asdict(self), indent=1) + "\n"


def make_checkpoint(by: str) -> Lodged:
    """Root of all entries so far; reads only those written since the last checkpoint."""
    with transaction.atomic():
        latest = Checkpoint.objects.order_by("-size").first()
        tree = tree_of(latest)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT hash FROM ledger_entry WHERE position > %s ORDER BY position", [tree.size]
            )
            hashes = [row[0] for row in cursor.fetchall()]
        if latest is not None and not hashes:
            return lodged(latest)
        tree = tree.extend([leaf_hash(bytes.fromhex(each)) for each in hashes])
        made = Checkpoint.objects.create(
            size=tree.size,
            root=tree.root().hex(),
            last_hash=hashes[-1] if hashes else "",
            peaks=" ".join(peak.hex() for peak in tree.peaks),
            made_at=time_text(clock.now()),
            made_by=by,
        )
    return lodged(made)


def tree_of(checkpoint: Checkpoint | None) -> CompactRange:
    """The tree as far as ``checkpoint`` carries it."""
    if checkpoint is None:
        return CompactRange()
    peaks = tuple(bytes.fromhex(peak) for peak in checkpoint.peaks.split())
    return CompactRange(checkpoint.size, peaks)


def latest() -> Checkpoint | None:
    """The checkpoint over the most entries, or None when none was made."""
    return Checkpoint.objects.order_by("-size").first()


def lodged(checkpoint: Checkpoint) -> Lodged:
    """What is worth keeping elsewhere."""
    return Lodged(checkpoint.size, checkpoint.root, checkpoint.last_hash, checkpoint.made_at)


def read_lodged(path: Path) -> Lodged:
    """A checkpoint as it was lodged in a file.

    Raises
    ------
    ValueError
        If the file does not hold one.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return Lodged(
            int(data["size"]), str(data["root"]), str(data["last_hash"]), str(data["made_at"])
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} holds no checkpoint: {error}") from error
