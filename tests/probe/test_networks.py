"""The user's table of networks: what a line may be, and whose an address is."""

from ipaddress import ip_address

import pytest

from voipwatch.probe.networks import Networks, NetworksError

TABLE = """
# of the operator
10.0.0.0/8      Inwi
10.9.0.0/16     Inwi Business   # a part of it
2001:db8::/32   Inwi
196.200.0.0/16  Maroc Telecom
"""


@pytest.mark.parametrize(
    ("ip", "name"),
    [
        ("10.1.2.3", "Inwi"),
        ("10.9.2.3", "Inwi Business"),
        ("196.200.1.1", "Maroc Telecom"),
        ("2001:db8::7", "Inwi"),
        ("2001:db9::7", ""),
        ("11.0.0.1", ""),
    ],
)
def test_the_longest_network_that_holds_an_address_names_it(ip: str, name: str) -> None:
    assert Networks.parse(TABLE).name_of(ip_address(ip)) == name
    assert Networks().name_of(ip_address(ip)) == ""


@pytest.mark.parametrize(
    "line",
    ["10.0.0.0/8", "10.0.0.1/8 host bits", "nonsense Inwi", "10.0.0.0/33 x", "10.0.0.0/8 " + "x" * 101],
)
def test_a_line_that_is_none_is_told_by_its_number(line: str) -> None:
    with pytest.raises(NetworksError) as caught:
        Networks.parse(f"10.0.0.0/8 Inwi\n\n{line}\n")
    assert caught.value.line == 3
