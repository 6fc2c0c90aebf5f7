"""Which addresses may be asked: every special range refused from its first address to its last."""

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.site.campaigns.wall.publicnets import is_public

SPECIAL = [
    # IANA's registry of special-purpose IPv4 addresses.
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "168.63.129.16/32",  # Azure's, in no registry
    "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
    "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    # IANA's registry of special-purpose IPv6 addresses, and what is no global unicast.
    "::/128", "::1/128", "::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64",
    "100:0:0:1::/64",
    "2001::/32", "2001:1::1/128", "2001:2::/48", "2001:10::/28", "2001:20::/28", "2001:db8::/32", "2002::/16",
    "3fff::/20", "5f00::/16", "fc00::/7", "fd00::/8", "fe80::/10", "fec0::/10", "ff00::/8",
]  # fmt: skip
BESIDE = [
    "1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
    "168.63.129.15", "168.63.129.17",
    "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0",
    "192.0.3.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "198.51.99.255",
    "198.51.101.0", "203.0.112.255", "203.0.114.0", "223.255.255.255",
    "2001:200::1", "2001:db7:ffff::1", "2001:db9::1", "2003::1", "2600::1", "2a00:1450::1", "3ffe:ffff::1",
]  # fmt: skip


@pytest.mark.parametrize("network", SPECIAL)
def test_a_special_range_is_refused_at_both_ends(network: str) -> None:
    found = ip_network(network)
    for address in (found[0], found[-1], found[found.num_addresses // 2]):
        assert not is_public(str(address)), address


@pytest.mark.parametrize("address", BESIDE)
def test_what_lies_beside_one_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "text",
    ["", "localhost", "127.1", "0x7f000001", "2130706433", "010.0.0.1", "::ffff:8.8.8.8", "fe80::1%lo",
     "2600::1%eth0", "[2600::1]", "8.8.8.8:80", " 8.8.8.8"],
)  # fmt: skip
def test_what_is_no_plain_address_is_refused(text: str) -> None:
    assert not is_public(text)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("2600:1:2:3:0:5efe:10.0.0.1", False),
        ("2600:1:2:3:200:5efe:192.168.1.1", False),
        ("2a00:1450::5efe:a9fe:a9fe", False),
        ("2600:1:2:3:200:5efe:8.8.8.8", False),
        ("2600:1:2:3:0:5eff:10.0.0.1", True),
        ("2600:1:2:3:100:5efe:10.0.0.1", True),
        ("2600:1:2:0:5efe::1", True),
        # What carries an IPv4 address by its prefix: NAT64, NAT64 of one's own network, 6to4, Teredo.
        ("64:ff9b::10.0.0.1", False),
        ("64:ff9b::8.8.8.8", False),
        ("64:ff9b:1::10.0.0.1", False),
        ("2002:a00:1::1", False),
        ("2002:808:808::1", False),
        ("2001:0:4136:e378:8000:63bf:f5ff:fffe", False),
    ],
)
def test_an_ipv4_address_within_another_is_refused(address: str, public: bool) -> None:
    assert is_public(address) is public


@given(st.integers(0, 2**32 - 1))
def test_an_ipv4_address_that_python_calls_local_is_refused(number: int) -> None:
    address = IPv4Address(number)
    if address.is_private or address.is_multicast or address.is_loopback or address.is_link_local:
        assert not is_public(str(address))
    # The same inside of IPv6, by every way of putting it there.
    for base in (0xFFFF_0000_0000, 0x0064_FF9B << 96, 0, 0xFFFF_0000 << 32):
        assert not is_public(str(IPv6Address(base + number)))
    assert not is_public(str(IPv6Address((0x2002 << 112) + (number << 80))))


@given(st.integers(0, 2**128 - 1))
def test_an_ipv6_address_that_python_calls_local_is_refused(number: int) -> None:
    address = IPv6Address(number)
    if not address.is_global or address.is_multicast:
        assert not is_public(str(address))
