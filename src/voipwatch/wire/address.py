"""A transport address: where a datagram comes from or goes to."""

from ipaddress import ip_address

import msgspec


class TransportAddress(msgspec.Struct, frozen=True):
    """An IP address and a port."""

    host: str
    """IPv4 or IPv6 in its usual text form."""
    port: int
    """0 to 65535."""

    @property
    def packed(self) -> bytes:
        """The host's 4 or 16 bytes.

        Raises:
            ValueError: the host is no IP address.
        """
        return ip_address(self.host).packed
