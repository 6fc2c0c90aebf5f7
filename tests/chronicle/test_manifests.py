"""A manifest is read, or is none; a signature is that key's over these bytes, in one spelling."""

import pytest

from tests.chronicle.writing import MACHINE, STRANGER
from voipwatch.chronicle.log import public_key_of
from voipwatch.chronicle.manifests import digest_of, read_manifest, signed_by

CONTENT = b'{"as_of": "a", "valid_until": "b", "synthetic": true, "instance": "x", "files": []}'
SIGNATURE = MACHINE.sign(CONTENT).hex().encode() + b"\n"
KEY = public_key_of(MACHINE)


def test_a_manifest() -> None:
    assert read_manifest(CONTENT).instance == "x"
    for content in (b"", b"{}", b"\xff", b"[" * 100_000):
        with pytest.raises(ValueError, match="no manifest"):
            read_manifest(content)


def test_a_digest() -> None:
    assert digest_of(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_signature() -> None:
    assert signed_by(CONTENT, SIGNATURE, KEY)
    assert not signed_by(CONTENT + b" ", SIGNATURE, KEY)
    assert not signed_by(CONTENT, SIGNATURE, public_key_of(STRANGER))
    for other in (SIGNATURE.upper(), SIGNATURE[:-1], b"\xff", b"", SIGNATURE + b"\n"):
        assert not signed_by(CONTENT, other, KEY)
    assert not signed_by(CONTENT, SIGNATURE, "no key")
