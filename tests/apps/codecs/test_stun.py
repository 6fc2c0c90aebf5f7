"""STUN messages as compiled, read by wire's decoder and its integrity and fingerprint checks."""

from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.apps.support import REPLY, SECRET, TOKEN, UP, context, media_use, no_other, spec
from voipwatch.apps.codecs.use import UnfitError, Use
from voipwatch.apps.messages import Message, PlaceKind, answers, build, flow_constant, read_down
from voipwatch.model.vocabulary import Direction
from voipwatch.wire.place import uplink_place
from voipwatch.wire.stun import decode_stun
from voipwatch.wire.stun_address import mapped_address
from voipwatch.wire.stun_fingerprint import verify_fingerprint
from voipwatch.wire.stun_integrity import verify_integrity

CHECK: list[dict[str, object]] = [
    {"type": 6, "value": [{"text_constant": 4, "key": "far"}, {"text": ":"}, {"text_constant": 4}]},
    {"type": 0x24, "hex": "6e7f1eff"},
    {"integrity": True},
    {"fingerprint": True},
]


def request(**data: Any) -> Message:
    return spec(codec="stun", **data).compile(UP, no_other)


def reply(**data: Any) -> Message:
    return spec(codec="stun", **data).compile(REPLY, no_other)


def pair() -> tuple[Message, bytes, Message, bytes]:
    asked = request(type=1, attributes=CHECK)
    question = build(asked, context(asked))
    answer = reply(type=0x0101, attributes=[{"xor_mapped": True}, {"integrity": True}, {"fingerprint": True}])
    data = build(answer, context(answer, request=question, source=("198.51.100.7", 51234)))
    return asked, question, answer, data


def test_a_check_is_a_right_stun_message() -> None:
    asked, question, _, _ = pair()
    message = decode_stun(question)
    assert len(question) == asked.size == 20 + 16 + 8 + 24 + 8
    assert message.transaction_id == TOKEN[:12] == uplink_place(question)
    assert [item.type for item in message.attributes] == [6, 0x24, 8, 0x8028]
    assert message.is_aligned
    assert verify_integrity(message, flow_constant(SECRET, "stun/password", 24))
    assert verify_fingerprint(message)


def test_a_success_echoes_the_transaction_and_reflects_the_source() -> None:
    _, question, answer, data = pair()
    message = decode_stun(data)
    assert message.transaction_id == TOKEN[:12]
    found = mapped_address(message)
    assert found is not None
    assert (found.host, found.port) == ("198.51.100.7", 51234)
    assert answer.place.kind is PlaceKind.INTEGRITY
    assert answer.room(answer.size) == 20
    assert verify_fingerprint(message)
    assert read_down(answer, data, question) == TOKEN[:20]
    assert answers(answer, question, data)


def test_what_is_no_reply_to_the_request_is_not_taken_for_one() -> None:
    _, question, answer, data = pair()
    other = question[:8] + bytes(12) + question[20:]
    assert not answers(answer, other, data)
    assert read_down(answer, data, other) is None
    assert read_down(answer, data) == TOKEN[:20]  # its shape is right all the same
    assert not answers(answer, b"", data)
    assert read_down(answer, data[:-1]) is None
    assert read_down(answer, b"\x01\x11" + data[2:]) is None
    assert read_down(answer, data[:4] + bytes(4) + data[8:]) is None  # no cookie
    assert read_down(answer, data[:32] + b"\0\x09" + data[34:]) is None  # another attribute at the place


def test_sizes_do_not_depend_on_the_lines_ip_version() -> None:
    _, question, answer, data = pair()
    over_ipv6 = build(answer, context(answer, request=question, source=("2001:db8::c633:6407", 51234)))
    assert len(over_ipv6) == len(data)
    found = mapped_address(decode_stun(over_ipv6))
    assert found is not None
    assert ip_address(found.host) == ip_address("198.51.100.7")


def test_whatsapps_allocate_has_a_length_that_is_no_multiple_of_four() -> None:
    message = request(type=3, unaligned=True, attributes=[{"type": 0x4000, "constant": 102}])
    data = build(message, context(message))
    assert len(data) == 126
    assert data[2:4] == b"\x00\x6a"
    assert not decode_stun(data).is_aligned


def test_a_fill_makes_up_the_size() -> None:
    filled = request(type=1, size=100, attributes=[{"type": 0x26, "fill": "zero"}, {"fingerprint": True}])
    data = build(filled, context(filled))
    assert len(data) == 100
    assert decode_stun(data).attributes[0].value == bytes(68)
    assert verify_fingerprint(decode_stun(data))


def test_an_attribute_may_carry_the_downlink_token() -> None:
    message = reply(
        type=0x0103, place="0x4002", attributes=[{"xor_mapped": True}, {"type": 0x4002, "time": 8}]
    )
    question = bytes.fromhex("000300002112a442") + bytes(range(12))
    data = build(message, context(message, request=question))
    assert message.room(44) == 8
    assert decode_stun(data).attributes[1].value == TOKEN[:8]
    assert read_down(message, data, question) == TOKEN[:8]


