"""Parts: what each makes, how layouts add up, where a token may go."""

from hashlib import shake_128

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.apps.support import SECRET
from voipwatch.apps import parts
from voipwatch.apps.messages import BuildContext
from voipwatch.apps.parts import Layout, Part


def assemble(*pieces: Part, size: int = 0, **more: object) -> bytes:
    layout = Layout.of(pieces)
    ctx = BuildContext(SECRET, b"entropy-sixteen!", b"", 0)
    for name, value in more.items():
        setattr(ctx, name, value)
    return layout.assemble(ctx, size or layout.fixed_bytes)


DRAWN = shake_128(b"entropy-sixteen!").digest(64)


def test_random_parts_take_the_packets_entropy_in_order() -> None:
    assert assemble(parts.random(4), parts.fixed(b"--"), parts.random(3)) == DRAWN[:4] + b"--" + DRAWN[4:7]


def test_a_fill_takes_what_the_size_leaves() -> None:
    data = assemble(parts.fixed(b"ab"), parts.fill(), parts.fixed(b"c"), size=10)
    assert data == b"ab" + DRAWN[:7] + b"c"
    assert assemble(parts.fixed(b"ab"), parts.fill(zero=True), size=6) == b"ab" + bytes(4)


def test_constants_stay_over_packets_and_differ_by_label() -> None:
    one = assemble(parts.constant(8, "a"), parts.constant(8, "b"))
    other = assemble(parts.constant(8, "a"), parts.constant(8, "b"), entropy=b"x" * 16)
    assert one == other
    assert one[:8] != one[8:]


@given(st.integers(1, 200))
def test_text_parts_are_of_ices_alphabet(size: int) -> None:
    text = assemble(parts.random_text(size), parts.constant_text(size, "t"))
    assert len(text) == 2 * size
    assert set(text) <= set(parts.ALPHABET)


@pytest.mark.parametrize(
    ("little", "index", "expected"),
    [(False, 0, "0102"), (False, 3, "0108"), (True, 3, "0801"), (False, 0x7F7F, "0000")],
)
def test_counters_step_with_the_index_and_wrap(little: bool, index: int, expected: str) -> None:
    piece = parts.counter(2, 0x0102, 2, little=little, label="c")
    if expected == "0000":
        assert assemble(piece, index=index) == ((0x0102 + 2 * 0x7F7F) % 65536).to_bytes(2, "big") == b"\0\0"
    else:
        assert assemble(piece, index=index).hex() == expected


def test_a_counter_without_a_start_begins_where_the_flow_says() -> None:
    piece = parts.counter(4, None, 1, little=False, label="c")
    first = int.from_bytes(assemble(piece), "big")
    assert int.from_bytes(assemble(piece, index=5), "big") == (first + 5) % 2**32
    assert int.from_bytes(assemble(piece, flow_secret=bytes(32)), "big") != first


def test_lengths_count_the_rest_or_all() -> None:
    data = assemble(
        parts.length(2, "all", 0, little=False),
        parts.length(2, "rest", 0, little=True),
        parts.length(1, "rest", 10, little=False),
        parts.fixed(b"abc"),
    )
    assert data == b"\x00\x08" + b"\x04\x00" + b"\x0d" + b"abc"


def test_lengths_count_what_follows_the_layout() -> None:
    layout = Layout.of((parts.length(2, "rest", 0, little=False), parts.fixed(b"x")))
    assert layout.assemble(BuildContext(SECRET, bytes(16), b"", 3), 3, after=100) == b"\0\x65x"


def test_echoes_copies_and_addresses() -> None:
    request = bytes(range(40))
    source = ("203.0.113.9", 0xABCD)
    data = assemble(
        parts.fixed(b"head"),
        parts.echo(10, 4),
        parts.echo(38, 4),
        parts.copy(1, 3),
        parts.port(little=False),
        parts.port(little=True),
        parts.address(4),
        parts.address_text(16),
        request=request,
        source=source,
    )
    assert data == (
        b"head\x0a\x0b\x0c\x0d" + b"\x26\x27\0\0" + b"ead" + b"\xab\xcd\xcd\xab" + bytes([203, 0, 113, 9])
        + b"203.0.113.9".ljust(16, b"\0")
    )  # fmt: skip


def test_an_ipv6_address_gives_its_last_bytes_and_nonsense_gives_zeros() -> None:
    assert assemble(parts.address(4), source=("2001:db8::1:2", 1)) == b"\0\1\0\2"
    assert assemble(parts.address(16), source=("fe80::1%eth0", 1))[-1] == 1
    assert assemble(parts.address(4), source=("nowhere", 1)) == bytes(4)


def test_a_clock_reads_like_one() -> None:
    first, second = assemble(parts.time(8)), assemble(parts.time(8), entropy=b"y" * 16)
    assert first[:2] == b"\0\0"
    assert first[:4] == second[:4]
    assert first[4:] != second[4:]


def test_kept_bytes_end_where_the_trailing_random_run_begins() -> None:
    layout = Layout.of((parts.random(4), parts.fixed(b"ab"), parts.random(3), parts.fill()))
    assert layout.kept_bytes(20) == 6
    assert Layout.of((parts.random(4), parts.fixed(b"ab"))).kept_bytes(6) == 6
    assert Layout.of((parts.fixed(b"ab"), parts.fill(zero=True))).kept_bytes(100) == 2


def test_matches_looks_at_fixed_parts_around_a_fill() -> None:
    layout = Layout.of((parts.fixed(b"ab"), parts.fill(), parts.fixed(b"z")))
    assert layout.matches(b"ab123z")
    assert layout.matches(b"abz")
    assert not layout.matches(b"ab123y")
    assert not layout.matches(b"xb123z")
    assert not layout.matches(b"ab")
    assert not Layout.of((parts.fixed(b"ab"),)).matches(b"abc")


def test_echoed_compares_with_the_request() -> None:
    layout = Layout.of((parts.fixed(b"ab"), parts.echo(2, 3), parts.fill()))
    assert layout.echoed(b"..cde", b"abcde....")
    assert not layout.echoed(b"..cdf", b"abcde....")
