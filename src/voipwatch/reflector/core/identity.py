"""Who the reflector is: its signing key and the secrets that its tickets hang on."""

from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@dataclass(frozen=True)
class Identity:
    """Kept over restarts; whoever has it can forge logs."""

    private_key: bytes = field(repr=False)
    """Ed25519, 32 raw bytes."""
    master: bytes = field(repr=False)
    """32 bytes; ticket keys and nonces derive from it."""
    salt: bytes
    """16 bytes, given to every probe; blinds ticket numbers on the wire."""

    def __post_init__(self) -> None:
        if (len(self.private_key), len(self.master), len(self.salt)) != (32, 32, 16):
            raise ValueError("an identity is 32 bytes of key, 32 of secret and 16 of salt")

    @cached_property
    def public_key(self) -> bytes:
        """Ed25519, 32 raw bytes."""
        return Ed25519PrivateKey.from_private_bytes(self.private_key).public_key().public_bytes_raw()

    @cached_property
    def nonce_secret(self) -> bytes:
        """Keys the nonces of source addresses."""
        return blake2b(b"", key=self.master, person=b"vw-nsecret", digest_size=32).digest()
