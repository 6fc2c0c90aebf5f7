"""Which network this machine is on, told apart locally: nobody is asked, and nothing of it leaves the device.

A network is its first router's hardware address; where there is none (a mobile modem), the operator that the
modem is registered with. The text goes into a keyed hash (`probe.pseudonym`) and is never written down.
"""

import json
import os
import re
import socket
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path as File
from typing import Final

from voipwatch.model.vocabulary import Access
from voipwatch.probe.line import PROC, SYS, is_tunnel_interface

if sys.platform != "win32":
    import fcntl

NOWHERE: Final = ("192.0.2.1", "2001:db8::1")
"""Documentation addresses (RFC 5737, RFC 3849): a route to them is asked for, nothing is sent."""
UNTOLD: Final = "untold"
"""The network where the system tells nothing: then all such networks are one."""
_SIOCGIFADDR: Final = 0x8915
_MAC: Final = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_NO_MAC: Final = "00:00:00:00:00:00"
_ARPHRD_ETHER: Final = "1"
_TOOL_S: Final = 5.0
_GENERATIONS: Final = (
    ("5gnr", Access.G5),
    ("lte", Access.G4),
    ("umts", Access.G3),
    ("hsdpa", Access.G3),
    ("hsupa", Access.G3),
    ("hspa", Access.G3),
    ("hspa-plus", Access.G3),
)
"""ModemManager's words (MMModemAccessTechnology), the newest first: a modem names all that it uses."""


@dataclass(frozen=True, slots=True)
class Network:
    """What the operating system tells of the network that traffic goes out by."""

    name: str
    """Tells it from others; never to be shown, kept or sent."""
    access: Access
    """`unknown` where the system does not say."""
    tunnel: bool | None
    """True when the default way out is a tunnel."""
    connected: bool
    """False when there is no way out at all."""


def run_tool(arguments: list[str]) -> str:
    """What a program of the system prints; nothing where it is missing, fails or takes too long."""
    try:
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=_TOOL_S, check=False)
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return ""
    return done.stdout if done.returncode == 0 else ""


def current_network(
    *,
    proc: File = PROC,
    sys_net: File = SYS,
    ways: Callable[[], list[str]] | None = None,
    run: Callable[[list[str]], str] = run_tool,
) -> Network:
    """The network of this moment. Cannot fail: what is not told is `untold` or unknown.

    Args:
        proc: `/proc/net`.
        sys_net: `/sys/class/net`.
        ways: interfaces that the default routes of both IP versions use; None: the kernel is asked.
        run: runs a program of the system.
    """
    interfaces = (ways or ways_out)()
    tunnels = [is_tunnel_interface(name, sys=sys_net) for name in interfaces]
    tunnel = True if True in tunnels else (False if tunnels and None not in tunnels else None)
    if not interfaces:
        return Network(UNTOLD, Access.UNKNOWN, None, connected=False)
    modem = _modem(run) if _is_mobile(interfaces[0], sys_net) else {}
    try:
        router = _router(interfaces[0], proc, run)
    except (ValueError, OSError):
        router = None  # a kernel that writes its tables otherwise
    operator = _text(modem, "3gpp", "operator-code")
    name = f"router {router}" if router else f"operator {operator}" if operator else UNTOLD
    return Network(name, _access(interfaces[0], sys_net, modem), tunnel, connected=True)


def ways_out() -> list[str]:
    """The interfaces by which traffic to the internet leaves, IPv4's first; by the kernel's own choice, so
    that rules of any routing table count.
    """
    found = []
    for address in NOWHERE:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as sock:
                sock.connect((address, 9))
                name = _interface_of(sock.getsockname()[0])
        except OSError:
            continue
        if name:
            found.append(name)
    return list(dict.fromkeys(found))