def test_the_token_may_take_some_bytes_of_an_attribute() -> None:
    """A STUN message inside DATA: its MESSAGE-INTEGRITY carries the token, its FINGERPRINT follows."""
    inner = [{"hex": "0101002c"}, {"echo": [8, 12]}, {"hex": "00080014"}, {"random": 20}, {"hex": "80280004"}]
    message = reply(
        type=0x0017,
        place="0x0013",
        place_span=[20, 20],
        attributes=[{"type": 0x12, "constant": 8}, {"type": 0x13, "value": inner}],
    )
    question = bytes.fromhex("001600002112a442") + bytes(range(12))
    data = build(message, context(message, request=question))
    value = decode_stun(data).attributes[1].value
    assert (message.place.kind, message.room(len(data)), len(value)) == (PlaceKind.ATTRIBUTE, 20, 44)
    assert (
        value
        == bytes.fromhex("0101002c") + bytes(range(12)) + b"\0\x08\0\x14" + TOKEN[:20] + b"\x80\x28\0\x04"
    )
    assert read_down(message, data, question) == TOKEN[:20]
    at = data.index(b"\0\x13\0\x2c")
    assert read_down(message, data[:at] + b"\0\x14" + data[at + 2 :], question) is None  # another attribute
    assert read_down(message, data[: at + 2] + b"\0\x2b" + data[at + 4 :], question) is None  # another length


def test_a_reply_without_room_is_told_by_its_echo_alone() -> None:
    message = reply(type=0x0802, attributes=[])
    question = bytes.fromhex("080100002112a442") + bytes(range(12))
    data = build(message, context(message, request=question))
    assert (message.place.kind, message.room(20), len(data)) == (PlaceKind.NONE, 0, 20)
    assert read_down(message, data, question) == b""
    assert read_down(message, data, question[:-1] + b"!") is None


def test_types_beyond_the_rfcs_carry_their_uplink_token_at_the_end() -> None:
    message = request(type=0x0801, size=64, attributes=[{"type": 0x4004, "fill": "zero"}])
    data = build(message, context(message))
    assert message.place.kind is PlaceKind.TAIL
    assert uplink_place(data) == TOKEN[:16] == data[-16:]
    decoded = decode_stun(data)
    assert (decoded.type, decoded.attributes[0].type) == (0x0801, 0x4004)


def test_classic_messages_have_no_cookie() -> None:
    message = request(type=1, classic=True, attributes=[{"type": 0x0101, "text": "0123"}])
    data = build(message, context(message))
    assert decode_stun(data).is_classic
    assert uplink_place(data) == TOKEN[:12]
    answer = spec(codec="stun", type=0x0101, classic=True, place="none", attributes=[{"mapped": True}])
    compiled = answer.compile(REPLY, no_other)
    back = build(compiled, context(compiled, request=data, source=("192.0.2.1", 9)))
    assert decode_stun(back).transaction_id == data[4:20]
    assert mapped_address(decode_stun(back)) is not None
    assert answers(compiled, data, back)


@given(st.binary(max_size=100))
def test_no_bytes_make_reading_fail(data: bytes) -> None:
    _, question, answer, _ = pair()
    assert read_down(answer, data, question) is None
    assert not answers(answer, data, data)


@pytest.mark.parametrize(
    ("data", "use", "why"),
    [
        ({"type": 1}, media_use(Direction.UP), "media cannot"),
        ({"type": 1}, Use(Direction.DOWN), "is a reply"),
        ({"type": 1, "size": 24}, UP, "size says 24 bytes, the attributes make 20"),
        ({"type": 1, "size": 30, "attributes": [{"type": 9, "fill": "random"}]}, UP, "cannot make 30"),
        ({"type": 1, "size": 22, "attributes": [{"type": 9, "fill": "random"}]}, UP, "make at least 24"),
        ({"type": 1, "attributes": [{"type": 9, "fill": "random"}]}, UP, "needs a size"),
        (
            {
                "type": 1,
                "size": 99,
                "attributes": [{"type": 9, "fill": "random"}, {"type": 8, "fill": "zero"}],
            },
            UP,
            "at most one",
        ),
        ({"type": 1, "attributes": [{"fingerprint": True}, {"integrity": True}]}, UP, "the last attribute"),
        ({"type": 1, "attributes": [{"integrity": True}, {"type": 9}]}, UP, "only FINGERPRINT follows"),
        ({"type": 0x0801}, UP, "last 16 bytes, which are not random"),
        ({"type": 0x0801, "attributes": [{"type": 9, "constant": 40}]}, UP, "not random"),
        ({"type": 0x0801, "attributes": [{"type": 9, "random": 18}]}, UP, "not random"),  # padded by two
        ({"type": 0x0101, "place": "integrity"}, REPLY, "no such attribute"),
        (
            {"type": 0x0101, "place": "0x4002", "attributes": [{"xor_mapped": True}]},
            REPLY,
            "no such attribute",
        ),
        ({"type": 0x0101, "place": "0x0009", "attributes": [{"type": 9, "random": 4}]}, REPLY, "needs 8"),
        (
            {
                "type": 0x17,
                "place": "0x0013",
                "place_span": [4, 20],
                "attributes": [{"type": 0x13, "random": 23}],
            },
            REPLY,
            "place_span ends at 24, attribute 0x0013 at 23",
        ),
        ({"type": 1, "attributes": [{"type": 9, "random": 1400}]}, UP, "no size for a message"),
    ],
)
def test_what_cannot_be_built_says_why(data: dict[str, Any], use: Use, why: str) -> None:
    with pytest.raises(UnfitError, match=why):
        spec(codec="stun", **data).compile(use, no_other)
