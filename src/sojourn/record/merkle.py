"""A Merkle tree over the whole record (RFC 6962, section 2.1).

A root of 32 bytes stands for every entry up to a size. A short proof shows
that one entry is under that root, without showing any other entry. Leaves are
kept apart from nodes by their first byte, so neither can pass for the other.

Source: RFC 6962, Certificate Transparency, doi 10.17487/RFC6962; the check of
a proof follows RFC 9162, section 2.1.3.2, doi 10.17487/RFC9162.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256


def leaf_hash(data: bytes) -> bytes:
    """The hash of one leaf: SHA-256 of the byte 0 and ``data``."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two neighbours: SHA-256 of the byte 1 and both."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class CompactRange:
    """A tree of ``size`` leaves, kept as the roots of its full subtrees, largest first.

    This is all that is needed to go on: the next checkpoint reads only the
    entries written since.
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if len(self.peaks) != self.size.bit_count():
            raise ValueError(
                f"a tree of {self.size} leaves has {self.size.bit_count()} peaks, "
                f"not {len(self.peaks)}"
            )

    def extend(self, leaves: Sequence[bytes]) -> "CompactRange":
        """The tree with ``leaves`` (leaf hashes) added on its right."""
        nodes = list(leaves)
        before = self.size
        waiting = list(self.peaks)
        peaks: list[bytes] = []
        while nodes or before:
            if before & 1:
                nodes.insert(0, waiting.pop())
            if len(nodes) & 1:
                peaks.append(nodes.pop())
            nodes = [
                sha256(b"\x01" + left + right).digest()
                for left, right in zip(nodes[::2], nodes[1::2], strict=True)
            ]
            before >>= 1
        return CompactRange(self.size + len(leaves), tuple(reversed(peaks)))

    def root(self) -> bytes:
        """The 32 bytes that stand for every leaf; of no leaves, the hash of nothing."""
        if not self.peaks:
            return sha256(b"").digest()
        root, *larger = reversed(self.peaks)
        for peak in larger:
            root = node_hash(peak, root)
        return root


def inclusion_proof(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The neighbours, lowest first, that lead from leaf ``index`` (from 0) to the root.

    ``leaves`` are leaf hashes. RFC 6962, section 2.1.1, PATH(m, D[n]).

    Raises
    ------
    IndexError
        If there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(f"leaf {index} is not among the {len(leaves)} leaves of this tree")
    if len(leaves) == 1:
        return ()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if index < split:
        beside = CompactRange().extend(leaves[split:]).root()
        return (*inclusion_proof(leaves[:split], index), beside)
    beside = CompactRange().extend(leaves[:split]).root()
    return (*inclusion_proof(leaves[split:], index - split), beside)


def inclusion_proofs(
    leaves: Sequence[bytes], indices: Iterable[int]
) -> dict[int, tuple[bytes, ...]]:
    """What ``inclusion_proof`` gives for each of ``indices``, the tree built once.

    Raises
    ------
    IndexError
        If there is no such leaf.
    """
    wanted = sorted(set(indices))
    for index in wanted:
        if not 0 <= index < len(leaves):
            raise IndexError(f"leaf {index} is not among the {len(leaves)} leaves of this tree")
    proofs: dict[int, list[bytes]] = {index: [] for index in wanted}
    level, depth = list(leaves), 0
    while len(level) > 1:
        for index, proof in proofs.items():
            beside = (index >> depth) ^ 1
            if beside < len(level):  # the last of an odd level has no neighbour
                proof.append(level[beside])
        pairs = zip(level[::2], level[1::2], strict=False)
        odd = level[-1:] if len(level) & 1 else []
        level, depth = [*(node_hash(left, right) for left, right in pairs), *odd], depth + 1
    return {index: tuple(proof) for index, proof in proofs.items()}


def includes(root: bytes, size: int, index: int, leaf: bytes, proof: Sequence[bytes]) -> bool:
    """Whether ``proof`` shows leaf hash ``leaf`` at ``index`` (from 0) under ``root``."""
    if not 0 <= index < size:
        return False
    place, last, reached = index, size - 1, leaf
    for beside in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            reached = node_hash(beside, reached)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            reached = node_hash(reached, beside)
        place >>= 1
        last >>= 1
    return last == 0 and reached == root
