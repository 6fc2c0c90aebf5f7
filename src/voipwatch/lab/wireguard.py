"""A real WireGuard over a world in the kernel: from the line, past the operator, to a tunnel end beyond.

::

    near ── relay ── operator ── far 203.0.113.2 (reflector) ── exit 198.18.0.2
      └───────────── WireGuard, UDP 51820 ───────────────────────┘

What goes into the interface at the line crosses the operator as WireGuard datagrams, comes out at the
exit, and goes from there to the reflector, which sees the tunnel's addresses. Both ends are wireguard-go
over TUN: the kernel needs no module. Addresses are those of RFC 2544's tests and RFC 4193's own.
"""

import subprocess
from pathlib import Path
from shutil import which
from typing import Final

from voipwatch.lab.netns import KernelNet, KernelNetError

INTERFACE: Final = "wg-exit-tunnel"
"""Long enough never to stand in a key's or a seal's base64 by chance: tests look for it in what is kept."""
TOOLS: Final = ("wireguard-go", "wg")
TUN: Final = Path("/dev/net/tun")
PORT: Final = 51_820
MTU_BYTES: Final = 1_420
"""wg-quick's: 1500 less 80 of IPv6, UDP and WireGuard."""
END: Final = ("198.18.0.2", "fd00:18::2")
LINK: Final = """set -e
ip link add exit0 type veth peer name eth0 netns {exit}
ip address add 198.18.0.1/24 dev exit0
ip address add fd00:18::1/64 dev exit0 nodad
ip link set exit0 up
echo 1 > /proc/sys/net/ipv4/ip_forward
echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
ip route add 10.99.0.0/24 via 198.18.0.2
ip route add fd00:99::/64 via fd00:18::2
"""
EXIT: Final = """set -e
ip link set lo up
ip address add 198.18.0.2/24 dev eth0
ip address add fd00:18::2/64 dev eth0 nodad
ip link set eth0 up
ip route add default via 198.18.0.1
ip route add default via fd00:18::1
echo 1 > /proc/sys/net/ipv4/ip_forward
echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
"""
OPERATOR: Final = """set -e
ip route add 198.18.0.0/24 via 203.0.113.2
ip -6 route add fd00:18::/64 via 2001:db8:3::2
"""
ROOM: Final = """set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/wireguard
"""
"""wireguard-go's socket has the interface's name: each namespace has a folder of its own for it."""
WAIT: Final = """n=0
until [ -S /run/wireguard/wg-exit-tunnel.sock ]; do
  n=$((n + 1))
  if [ $n -gt 100 ]; then echo "wireguard-go did not start" >&2; exit 1; fi
  sleep 0.05
done
"""
SET: Final = """set -e
wg set wg-exit-tunnel {port} private-key /dev/stdin peer {peer} {endpoint} allowed-ips {allowed}
ip address add 10.99.0.{own}/24 dev wg-exit-tunnel
ip address add fd00:99::{own}/64 dev wg-exit-tunnel nodad
ip link set wg-exit-tunnel mtu {mtu} up
"""
SECOND_CHOICE: Final = """set -e
ip route add default dev wg-exit-tunnel metric 4096
ip -6 route add default dev wg-exit-tunnel metric 4096
"""
"""For sockets bound to the interface: IPv6 has no way through it without a route."""


def wireguard_problem() -> str | None:
    """Why this machine can have no such tunnel, or None; whether it has namespaces is not asked."""
    missing = [tool for tool in TOOLS if which(tool) is None]
    if missing:
        return f"not installed: {', '.join(missing)}"
    if not TUN.exists():
        return "the kernel has no TUN"
    return None


class WireGuard:
    """Builds the tunnel in a network that stands; it goes with it. Raises KernelNetError.

    Args:
        net: within its `with`.
        version: of the addresses that the tunnel's own datagrams go to, 4 or 6.
        mtu_bytes: of the tunnel at both ends.
    """

    def __init__(self, net: KernelNet, *, version: int = 4, mtu_bytes: int = MTU_BYTES) -> None:
        self._net = net
        pid = net.attach("exit")
        net.script("far", LINK.format(exit=pid))
        net.script("exit", EXIT)
        net.script("operator", OPERATOR)
        (near, near_public), (end, end_public) = _keys(), _keys()
        self._ends = {name: self._start(name) for name in ("near", "exit")}
        address = END[0] if version == 4 else f"[{END[1]}]"
        self._set("near", near, f"endpoint {address}:{PORT}", peer=end_public, own=2, mtu_bytes=mtu_bytes)
        net.script("near", SECOND_CHOICE)
        self._set("exit", end, "", peer=near_public, own=1, mtu_bytes=mtu_bytes)

    def _start(self, name: str) -> "subprocess.Popen[bytes]":
        self._net.script(name, ROOM)
        process = self._net.popen(
            name, ["wireguard-go", "-f", INTERFACE], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._net.script(name, WAIT)
        return process

    def _set(self, name: str, key: str, endpoint: str, *, peer: str, own: int, mtu_bytes: int) -> None:
        script = SET.format(
            port=f"listen-port {PORT}" if not endpoint else "",
            peer=peer,
            endpoint=endpoint,
            allowed="0.0.0.0/0,::/0" if endpoint else "10.99.0.2/32,fd00:99::2/128",
            own=own,
            mtu=mtu_bytes,
        )
        self._net.script(name, script, key)

    def make_default_route(self) -> None:
        """Everything of the line goes through the tunnel from now on, as most VPN programs have it."""
        self._net.script(
            "near",
            "set -e\nip route add 198.18.0.0/24 via 192.0.2.1\n"
            "ip route replace default dev wg-exit-tunnel\nip -6 route replace default dev wg-exit-tunnel",
        )

    def end(self, name: str = "near") -> None:
        """The tunnel breaks at the line (`near`: its interface goes) or beyond (`exit`: silence)."""
        process = self._ends[name]
        process.terminate()
        process.wait(timeout=10)

    def carried_bytes(self) -> int:
        """What the line's end has received through the tunnel, as WireGuard itself counts."""
        said = self._net.run_near(
            ["wg", "show", INTERFACE, "transfer"], capture_output=True, text=True, check=True
        )
        return int(str(said.stdout).split()[1])


def _keys() -> tuple[str, str]:
    """A private key and its public one."""
    try:
        private = subprocess.run(["wg", "genkey"], capture_output=True, text=True, check=True).stdout
        public = subprocess.run(
            ["wg", "pubkey"], input=private, capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise KernelNetError(f"wg: {error}") from error
    return private, public.strip()
