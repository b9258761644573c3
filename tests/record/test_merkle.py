"""The tree is the one of RFC 6962, and a proof proves one thing only."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.record.merkle import CompactRange, includes, inclusion_proof, leaf_hash, node_hash

# The reference leaves and roots of Certificate Transparency
# (google/certificate-transparency, cpp/merkletree/merkle_tree_test.cc).
REFERENCE_LEAVES = (
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
)
REFERENCE_ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
LEAVES = [leaf_hash(bytes.fromhex(each)) for each in REFERENCE_LEAVES]
leaves = st.lists(st.binary(max_size=3).map(leaf_hash), max_size=70)


def root_by_definition(nodes: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word."""
    if not nodes:
        return sha256(b"").digest()
    if len(nodes) == 1:
        return nodes[0]
    split = 1
    while split * 2 < len(nodes):
        split *= 2
    return node_hash(root_by_definition(nodes[:split]), root_by_definition(nodes[split:]))


@pytest.mark.parametrize("size", range(1, 9))
def test_the_roots_are_those_of_certificate_transparency(size: int) -> None:
    assert CompactRange().extend(LEAVES[:size]).root().hex() == REFERENCE_ROOTS[size - 1]


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert CompactRange().root() == sha256(b"").digest()


@pytest.mark.parametrize(
    ("index", "size", "expected"),
    [
        (0, 1, ()),
        (
            0,
            8,
            (
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ),
        ),
        (
            5,
            8,
            (
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ),
        ),
        (2, 3, ("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",)),
    ],
)
def test_the_proofs_are_those_of_certificate_transparency(
    index: int, size: int, expected: tuple[str, ...]
) -> None:
    proof = inclusion_proof(LEAVES[:size], index)
    assert tuple(step.hex() for step in proof) == expected


@given(leaves, st.data())
def test_a_tree_grown_in_any_steps_has_the_root_of_its_definition(
    nodes: list[bytes], data: st.DataObject
) -> None:
    tree, rest = CompactRange(), nodes
    while rest:
        step = data.draw(st.integers(1, len(rest)))
        tree, rest = tree.extend(rest[:step]), rest[step:]
        assert len(tree.peaks) == tree.size.bit_count()
    assert tree.size == len(nodes)
    assert tree.root() == root_by_definition(nodes)


@given(leaves.filter(bool), st.data())
def test_every_leaf_is_proven_and_no_other(nodes: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(nodes) - 1))
    root, proof = CompactRange().extend(nodes).root(), inclusion_proof(nodes, index)
    assert includes(root, len(nodes), index, nodes[index], proof)
    assert not includes(root, len(nodes), index, leaf_hash(b"another leaf"), proof)
    assert not includes(leaf_hash(b"another root"), len(nodes), index, nodes[index], proof)
    assert not includes(root, len(nodes), index, nodes[index], (*proof, root))
    assert not includes(root, len(nodes), len(nodes), nodes[index], proof)
    if proof:
        assert not includes(root, len(nodes), index, nodes[index], proof[:-1])


def test_a_leaf_can_not_pass_for_a_node() -> None:
    left, right = LEAVES[:2]
    assert leaf_hash(left + right) != node_hash(left, right)


def test_a_proof_of_a_leaf_that_is_not_there_is_refused() -> None:
    with pytest.raises(IndexError, match="leaf 8 is not among the 8 leaves"):
        inclusion_proof(LEAVES, 8)
    with pytest.raises(IndexError):
        inclusion_proof(LEAVES, -1)


def test_a_range_with_the_wrong_number_of_peaks_is_refused() -> None:
    with pytest.raises(ValueError, match="a tree of 3 leaves has 2 peaks, not 1"):
        CompactRange(3, (LEAVES[0],))
