"""TLS 1.3-looking hellos over TCP (RFC 8446): enough for a middlebox, and a place for a token.

The fallback and messaging arms ask whether a TLS connection to the reflector gets through, so
the bytes must look like one; the session's token rides in the last 16 bytes of each random.
No secret is negotiated and nothing is encrypted: what follows the ServerHello is filler.
"""

from struct import pack
from typing import Final

RANDOM_BYTES: Final = 32
HELLO_BYTES_MAX: Final = 1024
ANSWER_RECORDS: Final = ((20, 1), (23, 36), (23, 846), (23, 281), (23, 69))
"""Record types and body sizes after the ServerHello: ChangeCipherSpec, EncryptedExtensions,
Certificate, CertificateVerify, Finished of an ordinary TLS 1.3 server with an RSA-2048 chain."""


def _vector(body: bytes, length_bytes: int) -> bytes:
    return len(body).to_bytes(length_bytes, "big") + body


def _extension(kind: int, body: bytes) -> bytes:
    return pack("!H", kind) + _vector(body, 2)


def _record(kind: int, body: bytes, version: int = 0x0303) -> bytes:
    return pack("!BH", kind, version) + _vector(body, 2)


def build_tls_client_hello(random: bytes, *, filler: bytes, server_name: str | None = None) -> bytes:
    """A ClientHello record. `random`: 32 bytes; `filler`: 64 random bytes for session id and key share."""
    if len(random) != RANDOM_BYTES or len(filler) < 2 * RANDOM_BYTES:
        raise ValueError("a ClientHello needs 32 bytes of random and 64 of filler")
    extensions = b""
    if server_name:
        name = b"\0" + _vector(server_name.encode("idna"), 2)
        extensions += _extension(0, _vector(name, 2))
    extensions += _extension(23, b"")  # extended_master_secret
    extensions += _extension(10, _vector(pack("!4H", 29, 23, 24, 25), 2))  # supported_groups
    extensions += _extension(11, _vector(b"\0", 1))  # ec_point_formats
    extensions += _extension(35, b"")  # session_ticket
    extensions += _extension(16, _vector(_vector(b"h2", 1) + _vector(b"http/1.1", 1), 2))  # ALPN
    algorithms = (0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601)
    extensions += _extension(13, _vector(pack("!8H", *algorithms), 2))  # signature_algorithms
    extensions += _extension(51, _vector(pack("!H", 29) + _vector(filler[32:64], 2), 2))  # key_share x25519
    extensions += _extension(45, _vector(b"\1", 1))  # psk_key_exchange_modes
    extensions += _extension(43, _vector(pack("!2H", 0x0304, 0x0303), 1))  # supported_versions
    suites = pack("!9H", 0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8)
    body = b"\3\3" + random + _vector(filler[:32], 1) + _vector(suites, 2) + _vector(b"\0", 1)
    body += _vector(extensions, 2)
    return _record(22, b"\1" + _vector(body, 3), 0x0301)


def _hello_random(data: bytes, handshake_type: int) -> bytes | None:
    if len(data) < 43 or data[0] != 22 or data[1] != 3 or data[5] != handshake_type or data[9] != 3:
        return None
    return data[11:43]


def tls_client_random(data: bytes) -> bytes | None:
    """The 32-byte random of a ClientHello at the start of a TCP stream, or None. Cannot fail."""
    return _hello_random(data, 1)


def tls_server_random(data: bytes) -> bytes | None:
    """The 32-byte random of a ServerHello at the start of a TCP stream, or None. Cannot fail."""
    return _hello_random(data, 2)


def tls_hello_missing(data: bytes) -> int:
    """How many more bytes a ClientHello record that starts like `data` needs; 0 when whole or not one."""
    if not data or data[0] != 22:
        return 0
    if len(data) < 5:
        return 5 - len(data)
    whole = 5 + int.from_bytes(data[3:5], "big")
    return max(0, whole - len(data)) if whole <= HELLO_BYTES_MAX else 0


def build_tls_server_answer(random: bytes, client_hello: bytes, *, filler: bytes) -> bytes:
    """A ServerHello record and the encrypted-looking flight after it; `filler` is repeated as needed.

    `client_hello` must be one that `tls_client_random` accepts; its session id is echoed
    (RFC 8446 section 4.1.3).
    """
    session_id = client_hello[44 : 44 + client_hello[43]] if len(client_hello) > 43 else b""
    extensions = _extension(43, b"\3\4") + _extension(
        51, pack("!H", 29) + _vector(filler[:32].ljust(32, b"\1"), 2)
    )
    body = b"\3\3" + random + _vector(session_id[:32], 1) + b"\x13\x01\0" + _vector(extensions, 2)
    answer = _record(22, b"\2" + _vector(body, 3))
    stream = filler * (1 + 2048 // max(1, len(filler)))
    offset = 0
    for kind, size in ANSWER_RECORDS:
        answer += _record(kind, b"\1" if kind == 20 else stream[offset : offset + size])
        offset += size % 97
    return answer


TLS_ANSWER_BYTES: Final = len(
    build_tls_server_answer(bytes(32), build_tls_client_hello(bytes(32), filler=bytes(64)), filler=bytes(64))
)
