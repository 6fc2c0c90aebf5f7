"""Parts of unknown messages: what is kept, what is random, and where a token finds room."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.apps.imported.support import noise
from voipwatch.apps.codecs.use import Timing, Use
from voipwatch.apps.imported.roles import Exchange, Field
from voipwatch.apps.imported.scrub import Scrub
from voipwatch.apps.imported.tables import (
    Table,
    around,
    constant_parts,
    listed,
    overlaid,
    part_bytes,
    parts_table,
    plain_parts,
    quoted,
    spread,
    table,
)
from voipwatch.apps.message_tables import read_message
from voipwatch.apps.messages import BuildContext, build
from voipwatch.apps.schema import Findings
from voipwatch.apps.schema import Table as Read
from voipwatch.model.vocabulary import Direction
from voipwatch.wire.place import uplink_place


def built(
    made: Table, *, up: bool, size: int = 0, request: bytes = b"", media: bool = False
) -> tuple[bytes, bytes]:
    """What a table builds, and its token."""
    findings = Findings("test", {})
    spec = read_message("m", Read(tomllib.loads("\n".join(made.lines)), "", findings))
    assert not findings.problems, findings.problems
    timing = Timing((20_000,), 8000) if media else None
    use = Use(Direction.UP if up else Direction.DOWN, reply=not up and not media, timing=timing)
    message = spec.compile(use, pytest.fail)
    size = size or message.size
    token = noise("token", message.room(size))
    return build(message, BuildContext(bytes(32), noise("e", 16), token, size, request=request)), token


@given(st.binary(min_size=17, max_size=300))
def test_any_single_request_can_be_sent_with_a_token_that_the_far_end_finds(data: bytes) -> None:
    if data[:1] == b"\x16" or (data[0] <= 3 and len(data) < 20) or data[:1].isalpha():
        return  # places of other protocols; too short for a token in front
    made, token = built(parts_table([Exchange(data)], Scrub(), up=True, media=False), up=True)
    assert len(made) == len(data)
    assert uplink_place(made) == token


@given(st.binary(min_size=1, max_size=300))
def test_any_single_reply_can_be_built(data: bytes) -> None:
    made, _ = built(parts_table([Exchange(data)], Scrub(), up=False, media=False), up=False)
    assert len(made) == len(data)


def test_a_message_that_starts_like_stun_keeps_what_is_not_the_tokens() -> None:
    discovery = bytes.fromhex("00010046") + bytes(70)
    made, token = built(parts_table([Exchange(discovery)], Scrub(), up=True, media=False), up=True)
    assert made[:8] == discovery[:8]
    assert made[8:20] == token
    assert made[20:] == discovery[20:]


def test_an_address_in_a_constant_goes_even_if_it_looks_plain() -> None:
    address = bytes((10, 0, 0, 1))
    data = b"\5\1" + address + b"\0\0" + noise("n", 40)
    kept = "\n".join(parts_table([Exchange(data)], Scrub(), up=True, media=False).lines)
    scrub = Scrub()
    gone = "\n".join(parts_table([Exchange(data)], scrub, up=True, media=False, marks=[address]).lines)
    assert "0a000001" in kept
    assert "0a000001" not in gone
    assert scrub.counts["identifier"] >= 1
    assert "0501" in gone


def test_bytes_are_cut_around_every_mark() -> None:
    marks = [b"mark", b"other"]
    assert around(b"a mark, an other, a mark", marks) == [
        (b"a ", False),
        (b"mark", True),
        (b", an ", False),
        (b"other", True),
        (b", a ", False),
        (b"mark", True),
    ]
    assert around(b"nothing", marks) == [(b"nothing", False)]
    assert around(b"", marks) == []


def test_a_stream_has_its_roles_in_front_and_random_bytes_behind() -> None:
    group = [Exchange(b"\x0d" + (7 + n).to_bytes(2, "big") + noise(f"{n}", 60 + n % 7)) for n in range(30)]
    text = "\n".join(parts_table(group, Scrub(), up=True, media=True).lines)
    assert "counter = 2, step = 1" in text
    assert 'hex = "0d"' in text
    assert 'fill = "random"' in text
    data, token = built(parts_table(group, Scrub(), up=True, media=True), up=True, size=70, media=True)
    assert data[0] == 0x0D
    assert data.endswith(token)


def test_a_reply_with_a_fixed_end_has_its_place_inside() -> None:
    request = noise("request", 40)
    data = b"\2\0" + request[4:12] + noise("free", 16) + bytes(12)
    made = parts_table([Exchange(data, request)], Scrub(), up=False, media=False)
    assert "place = [10, 16]" in made.lines
    reply, token = built(made, up=False, request=request)
    assert reply[2:10] == request[4:12]
    assert reply[10:26] == token
    assert reply[26:] == bytes(12)


def test_overlaid_keeps_what_lies_around() -> None:
    fields = [
        Field("constant", 10, b"0123456789"),
        Field("counter", 4, step=1),
        Field("constant", 10, b"abcdefghij"),
    ]
    assert overlaid(fields, 8, 20) == [
        Field("constant", 8, b"01234567"),
        Field("random", 12),
        Field("constant", 4, b"ghij"),
    ]
    assert overlaid(fields, 24, 30) == fields


def test_constants_are_split_into_plain_and_named() -> None:
    scrub = Scrub()
    parts = constant_parts(b"\5\1" + b"\0" * 6 + bytes.fromhex("9f3a5c7e") + b"\0\1" + b"hello there", scrub)
    assert parts == [
        '{ hex = "0501000000000000" }',
        "{ constant = 4 }",
        '{ hex = "0001" }',
        "{ text_constant = 11 }",
    ]
    assert scrub.counts == {"identifier": 1, "text": 1}
    assert constant_parts(bytes(5), Scrub()) == ["{ zero = 5 }"]


def test_values_that_vary_are_random() -> None:
    assert plain_parts([b"\0\1ab", b"\0\1cd"], Scrub()) == ['{ hex = "0001" }', "{ random = 2 }"]
    assert plain_parts([b""], Scrub()) == []


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ('{ hex = "0102" }', 2),
        ("{ zero = 7 }", 7),
        ("{ counter = 4, step = 2 }", 4),
        ("{ echo = [3, 9] }", 9),
        ('{ fill = "random" }', 0),
        ('{ length = 2, of = "rest" }', 2),
    ],
)
def test_bytes_of_a_part(text: str, size: int) -> None:
    assert part_bytes(text) == size


def test_toml_of_texts_and_lists() -> None:
    text = 'quote " back \\ line\n'
    assert tomllib.loads("a = " + quoted(text)) == {"a": text}
    assert tomllib.loads(f"a = {listed(['1', '2'])}\nb = {listed([])}") == {"a": [1, 2], "b": []}
    assert spread("random", 2100) == ["{ random = 1024 }", "{ random = 1024 }", "{ random = 52 }"]
    assert table("rtp", 0, payload_type=1, marker=None).lines == ('codec = "rtp"', "payload_type = 1")
