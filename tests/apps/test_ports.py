"""The circle of neutral ports: where a neutral arm plays the rounds of an earlier leg."""

import pytest

from voipwatch.apps import fresh_ports, load_profiles, neutral_ports
from voipwatch.apps.ports import neutral_after, neutral_before


@pytest.mark.parametrize("port", neutral_ports)
def test_before_and_after_are_each_others_inverse_and_never_the_port_itself(port: int) -> None:
    assert neutral_after(neutral_before(port)) == neutral_before(neutral_after(port)) == port
    assert neutral_before(port) in set(neutral_ports) - {port}


def test_a_port_that_is_none_of_them_stays_as_it_is() -> None:
    assert neutral_before(40_000) == neutral_after(40_000) == 40_000


def test_fresh_ports_are_nobodys_and_meet_every_hash_of_five_low_bits() -> None:
    used = {leg.port for profile in load_profiles().profiles for leg in profile.legs}
    assert not set(fresh_ports) & {*used, *neutral_ports}
    assert {port % 32 for port in fresh_ports} == set(range(32))
    assert max(fresh_ports) < 32_768, "below the ephemeral range of Linux"
