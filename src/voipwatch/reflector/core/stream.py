"""What a TCP port of the reflector says: the keyed answer to a keyed hello, or nothing.

A `tls-*` trial's hello is a TLS ClientHello whose random ends with an uplink token; a `tcp-*`
trial's is 16 token bytes and 16 random ones (docs/experiments/session-protocol.md).
"""

from collections.abc import Callable, Iterator
from hashlib import shake_128
from typing import Final

from voipwatch.wire.derive import packet_entropy
from voipwatch.wire.tls import (
    HELLO_BYTES_MAX,
    build_tls_server_answer,
    tls_client_random,
    tls_hello_missing,
)
from voipwatch.wire.token import ROOM_DOWN, ROOM_UP, TCP_FLOW, TokenKeys, UpToken, encode_down

RAW_HELLO_BYTES: Final = 32
TOKEN_OFFSET: Final = 16
"""In a hello's 32-byte random."""


def hello_bytes(first: bytes, is_token: Callable[[bytes], bool]) -> int | None:
    """How many bytes of a stream that starts like `first` a hello has; None when it can be none.

    A raw hello may by chance begin like a TLS record, so its token is tried first.
    """
    if len(first) >= RAW_HELLO_BYTES and is_token(first[:ROOM_UP]):
        return RAW_HELLO_BYTES
    if first[:1] == b"\x16" and first[1:2] in (b"", b"\3"):
        if len(first) < 5:
            return max(RAW_HELLO_BYTES, len(first) + tls_hello_missing(first))
        whole = 5 + int.from_bytes(first[3:5], "big")
        return whole if whole <= HELLO_BYTES_MAX else None
    return RAW_HELLO_BYTES if len(first) < RAW_HELLO_BYTES else None


def token_places(first: bytes) -> Iterator[tuple[bytes, bool]]:
    """Where a hello may have its token, and whether that makes it TLS."""
    random = tls_client_random(first)
    if random is not None:
        yield random[TOKEN_OFFSET:], True
    if len(first) >= RAW_HELLO_BYTES:
        yield first[:ROOM_UP], False


def answer_bytes(
    keys: TokenKeys, token: UpToken, *, nonce: bytes, client_hello: bytes, tls: bool, filler_seed: bytes
) -> bytes:
    """The keyed answer to an authenticated hello."""
    down = encode_down(keys, TCP_FLOW, token.seq, nonce=nonce, room=ROOM_DOWN)
    random = packet_entropy(keys.key, "d", TCP_FLOW, token.seq) + down
    if not tls:
        return random
    return build_tls_server_answer(random, client_hello, filler=shake_128(filler_seed + random).digest(64))
