"""Hand-built datagrams of every kind that a rule must tell apart, by name, with the port they go to.

Written from `wire`'s sources (RFC sections, sizes of the field's captures), not by `apps`: a rule that only
knew our own profiles would show nothing.
"""

from hashlib import shake_128
from typing import Final

COOKIE: Final = bytes.fromhex("2112a442")


def noise(name: str, size: int) -> bytes:
    """Bytes without a pattern, the same for the same name."""
    return shake_128(name.encode()).digest(size)


def stun(kind: int, attributes: bytes = b"", length: int | None = None) -> bytes:
    """A STUN message; `length` overrides the length field."""
    size = len(attributes) if length is None else length
    return kind.to_bytes(2) + size.to_bytes(2) + COOKIE + noise(f"stun {kind}", 12) + attributes


def attribute(kind: int, size: int) -> bytes:
    """One attribute, padded to four bytes."""
    return kind.to_bytes(2) + size.to_bytes(2) + noise(f"attribute {kind}", size) + bytes(-size % 4)


def rtp(payload_type: int, size: int, number: int = 1) -> bytes:
    """An RTP packet of `size` bytes in all."""
    return bytes((0x80, payload_type)) + number.to_bytes(2) + noise(f"rtp {payload_type} {size}", size - 4)


def control(first: int, size: int) -> bytes:
    """A control payload: its first byte tells its family, the rest is noise."""
    return bytes((first,)) + noise(f"control {first} {size}", size - 1)


