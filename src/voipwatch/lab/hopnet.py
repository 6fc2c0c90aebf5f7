"""A way of several routers in the kernel: one namespace each, the censor's rules in the one that is told.

::

    near 192.0.2.2 ── 192.0.2.1 router 1 ── … ── router N 203.0.113.1 ── far 203.0.113.2

No relay: a hop is a hop of the kernel's, with its own limits on ICMP (`net.ipv4.icmp_ratelimit`). Every
router calls its two ends as the operator of `netns` does, so that `nft`'s rules fit any of them. Routers in
the first half have addresses that carriers use among themselves (RFC 6598), the others documentation's.
"""

from typing import Final

from voipwatch.lab.hops import HopChain
from voipwatch.lab.netns import ACCOUNTING, COMMON, END_SETUP, KernelNet, KernelNetError
from voipwatch.lab.nft import LINE_DEVICE, NET_DEVICE
from voipwatch.lab.worlds import World

FORWARD: Final = """
echo 1 > /proc/sys/net/ipv4/ip_forward
echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
"""
LINK: Final = """
ip link add {device} type veth peer name {peer} netns {to}
ip address add {v4}/{bits4} dev {device}
ip address add {v6}/64 dev {device} nodad
ip link set {device} up
"""
PEER: Final = """
ip address add {v4}/{bits4} dev {device}
ip address add {v6}/64 dev {device} nodad
ip link set {device} up
"""
BACK: Final = """
ip route add 192.0.2.0/24 via {v4}
ip route add 2001:db8:1::/64 via {v6}
"""
ONWARD: Final = """
ip route add default via {v4}
ip route add default via {v6}
"""
QUIET: Final = """table inet quiet {
  chain out {
  type filter hook output priority 0; policy accept;
  icmp type time-exceeded drop
  icmpv6 type time-exceeded drop
  }
}
"""
BEFORE_AGE: Final = ("type filter hook forward priority filter", "type filter hook prerouting priority 0")


class HopNet(KernelNet):
    """`KernelNet` with a chain of routers for its operator; the one with the box is called `operator`.

    Raises KernelNetError for a world whose censor nftables cannot say.
    """

    def __init__(self, world: World, chain: HopChain, seed: int = 1) -> None:
        super().__init__(world, seed, queue=False)
        self._chain = chain
        if self._rules is None:
            raise KernelNetError("a chain of routers has only censors that nftables can say")

    def _name(self, hop: int) -> str:
        return "operator" if hop == self._chain.box_at else f"hop{hop}"

    def _build(self) -> None:
        chain, names = self._chain, [self._name(hop) for hop in range(1, self._chain.count + 1)]
        pids = {name: self._keep(name) for name in ["operator", *(n for n in names if n != "operator")]}
        pids |= {name: self._keep(name) for name in ("near", "far")}
        for name in pids:
            self._script(name, COMMON)
        self._script(names[0], self._line(pids["near"]))
        self._script("near", "set -e\n" + END_SETUP.format(v4="192.0.2", v6="2001:db8:1"))
        for hop in range(1, chain.count):
            self._join(hop, pids[names[hop]])
        self._script(names[-1], self._internet(pids["far"]))
        self._script("far", "set -e\n" + END_SETUP.format(v4="203.0.113", v6="2001:db8:3"))
        for hop in chain.silent:
            self._script(self._name(hop), "nft -f -", QUIET)
        assert self._rules is not None
        rules = self._rules.replace(*BEFORE_AGE) if chain.before_age else self._rules
        self._script("operator", "nft -f -", rules)
        self._script("operator", "set -e\n" + ACCOUNTING)

    def _line(self, near: int) -> str:
        link = LINK.format(
            device=LINE_DEVICE, peer="eth0", to=near, v4="192.0.2.1", bits4=24, v6="2001:db8:1::1"
        )
        return "set -e\n" + FORWARD + link

    def _internet(self, far: int) -> str:
        link = LINK.format(
            device=NET_DEVICE, peer="eth0", to=far, v4="203.0.113.1", bits4=24, v6="2001:db8:3::1"
        )
        return "set -e\n" + link

    def _join(self, hop: int, following: int) -> None:
        """A cable from a router to the next, and both their routes."""
        v4 = self._chain.address(hop + 1)  # the next one's end; ours is the address before it
        head, last = v4.rsplit(".", 1)
        ours4, ours6, theirs6 = f"{head}.{int(last) - 1}", f"2001:db8:f:{hop:x}::1", f"2001:db8:f:{hop:x}::2"
        link = LINK.format(device=NET_DEVICE, peer=LINE_DEVICE, to=following, v4=ours4, bits4=30, v6=ours6)
        self._script(self._name(hop), "set -e\n" + link + ONWARD.format(v4=v4, v6=theirs6))
        peer = PEER.format(device=LINE_DEVICE, v4=v4, bits4=30, v6=theirs6)
        back = BACK.format(v4=ours4, v6=ours6)
        self._script(self._name(hop + 1), "set -e\n" + FORWARD + peer + back)
