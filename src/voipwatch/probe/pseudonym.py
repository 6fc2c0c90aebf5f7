"""Who a probe is to a collector: another one in each network and each month.

The pseudonym is a keyed hash of what tells the network apart, under a secret that never leaves the device.
Two pseudonyms of one device cannot be put together by anybody who has not that secret
(docs/design/0014-probe-on-a-schedule.md).
"""

from hashlib import blake2b, sha256
from typing import Final

SECRET_BYTES: Final = 32
PSEUDONYM_BYTES: Final = 16


def pseudonym(secret: bytes, network: str, month: str) -> str:
    """32 hex digits for a device secret, a network as `probe.network` tells it apart, and YYYY-MM.

    Raises ValueError for a secret that is not `SECRET_BYTES` long.
    """
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"a device secret has {SECRET_BYTES} bytes, not {len(secret)}")
    text = f"{month}\0{network}".encode()
    return blake2b(text, key=secret, digest_size=PSEUDONYM_BYTES, person=b"vw-pseudonym").hexdigest()


def network_mark(secret: bytes, network: str) -> str:
    """A network as the set-up remembers it: what was declared of the line holds there and nowhere else."""
    return blake2b(network.encode(), key=secret, digest_size=16, person=b"vw-network").hexdigest()


def deletion_hash(key: bytes) -> str:
    """What a collector is told of a deletion key: SHA-256, hex."""
    return sha256(key).hexdigest()
