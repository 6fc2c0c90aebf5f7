"""Chains of routers in the kernel: who answers which life, and one whole check over them."""

import json
import sys

import msgspec
import pytest

from tests.lab.kernel import world
from tests.support.environment import require
from voipwatch.cli.kernel import report_from_kernel
from voipwatch.lab.hopnet import HopNet
from voipwatch.lab.hops import HopChain
from voipwatch.lab.netns import KernelNetError
from voipwatch.lab.support import kernel_support
from voipwatch.model.vocabulary import Verdict

pytestmark = [pytest.mark.kernel, pytest.mark.xdist_group("kernel")]
NEAR = """
import json, select, socket, sys
from ipaddress import ip_address
from voipwatch.probe.hops import HopSocket
from voipwatch.probe.networks import Networks
from voipwatch.probe.path import Path
said = []
for ip in sys.argv[2:]:
    for ttl in range(1, int(sys.argv[1]) + 2):
        sock = HopSocket.open(Path(ip), Networks())
        sock.limit(ttl)
        sock.send(3478, b"\\x05" * 60)
        waiting = select.poll()
        waiting.register(sock.sock, 0)  # an error queue that is not empty is POLLERR
        waiting.poll(500)
        sock.receive()
        said.append([[a.expired, a.address, a.kind] for a in sock.take_said()])
        sock.close()
print(json.dumps(said))
"""


@pytest.fixture(autouse=True)
def _kernel() -> None:
    support = kernel_support()
    require(support.available, f"no kernel network: {'; '.join(support.reasons)}")


def test_each_router_answers_for_its_hop_in_both_families_unless_it_is_silent() -> None:
    chain = HopChain(5, 3, silent=(4,))
    with HopNet(world({"policy": "stun-cookie"}), chain) as net:
        done = net.run_near(
            [sys.executable, "-c", NEAR, "5", net.far_address, net.far_address6],
            capture_output=True,
            text=True,
            check=True,
        )
    said = json.loads(done.stdout)
    kinds = ["public", "shared", "public", "", "public"]
    wanted4 = [[[True, chain.address(hop), kinds[hop - 1]]] for hop in range(1, 6)]
    wanted4[3] = []
    assert said[:6] == [*wanted4, [[False, net.far_address, "public"]]], "no port is open at the far end"
    six = [f"2001:db8:f:{hop - 1:x}::2" for hop in range(1, 6)]
    six[0] = "2001:db8:1::1"
    wanted6 = [[[True, ip, "public"]] for ip in six]
    wanted6[3] = []
    assert said[6:] == [*wanted6, [[False, net.far_address6, "public"]]]


def test_a_censor_that_nftables_cannot_say_is_refused() -> None:
    with pytest.raises(KernelNetError, match="nftables"):
        HopNet(world({"policy": "unknown-udp"}), HopChain(3, 2))


@pytest.mark.slow
def test_a_check_names_the_hop_of_the_box_and_no_address() -> None:
    chain = HopChain(5, 3, silent=(5,))
    report = report_from_kernel(
        world({"policy": "match-then-kill"}), ["whatsapp"], seed=1, budget_bytes=2_000_000, hops=chain
    )
    (row,) = report.check.results
    assert row.verdict is Verdict.BLOCKED
    place = row.place
    assert place is not None
    assert (place.outcome, place.after, place.before, place.hops) == ("hop", 3, 4, 6)
    assert place.seconds <= 15.0
    assert place.silent == [5]
    (sweep,) = report.measurement.sweeps
    assert all(p.first for p in sweep.probes if p.arm is sweep.control), "whole requests of the control pass"
    written = msgspec.json.encode(report).decode()
    assert not any(chain.address(hop) in written for hop in range(1, 6))
    tokens = {p.ttl: {q.address for q in sweep.probes if q.ttl == p.ttl and q.address} for p in sweep.probes}
    assert [len(tokens[ttl]) for ttl in (1, 2, 3, 4)] == [1, 1, 1, 1]
    assert len(set.union(*(tokens[ttl] for ttl in (1, 2, 3, 4)))) == 4, "equal addresses, equal tokens"
