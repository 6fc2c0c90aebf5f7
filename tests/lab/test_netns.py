"""Worlds in the kernel: the line's time, the censor's three homes, both ways in, and nothing left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.lab.kernel import Seen, exchange, world
from tests.lab.payloads import control, rtp, stun
from tests.support.environment import require
from voipwatch.lab import ndpi
from voipwatch.lab.line import LineCondition, LinkCondition
from voipwatch.lab.nat import NatCondition
from voipwatch.lab.netns import FAR, KernelNet, KernelNetError
from voipwatch.lab.nfqueue import is_installed
from voipwatch.lab.portal import REDIRECT
from voipwatch.lab.support import How, kernel_support
from voipwatch.lab.worlds import load_worlds

pytestmark = [pytest.mark.kernel, pytest.mark.xdist_group("kernel")]
WORLDS = {entry.id: entry for entry in load_worlds().worlds}
CONNECT = f"import socket; s = socket.create_connection(('{FAR[0]}', {{port}}), 5); "
SERVE = "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('', 3478))\n"
U, Q = control(0x04, 130), control(0x7F, 130)


@pytest.fixture(autouse=True)
def _kernel() -> None:
    support = kernel_support()
    require(support.available, f"no kernel network: {'; '.join(support.reasons)}")


def ways() -> list[How]:
    return ["root", "userns"] if os.geteuid() == 0 else ["userns"]


def answered(seen: Seen, payload: bytes) -> int:
    return seen.near.count(payload)


@pytest.mark.parametrize("how", ways())
@pytest.mark.parametrize("version", [4, 6])
def test_both_ways_in_both_families_with_the_lines_delay(how: How, version: int) -> None:
    with KernelNet(WORLDS["stun-cookie"], how=how) as net:
        assert net.censor == "nftables"
        started = time.monotonic()
        sends = [(0, 5060, U), (1, 443, Q), (2, 3478, stun(1)), (3, 80, rtp(111, 90))]
        seen = exchange(net, sends, version=version, pause_ms=300)
        elapsed_s = time.monotonic() - started
    assert sorted(seen.far) == sorted([U, Q, rtp(111, 90)])
    assert sorted(seen.near) == sorted([U, Q, rtp(111, 90)])
    assert elapsed_s > 3 * 0.04 + 0.3, "three answers take 40 ms each, one is waited for in vain"


@pytest.mark.parametrize("queue", [True, False], ids=["nfqueue", "relay"])
def test_what_nftables_cannot_say_runs_in_the_queue_or_in_the_relay(queue: bool) -> None:
    if queue:
        require(is_installed(), "NetfilterQueue is not installed")
    with KernelNet(world({"policy": "unknown-udp"}), queue=queue) as net:
        assert net.censor == ("nfqueue" if queue else "relay")
        seen = exchange(net, [(0, 3478, U)] * 6 + [(1, 3478, stun(1))] * 6, pause_ms=100)
    assert (seen.far.count(U), seen.far.count(stun(1))) == (2, 6), "an answer counts among the three payloads"


@pytest.mark.parametrize("queue", [True, False], ids=["nfqueue", "relay"])
def test_ndpi_decides_in_the_queue_or_in_the_relay(queue: bool) -> None:
    if queue:
        require(is_installed(), "NetfilterQueue is not installed")
    require(ndpi.is_installed(), "nfstream is not installed: make setup brings it")
    sends = [(0, 3478, U), (1, 3478, stun(1)), (1, 3478, U), (2, 80, rtp(111, 90))]
    with KernelNet(world({"policy": "ndpi-drop", "names": ["STUN"]}), queue=queue) as net:
        assert net.censor == ("nfqueue" if queue else "relay")
        for version in (4, 6):
            seen = exchange(net, sends, version=version, pause_ms=100)
            assert sorted(seen.far) == sorted(seen.near) == sorted([U, rtp(111, 90)])


@pytest.mark.parametrize("queue", [True, False], ids=["nfqueue", "relay"])
def test_sip_is_rewritten_on_its_way(queue: bool) -> None:
    if queue:
        require(is_installed(), "NetfilterQueue is not installed")
    options = b"OPTIONS sip:b SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\n\r\n"
    with KernelNet(world({"policy": "sip-alg"}), queue=queue) as net:
        for version in (4, 6):
            (got,) = exchange(net, [(0, 5060, options)], version=version, pause_ms=100).far
            assert got == options.replace(b"10.0.0.1", b"198.51.100.10")


def test_a_refused_port_is_an_error_at_the_socket() -> None:
    with KernelNet(WORLDS["port-reject"]) as net:
        seen = exchange(net, [(0, 5060, U), (1, 3478, U)], pause_ms=100)
    assert (seen.errors, seen.far) == ([0], [U])


def test_a_portal_answers_tcp_and_drops_udp() -> None:
    ask = CONNECT.format(port=5222) + "s.sendall(b'x'); print(s.recv(999))"
    with KernelNet(WORLDS["captive-portal"]) as net:
        assert exchange(net, [(0, 3478, U)], wait_s=0.1).far == []
        said = net.run_near([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout
    assert said.strip() == repr(REDIRECT)


def test_tcp_of_many_segments_crosses_whole() -> None:
    serve = (
        "import socket, sys; l = socket.create_server(('', 443)); print('ready', flush=True); "
        "c, _ = l.accept(); n = 0\nwhile d := c.recv(65536): n += len(d)\nprint(n, flush=True)"
    )
    send = CONNECT.format(port=443) + "s.sendall(bytes(300_000)); s.close()"
    with KernelNet(WORLDS["cafe-firewall"]) as net:
        far = net.popen_far([sys.executable, "-c", serve], stdout=subprocess.PIPE, text=True)
        assert far.stdout is not None
        assert far.stdout.readline() == "ready\n"
        net.run_near([sys.executable, "-c", send], check=True)
        assert far.stdout.readline() == "300000\n"
        assert exchange(net, [(0, 3478, U)], wait_s=0.1).far == []


def test_a_translator_forgets_in_mid_flow() -> None:
    line = LineCondition(nat=NatCondition(rebind_at_s=(1.0,)))
    tell = (
        SERVE + "print('ready', flush=True)\n"
        "while True:\n d, a = s.recvfrom(99); print(a, flush=True); s.sendto(d, a)"
    )
    ask = (
        "import socket, time; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(3)\n"
        f"for n in range(3): s.sendto(b'x', ('{FAR[0]}', 3478)); print(s.recv(9)); time.sleep(1.3 * n)"
    )
    with KernelNet(world({"policy": "open"}, line)) as net:
        far = net.popen_far([sys.executable, "-c", tell], stdout=subprocess.PIPE, text=True)
        assert far.stdout is not None
        assert far.stdout.readline() == "ready\n"
        said = net.run_near([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout
        assert said.split() == ["b'x'"] * 3
        first, second, third = (far.stdout.readline() for _ in range(3))
    assert "198.51.100.64" in first
    assert first == second != third


def test_loss_on_the_line_is_as_planted() -> None:
    # One each 5 ms whatever comes back, so that good spells and bad ones are asked alike. On a busy machine
    # an exchange may fall into a few spells, so there are up to sixteen.
    line = LineCondition(up=LinkCondition(loss_ratio=0.5, burst_ms=30))
    sent = arrived = 0
    with KernelNet(world({"policy": "open"}, line)) as net:
        while sent < 6400 and (sent == 0 or not 0.3 < 1 - arrived / sent < 0.7):
            packets = [(0, 3478, control(4, 60 + n % 9)) for n in range(400)]
            seen = exchange(net, packets, pause_ms=5, wait_s=4.0, paced=True)
            sent, arrived = sent + 400, arrived + len(seen.far)
            # Loss is planted upwards alone. One answer in some hundreds is thrown away by the machine itself.
            assert 0 <= len(seen.far) - len(seen.near) <= max(1, len(seen.far) // 100)
    assert 0.3 < 1 - arrived / sent < 0.7


def alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def pids_of(net: KernelNet) -> list[int]:
    return [int(entry[2]) for entry in net._entries.values()]


def test_nothing_is_left_behind_not_even_after_an_error() -> None:
    devices = sorted(p.name for p in Path("/sys/class/net").iterdir())
    pids: list[int] = []

    def leave() -> None:
        with KernelNet(WORLDS["clean"]) as net:
            far = net.popen_far(["sleep", "1000"])
            pids.extend([*pids_of(net), far.pid])
            assert alive(pids) == pids
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        leave()
    assert not alive(pids)
    assert sorted(p.name for p in Path("/sys/class/net").iterdir()) == devices


def test_namespaces_go_with_a_parent_that_was_killed() -> None:
    script = (
        "import sys\n"
        "from voipwatch.lab.netns import KernelNet\nfrom voipwatch.lab.worlds import load_worlds\n"
        "with KernelNet(load_worlds().get('clean')) as net:\n"
        " far = net.popen_far(['sleep', '1000'])\n"
        " print(far.pid, *[e[2] for e in net._entries.values()], flush=True)\n sys.stdin.read()"
    )
    source = str(Path(__file__).parents[2] / "src")
    parent = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": source},
    )
    assert parent.stdout is not None
    pids = [int(word) for word in parent.stdout.readline().split()]
    assert len(pids) == 5
    assert alive(pids) == pids
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    deadline = time.monotonic() + 100
    while alive(pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(pids)


def test_a_failure_to_build_says_what_failed_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voipwatch.lab.netns.OPERATOR_SETUP", "\nip link add no-such type nothing\n")
    net = KernelNet(WORLDS["clean"])
    with pytest.raises(KernelNetError, match="operator: "), net:
        pass
    assert not alive(pids_of(net))


def test_without_a_kernel_it_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voipwatch.lab.support.which", lambda _: None)
    kernel_support.cache_clear()
    try:
        support = kernel_support()
        assert (support.available, support.how) == (False, "none")
        assert support.reasons[0].startswith("not installed: unshare")
        with pytest.raises(KernelNetError, match="not installed"), KernelNet(WORLDS["clean"]):
            pass
    finally:
        kernel_support.cache_clear()


@pytest.mark.parametrize("how", ways())
def test_a_line_with_ipv6_only_reaches_ipv4_through_its_translator(how: How) -> None:
    far = "64:ff9b::" + ".".join(FAR[0].split("."))
    names = "import socket; print(sorted({a[4][0] for a in socket.getaddrinfo('ipv4only.arpa', 9)}))"
    tell = (
        SERVE + "print('ready', flush=True)\n"
        "while True:\n d, a = s.recvfrom(2000); print(a[0], len(d), flush=True); s.sendto(d, a)"
    )
    ask = (
        "import socket; s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); s.settimeout(3)\n"
        f"for n in (9, 1200): s.sendto(bytes(n), ('{far}', 3478)); print(len(s.recv(2000)))"
    )
    with KernelNet(WORLDS["clean"], line="nat64", how=how) as net:
        reflector = net.popen_far([sys.executable, "-c", tell], stdout=subprocess.PIPE, text=True)
        assert reflector.stdout is not None
        assert reflector.stdout.readline() == "ready\n"
        said = net.run_near([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout
        assert said.split() == ["9", "1200"]
        assert reflector.stdout.readline() == "198.51.100.64 9\n"
        found = net.run_near([sys.executable, "-c", names], capture_output=True, text=True, check=True).stdout
        assert found.strip() == "['64:ff9b::c000:aa', '64:ff9b::c000:ab']"
        no_ipv4 = f"import socket; socket.create_connection(('{FAR[0]}', 3478), 3)"
        refused = net.run_near([sys.executable, "-c", no_ipv4], capture_output=True, text=True, check=False)
        assert "unreachable" in refused.stderr
        assert exchange(net, [(0, 443, U)], version=6, pause_ms=300).near == [U]


ASKS = """
import socket, ssl, sys
for name in sys.argv[1:]:
    try:
        ip = socket.getaddrinfo(name, 443, type=socket.SOCK_STREAM)[0][4][0]
        with socket.create_connection((ip, 443), 1.5) as plain:
            with ssl.create_default_context().wrap_socket(plain, server_hostname=name):
                print(ip, "shaken")
    except socket.gaierror:
        print("- unknown")
    except OSError as error:
        print(ip, type(error).__name__)
