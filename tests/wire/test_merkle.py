from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.wire.merkle import leaf_hash, root_by, tree

LEAVES = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
"""Of the first leaves: test data of Certificate Transparency's own code; RFC 9162 hashes as RFC 6962 did."""


@pytest.mark.parametrize("count", ROOTS)
def test_roots_are_the_published_ones(count: int) -> None:
    assert tree([leaf_hash(leaf) for leaf in LEAVES[:count]])[0].hex() == ROOTS[count]


def by_definition(leaves: list[bytes]) -> bytes:
    """RFC 9162, 2.1.1, word for word: split at the largest power of two below the count."""
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return sha256(b"\1" + by_definition(leaves[:half]) + by_definition(leaves[half:])).digest()


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=70))
def test_the_root_is_that_of_the_definition_and_every_path_leads_to_it(leaves: list[bytes]) -> None:
    hashes = [leaf_hash(leaf) for leaf in leaves]
    root, paths = tree(hashes)
    assert root == by_definition(leaves)
    for place, (leaf, path) in enumerate(zip(hashes, paths, strict=True)):
        assert root_by(leaf, place, len(leaves), path) == root


@given(st.integers(2, 40), st.data())
def test_no_other_leaf_or_path_leads_there(count: int, data: st.DataObject) -> None:
    hashes = [leaf_hash(b"%d" % number) for number in range(count)]
    root, paths = tree(hashes)
    place = data.draw(st.integers(0, count - 1))
    path = paths[place]
    assert root_by(leaf_hash(b"other"), place, count, path) != root
    assert root_by(hashes[place], place, count, path[:-1]) is None
    assert root_by(hashes[place], place, count, [*path, bytes(32)]) is None
    spoilt = list(path)
    spoilt[data.draw(st.integers(0, len(path) - 1))] = bytes(32)
    assert root_by(hashes[place], place, count, spoilt) != root


@pytest.mark.parametrize(("place", "count"), [(-1, 3), (3, 3), (0, 0)])
def test_a_place_outside_of_the_tree_leads_nowhere(place: int, count: int) -> None:
    assert root_by(bytes(32), place, count, []) is None


def test_there_is_no_tree_without_leaves() -> None:
    with pytest.raises(ValueError, match="no root"):
        tree([])
