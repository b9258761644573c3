"""Many proofs at once are those made one by one."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.record.merkle import CompactRange, includes, inclusion_proof, inclusion_proofs


@given(st.integers(1, 70), st.data())
def test_proofs_made_together_equal_those_made_alone(size, data):
    leaves = [sha256(bytes([each])).digest() for each in range(size)]
    indices = data.draw(st.lists(st.integers(0, size - 1), min_size=1))
    found = inclusion_proofs(leaves, indices)
    root = CompactRange().extend(leaves).root()
    assert set(found) == set(indices)
    for index, proof in found.items():
        assert proof == inclusion_proof(leaves, index)
        assert includes(root, size, index, leaves[index], proof)


def test_a_leaf_that_is_not_there_has_no_proof():
    with pytest.raises(IndexError, match="leaf 3"):
        inclusion_proofs([b"0" * 32] * 3, [3])
