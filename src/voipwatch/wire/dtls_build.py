"""Build the datagrams of a DTLS handshake as a WebRTC call shows it (RFC 6347 section 4.2.4, RFC 5764).

What travels in clear is well formed; keys, signatures and ciphertext are bytes derived from a seed, of the
right length. It is a shape, not a handshake: nobody's certificate is shown and nothing is encrypted.
Sizes are those of libwebrtc, with an ECDSA certificate at the client and an RSA one at the server, as in
published captures of Meet.
"""

from hashlib import blake2b

from voipwatch.wire.dtls import (
    APPLICATION_DATA,
    CERTIFICATE,
    CERTIFICATE_REQUEST,
    CERTIFICATE_VERIFY,
    CHANGE_CIPHER_SPEC,
    CLIENT_HELLO,
    CLIENT_KEY_EXCHANGE,
    DTLS_1_0,
    DTLS_1_2,
    HANDSHAKE,
    HELLO_VERIFY_REQUEST,
    NEW_SESSION_TICKET,
    SERVER_HELLO,
    SERVER_HELLO_DONE,
    SERVER_KEY_EXCHANGE,
    DtlsHandshake,
    DtlsRecord,
    encode_handshake,
    encode_record,
)
from voipwatch.wire.dtls_hello import (
    EXTENSION_EC_POINT_FORMATS,
    EXTENSION_EXTENDED_MASTER_SECRET,
    EXTENSION_RENEGOTIATION_INFO,
    EXTENSION_SESSION_TICKET,
    EXTENSION_SIGNATURE_ALGORITHMS,
    EXTENSION_SUPPORTED_GROUPS,
    EXTENSION_USE_SRTP,
    ClientHello,
    DtlsExtension,
    HelloVerifyRequest,
    ServerHello,
    encode_client_hello,
    encode_hello_verify_request,
    encode_server_hello,
)

WEBRTC_CIPHER_SUITES = (
    0xC02B, 0xC02F, 0xCCA9, 0xCCA8, 0xC009, 0xC013, 0xC00A, 0xC014, 0x009C, 0x002F, 0x0035,
)  # fmt: skip
"""What libwebrtc with BoringSSL offered from 2020 on, in its order."""

_SIGNATURE_ALGORITHMS = bytes.fromhex("040308040401050308050501080606010201")
_SRTP_AES128_CM_SHA1_80 = bytes.fromhex("0001")
_SRTP_AEAD_AES_128_GCM = bytes.fromhex("0007")
_SRTP_AEAD_AES_256_GCM = bytes.fromhex("0008")

WEBRTC_CLIENT_EXTENSIONS = (
    DtlsExtension(EXTENSION_EXTENDED_MASTER_SECRET),
    DtlsExtension(EXTENSION_RENEGOTIATION_INFO, b"\0"),
    DtlsExtension(EXTENSION_SUPPORTED_GROUPS, bytes.fromhex("0006001d00170018")),
    DtlsExtension(EXTENSION_EC_POINT_FORMATS, bytes.fromhex("0100")),
    DtlsExtension(EXTENSION_SESSION_TICKET),
    DtlsExtension(
        EXTENSION_SIGNATURE_ALGORITHMS, len(_SIGNATURE_ALGORITHMS).to_bytes(2, "big") + _SIGNATURE_ALGORITHMS
    ),
    DtlsExtension(
        EXTENSION_USE_SRTP,
        b"\0\x06" + _SRTP_AES128_CM_SHA1_80 + _SRTP_AEAD_AES_256_GCM + _SRTP_AEAD_AES_128_GCM + b"\0",
    ),
)
"""The extensions of libwebrtc's ClientHello; with them and the suites above the datagram has 157 bytes."""

WEBRTC_SERVER_EXTENSIONS = (
    DtlsExtension(EXTENSION_EXTENDED_MASTER_SECRET),
    DtlsExtension(EXTENSION_RENEGOTIATION_INFO, b"\0"),
    DtlsExtension(EXTENSION_EC_POINT_FORMATS, bytes.fromhex("0100")),
    DtlsExtension(EXTENSION_SESSION_TICKET),
    DtlsExtension(EXTENSION_USE_SRTP, b"\0\x02" + _SRTP_AEAD_AES_256_GCM + b"\0"),
)

