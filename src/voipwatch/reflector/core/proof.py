"""How much may be sent to an address that has not shown that it gets mail there.

Until then neither the payload bytes nor the datagrams sent to it exceed those received from it, so
that neither counted as payload nor as IP bytes is there anything to gain for a spoofer (RFC 9000
section 8 allows three times as much; we are no transport and need not).
"""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

NONCE_BYTES: Final = 4


def source_nonce(secret: bytes, number: int, ip: str) -> bytes:
    """The reflector's nonce for a ticket and a source address: four bytes, never all zero."""
    digest = blake2b(
        number.to_bytes(2, "big") + ip.encode("ascii", "replace"),
        key=secret,
        person=b"vw-nonce",
        digest_size=NONCE_BYTES,
    ).digest()
    return digest if any(digest) else b"\0\0\0\1"


@dataclass(slots=True)
class Account:
    """Traffic with one source address under one ticket."""

    prefix: str
    """Whose hourly budget pays (`prefixes`)."""
    nonce: bytes = b""
    """`source_nonce`, once it was needed."""
    proved: bool = False
    bytes_in: int = 0
    datagrams_in: int = 0
    bytes_out: int = 0
    datagrams_out: int = 0

    def receive(self, size_bytes: int) -> None:
        """An authenticated datagram came from the address."""
        self.bytes_in += size_bytes
        self.datagrams_in += 1

    def affords(self, size_bytes: int) -> bool:
        """True when a datagram of this size may leave for the address now."""
        return self.proved or (
            self.bytes_out + size_bytes <= self.bytes_in and self.datagrams_out < self.datagrams_in
        )

    def spend(self, size_bytes: int) -> None:
        """A datagram leaves for the address."""
        self.bytes_out += size_bytes
        self.datagrams_out += 1
