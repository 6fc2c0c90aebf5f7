"""What kind of address a caller has: told to the probe instead of the address itself."""

import ipaddress

_CGNAT = ipaddress.ip_network("100.64.0.0/10")


def kind_of_address(ip: str) -> str:
    """loopback, link-local, cgnat (RFC 6598), private, public or unknown. Cannot fail."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return "unknown"
    if address.is_loopback:
        return "loopback"
    if address.is_link_local:
        return "link-local"
    if address.version == 4 and address in _CGNAT:
        return "cgnat"
    return "private" if address.is_private else "public"
