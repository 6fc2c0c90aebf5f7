"""DTLS hellos: ClientHello, ServerHello, HelloVerifyRequest (RFC 6347 section 4.2, RFC 5246 section 7.4.1).

Extensions stay raw and in order, unknown ones and duplicates included: a hello's fingerprint is its order.
"""

from collections.abc import Iterator

import msgspec

from voipwatch.wire.cursor import Cursor
from voipwatch.wire.dtls import DTLS_1_2

RANDOM_BYTES = 32

EXTENSION_SUPPORTED_GROUPS = 10
EXTENSION_EC_POINT_FORMATS = 11
EXTENSION_SIGNATURE_ALGORITHMS = 13
EXTENSION_USE_SRTP = 14  # RFC 5764: what a WebRTC or DTLS-SRTP call is known by
EXTENSION_EXTENDED_MASTER_SECRET = 23
EXTENSION_SESSION_TICKET = 35
EXTENSION_SUPPORTED_VERSIONS = 43
EXTENSION_CONNECTION_ID = 54
EXTENSION_RENEGOTIATION_INFO = 0xFF01


class DtlsExtension(msgspec.Struct, frozen=True):
    """One extension, its data raw."""

    type: int
    """16 bits."""
    data: bytes = b""


class ClientHello(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a ClientHello (RFC 6347 section 4.2.1)."""

    version: int = DTLS_1_2
    random: bytes
    """32 bytes; all of them are random in today's clients, and a session's token may ride in them."""
    session_id: bytes = b""
    """0 to 32 bytes."""
    cookie: bytes = b""
    """0 to 255 bytes, from a HelloVerifyRequest."""
    cipher_suites: tuple[int, ...] = ()
    compression_methods: bytes = b"\0"
    extensions: tuple[DtlsExtension, ...] | None = None
    """None if the block is absent, which differs from an empty one."""

    def extension(self, extension_type: int) -> bytes | None:
        """The data of the first extension of this type; None if absent."""
        return _extension(self.extensions, extension_type)


class ServerHello(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a ServerHello (RFC 5246 section 7.4.1.3)."""

    version: int = DTLS_1_2
    random: bytes
    """32 bytes."""
    session_id: bytes = b""
    """0 to 32 bytes."""
    cipher_suite: int
    compression_method: int = 0
    extensions: tuple[DtlsExtension, ...] | None = None
    """None if the block is absent."""

    def extension(self, extension_type: int) -> bytes | None:
        """The data of the first extension of this type; None if absent."""
        return _extension(self.extensions, extension_type)


class HelloVerifyRequest(msgspec.Struct, frozen=True):
    """The body of a HelloVerifyRequest (RFC 6347 section 4.2.1)."""

    version: int
    cookie: bytes
    """0 to 255 bytes."""


def decode_client_hello(body: bytes) -> ClientHello:
    """Read the body of a ClientHello message.

    Raises:
        WireError: a field is longer than what is left, or bytes follow the last one.
    """
    cursor = Cursor(bytes(body), "DTLS ClientHello", section="RFC 6347 section 4.2.1")
    version = cursor.u16("version")
    random = cursor.take(RANDOM_BYTES, "random")
    session_id = cursor.take(cursor.u8("session id length"), "session id")
    cookie = cursor.take(cursor.u8("cookie length"), "cookie")
    suites = cursor.restrict_to(cursor.u16("cipher suites length"), "cipher suites")
    cipher_suites = []
    while suites.remaining_bytes:
        cipher_suites.append(suites.u16("cipher suite"))
    compression_methods = cursor.take(cursor.u8("compression methods length"), "compression methods")
    extensions = _decode_extensions(cursor)
    return ClientHello(
        version=version,
        random=random,
        session_id=session_id,
        cookie=cookie,
        cipher_suites=tuple(cipher_suites),
        compression_methods=compression_methods,
        extensions=extensions,
    )


def encode_client_hello(hello: ClientHello) -> bytes:
    """Write the body of a ClientHello message.

    Raises:
        ValueError: a field does not fit its place on the wire.
    """
    suites = b"".join(_number(suite, 2) for suite in hello.cipher_suites)
    return (
        _number(hello.version, 2)
        + _random(hello.random)
        + _vector(hello.session_id, 1)
        + _vector(hello.cookie, 1)
        + _vector(suites, 2)
        + _vector(hello.compression_methods, 1)
        + _encode_extensions(hello.extensions)
    )


def decode_server_hello(body: bytes) -> ServerHello:
    """Read the body of a ServerHello message.

    Raises:
        WireError: a field is longer than what is left, or bytes follow the last one.
    """
    cursor = Cursor(bytes(body), "DTLS ServerHello", section="RFC 5246 section 7.4.1.3")
    version = cursor.u16("version")
    random = cursor.take(RANDOM_BYTES, "random")
    session_id = cursor.take(cursor.u8("session id length"), "session id")
    cipher_suite = cursor.u16("cipher suite")
    compression_method = cursor.u8("compression method")
    return ServerHello(
        version=version,
        random=random,
        session_id=session_id,
        cipher_suite=cipher_suite,
        compression_method=compression_method,
        extensions=_decode_extensions(cursor),
    )


def encode_server_hello(hello: ServerHello) -> bytes:
    """Write the body of a ServerHello message.

    Raises:
        ValueError: a field does not fit its place on the wire.
    """
    return (
        _number(hello.version, 2)
        + _random(hello.random)
        + _vector(hello.session_id, 1)
        + _number(hello.cipher_suite, 2)
        + _number(hello.compression_method, 1)
        + _encode_extensions(hello.extensions)
    )


def decode_hello_verify_request(body: bytes) -> HelloVerifyRequest:
    """Read the body of a HelloVerifyRequest message.

    Raises:
        WireError: the cookie is longer than what is left, or bytes follow it.
    """
    cursor = Cursor(bytes(body), "DTLS HelloVerifyRequest", section="RFC 6347 section 4.2.1")
    version = cursor.u16("version")
    cookie = cursor.take(cursor.u8("cookie length"), "cookie")
    cursor.expect_end("cookie")
    return HelloVerifyRequest(version, cookie)


def encode_hello_verify_request(request: HelloVerifyRequest) -> bytes:
    """Write the body of a HelloVerifyRequest message.

    Raises:
        ValueError: a field does not fit its place on the wire.
    """
    return _number(request.version, 2) + _vector(request.cookie, 1)


def _decode_extensions(cursor: Cursor) -> tuple[DtlsExtension, ...] | None:
    if not cursor.remaining_bytes:
        return None
    block = cursor.restrict_to(cursor.u16("extensions length"), "extensions")
    cursor.expect_end("extensions")
    return tuple(_extensions(block))


def _extensions(block: Cursor) -> Iterator[DtlsExtension]:
    while block.remaining_bytes:
        extension_type = block.u16("extension type")
        yield DtlsExtension(extension_type, block.take(block.u16("extension length"), "extension"))


def _encode_extensions(extensions: tuple[DtlsExtension, ...] | None) -> bytes:
    if extensions is None:
        return b""
    return _vector(b"".join(_number(item.type, 2) + _vector(item.data, 2) for item in extensions), 2)


def _extension(extensions: tuple[DtlsExtension, ...] | None, extension_type: int) -> bytes | None:
    return next((item.data for item in extensions or () if item.type == extension_type), None)


def _random(random: bytes) -> bytes:
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"a random has {RANDOM_BYTES} bytes, not {len(random)}")
    return random


def _vector(data: bytes, length_bytes: int) -> bytes:
    """A TLS vector: its length in `length_bytes` bytes, then its bytes."""
    return _number(len(data), length_bytes) + data


def _number(value: int, length_bytes: int) -> bytes:
    try:
        return value.to_bytes(length_bytes, "big")
    except OverflowError as error:
        raise ValueError(f"{value} does not fit {length_bytes} bytes") from error
