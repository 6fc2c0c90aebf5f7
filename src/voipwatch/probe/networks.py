"""The user's table of networks: one prefix and one name a line. Read by the shell, never sent anywhere."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Final

LINES_MAX: Final = 200_000
NAME_MAX: Final = 100


class NetworksError(ValueError):
    """A table that cannot be understood."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line}")
        self.line = line
        """Number of the line, from 1."""


@dataclass(frozen=True, slots=True)
class Networks:
    """Names of networks; of several that hold an address the longest prefix speaks."""

    entries: tuple[tuple[IPv4Network | IPv6Network, str], ...] = ()
    """The longest first."""

    @classmethod
    def parse(cls, text: str) -> "Networks":
        """`CIDR NAME` a line; empty lines and what follows a `#` are left out. Raises NetworksError."""
        entries = []
        for number, line in enumerate(text.splitlines(), 1):
            said = line.partition("#")[0].split(maxsplit=1)
            if not said:
                continue
            name = said[1].strip() if len(said) == 2 else ""
            if not name or len(name) > NAME_MAX or not name.isprintable() or number > LINES_MAX:
                raise NetworksError(number)
            try:
                entries.append((ip_network(said[0]), name))
            except ValueError:
                raise NetworksError(number) from None
        return cls(tuple(sorted(entries, key=lambda entry: -entry[0].prefixlen)))

    def name_of(self, ip: IPv4Address | IPv6Address) -> str:
        """The name of the network that an address is in; empty for none."""
        return next((name for net, name in self.entries if net.version == ip.version and ip in net), "")
