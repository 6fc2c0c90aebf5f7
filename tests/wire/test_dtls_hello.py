import pytest
from hypothesis import given

from tests.wire.checks import comes_back, fits, hostile, survives_every_truncation
from voipwatch.wire.dtls_hello import (
    ClientHello,
    DtlsExtension,
    HelloVerifyRequest,
    ServerHello,
    decode_client_hello,
    decode_hello_verify_request,
    decode_server_hello,
    encode_client_hello,
    encode_hello_verify_request,
    encode_server_hello,
)
from voipwatch.wire.errors import WireError

RANDOM = bytes(range(32))
CLIENT = (
    bytes.fromhex("fefd") + RANDOM + bytes.fromhex("02 aaaa 03 bbbbbb 0004 c02b c02f 01 00")
    + bytes.fromhex("000f 0017 0000 000e 0003 000107 0017 0000")
)  # fmt: skip
SERVER = bytes.fromhex("fefd") + RANDOM + bytes.fromhex("00 c02f 00 0007 000e 0003 000107")
VERIFY = bytes.fromhex("feff 03 010203")


def test_a_client_hello_keeps_order_and_duplicates() -> None:
    hello = decode_client_hello(CLIENT)
    assert hello == ClientHello(
        version=0xFEFD,
        random=RANDOM,
        session_id=b"\xaa\xaa",
        cookie=b"\xbb\xbb\xbb",
        cipher_suites=(0xC02B, 0xC02F),
        extensions=(DtlsExtension(23), DtlsExtension(14, b"\0\x01\x07"), DtlsExtension(23)),
    )
    assert hello.extension(14) == b"\0\x01\x07"
    assert hello.extension(43) is None
    assert encode_client_hello(hello) == CLIENT


def test_an_absent_extension_block_is_not_an_empty_one() -> None:
    bare = CLIENT[:-17]
    absent, empty = decode_client_hello(bare), decode_client_hello(bare + b"\0\0")
    assert absent.extensions is None
    assert empty.extensions == ()
    assert absent.extension(14) is None
    assert encode_client_hello(absent) == bare
    assert encode_client_hello(empty) == bare + b"\0\0"


def test_a_server_hello() -> None:
    hello = decode_server_hello(SERVER)
    assert hello.cipher_suite == 0xC02F
    assert hello.extension(14) == b"\0\x01\x07"
    assert encode_server_hello(hello) == SERVER


def test_a_hello_verify_request() -> None:
    assert decode_hello_verify_request(VERIFY) == HelloVerifyRequest(0xFEFF, b"\x01\x02\x03")
    assert encode_hello_verify_request(HelloVerifyRequest(0xFEFF, b"\x01\x02\x03")) == VERIFY


def test_truncations() -> None:
    # Only the piece that ends before the extensions is a hello of its own.
    refused = survives_every_truncation(
        decode_client_hello, encode_client_hello, CLIENT, protocol="DTLS ClientHello"
    )
    assert refused == len(CLIENT) - 1
    refused = survives_every_truncation(
        decode_server_hello, encode_server_hello, SERVER, protocol="DTLS ServerHello"
    )
    assert refused == len(SERVER) - 1
    decode, encode = decode_hello_verify_request, encode_hello_verify_request
    refused = survives_every_truncation(decode, encode, VERIFY, protocol="DTLS HelloVerifyRequest")
    assert refused == len(VERIFY)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (CLIENT + b"x", "extensions"),
        (CLIENT.replace(bytes.fromhex("0004c02b"), bytes.fromhex("0005c02b")), "cipher suite"),
        (CLIENT.replace(bytes.fromhex("000e0003"), bytes.fromhex("000effff")), "extension"),
    ],
)
def test_errors_name_the_field(data: bytes, field: str) -> None:
    with pytest.raises(WireError) as caught:
        decode_client_hello(data)
    assert caught.value.field == field


@given(hostile([CLIENT]))
def test_whatever_the_bytes_of_a_client_hello(data: bytes) -> None:
    hello = comes_back(decode_client_hello, encode_client_hello, data, protocol="DTLS ClientHello")
    if hello is not None:
        fits(hello, version=16)
        assert len(hello.random) == 32
        assert max(len(hello.session_id), len(hello.cookie), len(hello.compression_methods)) <= 255
        assert all(0 <= suite <= 0xFFFF for suite in hello.cipher_suites)
        for each in hello.extensions or ():
            fits(each, type=16)
            assert hello.extension(each.type) is not None


@given(hostile([SERVER]))
def test_whatever_the_bytes_of_a_server_hello(data: bytes) -> None:
    hello = comes_back(decode_server_hello, encode_server_hello, data, protocol="DTLS ServerHello")
    if hello is not None:
        fits(hello, version=16, cipher_suite=16, compression_method=8)
        assert len(hello.random) == 32
        assert len(hello.session_id) <= 255
        for each in hello.extensions or ():
            fits(each, type=16)
            assert hello.extension(each.type) is not None


@given(hostile([VERIFY]))
def test_whatever_the_bytes_of_a_hello_verify_request(data: bytes) -> None:
    decode, encode = decode_hello_verify_request, encode_hello_verify_request
    request = comes_back(decode, encode, data, protocol="DTLS HelloVerifyRequest")
    if request is not None:
        fits(request, version=16)
        assert len(request.cookie) == data[2] == len(data) - 3


@pytest.mark.parametrize(
    "hello",
    [
        ClientHello(random=bytes(31)),
        ClientHello(random=RANDOM, cookie=bytes(256)),
        ClientHello(random=RANDOM, cipher_suites=(0x10000,)),
    ],
)
def test_encoding_what_has_no_place_on_the_wire_raises(hello: ClientHello) -> None:
    with pytest.raises(ValueError, match=r"fit|32 bytes"):
        encode_client_hello(hello)


def test_a_server_hello_that_does_not_fit_raises() -> None:
    with pytest.raises(ValueError, match="fit"):
        encode_server_hello(ServerHello(random=RANDOM, cipher_suite=0x10000))
