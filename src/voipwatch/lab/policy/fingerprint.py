"""DTLS clients told apart by their hello (technique D9): JA3 and JA4, and a cut that comes a little later.

JA3: Salesforce, 2017 (github.com/salesforce/ja3); JA4: FoxIO, 2023 (github.com/FoxIO-LLC/ja4, JA4.md), whose
first letter is `d` for DTLS. Pion's hello was cut so in 2024, browsers' were not (net4people/bbs 603).
"""

from hashlib import md5, sha256
from typing import Final

from voipwatch.lab.policy.packet import DROP, PASS, UDP, Action, Memory, Packet
from voipwatch.lab.policy.signature import flow_key, is_dtls_hello
from voipwatch.lab.policy.state import State
from voipwatch.model.vocabulary import Direction
from voipwatch.wire.dtls import CLIENT_HELLO, DTLS_1_0, DTLS_1_2, DTLS_1_3, first_handshake
from voipwatch.wire.dtls_hello import (
    EXTENSION_EC_POINT_FORMATS,
    EXTENSION_SIGNATURE_ALGORITHMS,
    EXTENSION_SUPPORTED_GROUPS,
    EXTENSION_SUPPORTED_VERSIONS,
    ClientHello,
    decode_client_hello,
)
from voipwatch.wire.errors import WireError

SERVER_NAME: Final = 0
ALPN: Final = 16
COUNT_MAX: Final = 99
JA4_VERSIONS: Final = {DTLS_1_0: "d1", DTLS_1_2: "d2", DTLS_1_3: "d3"}


def read_hello(payload: bytes) -> ClientHello | None:
    """The ClientHello at the start of a datagram, if it is whole. Cannot fail."""
    if not is_dtls_hello(payload):
        return None
    try:
        message = first_handshake(payload)
        if message is None or message.message_type != CLIENT_HELLO or not message.is_whole:
            return None
        return decode_client_hello(message.body)
    except WireError:
        return None


def ja3(hello: ClientHello) -> str:
    """Thirty-two hexadecimal digits: MD5 of version, suites, extensions, groups and formats, in order."""
    formats = (hello.extension(EXTENSION_EC_POINT_FORMATS) or b"")[1:]
    fields = (
        (hello.version,),
        _real(hello.cipher_suites),
        _real(_types(hello)),
        _real(_pairs(hello, EXTENSION_SUPPORTED_GROUPS, 2)),
        formats,
    )
    text = ",".join("-".join(str(number) for number in field) for field in fields)
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def ja4(hello: ClientHello) -> str:
    """As `dd2i110700_c45550529adf_d9dd6182da81`: what is there, sorted suites, sorted extensions."""
    suites, types = _real(hello.cipher_suites), _real(_types(hello))
    offered = _real(_pairs(hello, EXTENSION_SUPPORTED_VERSIONS, 1)) or (hello.version,)
    version = JA4_VERSIONS.get(min(offered), "00")  # DTLS counts downwards: the least is the newest
    name = "d" if SERVER_NAME in types else "i"
    count = f"{min(len(suites), COUNT_MAX):02}{min(len(types), COUNT_MAX):02}"
    rest = sorted(f"{number:04x}" for number in types if number not in {SERVER_NAME, ALPN})
    algorithms = [f"{number:04x}" for number in _pairs(hello, EXTENSION_SIGNATURE_ALGORITHMS, 2)]
    extensions = ",".join(rest) + ("_" + ",".join(algorithms) if algorithms else "")
    return (
        f"d{version}{name}{count}{_protocol(hello)}"
        f"_{_short(','.join(sorted(f'{suite:04x}' for suite in suites)))}_{_short(extensions)}"
    )


def _protocol(hello: ClientHello) -> str:
    """First and last letter of the first protocol that ALPN offers; 00 without one."""
    offered = hello.extension(ALPN) or b""
    first = offered[3 : 3 + offered[2]] if len(offered) > 3 else b""
    ends = first[:1] + first[-1:]
    return ends.decode("ascii") if len(ends) == 2 and ends.isalnum() else "00"


def _short(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12] if text else "0" * 12


def _types(hello: ClientHello) -> tuple[int, ...]:
    return tuple(extension.type for extension in hello.extensions or ())


def _pairs(hello: ClientHello, extension: int, skip: int) -> tuple[int, ...]:
    """The two-byte numbers of an extension after its length field."""
    data = (hello.extension(extension) or b"")[skip:]
    return tuple(int.from_bytes(data[at : at + 2]) for at in range(0, len(data) - 1, 2))


def _real(numbers: tuple[int, ...]) -> tuple[int, ...]:
    """Without the numbers that clients strew in against rigid servers (RFC 8701)."""
    return tuple(n for n in numbers if n & 0x0F0F != 0x0A0A or n >> 8 != n & 0xFF)


class DtlsFingerprint(Memory, frozen=True, tag_field="policy", tag="dtls-fingerprint"):
    """A flow whose ClientHello has a listed fingerprint dies both ways after a small delay."""

    ja3: tuple[str, ...] = ()
    ja4: tuple[str, ...] = ()
    delay_s: float = 0.0
    """0 to 3 s are reported; the hello itself passes, and with 0 nothing after it."""

    def __call__(self, direction: Direction, packet: Packet, state: State, now: float) -> Action:
        """Whatever the flow says by then."""
        if packet.proto != UDP:
            return PASS
        flow = state.flows.find(flow_key(direction, packet), now)
        if flow.matched_at is not None:
            return DROP if now - flow.matched_at >= self.delay_s else PASS
        hello = read_hello(packet.payload)
        if hello is not None and (ja3(hello) in self.ja3 or ja4(hello) in self.ja4):
            flow.matched_at = now
        return PASS
