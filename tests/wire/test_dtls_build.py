"""The built handshake is well formed by our own decoders, has the captures' sizes, and is DTLS to nDPI."""

import importlib.util
from pathlib import Path

import pytest

from tests.support.environment import require
from voipwatch.wire.address import TransportAddress
from voipwatch.wire.demux import Kind, demultiplex
from voipwatch.wire.dtls import (
    CLIENT_HELLO,
    HELLO_VERIFY_REQUEST,
    DtlsRecord,
    decode_dtls,
    decode_handshake,
    encode_dtls,
    first_handshake,
)
from voipwatch.wire.dtls_build import (
    build_application_data,
    build_client_finish,
    build_client_hello,
    build_hello_verify_request,
    build_server_finish,
    build_server_flight,
    opaque_certificate,
)
from voipwatch.wire.dtls_hello import (
    EXTENSION_USE_SRTP,
    decode_client_hello,
    decode_hello_verify_request,
    decode_server_hello,
)
from voipwatch.wire.pcap import LINKTYPE_RAW, PcapPacket, encode_pcap
from voipwatch.wire.udp import build_udp_packet

RANDOM = bytes(range(32))
SEED = b"a seed of 16 byt"


def records_of(datagram: bytes) -> list[DtlsRecord]:
    records = [record for record in decode_dtls(datagram) if isinstance(record, DtlsRecord)]
    assert encode_dtls(tuple(records)) == datagram
    return records


def messages_of(datagram: bytes) -> list[int]:
    return [
        message.message_type
        for record in records_of(datagram)
        if record.content_type == 22 and record.epoch == 0
        for message in decode_handshake(record.fragment)
    ]


def test_client_hello_is_webrtcs() -> None:
    datagram = build_client_hello(RANDOM)
    assert len(datagram) == 157  # the size in captures of Meet and of Skype
    message = first_handshake(datagram)
    assert message is not None
    assert message.message_type == CLIENT_HELLO
    assert message.is_whole
    hello = decode_client_hello(message.body)
    assert hello.random == RANDOM
    assert hello.extension(EXTENSION_USE_SRTP) == bytes.fromhex("0006 0001 0008 0007 00")
    assert datagram[25 + 2 : 25 + 34] == RANDOM
    assert datagram[:3] == bytes.fromhex("16feff")


def test_client_hello_with_a_cookie() -> None:
    datagram = build_client_hello(RANDOM, cookie=b"cookie", message_seq=1, record_seq=1)
    (record,) = records_of(datagram)
    assert record.sequence == 1
    message = first_handshake(datagram)
    assert message is not None
    assert message.message_sequence == 1
    assert decode_client_hello(message.body).cookie == b"cookie"


def test_hello_verify_request() -> None:
    message = first_handshake(build_hello_verify_request(b"0123456789abcdef"))
    assert message is not None
    assert message.message_type == HELLO_VERIFY_REQUEST
    assert decode_hello_verify_request(message.body).cookie == b"0123456789abcdef"


def test_server_flight() -> None:
    datagram = build_server_flight(RANDOM, seed=SEED)
    assert len(datagram) == 1203
    assert messages_of(datagram) == [2, 11, 12, 13, 14]
    records = records_of(datagram)
    assert [record.sequence for record in records] == [0, 1, 2, 3, 4]
    assert [len(record.fragment) for record in records] == [80, 701, 308, 37, 12]
    message = first_handshake(datagram)
    assert message is not None
    assert decode_server_hello(message.body).random == RANDOM


def test_server_flight_after_a_cookie_and_with_a_certificate() -> None:
    datagram = build_server_flight(RANDOM, seed=SEED, certificate=b"certificate", message_seq=1)
    records = records_of(datagram)
    assert [decode_handshake(record.fragment)[0].message_sequence for record in records] == [1, 2, 3, 4, 5]
    assert b"\0\0\x0e\0\0\x0bcertificate" in records[1].fragment


def test_last_flights() -> None:
    client = build_client_finish(SEED)
    assert len(client) == 545
    assert messages_of(client) == [11, 16, 15]
    records = records_of(client)
    assert [(record.content_type, record.epoch, record.sequence) for record in records] == [
        (22, 0, 1), (22, 0, 2), (22, 0, 3), (20, 0, 4), (22, 1, 0),
    ]  # fmt: skip
    assert records[3].fragment == b"\x01"
    server = build_server_finish(SEED)
    assert len(server) == 570
    assert messages_of(server) == [4]
    assert [record.sequence for record in records_of(server)] == [5, 6, 0]


def test_application_data() -> None:
    (record,) = records_of(build_application_data(b"x" * 68, record_seq=9))
    assert (record.content_type, record.epoch, record.sequence, len(record.fragment)) == (23, 1, 9, 68)


def test_the_seed_alone_decides() -> None:
    assert build_server_flight(RANDOM, seed=SEED) == build_server_flight(RANDOM, seed=SEED)
    assert build_server_flight(RANDOM, seed=SEED) != build_server_flight(RANDOM, seed=SEED[::-1])
    assert build_client_finish(SEED) != build_client_finish(SEED[::-1])


def test_opaque_certificate_has_the_frame_of_der() -> None:
    certificate = opaque_certificate(SEED, length_bytes=300)
    assert len(certificate) == 300
    assert certificate[:8] == bytes.fromhex("3082 0128 3082 0124")
    with pytest.raises(ValueError, match="264"):
        opaque_certificate(SEED, length_bytes=100)


def test_ndpi_says_dtls(tmp_path: Path) -> None:
    require(importlib.util.find_spec("nfstream"), "nfstream is not installed")
    import nfstream  # noqa: PLC0415 -- a heavy library that only this test needs

    client, server = TransportAddress("192.0.2.10", 40000), TransportAddress("198.51.100.20", 41000)
    flights = [
        (client, server, build_client_hello(RANDOM)),
        (server, client, build_server_flight(RANDOM[::-1], seed=SEED)),
        (client, server, build_client_finish(SEED)),
        (server, client, build_server_finish(SEED)),
        (client, server, build_application_data(bytes(68), record_seq=1)),
    ]
    packets = [
        PcapPacket(index * 20_000, LINKTYPE_RAW, build_udp_packet(source, destination, payload=payload))
        for index, (source, destination, payload) in enumerate(flights)
    ]
    assert all(demultiplex(payload) is Kind.DTLS for _, _, payload in flights)
    path = tmp_path / "dtls.pcap"
    path.write_bytes(encode_pcap(packets))
    (flow,) = nfstream.NFStreamer(source=str(path), n_meters=1, statistical_analysis=False)
    assert flow.application_name.split(".")[0] == "DTLS"
    assert flow.application_confidence == 6
    assert flow.bidirectional_packets == 5
