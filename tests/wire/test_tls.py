"""TLS hellos over TCP: what is built reads back, and nothing breaks the readers."""

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.wire.tls import (
    HELLO_BYTES_MAX,
    TLS_ANSWER_BYTES,
    build_tls_client_hello,
    build_tls_server_answer,
    tls_client_random,
    tls_hello_missing,
    tls_server_random,
)

RANDOM = bytes(range(32))
FILLER = bytes(range(100, 164))
HELLO = build_tls_client_hello(RANDOM, filler=FILLER, server_name="voipwatch.invalid")
ANSWER = build_tls_server_answer(RANDOM[::-1], HELLO, filler=FILLER)


def records(stream: bytes) -> list[tuple[int, bytes]]:
    """A second reader of the record layer (RFC 8446 section 5.1), written for this test."""
    found = []
    while stream:
        size = int.from_bytes(stream[3:5], "big")
        assert stream[1:3] in (b"\3\1", b"\3\3")
        assert len(stream) >= 5 + size
        found.append((stream[0], stream[5 : 5 + size]))
        stream = stream[5 + size :]
    return found


def test_the_hello_is_one_handshake_record_that_reads_back() -> None:
    [(kind, body)] = records(HELLO)
    assert (kind, body[0]) == (22, 1)
    assert int.from_bytes(body[1:4], "big") == len(body) - 4
    assert tls_client_random(HELLO) == RANDOM
    assert b"voipwatch.invalid" in HELLO
    assert len(HELLO) <= HELLO_BYTES_MAX


def test_openssl_takes_the_hello_for_a_client() -> None:
    """Second method: OpenSSL parses it, and gets as far as having no certificate to offer."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).wrap_bio(incoming, outgoing, server_side=True)
    incoming.write(HELLO)
    with pytest.raises(ssl.SSLError) as caught:
        server.do_handshake()
    assert "NO_SHARED_CIPHER" in str(caught.value) or "NO_SUITABLE_SIGNATURE" in str(caught.value)


def test_the_answer_is_a_server_hello_and_its_flight() -> None:
    found = records(ANSWER)
    assert [kind for kind, _ in found] == [22, 20, 23, 23, 23, 23]
    hello = found[0][1]
    assert hello[0] == 2
    assert int.from_bytes(hello[1:4], "big") == len(hello) - 4
    assert tls_server_random(ANSWER) == RANDOM[::-1]
    assert hello[38] == 32
    assert hello[39:71] == FILLER[:32]  # the client's session id (RFC 8446 section 4.1.3)
    assert len(ANSWER) == TLS_ANSWER_BYTES


def test_the_kinds_of_hello_are_not_confused() -> None:
    assert tls_server_random(HELLO) is None
    assert tls_client_random(ANSWER) is None


def test_truncated_at_every_byte() -> None:
    for cut in range(len(HELLO)):
        part = HELLO[:cut]
        assert tls_client_random(part) == (RANDOM if cut >= 43 else None)
        if cut:
            missing = tls_hello_missing(part)
            assert missing == (5 - cut if cut < 5 else len(HELLO) - cut), cut
    assert tls_hello_missing(HELLO) == 0


def test_what_is_no_hello_misses_nothing() -> None:
    assert tls_hello_missing(b"") == 0
    assert tls_hello_missing(b"GET / HTTP/1.1") == 0
    assert tls_hello_missing(b"\x16\3\1\xff\xff") == 0  # longer than any hello of ours: not waited for


@pytest.mark.parametrize(("random", "filler"), [(bytes(31), FILLER), (RANDOM, bytes(63))])
def test_a_hello_of_too_little_is_misuse(random: bytes, filler: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        build_tls_client_hello(random, filler=filler)


@given(
    data=st.binary(max_size=200), head=st.sampled_from([b"", b"\x16", b"\x16\3\1", HELLO[:43], HELLO[:60]])
)
def test_the_readers_take_anything(data: bytes, head: bytes) -> None:
    stream = head + data
    for read in (tls_client_random, tls_server_random):
        random = read(stream)
        assert random is None or len(random) == 32
    assert 0 <= tls_hello_missing(stream) <= HELLO_BYTES_MAX
    if tls_client_random(stream) is not None:
        # an answer to a hostile hello is still a well-formed flight
        assert records(build_tls_server_answer(RANDOM, stream, filler=FILLER))[0][0] == 22
