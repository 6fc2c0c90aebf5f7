import msgspec
import pytest

from voipwatch.collector.addresses import finds_address, log_names_address


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


def test_bytes_in_a_log_are_looked_at_too() -> None:
    assert log_names_address(msgspec.msgpack.encode({"x": b"192.0.2.1"}))


@pytest.mark.parametrize(
    "log", [b"\x92\xa9192.0.2.1\xa1\xff", b"\x91" * 5000 + b"\xa9192.0.2.1", b"\xa9192.0.2.1\0"]
)
def test_what_is_no_messagepack_says_so(log: bytes) -> None:
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError, RecursionError)):
        log_names_address(log)
