import json
import re
from ipaddress import IPv4Address, IPv6Address
from time import process_time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voipwatch.wire.spelled import (
    canonical,
    hints_at_address,
    ipv6_in,
    names_address,
    names_ipv6,
    spells_address,
)

SPELLED = [
    "192.0.2.7",
    "at 192.0.2.7:5060 and",
    "host-192-0-2-7.example",
    "2001:db8::1",
    "[2001:DB8:0:0:0:0:0:1]:443",
    "fe80::1%eth0",
    "::ffff:192.0.2.7",
    "1:2:3:4:5:6:7::",
    "::1",
    "ab:2001:db8::1",
    "1:2:3:4:5:6:7:8",
]
INNOCENT = [
    "",
    "::",
    "2026-11-22T10:11:12Z",
    "voipwatch 0.1.0",
    "999.999.999.999",
    "ab12cd34-1111-4222-8333-123456789abc",
    "this :: that",
    "10:11:12",
    "a" * 500,
]


@pytest.mark.parametrize("text", SPELLED)
def test_an_address_is_seen_in_a_string_and_hinted_at_in_a_document(text: str) -> None:
    assert names_address(text)
    assert hints_at_address(json.dumps({"x": [1, text]}).encode())


@pytest.mark.parametrize("text", INNOCENT)
def test_what_is_no_address_is_not(text: str) -> None:
    assert not names_address(text)


@given(
    st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)), st.booleans(), st.text("abz:. -\n0", max_size=5)
)
@example(IPv4Address("0.0.0.0"), False, "")
@example(IPv6Address("::1"), True, "")
def test_every_spelling_of_an_address_is_hinted_at(
    address: IPv4Address | IPv6Address, long: bool, around: str
) -> None:
    text = address.exploded if long else str(address)
    if text == "::":
        return
    assert hints_at_address(f"{around} {text} {around}".encode())
    assert names_address(f"{around} {text} {around}")


@given(st.text("0123456789abcdef:.-% ", max_size=60))
def test_no_hint_means_no_address(text: str) -> None:
    if names_address(text):
        assert hints_at_address(text.encode())
    assert spells_address(text.encode()) == names_address(text)


PIECES = st.sampled_from([
    "1", "ab", "12345", ":", "::", ".", "..", "1.2.3.4", "1.2.3.04", "256.1.1.1", " ", "g", "0:0:0:",
    "1:2:3:4:5:6:7", "a:b:c:d:e:f:",
])  # fmt: skip


@given(st.lists(PIECES, max_size=9).map("".join) | st.text("1:.a ", max_size=24))
@example("..1::2.")
@example(".1:2:3:4:5:6:7:8..")
@example("1.2::")
@example(":.1::")
@example("a:b:c:d:e:f:1.2.3.4")
@example("a:b:c:d:e:f:1.2.3.04")
def test_going_over_a_text_once_finds_what_taking_its_runs_apart_finds(text: str) -> None:
    by_parts = any(
        ipv6_in(run) is not None for run in re.findall(r"[0-9A-Fa-f:.]+", text) if run.count(":") > 1
    )
    assert names_ipv6(text.encode()) == by_parts


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("a" * 1_000_000, False),
        (":" * 300_000, False),
        ("1:" * 200_000, True),
        ("1." * 100_000, True),
        ("::" * 150_000 + "g", False),
        (":: " * 100_000, False),
        ("ab:g" * 100_000, False),
        ("12345:" * 100_000, False),
    ],
)
def test_long_runs_cost_no_more_than_their_length(text: str, named: bool) -> None:
    """Each takes a tenth of a second at most; groups tried against groups took a minute of the last."""
    began_s = process_time()
    assert (names_address(text), hints_at_address(text.encode())) == (named, named)
    assert process_time() - began_s < 5.0


def test_binary_numbers_hint_at_nothing() -> None:
    assert not hints_at_address(bytes(range(256)) + b":;:<=::;=K9<9D\x1a;::;" + bytes(range(255, -1, -1)))


def test_an_address_is_found_within_its_run() -> None:
    assert ipv6_in("addr:2001:db8::1:") is not None
    assert ipv6_in(".2001:db8::1.") == (".", "2001:db8::1", ".")
    assert ipv6_in("::") is None


def test_one_spelling_an_address() -> None:
    assert canonical("2001:DB8:0::0:1") == "2001:db8::1"
    assert canonical("::ffff:192.0.2.7") == "192.0.2.7"
    assert canonical("Ab:") == "ab:"
