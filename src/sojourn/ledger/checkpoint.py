"""Checkpoints: one root for every entry so far, which a site can lodge where no one here can reach.

A record that was rewritten from end to end still agrees with itself. It can't
agree with a root that lies in a safe elsewhere.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from django.db import IntegrityError, transaction

from sojourn.ledger import clock
from sojourn.ledger.models import Checkpoint, Head
from sojourn.ledger.snapshot import snapshot, stored_rows
from sojourn.record.hashing import refuse_control_characters, time_text
from sojourn.record.merkle import CompactRange, inclusion_proof, inclusion_proofs, leaf_hash


@dataclass(frozen=True, slots=True)
class Lodged:
    """What a checkpoint says outside the database."""

    size: int
    root: str
    last_hash: str
    made_at: str

    def as_text(self) -> str:
        """JSON, one field a line, fit to print and sign."""
        return json.dumps(asdict(self), indent=1) + "\n"


def make_checkpoint(by: str) -> Lodged:
    """Count every entry written so far under one root, and keep it.

    Reads only the entries since the latest checkpoint. If there are none, that
    checkpoint is returned.

    Raises
    ------
    ValueError
        If the record has lost an entry since the latest checkpoint.
    """
    refuse_control_characters(made_by=by)
    with snapshot():
        latest_made = latest()
        size = Head.objects.get().position
        if latest_made and latest_made.size >= size:
            return lodged(latest_made)
        tree = range_of(latest_made) if latest_made else CompactRange()
        last_hash = ""
        for rows in stored_rows("position, hash", after=tree.size):
            tree = tree.extend([leaf_hash(bytes.fromhex(entry_hash)) for _, entry_hash in rows])
            last_hash = rows[-1][1]
    if tree.size != size:
        raise ValueError(
            f"the record should hold {size} entries and holds {tree.size}; run sojourn verify"
        )
    made = Checkpoint(
        size=size,
        root=tree.root().hex(),
        last_hash=last_hash,
        peaks=" ".join(peak.hex() for peak in tree.peaks),
        made_at=time_text(clock.now()),
        made_by=by,
    )
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:  # a colleague made the same one just now
        return lodged(Checkpoint.objects.get(size=size))
    return lodged(made)


def latest() -> Checkpoint | None:
    """The checkpoint that counts the most entries; none if none was made."""
    return Checkpoint.objects.order_by("-size").first()


def range_of(checkpoint: Checkpoint) -> CompactRange:
    """The tree a checkpoint kept.

    Raises
    ------
    ValueError
        If its peaks were changed so that they no longer make a tree of its size.
    """
    return CompactRange(
        checkpoint.size, tuple(bytes.fromhex(peak) for peak in checkpoint.peaks.split())
    )


def prove(position: int, size: int) -> tuple[str, ...]:
    """The hashes that lead from the entry at ``position`` to the root of ``size`` entries.

    Raises
    ------
    IndexError
        If the record has no such entry under that size.
    """
    hashes = (entry_hash for rows in stored_rows("position, hash") for _, entry_hash in rows)
    leaves = [leaf_hash(bytes.fromhex(entry_hash)) for entry_hash in islice(hashes, size)]
    return tuple(step.hex() for step in inclusion_proof(leaves, position - 1))


def prove_all(positions: Iterable[int], size: int) -> dict[int, tuple[bytes, ...]]:
    """What ``prove`` gives for each position, reading the record once.

    Raises
    ------
    IndexError
        If the record has no such entry under that size.
    """
    hashes = (
        entry_hash for rows in stored_rows("position, hash", upto=size) for _, entry_hash in rows
    )
    leaves = [leaf_hash(bytes.fromhex(entry_hash)) for entry_hash in hashes]
    found = inclusion_proofs(leaves, (position - 1 for position in positions))
    return {index + 1: proof for index, proof in found.items()}


def root_at(size: int) -> str:
    """The root of the first ``size`` entries, as a checkpoint made then would have had it.

    Raises
    ------
    ValueError
        If the record holds fewer.
    """
    made = Checkpoint.objects.filter(size__lte=size).order_by("-size").first()
    tree = range_of(made) if made else CompactRange()
    for rows in stored_rows("position, hash", after=tree.size, upto=size):
        tree = tree.extend([leaf_hash(bytes.fromhex(entry_hash)) for _, entry_hash in rows])
    if tree.size != size:
        raise ValueError(f"the record holds {tree.size} of {size} entries; run sojourn verify")
    return tree.root().hex()


def lodged(checkpoint: Checkpoint) -> Lodged:
    """What of ``checkpoint`` is worth keeping elsewhere."""
    return Lodged(checkpoint.size, checkpoint.root, checkpoint.last_hash, checkpoint.made_at)


def read_lodged(path: Path) -> Lodged:
    """The checkpoint that ``Lodged.as_text`` gave, from the file at ``path``.

    Raises
    ------
    ValueError
        Naming the file and what it lacks.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        read = Lodged(**data)
    except (OSError, ValueError, TypeError) as error:
        raise ValueError(f"{path} holds no checkpoint: {error}") from error
    if type(read.size) is not int or read.size < 0:
        raise ValueError(f"{path}: size {read.size!r} is no count of entries; check the file")
    if not re.fullmatch("[0-9a-f]{64}", str(read.root)):
        raise ValueError(f"{path}: root {read.root!r} is not 64 hexadecimal digits; check the file")
    return read