HELLO: Final = b"".join(
    (
        bytes.fromhex("16 feff 0000 000000000000 0090"),  # record: handshake, DTLS 1.0, epoch, sequence, 144
        bytes.fromhex("01 000084 0000 000000 000084"),  # ClientHello of 132 bytes in one fragment
        bytes.fromhex("fefd"),
        noise("hello", 130),
    )
)
DATAGRAMS: Final[dict[str, tuple[int, bytes]]] = {
    "allocate-2015": (3478, stun(0x0003, b"\x40\x00\x00\x66" + noise("a", 102), 106)),
    "allocate-4001": (3478, stun(0x0003, b"\x40\x01\x00\x66" + noise("b", 102), 106)),
    "allocate-2023": (3478, stun(0x0003, attribute(0x4000, 120) + attribute(0x22, 24))),
    "probe": (3478, stun(0x0801, attribute(0x4003, 9) + attribute(0x4004, 475))),
    "ping": (3478, stun(0x0801)),
    "ping-stateful": (3478, stun(0x0804, attribute(0x4003, 40))),
    "success-2015": (3478, stun(0x0103, attribute(0x0020, 8) + attribute(0x4002, 8))),
    "binding": (3478, stun(0x0001)),
    "binding-reply": (3478, stun(0x0101, attribute(0x0020, 8))),
    "check": (10000, stun(0x0001, attribute(0x0006, 31) + attribute(0x8008, 20) + attribute(0x8028, 4))),
    "turn-allocate": (3478, stun(0x0003, attribute(0x0019, 4))),
    "turn-send": (3478, stun(0x0016, attribute(0x0012, 8) + attribute(0x0013, 40))),
    "turn-channel": (3478, bytes.fromhex("40010050") + noise("channel", 80)),
    "classic-stun": (3478, bytes.fromhex("00010000") + noise("classic", 16)),
    "dtls-hello": (10000, HELLO),
    "dtls-data": (10000, bytes.fromhex("17fefd0001000000000001") + (40).to_bytes(2) + noise("data", 40)),
    "rtp-120": (3478, rtp(120, 137)),
    "rtp-111": (10000, rtp(111, 71)),
    "rtp-marked": (10000, rtp(0x80 | 111, 71)),
    "rtp-8": (16384, rtp(8, 172)),
    "rtp-0": (16384, rtp(0, 172)),
    "rtp-unassigned": (16384, rtp(50, 172)),
    "rtcp": (10000, bytes.fromhex("80c80006") + noise("rtcp", 24)),
    "invite": (5060, b"INVITE sip:a@example.org SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\n"),
    "register-elsewhere": (41000, b"REGISTER sip:example.org SIP/2.0\r\nCSeq: 1 REGISTER\r\n\r\n"),
    "options": (5060, b"OPTIONS sip:example.org SIP/2.0\r\nCSeq: 1 OPTIONS\r\n\r\n"),
    "sip-reply": (5060, b"SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n\r\n"),
    "bye": (5060, b"BYE sip:example.org SIP/2.0\r\nCSeq: 2 BYE\r\n\r\n"),
    "quic": (443, b"\xc3\x00\x00\x00\x01\x08" + noise("quic", 1194)),
    "dns": (53, bytes.fromhex("12340100000100000000000003777777076578616d706c65036f72670000010001")),
    "u-126": (3478, control(0x04, 126)),
    "u-172": (16384, control(0x0F, 172)),
    "u-71": (10000, control(0x09, 71)),
    "q-126": (3478, control(0x50, 126)),
    "q-172": (16384, control(0x7F, 172)),
    "q-900": (5060, control(0x61, 900)),
    "empty": (3478, b""),
    "one-byte": (3478, b"\x80"),
}  # fmt: skip
STUN: Final = frozenset(name for name, (_, payload) in DATAGRAMS.items() if payload[4:8] == COOKIE)
ALLOCATES: Final = frozenset({"allocate-2015", "allocate-4001", "allocate-2023"})
ON_3478: Final = frozenset(name for name, (port, _) in DATAGRAMS.items() if port == 3478)
DYNAMIC: Final = frozenset({"rtp-120", "rtp-111", "rtp-marked"})
STATIC: Final = frozenset({"rtp-8", "rtp-0"})
SIP: Final = frozenset({"invite", "register-elsewhere", "options", "sip-reply"})
CONTROLS: Final = frozenset(name for name in DATAGRAMS if name[:2] in {"u-", "q-"})
STATELESS: Final[dict[str, tuple[dict[str, object], frozenset[str]]]] = {
    "port-drop": ({"policy": "port-drop", "ports": [[3478, 3481], [50000, 50100]]}, ON_3478),
    "port-reject": ({"policy": "port-reject", "ports": [[3478, 3478]]}, ON_3478),
    "stun-cookie": ({"policy": "stun-cookie"}, STUN),
    "stun-strict": ({"policy": "stun-cookie", "strict": True}, STUN - {"allocate-2015", "allocate-4001"}),
    "turn-only": (
        {"policy": "turn-only"},
        ALLOCATES | {"turn-allocate", "turn-send", "turn-channel"},
    ),
    "whatsapp-types": (
        {"policy": "whatsapp-types"},
        ALLOCATES | {"probe", "ping", "ping-stateful"},
    ),
    "dtls-hello": ({"policy": "dtls-hello"}, frozenset({"dtls-hello"})),
    "rtp-dynamic": ({"policy": "rtp-drop", "static": False}, DYNAMIC),
    "rtp-static": ({"policy": "rtp-drop", "dynamic": False}, STATIC),
    "rtp-any": ({"policy": "rtp-drop"}, DYNAMIC | STATIC),
    "rtp-up": ({"policy": "one-way", "direction": "up", "of": {"policy": "rtp-drop"}}, DYNAMIC | STATIC),
    "rtp-down": ({"policy": "one-way", "direction": "down", "of": {"policy": "rtp-drop"}}, frozenset()),
    "sip-text": ({"policy": "sip-text"}, SIP),
    "stun-binding-replies": ({"policy": "stun-replies"}, frozenset()),
    "stun-replies-down": (
        {"policy": "stun-replies", "types": [0x0101, 0x0103]},
        frozenset(),
    ),
    "turn-channel": ({"policy": "turn-only", "requests": False}, frozenset({"turn-channel"})),
    "turn-requests": (
        {"policy": "turn-only", "channel": False},
        ALLOCATES | {"turn-allocate", "turn-send"},
    ),
    "dtls-any": ({"policy": "dtls-any"}, frozenset({"dtls-hello", "dtls-data"})),
    "quic-drop": ({"policy": "quic-drop"}, frozenset({"quic"})),
    "udp-except": (
        {"policy": "udp-except", "ports": [[53, 53], [443, 443]]},
        frozenset(DATAGRAMS) - {"quic", "dns"},
    ),
    "size-drop": (
        {"policy": "size-drop", "over": 200},
        frozenset(name for name, (_, payload) in DATAGRAMS.items() if len(payload) > 200),
    ),
    "except-others": (
        {"policy": "except", "networks": ["198.51.100.0/24"], "of": {"policy": "sip-text"}}, SIP,
    ),
    "except-us": (
        {"policy": "except", "networks": ["203.0.113.0/24"], "of": {"policy": "sip-text"}}, frozenset(),
    ),
    "udp-all": ({"policy": "udp-all"}, frozenset(DATAGRAMS)),
    "chain": (
        {"policy": "chain", "policies": [{"policy": "stun-cookie"}, {"policy": "sip-text"}]},
        STUN | SIP,
    ),
    "open": ({"policy": "open"}, frozenset()),
}  # fmt: skip
"""Rule -> its table and what it stops on the way up; everything else passes."""
