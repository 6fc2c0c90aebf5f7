"""DTLS flights as built, read by wire's decoders."""

from typing import Any

import pytest

from tests.apps.support import REPLY, TOKEN, UP, context, media_use, no_other, spec
from voipwatch.apps.codecs.use import UnfitError, Use
from voipwatch.apps.messages import Message, PlaceKind, answers, build, read_down
from voipwatch.model.vocabulary import Direction
from voipwatch.wire import dtls
from voipwatch.wire.dtls_hello import decode_client_hello, decode_server_hello
from voipwatch.wire.place import uplink_place

HELLO: dict[str, object] = {
    "handshake": "client_hello",
    "version": 0xFEFF,
    "cipher_suites": [0xC02B, 0xC02F],
    "session_id": 4,
    "extensions": [{"type": 14, "hex": "0002000100"}, {"type": 21, "fill": "zero"}],
}
SERVER: list[dict[str, object]] = [
    {"handshake": "server_hello", "cipher_suites": [0xC02F]},
    {"handshake": "certificate", "body": [{"length": 3}, {"fill": "random"}]},
    {"handshake": "server_hello_done"},
]
FINISH: list[dict[str, object]] = [
    {"handshake": "client_key_exchange", "body": [{"hex": "20"}, {"random": 32}]},
    {"content": "change_cipher_spec", "body": [{"hex": "01"}]},
    {"content": "handshake", "epoch": 1, "body": [{"zero": 8}, {"random": 40}]},
]


def hello() -> Message:
    return spec(codec="dtls", size=150, records=[HELLO]).compile(UP, no_other)


def test_a_client_hello_carries_the_token_in_its_random() -> None:
    message = hello()
    data = build(message, context(message))
    assert len(data) == 150
    assert (message.place.kind, message.room(150)) == (PlaceKind.RANDOM, 16)
    assert uplink_place(data) == TOKEN[:16]
    (record,) = dtls.decode_dtls(data)
    assert isinstance(record, dtls.DtlsRecord)
    assert (record.content_type, record.version, record.sequence) == (22, 0xFEFF, 0)
    (handshake,) = dtls.decode_handshake(record.fragment)
    assert handshake.is_whole
    read = decode_client_hello(handshake.body)
    assert read.random[16:] == TOKEN[:16]
    assert read.cipher_suites == (0xC02B, 0xC02F)
    assert len(read.session_id) == 4
    assert read.extension(14) == bytes.fromhex("0002000100")


def test_a_server_flight_carries_the_token_in_its_whole_random() -> None:
    message = spec(codec="dtls", size=400, records=SERVER).compile(REPLY, no_other)
    data = build(message, context(message))
    assert len(data) == 400
    records = dtls.decode_dtls(data)
    bodies = []
    for number, record in enumerate(records):
        assert isinstance(record, dtls.DtlsRecord)
        assert record.sequence == number
        (handshake,) = dtls.decode_handshake(record.fragment)
        assert handshake.message_sequence == number
        bodies.append(handshake)
    assert [body.message_type for body in bodies] == [2, 11, 14]
    assert decode_server_hello(bodies[0].body).random == TOKEN[:32]
    certificates = bodies[1].body
    assert int.from_bytes(certificates[:3], "big") == len(certificates) - 3
    assert read_down(message, data) == TOKEN[:32]
    assert answers(message, b"", data)


def test_later_flights_carry_the_token_at_their_end() -> None:
    flight = spec(codec="dtls", first_sequence=1, first_message=1, records=FINISH)
    up = flight.compile(UP, no_other)
    data = build(up, context(up))
    assert uplink_place(data) == TOKEN[:16]
    records = dtls.decode_dtls(data)
    numbers = [(r.content_type, r.epoch, r.sequence) for r in records if isinstance(r, dtls.DtlsRecord)]
    assert numbers == [(22, 0, 1), (20, 0, 2), (22, 1, 0)]
    down = flight.compile(REPLY, no_other)
    assert down.room(down.size) == 40
    assert read_down(down, build(down, context(down))) == TOKEN[:40]


def test_other_datagrams_are_not_taken_for_it() -> None:
    message = spec(codec="dtls", size=400, records=SERVER).compile(REPLY, no_other)
    data = build(message, context(message))
    assert read_down(message, data[:-1]) is None
    assert read_down(message, b"\x17" + data[1:]) is None
    assert read_down(message, data[:1] + b"\xfe\xff" + data[3:]) is None
    assert read_down(message, data[:13] + b"\x03" + data[14:]) is None
    assert read_down(message, b"") is None


@pytest.mark.parametrize(
    ("data", "use", "why"),
    [
        ({"records": [HELLO], "size": 150}, media_use(Direction.UP), "no media"),
        ({"records": [HELLO]}, UP, "needs a size"),
        ({"records": [HELLO], "size": 60}, UP, "size says 60 bytes"),
        ({"records": FINISH, "size": 60}, UP, "size says 60 bytes, the records make 133"),
        ({"records": FINISH[:2]}, UP, "0 random bytes at the end, 16 needed"),
        ({"records": [*SERVER, HELLO], "size": 900}, REPLY, "at most one part"),
        ({"records": [{"content": "alert", "body": [{"random": 1390}]}]}, UP, "no size for a message"),
    ],
)
def test_what_cannot_be_built_says_why(data: dict[str, Any], use: Use, why: str) -> None:
    with pytest.raises(UnfitError, match=why):
        spec(codec="dtls", **data).compile(use, no_other)
