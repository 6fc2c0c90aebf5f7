import gc
import json
import time

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voipwatch.collector import addresses
from voipwatch.collector.addresses import finds_address, log_names_address
from voipwatch.wire.spelled import names_address


@pytest.mark.parametrize(
    ("document", "where"),
    [
        ({"a": {"b": [1, "x", "at 192.0.2.1"]}}, "a.b[2]"),
        ({"192.0.2.1": 1}, ""),
        ({"a": {"2001:db8::1": 1}}, "a"),
        ("::1", ""),
        ({"a": [1, 2.5, [["fe80::1"]]]}, "a[2][0][0]"),
    ],
)
def test_the_field_with_an_address_is_named(document: object, where: str) -> None:
    assert finds_address(msgspec.json.encode(document)) == where
    assert log_names_address(msgspec.msgpack.encode(document))


@pytest.mark.parametrize(
    "document", [{"a": [1, 2, 3]}, {"v": "1.2.3", "t": "2026-11-22T10:00:00Z"}, "::", []]
)
def test_without_one_there_is_none(document: object) -> None:
    assert finds_address(msgspec.json.encode(document)) is None
    assert not log_names_address(msgspec.msgpack.encode(document))


def test_escapes_hide_nothing() -> None:
    assert finds_address(b'{"a":"192\\u002e0.2.1"}') == "a"
    assert finds_address(b'{"a":"caf\\u00e9"}') is None


@pytest.mark.parametrize(
    "text",
    [
        r"\b2001::1", r"\f1234::", r"\n::1", r"x\\192.0.2.1", r"\\u0000::1", r"\u002f\u003A\u003a1",
        r"\"1.2.3.4\"", r"192.0\u002E2\u002e\u0031", r"\u0032001\u003adb8\u003A\u003A\u0061",
        r"\ud83d\ude001.2.3.4", r"\/9.9.9.9", r"\\\u0031.2.3.4", r"10\u002d0\u002d0\u002d1",
    ],
)  # fmt: skip
def test_no_escape_hides_one(text: str) -> None:
    assert names_address(json.loads(f'"{text}"'))
    assert finds_address(f'{{"a":[0,"{text}"]}}'.encode()) == "a[1]"
    assert finds_address(f'{{"a":{{"{text}":0}}}}'.encode()) == "a"


SHARDS = st.sampled_from(
    [
        "1", "9", "ab", "f", "255", "2001", "12345", ":", "::", ".", "-", "\\", "\b", "\f", "\n", '"', "/",
        "u0031", "é", "\0", " ",
    ]
)  # fmt: skip


@given(st.lists(SHARDS, max_size=14), st.lists(SHARDS, max_size=6), st.randoms(use_true_random=False))
@example(["\\", "u0031", "::", "1"], [], None)
def test_a_document_names_one_exactly_where_a_string_does(
    one: list[str], other: list[str], random: object
) -> None:
    """Every spelling of a string in JSON: each character plain where it may be, or as one of its escapes."""
    texts = ["".join(one), "".join(other)]
    short = {"\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", '"': '\\"', "/": "\\/"}

    def spelt(character: str) -> str:
        long = f"\\u{ord(character):04x}"
        ways = [long, long.upper().replace("U", "u"), short.get(character, character)]
        if character == "\0":
            ways = ways[:1]
        return ways[2 % len(ways)] if random is None else random.choice(ways)  # type: ignore[attr-defined]  # a Random

    first, second = ("".join(map(spelt, text)) for text in texts)
    body = f'{{"k":["{first}",-1.5,7],"{second}":{{"x":[1]}}}}'.encode()
    assert json.loads(body)["k"][0] == texts[0]
    assert (finds_address(body) is not None) == any(map(names_address, texts))


def test_of_a_large_document_the_field_is_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    body = b'{"a":[{},"192.0.2.1"]}'
    assert finds_address(body) == "a[1]"
    monkeypatch.setattr(addresses, "NAMED_BYTES_MAX", len(body) - 1)
    assert finds_address(body) == ""


MANY = 200_000


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b'{"":0},' * MANY + b'"\\u00e9"]',
        b"[" + b'"\\u003a",' * MANY + b'"x"]',
        b"[" + b'{"a":"b"},' * MANY + b'"999.999.999.999"]',
        b'["' + b"12345:" * MANY + b'","999.999.999.999"]',
        b"[" + b'"::",' * MANY + b"0]",
        b'["' + b":::" * MANY + b'"]',
    ],
    ids=["objects", "colons", "dots", "groups", "unspecified", "run of colons"],
)
def test_two_megabytes_of_anything_cost_less_than_a_second(body: bytes) -> None:
    """Taken apart string by string each took one to fifteen; now a tenth, of this process's own time."""
    begun = time.process_time()
    assert finds_address(body) is None
    assert time.process_time() - begun < 1.0
    assert gc.isenabled()


def test_bytes_in_a_log_are_looked_at_too() -> None:
    assert log_names_address(msgspec.msgpack.encode({"x": b"192.0.2.1"}))


@pytest.mark.parametrize(
    "log", [b"\x92\xa9192.0.2.1\xa1\xff", b"\x91" * 5000 + b"\xa9192.0.2.1", b"\xa9192.0.2.1\0"]
)
def test_what_is_no_messagepack_says_so(log: bytes) -> None:
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError, RecursionError)):
        log_names_address(log)
