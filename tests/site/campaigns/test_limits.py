"""Forms by network."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.site.campaigns.limits import (
    PREFIXES_MAX,
    FormLimits,
    PostLimits,
    network_of,
    networks_of,
)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("2001:db8::1", "2001:db8::/64"),
        ("unix:", ""),
        ("", ""),
    ],
)
def test_networks(address: str, network: str) -> None:
    assert network_of(address) == network


def test_how_much_of_an_address_is_a_network_and_over_what_time_is_the_callers() -> None:
    limits = PostLimits(1, b"k", over_s=3600, ipv6_bits=48)
    assert network_of("2001:db8:1:2::3", 48) == "2001:db8:1::/48"
    assert limits.allows("2001:db8:1:2::3", 0.0)
    assert not limits.allows("2001:db8:1:ffff::3", 3599.0)
    assert limits.allows("2001:db8:2::", 3599.0)
    assert limits.allows("2001:db8:1:ffff::3", 3601.0)


@pytest.mark.parametrize(
    ("address", "networks"),
    [
        ("192.0.2.77", ("192.0.2.0/24",)),
        ("2001:db8:1:2::3", ("2001:db8:1:2::/64", "2001:db8:1::/48")),
        ("unix:", ("",)),
    ],
)
def test_what_one_customer_may_hold(address: str, networks: tuple[str, ...]) -> None:
    assert networks_of(address) == networks


def test_so_many_a_minute_and_neighbours_share() -> None:
    limits = PostLimits(3, b"k")
    assert [limits.allows("192.0.2.1", 0.0) for _ in range(4)] == [True, True, True, False]
    assert not limits.allows("192.0.2.200", 1.0)
    assert limits.allows("192.0.3.1", 1.0)
    assert limits.allows("192.0.2.1", 21.0)
    assert not limits.allows("192.0.2.1", 21.0)


def test_no_address_is_in_memory() -> None:
    limits = PostLimits(3, b"k")
    limits.allows("192.0.2.1", 0.0)
    assert b"192" not in b"".join(limits._left)


def test_the_table_is_bounded() -> None:
    limits = PostLimits(3, b"k")
    for number in range(PREFIXES_MAX + 5):
        limits.allows(
            f"10.{number >> 16}.{number >> 8 & 255}.1" if number % 2 else f"2001:db8:{number:x}::1", 0.0
        )
    assert len(limits._left) <= PREFIXES_MAX


@given(st.lists(st.floats(0, 600), max_size=60))
def test_never_more_than_its_rate(times: list[float]) -> None:
    limits = PostLimits(6, b"k")
    taken = [at for at in sorted(times) if limits.allows("192.0.2.1", at)]
    for first in taken:
        assert sum(first <= at < first + 60 for at in taken) <= 12


def test_a_48_sends_no_more_forms_than_four_of_its_64s() -> None:
    limits = FormLimits(3, b"k")
    found = [limits.allows(f"2001:db8:1:{number:x}::1", 0.0) for number in range(20)]
    assert found == [True] * 12 + [False] * 8
    assert limits.allows("2001:db8:2::1", 0.0)


@pytest.mark.parametrize("network", ["192.0.2.{}", "2001:db8:1:{}::1"])
def test_mails_of_a_network_thirty_at_once_then_one_a_minute(network: str) -> None:
    limits = FormLimits(20, b"k")
    assert sum(limits.allows_mail(network.format(number), 0.0) for number in range(100)) == 30
    later = [limits.allows_mail(network.format(1), 30.0 * half) for half in range(1, 121)]
    assert sum(later) == 60
    assert limits.allows_mail("198.51.100.1", 0.0)