_RSA_2048_BYTES = 256
_X25519_BYTES = 32
_FINISHED_RECORD_BYTES = 48
# explicit nonce 8, handshake header 12 and verify data 12, tag 16 (AES-GCM: RFC 5288 section 3)
_TICKET_BYTES = 464
_RSA_CERTIFICATE_BYTES = 683
_ECDSA_CERTIFICATE_BYTES = 281


def build_client_hello(
    random32: bytes,
    *,
    cipher_suites: tuple[int, ...] = WEBRTC_CIPHER_SUITES,
    extensions: tuple[DtlsExtension, ...] | None = WEBRTC_CLIENT_EXTENSIONS,
    session_id: bytes = b"",
    cookie: bytes = b"",
    version: int = DTLS_1_2,
    message_seq: int = 0,
    record_seq: int = 0,
) -> bytes:
    """The datagram of a ClientHello.

    Args:
        random32: all 32 bytes of the random, which may carry a token.
        cipher_suites: in order.
        extensions: in order; None leaves the block out.
        session_id: 0 to 32 bytes.
        cookie: from a HelloVerifyRequest, 0 to 255 bytes.
        version: what the hello offers; its record says DTLS 1.0 as all clients' do (RFC 6347 section 4.2.1).
        message_seq: 0 for the first hello, 1 for the one with a cookie.
        record_seq: the record's sequence number.
    """
    hello = ClientHello(
        version=version,
        random=random32,
        session_id=session_id,
        cookie=cookie,
        cipher_suites=cipher_suites,
        extensions=extensions,
    )
    return _handshake_record(
        CLIENT_HELLO, encode_client_hello(hello), message_seq, record_seq=record_seq, version=DTLS_1_0
    )


def build_hello_verify_request(cookie: bytes, *, message_seq: int = 0, record_seq: int = 0) -> bytes:
    """The datagram by which a server makes the client prove its address (RFC 6347 section 4.2.1)."""
    body = encode_hello_verify_request(HelloVerifyRequest(DTLS_1_0, cookie))
    return _handshake_record(HELLO_VERIFY_REQUEST, body, message_seq, record_seq=record_seq, version=DTLS_1_0)


def build_server_flight(
    random32: bytes,
    *,
    seed: bytes,
    cipher_suite: int = 0xC02F,
    extensions: tuple[DtlsExtension, ...] | None = WEBRTC_SERVER_EXTENSIONS,
    certificate: bytes | None = None,
    message_seq: int = 0,
) -> bytes:
    """The datagram of ServerHello to ServerHelloDone: 1203 bytes with the defaults, five records.

    Args:
        random32: all 32 bytes of the server's random, which may carry a token.
        seed: at least 16 bytes; keys and signatures are derived from it.
        cipher_suite: the chosen one.
        extensions: of the ServerHello, in order.
        certificate: DER; an opaque one of an RSA certificate's size if None.
        message_seq: of the ServerHello: 0, or 1 after a HelloVerifyRequest.
    """
    hello = ServerHello(random=random32, cipher_suite=cipher_suite, extensions=extensions)
    public_key = b"\x03\x00\x1d" + _vector(_derive(seed, b"server key", _X25519_BYTES), 1)
    signature = b"\x08\x04" + _vector(_derive(seed, b"server signature", _RSA_2048_BYTES), 2)
    request = _vector(b"\x01\x40", 1) + _vector(_SIGNATURE_ALGORITHMS, 2) + _vector(b"", 2)
    messages = (
        (SERVER_HELLO, encode_server_hello(hello)),
        (CERTIFICATE, _certificate_message(certificate or opaque_certificate(seed))),
        (SERVER_KEY_EXCHANGE, public_key + signature),
        (CERTIFICATE_REQUEST, request),
        (SERVER_HELLO_DONE, b""),
    )
    return b"".join(
        _handshake_record(message_type, body, message_seq + index, record_seq=message_seq + index)
        for index, (message_type, body) in enumerate(messages)
    )


