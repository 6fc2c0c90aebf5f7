"""Names that cannot be put together."""

import re
from hashlib import blake2b, sha256

import pytest

from voipwatch.probe.pseudonym import deletion_hash, network_mark, pseudonym

SECRET = bytes(range(32))


def test_it_is_the_keyed_hash_of_network_and_month() -> None:
    text = b"2026-11\0router 02:00:00:00:00:01"
    expected = blake2b(text, key=SECRET, digest_size=16, person=b"vw-pseudonym").hexdigest()
    assert pseudonym(SECRET, "router 02:00:00:00:00:01", "2026-11") == expected
    assert re.fullmatch("[0-9a-f]{32}", expected)


def test_secret_network_and_month_each_make_another_one() -> None:
    names = {
        pseudonym(secret, network, month)
        for secret in (SECRET, bytes(32))
        for network in ("home", "café")
        for month in ("2026-11", "2026-12")
    }
    assert len(names) == 8
    assert pseudonym(SECRET, "home", "2026-11") in names


def test_the_mark_of_a_network_is_no_pseudonym() -> None:
    assert network_mark(SECRET, "home") != network_mark(SECRET, "café")
    assert network_mark(SECRET, "2026-11\0home") != pseudonym(SECRET, "home", "2026-11")


@pytest.mark.parametrize("secret", [b"", bytes(31), bytes(33)])
def test_a_secret_of_another_length_is_refused(secret: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        pseudonym(secret, "home", "2026-11")


def test_a_deletion_hash_is_sha256() -> None:
    assert deletion_hash(b"key") == sha256(b"key").hexdigest()
