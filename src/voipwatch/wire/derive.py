"""What both ends of a session derive from the ticket's key, so that neither has to send it.

Every value is keyed BLAKE2b (RFC 7693) under its own personalisation, so knowing one tells
nothing of another or of the key.
"""

from hashlib import blake2b
from struct import Struct
from typing import Final, Literal

from voipwatch.wire.keyed import keyed_hash

SHAPE_SEED_BYTES: Final = 16
FLOW_SECRET_BYTES: Final = 32
ENTROPY_BYTES: Final = 16

_U16: Final = Struct("!H")
_FLOW_SEQ: Final = Struct("!HI")


def shape_seed(key: bytes, app: str, replicate: int) -> bytes:
    """Seeds the script's shape (sizes and timing): 16 bytes, the same for all arms of one replicate.

    `key`: 32 bytes of the ticket; `replicate`: 0 to 65535. A treatment and its controls share the
    seed, so that they differ in content and port alone.
    """
    message = app.encode("utf-8") + _U16.pack(replicate)
    return blake2b(message, key=key, person=b"vw-shape", digest_size=SHAPE_SEED_BYTES).digest()


def flow_secret(key: bytes, flow: int) -> bytes:
    """The flow's secret: 32 bytes, from which its constants (SSRC, ufrag, tags) are taken."""
    return blake2b(_U16.pack(flow), key=key, person=b"vw-flow", digest_size=FLOW_SECRET_BYTES).digest()


def packet_entropy(key: bytes, direction: Literal["u", "d"], flow: int, seq: int) -> bytes:
    """16 bytes that seed one packet's random filler; `direction` is that in which it travels."""
    message = direction.encode("ascii") + _FLOW_SEQ.pack(flow, seq)
    return keyed_hash(key, b"vw-entr", message, ENTROPY_BYTES)
