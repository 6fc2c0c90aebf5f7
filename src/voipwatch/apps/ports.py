"""Ports that no app uses, and how a flow of two legs takes two of them."""

from typing import Final

neutral_ports: Final = (21873, 26197, 29347)
"""UDP ports of A', C' and W: assigned to nothing, nobody's default, below the ephemeral range of Linux."""

fresh_ports: Final = tuple(range(29348, 29380))
"""More ports that nobody uses, one range for a firewall to open. They are asked where an app's port is dead:
a list of ports spares them, luck that goes by ports does not. In a row, so that a hash of a port's low bits
takes every value. A reflector offers them among the apps' ports, which an older probe does not go through.
"""

well_known_ports: Final = (53, 123, 443)
"""UDP ports that a firewall leaves open where it closes all others: names, clocks, QUIC."""


def neutral_before(port: int) -> int:
    """The neutral port before this one, in a circle: there a neutral arm plays an earlier leg's rounds."""
    return _turned(port, -1)


def neutral_after(port: int) -> int:
    """The inverse of `neutral_before`."""
    return _turned(port, 1)


def _turned(port: int, by: int) -> int:
    if port not in neutral_ports:
        return port
    return neutral_ports[(neutral_ports.index(port) + by) % len(neutral_ports)]
