"""Session tokens: how a datagram proves which ticket and flow it belongs to.

A token rides in bytes that are random by nature, so to a box on the path it is noise: the
ticket's number is blinded by a salt, everything else is a MAC or is masked. Design decision:
docs/design/0003-tokens.md.

Uplink, read from the end of its place::

    room 12:                          [ handle 4 ][ tag 8 ]
    room >= 16:  [ extra, masked ][ seq 4 ][ handle 4 ][ tag 8 ]

Downlink (the near end knows the flow by its socket)::

    room 8..15:                       [ nonce 4 ][ tag 4 ]       seq is known by the echo
    room >= 16:  [ extra, masked ][ nonce 4 ][ seq 4 ][ tag 8 ]

`tag` is keyed BLAKE2b over direction, flow, seq, nonce and extra. The nonce is chosen by the
far end for a source address; an uplink tag made with it shows that its sender gets mail there.
"""

import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from struct import Struct
from typing import Final

from voipwatch.wire.keyed import keyed_hash

NO_NONCE: Final = b"\0\0\0\0"
ROOM_UP_MIN: Final = 12
ROOM_UP: Final = 16
ROOM_DOWN_MIN: Final = 8
ROOM_DOWN: Final = 16
TCP_FLOW: Final = 0xFFFF
"""The flow id in tokens of TCP trials; seq is the trial's number."""
CONTROL_FLOW: Final = 0xFFFE
"""The flow id in tokens that authorise control requests."""

