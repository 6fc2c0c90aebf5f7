import json
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voipwatch.wire import spelled
from voipwatch.wire.spelled import canonical, hints_at_address, ipv6_in, names_address

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


@pytest.mark.parametrize(
    ("text", "named", "hinted"),
    [
        ("a" * 1_000_000, False, False),
        (":" * 3_000, False, True),  # over `RUN_BYTES_MAX`: taken for one without a look at its groups
        (":" * 900, False, False),
        ("1:" * 3_000, True, True),
        ("1." * 100_000, True, True),
        ("::" * 1_500 + "g", False, True),
        (":: " * 3_000, False, False),
        ("ab:g" * 900, False, False),
    ],
)
def test_long_runs_cost_no_more_than_their_length(
    monkeypatch: pytest.MonkeyPatch, text: str, named: bool, hinted: bool
) -> None:
    """Counted in characters that are tried for an address. A group lies in two windows of two groups, three
    of three, ..., nine of nine, so in 44, with as many colons; and two functions look.
    """
    tried: list[int] = []

    def counting(part: str) -> IPv6Address:
        tried.append(len(part))
        return IPv6Address(part)

    monkeypatch.setattr(spelled, "IPv6Address", counting)
    assert (names_address(text), hints_at_address(text.encode())) == (named, hinted)
    assert sum(tried) <= 2 * 44 * len(text)


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