"""


def asked(net: KernelNet, *names: str) -> list[list[str]]:
    """(address, outcome) of each name, by a program on the line."""
    command = [sys.executable, "-c", ASKS, *names]
    environment = {**os.environ, **net.environment}
    done = net.run_near(command, env=environment, capture_output=True, text=True, check=True)
    return [line.split() for line in done.stdout.splitlines()]


def test_the_providers_of_a_world_answer_by_name_until_the_censor_says_otherwise() -> None:
    names = ("web.whatsapp.com", "discord.com", "nobody.example")
    with KernelNet(WORLDS["provider-elsewhere"]) as net:
        elsewhere, discord, nobody = asked(net, *names)
    assert (elsewhere[1], discord[1], nobody) == ("shaken", "shaken", ["-", "unknown"])
    with KernelNet(WORLDS["provider-addresses"]) as net:
        assert net.censor == "nftables"
        dropped, spared, _ = asked(net, *names)
    assert dropped[1] == "TimeoutError"
    assert spared == discord
    assert dropped[0] != elsewhere[0]
    with KernelNet(WORLDS["provider-dns-forged"]) as net:
        assert net.censor == "relay", "a queue cannot answer in a resolver's place"
        forged, spared = asked(net, "g.whatsapp.net", "discord.com")
    assert forged == ["10.10.34.34", "OSError"], "nobody has a route to it"
    assert spared == discord
