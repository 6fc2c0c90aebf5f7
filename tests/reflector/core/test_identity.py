"""The reflector's identity: sizes, its public key, and nothing secret in its repr."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.reflector.core.support import IDENTITY
from voipwatch.reflector.core import Identity
from voipwatch.wire.farlog import sign_farlog, verify_farlog


def test_the_public_key_belongs_to_the_private_one() -> None:
    signature = sign_farlog(b"payload", IDENTITY.private_key)
    assert verify_farlog(b"payload", signature, IDENTITY.public_key.hex())
    Ed25519PublicKey.from_public_bytes(IDENTITY.public_key)


def test_its_secrets_are_not_shown_and_differ() -> None:
    shown = repr(IDENTITY)
    assert "master" not in shown
    assert "private_key" not in shown
    assert len(IDENTITY.nonce_secret) == 32
    assert IDENTITY.nonce_secret != IDENTITY.master


@pytest.mark.parametrize("sizes", [(31, 32, 16), (32, 33, 16), (32, 32, 0)])
def test_other_sizes_are_misuse(sizes: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="identity"):
        Identity(*(bytes(size) for size in sizes))