def build_client_finish(seed: bytes, *, certificate: bytes | None = None, message_seq: int = 1) -> bytes:
    """The client's second flight: Certificate to Finished, the last one encrypted; 545 bytes by default.

    Args:
        seed: at least 16 bytes; keys, signature and ciphertext are derived from it.
        certificate: DER; an opaque one of an ECDSA certificate's size if None.
        message_seq: of the Certificate: one more than that of the last ClientHello.
    """
    client_certificate = opaque_certificate(seed, length_bytes=_ECDSA_CERTIFICATE_BYTES)
    messages = (
        (CERTIFICATE, _certificate_message(certificate or client_certificate)),
        (CLIENT_KEY_EXCHANGE, _vector(_derive(seed, b"client key", _X25519_BYTES), 1)),
        (CERTIFICATE_VERIFY, b"\x04\x03" + _vector(_derive(seed, b"client signature", 71), 2)),
    )
    records = [
        _handshake_record(message_type, body, message_seq + index, record_seq=message_seq + index)
        for index, (message_type, body) in enumerate(messages)
    ]
    return b"".join(records) + _change_and_finish(seed, b"client", record_seq=message_seq + len(messages))


def build_server_finish(seed: bytes, *, message_seq: int = 5) -> bytes:
    """The server's last flight: NewSessionTicket, ChangeCipherSpec, encrypted Finished; 570 bytes.

    Args:
        seed: at least 16 bytes; ticket and ciphertext are derived from it.
        message_seq: of the NewSessionTicket: one more than that of ServerHelloDone.
    """
    lifetime = (7200).to_bytes(4, "big")
    ticket = lifetime + _vector(_derive(seed, b"ticket", _TICKET_BYTES), 2)
    record = _handshake_record(NEW_SESSION_TICKET, ticket, message_seq, record_seq=message_seq)
    return record + _change_and_finish(seed, b"server", record_seq=message_seq + 1)


def build_application_data(ciphertext: bytes, *, record_seq: int, epoch: int = 1) -> bytes:
    """The datagram of one encrypted record, as the data channel of a call sends them."""
    return encode_record(
        DtlsRecord(content_type=APPLICATION_DATA, epoch=epoch, sequence=record_seq, fragment=ciphertext)
    )


def opaque_certificate(seed: bytes, *, length_bytes: int = _RSA_CERTIFICATE_BYTES) -> bytes:
    """Bytes with the outer frame of a DER certificate and derived content: nobody's, and not valid.

    Raises:
        ValueError: fewer than 264 or more than 65539 bytes, for which the frame has another form.
    """
    if not 264 <= length_bytes <= 0xFFFF + 4:
        raise ValueError(f"{length_bytes} bytes are not in 264 to 65539")
    inner_bytes = length_bytes - 8
    content = _derive(seed, b"certificate", inner_bytes)
    return b"\x30\x82" + _vector(b"\x30\x82" + _vector(content, 2), 2)


def _certificate_message(certificate: bytes) -> bytes:
    return _vector(_vector(certificate, 3), 3)


def _change_and_finish(seed: bytes, side: bytes, *, record_seq: int) -> bytes:
    change = DtlsRecord(content_type=CHANGE_CIPHER_SPEC, sequence=record_seq, fragment=b"\x01")
    # The explicit nonce of AES-GCM is the epoch and the record's number: 8 bytes, then ciphertext and tag.
    nonce = (1).to_bytes(2, "big") + bytes(6)
    ciphertext = nonce + _derive(seed, side + b" finished", _FINISHED_RECORD_BYTES - len(nonce))
    finished = DtlsRecord(content_type=HANDSHAKE, epoch=1, fragment=ciphertext)
    return encode_record(change) + encode_record(finished)


def _handshake_record(
    message_type: int, body: bytes, message_seq: int, *, record_seq: int, version: int = DTLS_1_2
) -> bytes:
    message = DtlsHandshake(
        message_type=message_type, length=len(body), message_sequence=message_seq, body=body
    )
    return encode_record(
        DtlsRecord(
            content_type=HANDSHAKE, version=version, sequence=record_seq, fragment=encode_handshake(message)
        )
    )


def _vector(data: bytes, length_bytes: int) -> bytes:
    return len(data).to_bytes(length_bytes, "big") + data


def _derive(seed: bytes, label: bytes, length_bytes: int) -> bytes:
    """`length_bytes` bytes that depend on seed and label alone, by keyed BLAKE2b in counter mode."""
    blocks = (
        blake2b(label + index.to_bytes(4, "big"), key=seed[:64]).digest()
        for index in range(-(-length_bytes // 64))
    )
    return b"".join(blocks)[:length_bytes]
