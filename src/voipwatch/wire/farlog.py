"""The reflector's log of one session: what it received and sent, signed.

The payload is zlib over MessagePack with delta-coded columns, about 4 bytes a packet; the
signature (Ed25519, RFC 8032) is over the payload's bytes as they travel, so that a report can
carry them verbatim and anybody can check them. No address is in it: the sources of a flow are
numbered 0, 1, ... in order of appearance.
"""

import zlib
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import accumulate
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from voipwatch.wire.errors import WireError

FARLOG_SCHEMA: Final = "voipwatch.farlog/1"

SIZE_MAX: Final = 16 << 20
"""Inflated bytes; a 60 s check of 14 apps with video logs about 2 MB."""
_DOMAIN: Final = b"voipwatch.farlog/1\0"


class FarColumns(msgspec.Struct):
    """Packets of one direction at the far end, in the order seen; equal-length columns."""

    seq: list[int] = []
    t_us: list[int] = []
    size_bytes: list[int] = []
    """UDP payload length."""
    crc: list[int] = []
    """CRC-32 of the payload for set-up packets, 0 for media."""


class FarFlow(msgspec.Struct):
    """One flow as the far end saw it. Times are microseconds since `FarLog.started_at`."""

    flow: int
    port: int
    """The reflector's UDP port."""
    up: FarColumns
    down: FarColumns
    sources: int = 1
    """Distinct source endpoints, 2 or more after a NAT rebind."""
    duplicates: int = 0
    unproved: int = 0
    """Replies withheld because the address had not proved itself."""


class FarLog(msgspec.Struct):
    """All flows of one ticket."""

    reflector: str
    """Ed25519 public key, hex."""
    version: str
    ticket: int
    ticket_id: str
    """Hash of the ticket key, hex: names the session without giving the right to it."""
    started_at: str
    """UTC, ISO 8601 with Z, by the reflector's wall clock."""
    flows: list[FarFlow]
    garbage: int = 0
    strangers: list[tuple[int, int]] | None = None
    """Datagrams without a valid token from next to an address that this session proved: (local port, count).
    What a gateway rewrote arrives like this. None: an older reflector, which did not count them."""
    refused: int = 0
    """Authenticated datagrams, either way, that one of the reflector's own limits kept from their place."""
    refused_us: int | None = None
    """When the first of them was refused; what this log lacks from then on need not be lost."""
    schema: str = FARLOG_SCHEMA


def _deltas(values: Iterable[int]) -> list[int]:
    previous, out = 0, []
    for value in values:
        out.append(value - previous)
        previous = value
    return out


def _coded(columns: FarColumns) -> FarColumns:
    return FarColumns(
        seq=_deltas(columns.seq), t_us=_deltas(columns.t_us), size_bytes=columns.size_bytes, crc=columns.crc
    )


def _decoded(columns: FarColumns) -> FarColumns:
    if not len(columns.seq) == len(columns.t_us) == len(columns.size_bytes) == len(columns.crc):
        raise WireError("farlog", "columns", 0, section=FARLOG_SCHEMA)
    return FarColumns(
        seq=list(accumulate(columns.seq)),
        t_us=list(accumulate(columns.t_us)),
        size_bytes=columns.size_bytes,
        crc=columns.crc,
    )


def encode_farlog(log: FarLog) -> bytes:
    """Returns the payload to be signed."""
    coded = msgspec.structs.replace(
        log,
        flows=[msgspec.structs.replace(f, up=_coded(f.up), down=_coded(f.down)) for f in log.flows],
    )
    return zlib.compress(msgspec.msgpack.encode(coded), 6)


def decode_farlog(payload: bytes) -> FarLog:
    """Raises WireError("farlog", ...) for anything that is not a log, whatever the bytes."""
    try:
        log = msgspec.msgpack.decode(_inflated(payload), type=FarLog)
    except (zlib.error, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WireError("farlog", "payload", 0, section=FARLOG_SCHEMA) from error
    if log.schema != FARLOG_SCHEMA:
        raise WireError("farlog", "schema", 0, section=FARLOG_SCHEMA)
    log.flows = [msgspec.structs.replace(f, up=_decoded(f.up), down=_decoded(f.down)) for f in log.flows]
    return log


class FarLogHead(msgspec.Struct, frozen=True):
    """What a log says of itself; its flows are not looked at."""

    reflector: str
    ticket: int
    ticket_id: str
    started_at: str
    schema: str


_HEAD: Final = msgspec.msgpack.Decoder(FarLogHead)


def decode_farlog_head(
    payload: bytes, quick: Callable[[bytes], bytes | None] = lambda _: None
) -> tuple[FarLogHead, bytes]:
    """The log's head and its inflated MessagePack, at a fifth of the cost of all of it.

    `quick`: another way to inflate a whole zlib stream (RFC 1950); None where it cannot, and then zlib does.
    Raises WireError("farlog", ...) for anything that is not MessagePack with such a head, whatever the bytes.
    """
    try:
        plain = quick(payload) or _inflated(payload)
        head = _HEAD.decode(plain)
    except (zlib.error, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WireError("farlog", "payload", 0, section=FARLOG_SCHEMA) from error
    if head.schema != FARLOG_SCHEMA:
        raise WireError("farlog", "schema", 0, section=FARLOG_SCHEMA)
    return head, plain


def _inflated(payload: bytes) -> bytes:
    inflater = zlib.decompressobj()
    plain = inflater.decompress(payload, SIZE_MAX)
    if inflater.unconsumed_tail or inflater.unused_data or not inflater.eof:
        raise WireError("farlog", "size", len(plain), section=FARLOG_SCHEMA)
    return plain


def farlog_message(payload: bytes) -> bytes:
    """What is signed of a payload."""
    return _DOMAIN + payload


def sign_farlog(payload: bytes, private_key: bytes) -> bytes:
    """Returns the signature (64 bytes). `private_key`: 32 raw bytes of Ed25519."""
    key = Ed25519PrivateKey.from_private_bytes(private_key)
    return key.sign(farlog_message(payload))


@lru_cache(256)  # a collector checks thousands of logs of a few reflectors
def _public_key(text: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(text))


def verify_farlog(payload: bytes, signature: bytes, public_key: str) -> bool:
    """True when the payload was signed by the reflector with this key (hex). Cannot fail."""
    try:
        _public_key(public_key).verify(signature, farlog_message(payload))
    except (InvalidSignature, ValueError):
        return False
    return True
