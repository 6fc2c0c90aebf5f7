"""A world in the kernel: four network namespaces, one behind the other, gone when we are.

::

    near 192.0.2.2 ── relay ── operator 192.0.2.1 | 203.0.113.1 ── far 203.0.113.2
                      (line)   (censor)

The relay is the line: a process that moves frames at their time (`relay`). The operator routes; its censor is
nftables where nftables can say it (`nft`), else the pure rule in the kernel's queue (`nfqueue`), else in the
relay. Addresses are those for documentation (RFC 5737, RFC 3849); where a world has providers, their servers
and two resolvers stand beside the far end, at addresses that a probe takes for theirs (`provider_hosts`).

A namespace has no name and no file: it lives as long as the process that holds it, which ends when its
standard input does, that is with us, however we end, and takes with it what else runs in there.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from voipwatch.apps.targets import load_targets
from voipwatch.lab.cable import CableOrder
from voipwatch.lab.nfqueue import is_installed
from voipwatch.lab.nft import LINE_DEVICE, NET_DEVICE, ruleset
from voipwatch.lab.policy.names import DnsForge, TlsName
from voipwatch.lab.policy.sipgateway import SipGateway
from voipwatch.lab.policy.sipinject import SipInject
from voipwatch.lab.provider_hosts import (
    FAR_RESOLVER,
    LINE_RESOLVER,
    ProviderHosts,
    ProviderOrder,
    certificates,
)
from voipwatch.lab.support import WAYS, How, kernel_support
from voipwatch.lab.worlds import World

NEAR: Final = ("192.0.2.2", "2001:db8:1::2")
FAR: Final = ("203.0.113.2", "2001:db8:3::2")
END_S: Final = 3.0
"""How long a process gets to end by itself."""
OPEN: Final = {"policy": "open"}
QUEUE: Final = 1
QUEUE_RULES: Final = "\n".join(
    f"{tool} -t mangle -A FORWARD -p {proto} -j NFQUEUE --queue-num {QUEUE}"
    for tool in ("iptables", "ip6tables")
    for proto in ("udp", "tcp")
)
KEEP: Final = """echo ready
cat > /dev/null
for file in $(find -L /proc/[0-9]*/ns/net -maxdepth 0 -samefile /proc/self/ns/net 2>/dev/null); do
  pid=${file#/proc/}
  pid=${pid%%/*}
  if [ "$pid" != $$ ]; then kill -KILL "$pid" 2>/dev/null; fi
done
exit 0
"""
"""Holds a namespace until its input ends; then ends, by pid, whatever still runs in there."""
COMMON: Final = """set -e
echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter
echo 0 > /proc/sys/net/ipv4/conf/default/rp_filter
echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad
echo 0 > /proc/sys/net/ipv6/conf/default/accept_ra
echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start
ip link set lo up
"""
RELAY_SETUP: Final = """set -e
echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6
ip link add near type veth peer name eth0 address {mac} netns {near}
ip link set near up
"""
OPERATOR_SETUP: Final = """
echo 1 > /proc/sys/net/ipv4/ip_forward
echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
ip link add {line} type veth peer name far netns {relay}
ip link add {net} type veth peer name eth0 netns {far}
ip address add 192.0.2.1/24 dev {line}
ip address add 2001:db8:1::1/64 dev {line} nodad
ip address add 203.0.113.1/24 dev {net}
ip address add 2001:db8:3::1/64 dev {net} nodad
ip link set {line} up
ip link set {net} up
ip route add 198.51.100.0/24 via 192.0.2.2
ip route add 2001:db8:2::/64 via 2001:db8:1::2
ip neighbour add 192.0.2.2 lladdr {mac} dev {line}
"""
NEAR_MAC: Final = "02:00:00:00:00:02"
"""Fixed, so that the operator finds a line without IPv4 behind a NAT64."""
IPV6_ONLY: Final = """
ip address delete 192.0.2.2/24 dev eth0
mount --bind "{hosts}" /etc/hosts
"""
HOSTS: Final = (
    "127.0.0.1 localhost\n::1 localhost\n64:ff9b::c000:aa ipv4only.arpa\n64:ff9b::c000:ab ipv4only.arpa\n"
)
"""What a DNS64 says of the well-known name (RFC 7050 section 8.2), for a line that has no other DNS."""
END_SETUP: Final = """
ip link set eth0 gso_max_segs 1
ip address add {v4}.2/24 dev eth0
ip address add {v6}::2/64 dev eth0 nodad
ip link set eth0 up
ip route add default via {v4}.1
ip route add default via {v6}::1
"""
RESOLV_CONF: Final = "nameserver {resolver}\noptions timeout:2 attempts:2\n"
ACCOUNTING: Final = """for pair in nf_conntrack_acct=1 nf_conntrack_udp_timeout=60; do
  file=/proc/sys/net/netfilter/${pair%%=*}
  if [ -e "$file" ]; then echo "${pair##*=}" > "$file"; fi
done
"""
"""`ct packets` counts only where accounting is on; the files exist once a rule asks for connections."""


class KernelNetError(RuntimeError):
    """The kernel did not give us what a network needs; the message says what was tried and what it said."""


class KernelNet:
    """`with KernelNet(world, 1) as net: net.run_near([...])`. Commands run as root of their namespace.

    Args:
        world: what is on the line and at the operator.
        seed: of the line's and the rule's draws.
        line: a line condition's name, in place of the world's own.
        how: `root` or `userns`; by default what `kernel_support` found.
        queue: False keeps the censor out of NFQUEUE.
    """

    near_address, near_address6 = NEAR
    far_address, far_address6 = FAR

    def __init__(
        self,
        world: World,
        seed: int = 1,
        *,
        line: str | None = None,
        how: How | None = None,
        queue: bool = True,
    ) -> None:
        self._world = (world if line is None else world.on_line(line)).drawn(seed)
        self._hosts: ProviderHosts | None = None
        if world.providers is not None:
            self._hosts = ProviderHosts(world.providers, load_targets(datetime.now(tz=UTC).date()).targets)
            self._world = msgspec.structs.replace(self._world, policy=self._hosts.policy(self._world.policy))
        self._seed = seed
        self._how: How = kernel_support().how if how is None else how
        self._stack = ExitStack()
        self._entries: dict[str, list[str]] = {}
        self._rules = ruleset(self._world.make_policy(), portal=self._world.line.portal)
        self.censor = "nftables"
        """Who runs the policy: nftables, nfqueue or relay."""
        if self._rules is None:  # who answers in another's place must hold the cable
            answers = isinstance(self._world.make_policy(), DnsForge | SipGateway | SipInject | TlsName)
            self.censor = "nfqueue" if queue and is_installed() and not answers else "relay"
        self.environment: dict[str, str] = {}
        """What the programs at both ends need to have in theirs."""

    # -- life ----------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        """Builds everything. Raises KernelNetError, with nothing left behind."""
        if self._how == "none":
            raise KernelNetError("; ".join(kernel_support().reasons))
        try:
            self._build()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends every process that was started here, the last first; namespaces go with them."""
        self._stack.close()

    def _build(self) -> None:
        pids = {name: self._keep(name) for name in ("operator", "relay", "near", "far")}
        for name in ("operator", "near", "far"):
            self._script(name, COMMON)
        self._script("relay", RELAY_SETUP.format(near=pids["near"], mac=NEAR_MAC))
        self._script(
            "operator",
            "set -e\n"
            + OPERATOR_SETUP.format(
                line=LINE_DEVICE, net=NET_DEVICE, relay=pids["relay"], far=pids["far"], mac=NEAR_MAC
            ),
        )
        self._script("relay", "ip link set far up")
        self._script("near", "set -e\n" + END_SETUP.format(v4="192.0.2", v6="2001:db8:1"))
        nat = self._world.line.nat
        if nat is not None and nat.nat64:
            self._without_ipv4()
        self._script("far", "set -e\n" + END_SETUP.format(v4="203.0.113", v6="2001:db8:3"))
        self._providers()
        self._censor()
        policy = self._world.policy if self.censor == "relay" else OPEN
        self._serve("relay", "voipwatch.lab.relay", ["near", "far"], self._order(policy))

    def _without_ipv4(self) -> None:
        """Takes IPv4 away from the line, and gives it the names that its DNS64 would give."""
        folder = self._stack.enter_context(TemporaryDirectory(prefix="voipwatch-net-"))
        hosts = Path(folder) / "hosts"
        hosts.write_text(HOSTS, encoding="ascii")
        self._script("near", "set -e\n" + IPV6_ONLY.format(hosts=hosts))

    def _providers(self) -> None:
        """The providers' servers on the internet, a resolver for each end, and an authority they trust."""
        if self._hosts is None:
            return
        folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="voipwatch-net-")))
        root, chain = certificates(self._hosts.names)
        (folder / "root.pem").write_bytes(root)
        (folder / "chain.pem").write_bytes(chain)
        self.environment["SSL_CERT_FILE"] = str(folder / "root.pem")
        for name, resolver in (("near", LINE_RESOLVER), ("far", FAR_RESOLVER)):
            (folder / name).write_text(RESOLV_CONF.format(resolver=resolver), encoding="ascii")
            self._script(name, f'mount --bind "{folder / name}" /etc/resolv.conf')
        lines = [f"ip address add {ip}/32 dev eth0" for ip in (LINE_RESOLVER, FAR_RESOLVER)]
        lines += [f"ip address add {ip}/32 dev lo" for ip in self._hosts.alive]
        self._script("far", "set -e\n" + "\n".join(lines))
        hosts = dict.fromkeys([*self._hosts.addresses.values(), *self._hosts.elsewhere.values()])
        routes = [f"ip route add {ip}/32 via {FAR[0]}" for ip in hosts]
        self._script("operator", "set -e\n" + "\n".join(routes))
        self._serve("far", "voipwatch.lab.provider_server", [], self._hosts.order(str(folder / "chain.pem")))

    def _censor(self) -> None:
        if self._rules is not None:
            self._script("operator", "nft -f -", self._rules)
            self._script("operator", "set -e\n" + ACCOUNTING)
        if self._world.line.portal:
            self._serve("operator", "voipwatch.lab.portal_server", [], None)
        if self.censor == "nfqueue":
            self._serve("operator", "voipwatch.lab.nfqueue", [], self._order(self._world.policy))
            self._script("operator", "set -e\n" + QUEUE_RULES)

    def _order(self, policy: Any) -> CableOrder:  # noqa: ANN401 -- a table of the world's
        return CableOrder(self._world.line, dict(policy), self._seed, self._world.starts_at_s, QUEUE)

    # -- commands ------------------------------------------------------------------------------

    def run_near(self, command: Sequence[str], **options: Any) -> "subprocess.CompletedProcess[Any]":  # noqa: ANN401
        """`subprocess.run` on the line."""
        return subprocess.run([*self._entries["near"], *command], **self._with_path(options))  # noqa: PLW1510

    def run_far(self, command: Sequence[str], **options: Any) -> "subprocess.CompletedProcess[Any]":  # noqa: ANN401
        """`subprocess.run` on the internet."""
        return subprocess.run([*self._entries["far"], *command], **self._with_path(options))  # noqa: PLW1510

    def run_operator(self, command: Sequence[str], **options: Any) -> "subprocess.CompletedProcess[Any]":  # noqa: ANN401
        """`subprocess.run` at the operator, to look at counters."""
        return subprocess.run([*self._entries["operator"], *command], **self._with_path(options))  # noqa: PLW1510

    def popen_near(self, command: Sequence[str], **options: Any) -> "subprocess.Popen[Any]":  # noqa: ANN401
        """`subprocess.Popen` on the line; ended with the network if it still runs."""
        return self._popen("near", command, options)

    def popen_far(self, command: Sequence[str], **options: Any) -> "subprocess.Popen[Any]":  # noqa: ANN401
        """`subprocess.Popen` on the internet; ended with the network if it still runs."""
        return self._popen("far", command, options)

    def attach(self, name: str) -> int:
        """One namespace more, with nothing in it and files of its own; the pid that holds it."""
        return self._keep(name, files=True)

    def script(self, name: str, script: str, given: str = "") -> None:
        """A shell script as root of the namespace. Raises KernelNetError with what it said."""
        self._script(name, script, given)

    def popen(self, name: str, command: Sequence[str], **options: Any) -> "subprocess.Popen[Any]":  # noqa: ANN401
        """`subprocess.Popen` in the namespace; ended with the network if it still runs."""
        return self._popen(name, command, options)

    # -- processes -----------------------------------------------------------------------------

    def _keep(self, name: str, *, files: bool = False) -> int:
        """Starts the process that holds a namespace, and returns its pid."""
        if self._how == "root" or "operator" not in self._entries:
            entry = list(WAYS[self._how])
        else:  # every namespace belongs to the operator's user namespace
            entry = [*self._entries["operator"], "unshare", "--net"]
        own = {"near"} if self._hosts is None else {"near", "far"}
        files = files or name in own  # its own files of names
        if files:
            entry.append("--mount")
        keeper = self._start([*entry, "sh", "-c", KEEP], name)
        into = ["--user", "--preserve-credentials"] if self._how == "userns" else []
        into += ["--mount"] if files else []
        self._entries[name] = ["nsenter", "--target", str(keeper.pid), "--net", *into, "--"]
        return keeper.pid

    def _serve(
        self, name: str, module: str, arguments: list[str], order: CableOrder | ProviderOrder | None
    ) -> None:
        command = [*self._entries[name], sys.executable, "-m", module, *arguments]
        self._start(command, module, b"" if order is None else msgspec.json.encode(order) + b"\n")

    def _start(self, command: list[str], name: str, order: bytes = b"") -> "subprocess.Popen[bytes]":
        """Starts a process that says "ready" and ends with its standard input."""
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            **self._with_path({}),
        )
        self._stack.callback(_end, process)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(order)
        process.stdin.flush()
        said = process.stdout.readline()
        if said.strip() != b"ready":
            raise KernelNetError(f"{name} did not start: {' '.join(command)} said {said!r}")
        return process

    def _popen(self, name: str, command: Sequence[str], options: dict[str, Any]) -> "subprocess.Popen[Any]":
        process = subprocess.Popen([*self._entries[name], *command], **self._with_path(options))
        self._stack.callback(_end, process)
        return process

    def _script(self, name: str, script: str, given: str = "") -> None:
        done = subprocess.run(
            [*self._entries[name], "sh", "-c", script],
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise KernelNetError(f"{name}: {done.stderr.strip() or done.returncode}")

    def _with_path(self, options: dict[str, Any]) -> dict[str, Any]:
        """The options with this package on the children's path, installed or not."""
        environment = dict(options.get("env") or os.environ)
        root = str(Path(__file__).resolve().parents[2])
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (root, environment.get("PYTHONPATH"))))
        return {**options, "env": environment}


def _end(process: "subprocess.Popen[Any]") -> None:
    """Ends one process that we started: its input first, or a signal, then the one that none survives."""
    if process.stdin is not None:
        with suppress(BrokenPipeError):  # it has ended already
            process.stdin.close()
    else:
        _signal(process, signal.SIGTERM)
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        _signal(process, signal.SIGKILL)
        process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def _signal(process: "subprocess.Popen[Any]", number: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(number)