def _interface_of(address: str) -> str | None:
    """The interface that has one of our addresses; None where the system does not tell."""
    if ":" in address:
        wanted = socket.inet_pton(socket.AF_INET6, address.partition("%")[0]).hex()
        try:
            lines = (PROC / "if_inet6").read_text().splitlines()
        except OSError:
            return None
        return next((line.split()[-1] for line in lines if line.startswith(wanted)), None)
    if sys.platform == "win32":
        return None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for _, name in socket.if_nameindex():
            request = struct.pack("256s", os.fsencode(name)[:15])
            try:
                answer = fcntl.ioctl(sock.fileno(), _SIOCGIFADDR, request)
            except OSError:
                continue
            if socket.inet_ntop(socket.AF_INET, answer[20:24]) == address:  # netdevice(7): struct ifreq
                return name
    return None


def _router(interface: str, proc: File, run: Callable[[list[str]], str]) -> str | None:
    """Hardware address of the interface's default router."""
    for gateway in _gateways4(interface, proc):
        for line in _lines(proc / "arp")[1:]:
            fields = line.split()
            if len(fields) >= 6 and fields[0] == gateway and fields[5] == interface:
                return _mac(fields[3])
    for gateway in _gateways6(interface, proc):
        told = run(["ip", "-6", "neigh", "show", gateway, "dev", interface])
        for before, after in zip(told.split(), told.split()[1:], strict=False):
            if before == "lladdr":
                return _mac(after)
    return None


def _mac(text: str) -> str | None:
    mac = text.lower()
    return mac if _MAC.fullmatch(mac) and mac != _NO_MAC else None


def _gateways4(interface: str, proc: File) -> list[str]:
    """Of the default routes, the preferred one first (proc_net_route(5): little-endian hex)."""
    routes = []
    for line in _lines(proc / "route")[1:]:
        fields = line.split()
        if len(fields) >= 8 and fields[0] == interface and fields[1] == fields[7] == "00000000":
            gateway = bytes.fromhex(fields[2])[::-1]
            if any(gateway):
                routes.append((int(fields[6]), socket.inet_ntop(socket.AF_INET, gateway)))
    return [gateway for _, gateway in sorted(routes)]


def _gateways6(interface: str, proc: File) -> list[str]:
    routes = []
    for line in _lines(proc / "ipv6_route"):
        fields = line.split()
        if len(fields) >= 10 and fields[9] == interface and fields[1] == "00" and int(fields[4], 16):
            gateway = socket.inet_ntop(socket.AF_INET6, bytes.fromhex(fields[4]))
            routes.append((int(fields[5], 16), gateway))
    return [gateway for _, gateway in sorted(routes)]


def _lines(path: File) -> list[str]:
    try:
        return path.read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return []


def _access(interface: str, sys_net: File, modem: object) -> Access:
    """As the system tells it. A cable to a home router is `ethernet`: what lies behind it nobody tells."""
    folder = sys_net / interface
    told = _text(modem, "generic", "access-technologies")
    for word, access in _GENERATIONS:
        if word in re.split(r"[\s,]+", told):
            return access
    if (folder / "wireless").exists() or (folder / "phy80211").exists():
        return Access.WIFI
    kind = "".join(_lines(folder / "type"))
    if kind.strip() == _ARPHRD_ETHER and (folder / "device").exists() and not _is_mobile(interface, sys_net):
        return Access.ETHERNET
    return Access.UNKNOWN


def _is_mobile(interface: str, sys_net: File) -> bool:
    """The kernel's word for a mobile modem's interface; systemd's name for one."""
    told = "\n".join(_lines(sys_net / interface / "uevent"))
    return "DEVTYPE=wwan" in told or interface.startswith(("wwan", "wwp"))


def _modem(run: Callable[[list[str]], str]) -> object:
    """What ModemManager tells of the first modem, where it runs."""
    try:
        return json.loads(run(["mmcli", "-m", "any", "-J"]) or "{}")
    except (ValueError, RecursionError):
        return {}


def _text(modem: object, group: str, key: str) -> str:
    """A value of ModemManager's JSON, a list with spaces between; empty where it is not there."""
    value: object = modem
    for name in ("modem", group, key):
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, list):
        return " ".join(str(each) for each in value)
    return value if isinstance(value, str) and value != "--" else ""
