"""What can be told of the user's line without asking anybody: kinds of addresses, never addresses."""

import ipaddress
from dataclasses import replace
from pathlib import Path as File
from typing import Final

from voipwatch.model.vocabulary import Failure
from voipwatch.probe.path import Path
from voipwatch.probe.via import Tunnel

PROC: Final = File("/proc/net")
SYS: Final = File("/sys/class/net")
_CGNAT: Final = ipaddress.ip_network("100.64.0.0/10")  # RFC 6598
_ARPHRD_NONE: Final = 65534
_ARPHRD_PPP: Final = 512
_ARPHRD_TUNNELS: Final = frozenset({768, 769, 776, 778, 823})
"""IPIP, IP6 in IP6, SIT, GRE, GRE over IPv6 (linux/if_arp.h)."""


def translation(local_hop: str | None, observed: str | None) -> str | None:
    """`translated` or `none`, by the kinds of the address here and as the reflector saw it; None: not told.

    Two addresses of one private kind may still be two: then nothing is claimed.
    """
    if local_hop is None or observed is None:
        return None
    here = {"none": "loopback"}.get(local_hop, local_hop)
    if here != observed:
        return "translated"
    return "none" if here in {"public", "loopback"} else None


def local_hop(path: Path) -> str | None:
    """Kind of the line's own address: private, cgnat, public, or none (the machine itself); None: unknown."""
    ip = path.local_ip()
    if isinstance(ip, Failure):
        return None
    address = ipaddress.ip_address(ip.partition("%")[0])
    if address.is_loopback:
        return "none"
    if address.version == 4 and address in _CGNAT:
        return "cgnat"
    return "private" if address.is_private or address.is_link_local else "public"


def is_default_route(path: Path) -> bool:
    """True when what goes to the reflector without being told to goes through the path's own tunnel too.

    The kernel is asked for both ways' source addresses, so that rules of any table count.
    """
    if not isinstance(path.via, Tunnel):
        return False
    untold = replace(path, via=None).local_ip()
    return not isinstance(untold, Failure) and untold == path.local_ip()


def is_tunnel_interface(interface: str, *, sys: File = SYS) -> bool | None:
    """Whether an interface is a tunnel; None where that cannot be told."""
    try:
        return _is_tunnel(sys / interface)
    except (OSError, ValueError):
        return None


def tunnel(path: Path, *, proc: File = PROC, sys: File = SYS) -> bool | None:
    """True when the route to the reflector goes into a tunnel (VPN); None where that cannot be told."""
    try:
        interface = _interface(ipaddress.ip_address(path.ip.partition("%")[0]), proc)
        return None if interface is None else _is_tunnel(sys / interface)
    except (OSError, ValueError, IndexError):
        return None  # no Linux, or a kernel that tells it otherwise


def _is_tunnel(folder: File) -> bool | None:
    if (folder / "device").exists():
        return False  # hardware; mobile modems are of ARPHRD_NONE too
    if (folder / "tun_flags").exists():
        return True
    if "DEVTYPE=wireguard" in (folder / "uevent").read_text():
        return True
    kind = int((folder / "type").read_text())
    if kind == _ARPHRD_PPP:
        return None  # a DSL line or a VPN: it looks alike
    return kind == _ARPHRD_NONE or kind in _ARPHRD_TUNNELS


def _interface(address: ipaddress.IPv4Address | ipaddress.IPv6Address, proc: File) -> str | None:
    """The interface of the longest matching route, of equals the one with the lowest metric."""
    routes = _routes4(proc) if address.version == 4 else _routes6(proc)
    matching = [route for route in routes if address in route[0]]
    best = max(matching, key=lambda route: (route[0].prefixlen, -route[1]), default=None)
    return None if best is None else best[2]


Route = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, int, str]


def _routes4(proc: File) -> list[Route]:
    routes: list[Route] = []
    for text in (proc / "route").read_text().splitlines()[1:]:
        fields = text.split()
        # little-endian hex (proc_net_route(5)): destination, mask; flags bit 0 is RTF_UP
        destination = int.from_bytes(bytes.fromhex(fields[1]), "little")
        mask = int.from_bytes(bytes.fromhex(fields[7]), "little")
        if int(fields[3], 16) & 1:
            network = ipaddress.IPv4Network((destination, mask.bit_count()), strict=False)
            routes.append((network, int(fields[6]), fields[0]))
    return routes


def _routes6(proc: File) -> list[Route]:
    routes: list[Route] = []
    for text in (proc / "ipv6_route").read_text().splitlines():
        fields = text.split()
        flags = int(fields[8], 16)
        if flags & 1 and fields[9] != "lo":  # the kernel lists unreachable routes under lo
            network = ipaddress.IPv6Network((int(fields[0], 16), int(fields[1], 16)), strict=False)
            routes.append((network, int(fields[5], 16), fields[9]))
    return routes
