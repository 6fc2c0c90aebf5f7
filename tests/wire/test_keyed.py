"""Keyed hashes by a kept state are those of hashlib asked afresh."""

from hashlib import blake2b

import pytest

from voipwatch.wire.keyed import keyed_hash


@pytest.mark.parametrize("size", [4, 8, 16, 64])
def test_it_is_blake2b_and_the_kept_state_is_not_used_up(size: int) -> None:
    for key in (bytes(32), bytes(range(64))):
        for message in (b"", b"a", bytes(200), b"a"):
            fresh = blake2b(message, key=key, person=b"vw-test", digest_size=size).digest()
            assert keyed_hash(key, b"vw-test", message, size) == fresh


def test_key_person_and_size_each_make_another() -> None:
    made = {keyed_hash(key, person, b"m", 8) for key in (b"k", b"l") for person in (b"p", b"q")} | {
        keyed_hash(b"k", b"p", b"m", 16)[:8]
    }
    assert len(made) == 5
