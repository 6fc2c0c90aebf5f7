"""NAT64: the examples of RFC 6052 section 2.4 and RFC 7050, and the round trip."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.probe.nat64 import PREFIX_LENGTHS, WELL_KNOWN, discover, embedded, synthesize

RFC6052_TABLE_3 = [
    ("2001:db8::/32", "2001:db8:c000:221::"),
    ("2001:db8:100::/40", "2001:db8:1c0:2:21::"),
    ("2001:db8:122::/48", "2001:db8:122:c000:2:2100::"),
    ("2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"),
    ("2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"),
    ("2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33"),
    ("64:ff9b::/96", "64:ff9b::192.0.2.33"),
]
"""RFC 6052 section 2.4, tables 3 and 4, for 192.0.2.33."""


@pytest.mark.parametrize(("prefix", "expected"), RFC6052_TABLE_3)
def test_the_examples_of_rfc_6052(prefix: str, expected: str) -> None:
    network, address = IPv6Network(prefix), IPv4Address("192.0.2.33")
    assert synthesize(network, address) == IPv6Address(expected)
    assert embedded(network.prefixlen, IPv6Address(expected)) == address


@pytest.mark.parametrize("prefix", [row[0] for row in RFC6052_TABLE_3])
def test_a_prefix_is_discovered_from_both_well_known_addresses(prefix: str) -> None:
    answers = [synthesize(IPv6Network(prefix), known) for known in WELL_KNOWN]
    assert discover(answers) == [IPv6Network(prefix)]


def test_two_prefixes_keep_their_order() -> None:
    first, second = IPv6Network("2001:db8:1::/96"), IPv6Network("64:ff9b::/96")
    assert discover([synthesize(first, WELL_KNOWN[0]), synthesize(second, WELL_KNOWN[1])]) == [first, second]


def test_what_is_no_translation_tells_nothing() -> None:
    # a resolver that lies, and an address that holds the well-known one at two places
    twice = IPv6Address("2001:db8:c000:aa::c000:aa")
    assert embedded(32, twice) in WELL_KNOWN
    assert embedded(96, twice) in WELL_KNOWN
    assert discover([IPv6Address("2001:db8::1"), IPv6Address("::"), twice]) == []


def test_other_prefix_lengths_are_misuse() -> None:
    with pytest.raises(ValueError, match="65 bits"):
        synthesize(IPv6Network("2001:db8::/65"), IPv4Address("192.0.2.33"))


@given(
    length=st.sampled_from(PREFIX_LENGTHS),
    number=st.integers(0, 2**128 - 1),
    address=st.integers(0, 2**32 - 1).map(IPv4Address),
)
def test_what_is_synthesised_reads_back(length: int, number: int, address: IPv4Address) -> None:
    prefix = IPv6Network((number, length), strict=False)
    found = synthesize(prefix, address)
    assert embedded(length, found) == address
    assert found in prefix
    if length < 96:
        assert found.packed[8] == 0  # the u octet (RFC 6052 section 2.2)


@given(answers=st.lists(st.integers(0, 2**128 - 1).map(IPv6Address), max_size=4))
def test_any_answers_are_taken(answers: list[IPv6Address]) -> None:
    assert len(discover(answers)) <= len(answers)
