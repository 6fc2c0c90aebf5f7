"""What could name somebody, and what is plain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.apps.imported.scrub import KINDS, MARKS, Scrub, is_product, is_text, stretches


def test_counts_are_by_kind_and_only_known_kinds_count() -> None:
    scrub = Scrub()
    scrub.took("address", 2)
    scrub.took("address")
    assert scrub.counts == {"address": 3}
    with pytest.raises(ValueError, match="no kind"):
        scrub.took("passport")
    assert len(set(KINDS)) == len(KINDS)


@pytest.mark.parametrize(
    "text", ["telegram.org", "Signal", "turn.l.google.com", "WhatsApp", "Microsoft Teams"]
)
def test_a_product_is_kept(text: str) -> None:
    assert is_product(text)


@pytest.mark.parametrize(
    "text",
    [
        "alice",
        "home.example",
        "alice@telegram.org",
        "telegram-20231107",
        "signal\n",
        "viber" + "x" * 40,
        "",
        "télégram",
    ],
)
def test_anything_else_is_not(text: str) -> None:
    assert not is_product(text)


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ("00010046", ""),
        ("edf601000500", ""),
        ("0100fb90", ""),
        ("ffffffffffffffff", ""),
        ("aaaaaaaa", ""),
        ("1337cafe", ""),
        ("0100c0a8 2d7f", "c0a82d7f"),
        ("0500 9f3a5c7e 0001", "9f3a5c7e"),
        ("2fe49fa76c4e11", "2fe49fa76c4e11"),
        ("9f3a057e00000000", "9f3a057e"),
        ("1337cafe9f3a5c7e", "9f3a5c7e"),
    ],
)
def test_bytes_that_look_like_an_identifier_are_found(data: str, named: str) -> None:
    pieces = stretches(bytes.fromhex(data))
    assert b"".join(piece for piece, _ in pieces) == bytes.fromhex(data)
    assert b"".join(piece for piece, names in pieces if names).hex() == named


@given(st.binary(max_size=60))
def test_pieces_make_the_whole_and_what_is_kept_is_short_or_small(data: bytes) -> None:
    pieces = stretches(data)
    assert b"".join(piece for piece, _ in pieces) == data
    for piece, names in pieces:
        if not names and piece not in MARKS:
            large = [byte for byte in piece if 16 <= byte < 255]
            assert len(large) <= 2 or len(set(piece)) <= 2


@pytest.mark.parametrize(
    ("data", "text"), [(b"alice", True), (b"alice\0\0", True), (b"ab", False), (b"ab\1cd", False)]
)
def test_text(data: bytes, text: bool) -> None:
    assert is_text(data) is text