_MESSAGE: Final = Struct("!HI4s")
_HANDLE: Final = Struct("!HH")
_U32: Final = Struct("!I")
_RECEIPT: Final = Struct("!HHHIQ")
RECEIPT_BYTES: Final = _RECEIPT.size
NO_FLOW: Final = 0xFFFD
"""Flow id of an empty receipt slot."""
_EMPTY: Final = _RECEIPT.pack(NO_FLOW, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class TokenKeys:
    """What both ends of a session share: ticket number (16 bits), key (32 bytes), salt (16 bytes)."""

    number: int
    key: bytes
    salt: bytes


@dataclass(frozen=True, slots=True)
class UpToken:
    """An uplink token that verified."""

    number: int
    flow: int
    seq: int
    echoed: bool
    """True when made with the expected nonce: the sender receives at its address."""
    extra: bytes


@dataclass(frozen=True, slots=True)
class DownToken:
    """A downlink token that verified."""

    seq: int
    nonce: bytes
    extra: bytes


@dataclass(frozen=True, slots=True)
class FlowReceipt:
    """In-band receipt of one flow's uplink: 18 bytes on the wire."""

    flow: int
    highest_seq: int
    count: int
    far_us: int
    bitmap: int


def _xor(left: bytes, right: bytes) -> bytes:
    size = len(left)
    return (int.from_bytes(left, "big") ^ int.from_bytes(right[:size], "big")).to_bytes(size, "big")


def _keystream(key: bytes, tag: bytes, length: int) -> bytes:
    stream = keyed_hash(key, b"vw-mask", tag + b"\0", 64)
    while len(stream) < length:
        stream += keyed_hash(key, b"vw-mask", tag + bytes([len(stream) // 64]), 64)
    return stream


def encode_up(keys: TokenKeys, flow: int, seq: int, *, nonce: bytes = NO_NONCE, room: int = ROOM_UP) -> bytes:
    """Returns `room` bytes (12, or 16 and more). Cannot fail for a room of at least 12."""
    if room < ROOM_UP_MIN:
        raise ValueError(f"an uplink token needs 12 bytes of room, not {room}")
    extra = bytes(room - ROOM_UP) if room > ROOM_UP else b""
    tag = keyed_hash(keys.key, b"vw-up", _MESSAGE.pack(flow, seq, nonce) + extra, 8)
    mask = keyed_hash(keys.salt, b"vw-blind", tag, 8)
    tail = _xor(_HANDLE.pack(keys.number, flow), mask) + tag
    if room < ROOM_UP:
        return bytes(room - ROOM_UP_MIN) + tail
    tail = _xor(_U32.pack(seq), mask[4:]) + tail
    return _xor(extra, _keystream(keys.key, tag, len(extra))) + tail if extra else tail


def number_of_untrusted(place: bytes, salt: bytes) -> int | None:
    """The ticket that untrusted bytes name, were they an uplink token; None: they are too few for one.

    Random bytes name a random one.
    """
    if len(place) < ROOM_UP_MIN:
        return None
    mask = keyed_hash(salt, b"vw-blind", place[-8:], 8)
    return int.from_bytes(place[-12:-10], "big") ^ int.from_bytes(mask[:2], "big")


def open_up_untrusted(
    place: bytes,
    salt: bytes,
    lookup: Callable[[int], bytes | None],
    *,
    nonce_for: Callable[[int], bytes | None],
    likely_seqs: Callable[[int, int], Iterable[int]],
) -> UpToken | None:
    """Verifies an uplink token found in untrusted bytes. Cannot fail; None is "not ours".

    `lookup(number)` gives a live ticket's key; `nonce_for(number)` the nonce that this source
    address was given for the ticket; `likely_seqs(number, flow)` the sequence numbers to try where
    the place (12 bytes) has no room for one.
    """
    if len(place) < ROOM_UP_MIN:
        return None
    tag = place[-8:]
    mask = keyed_hash(salt, b"vw-blind", tag, 8)
    handle = int.from_bytes(place[-12:-8], "big") ^ int.from_bytes(mask[:4], "big")
    number, flow = handle >> 16, handle & 0xFFFF
    key = lookup(number)
    if key is None:
        return None
    if len(place) < ROOM_UP:
        seqs: Iterable[int] = likely_seqs(number, flow)
        extra = b""
    else:
        seqs = (int.from_bytes(place[-16:-12], "big") ^ int.from_bytes(mask[4:], "big"),)
        extra = _xor(place[:-16], _keystream(key, tag, len(place) - 16)) if len(place) > ROOM_UP else b""
    nonce = nonce_for(number)
    nonces = (NO_NONCE,) if nonce is None else (nonce, NO_NONCE)
    for seq in seqs:
        for candidate in nonces:
            if hmac.compare_digest(
                keyed_hash(key, b"vw-up", _MESSAGE.pack(flow, seq, candidate) + extra, 8), tag
            ):
                return UpToken(number, flow, seq, candidate is nonce and nonce is not None, extra)
    return None


def encode_down(
    keys: TokenKeys, flow: int, seq: int, *, nonce: bytes, room: int = ROOM_DOWN, extra: bytes = b""
) -> bytes:
    """Returns `room` bytes (8 or more); `extra` is cut or zero-padded to what fits."""
    if room < ROOM_DOWN_MIN:
        raise ValueError(f"a downlink token needs 8 bytes of room, not {room}")
    if room < ROOM_DOWN:
        tag = keyed_hash(keys.key, b"vw-down8", _MESSAGE.pack(flow, seq, nonce), 4)
        return bytes(room - ROOM_DOWN_MIN) + _xor(nonce, keyed_hash(keys.salt, b"vw-blind", tag, 8)) + tag
    space = room - ROOM_DOWN
    extra = extra[:space].ljust(space, b"\0")
    tag = keyed_hash(keys.key, b"vw-down", _MESSAGE.pack(flow, seq, nonce) + extra, 8)
    mask = keyed_hash(keys.salt, b"vw-blind", tag, 8)
    tail = _xor(nonce + _U32.pack(seq), mask) + tag
    return _xor(extra, _keystream(keys.key, tag, space)) + tail if space else tail


def open_down_untrusted(
    keys: TokenKeys, flow: int, place: bytes, *, reply_seq: int | None = None
) -> DownToken | None:
    """Verifies a downlink token of a known flow. Cannot fail; None is "not the reflector's".

    `reply_seq` is the sequence number told by the echo of the request; a place under 16 bytes
    cannot be verified without it, a longer one must agree with it where it is given.
    """
    if len(place) < ROOM_DOWN_MIN:
        return None
    if len(place) < ROOM_DOWN:
        if reply_seq is None:
            return None
        tag = place[-4:]
        nonce = _xor(place[-8:-4], keyed_hash(keys.salt, b"vw-blind", tag, 8))
        right = keyed_hash(keys.key, b"vw-down8", _MESSAGE.pack(flow, reply_seq, nonce), 4)
        return DownToken(reply_seq, nonce, b"") if hmac.compare_digest(right, tag) else None
    tag = place[-8:]
    plain = _xor(place[-16:-8], keyed_hash(keys.salt, b"vw-blind", tag, 8))
    nonce, seq = plain[:4], _U32.unpack(plain[4:])[0]
    extra = _xor(place[:-16], _keystream(keys.key, tag, len(place) - 16)) if len(place) > ROOM_DOWN else b""
    right = keyed_hash(keys.key, b"vw-down", _MESSAGE.pack(flow, seq, nonce) + extra, 8)
    if not hmac.compare_digest(right, tag) or reply_seq not in (None, seq):
        return None
    return DownToken(seq, nonce, extra)


def encode_receipts(receipts: Iterable[FlowReceipt], space: int) -> bytes:
    """As many receipts as fit into `space` bytes; unused slots name `NO_FLOW`."""
    slots = space // RECEIPT_BYTES
    packed = [
        _RECEIPT.pack(
            r.flow, min(r.highest_seq, 0xFFFF), min(r.count, 0xFFFF), r.far_us & 0xFFFFFFFF, r.bitmap
        )
        for r, _ in zip(receipts, range(slots), strict=False)
    ]
    packed += [_EMPTY] * (slots - len(packed))
    return b"".join(packed)


def decode_receipts(extra: bytes) -> list[FlowReceipt]:
    """The receipts in a verified token's extra bytes. Cannot fail; a short rest is ignored."""
    whole = len(extra) - len(extra) % RECEIPT_BYTES
    found = (FlowReceipt(*fields) for fields in _RECEIPT.iter_unpack(extra[:whole]))
    return [receipt for receipt in found if receipt.flow != NO_FLOW]
