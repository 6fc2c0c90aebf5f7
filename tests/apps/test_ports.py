"""The circle of neutral ports: where a neutral arm plays the rounds of an earlier leg."""

import pytest

from voipwatch.apps import neutral_ports
from voipwatch.apps.ports import neutral_after, neutral_before


@pytest.mark.parametrize("port", neutral_ports)
def test_before_and_after_are_each_others_inverse_and_never_the_port_itself(port: int) -> None:
    assert neutral_after(neutral_before(port)) == neutral_before(neutral_after(port)) == port
    assert neutral_before(port) in set(neutral_ports) - {port}


def test_a_port_that_is_none_of_them_stays_as_it_is() -> None:
    assert neutral_before(40_000) == neutral_after(40_000) == 40_000
