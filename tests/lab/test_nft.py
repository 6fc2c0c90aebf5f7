"""Pure rule against kernel rule: every ruleset is loaded, and the same datagrams are sent through both."""

from collections.abc import Iterator

import pytest

from tests.lab.kernel import Send, exchange, world
from tests.lab.payloads import DATAGRAMS, STATELESS, control, rtp, stun
from tests.lab.policy.support import Box
from tests.support.environment import require
from voipwatch.lab.netns import KernelNet
from voipwatch.lab.nft import ruleset
from voipwatch.lab.policy import PASS, make_policy
from voipwatch.lab.support import kernel_support
from voipwatch.lab.worlds import World, load_worlds

pytestmark = [pytest.mark.kernel, pytest.mark.xdist_group("kernel")]
NAMES = [
    name for name, (_, payload) in DATAGRAMS.items() if payload
]  # an empty one cannot be told from another


@pytest.fixture(scope="module")
def net() -> Iterator[KernelNet]:
    support = kernel_support()
    require(support.available, f"no kernel network: {'; '.join(support.reasons)}")
    with KernelNet(world({"policy": "open"})) as open_net:
        yield open_net


def load(net: KernelNet, table: dict[str, object], *, portal: bool = False) -> None:
    text = ruleset(make_policy(table), portal=portal)
    assert text is not None
    net.run_operator(["nft", "flush", "ruleset"], check=True)
    net.run_operator(["nft", "-f", "-"], input=text, text=True, check=True)
    accounting = "echo 1 > /proc/sys/net/netfilter/nf_conntrack_acct"
    net.run_operator(["sh", "-c", accounting], check=True)


def sent(names: list[str]) -> list[Send]:
    return [(n, *DATAGRAMS[name]) for n, name in enumerate(names)]


CASES = [(rule, 4) for rule in STATELESS] + [
    (rule, 6)
    for rule in ("port-reject", "stun-cookie", "whatsapp-types", "dtls-hello", "rtp-any", "sip-text")
]


@pytest.mark.parametrize(("rule", "version"), CASES)
def test_the_kernel_stops_what_the_pure_rule_stops(net: KernelNet, rule: str, version: int) -> None:
    table, stopped = STATELESS[rule]
    load(net, table)
    # A control payload on a free port asks for each datagram to be sent back the other way.
    questions = {name: control(0x04, 40 + n) for n, name in enumerate(NAMES)}
    asked: list[Send] = [(100 + n, 41_000, questions[name]) for n, name in enumerate(NAMES)]
    answers = {questions[name]: DATAGRAMS[name][1] for name in NAMES}
    seen = exchange(net, sent(NAMES) + asked, answers=answers, version=version)
    assert {name for name in NAMES if DATAGRAMS[name][1] in seen.far} == set(NAMES) - stopped
    assert bool(seen.errors) == (rule == "port-reject")

    box = Box(table)
    down = {name for name in NAMES if box.down(DATAGRAMS[name][1], dport=41_000) is PASS}
    if rule in {"udp-all", "udp-except"}:  # no question arrives; what did is sent back
        down = set(NAMES) - stopped
    elif rule in {"rtp-up", "port-drop", "port-reject"}:
        assert down == set(NAMES), "rules of the way up alone"
    assert {name for name in NAMES if DATAGRAMS[name][1] in seen.near} == down


MEMORY: dict[str, tuple[dict[str, object], list[Send]]] = {
    "cut-after": (
        {"policy": "cut-after", "packets": 4},
        [(0, 3478, stun(3)), *[(0, 3478, rtp(120, 90, n)) for n in range(8)]]
        + [(1, 3478, control(4, 90 + n)) for n in range(8)]
        + [(2, 16384, rtp(8, 172, n)) for n in range(8)],
    ),
    "match-then-kill": (
        {"policy": "match-then-kill"},
        [(0, 3478, control(4, 60)), (0, 3478, stun(3)), *[(0, 3478, control(4, 90 + n)) for n in range(4)]]
        + [(1, 3478, control(0x50, 90 + n)) for n in range(4)]
        + [(2, 5060, b"INVITE sip:a@b SIP/2.0\r\n\r\n"), (2, 5060, b"ACK sip:a@b SIP/2.0\r\n\r\n")],
    ),
    "cut-bytes": (
        {"policy": "cut-bytes", "bytes": 360},
        [(0, 3478, stun(3)), *[(0, 3478, rtp(120, 90, n)) for n in range(8)]]
        + [(1, 3478, control(4, 90 + n)) for n in range(8)],
    ),
    "residual": (
        {"policy": "residual"},
        [(0, 3478, control(4, 60)), (0, 3478, stun(3)), (0, 3478, control(4, 61)), (1, 443, control(4, 62))],
    ),
    "residual-by-port": (
        {"policy": "residual", "by_port": True},
        [(0, 3478, control(4, 60)), (0, 3478, stun(3)), (1, 3478, control(4, 61)), (1, 443, control(4, 62))],
    ),
    "police": (
        # Two packets of 1,028 or 1,048 bytes; the third would have to wait over a minute for its tokens.
        {"policy": "police", "bytes_per_s": 10, "burst_bytes": 2_100},
        [(0, 16384, rtp(8, 1_000, n)) for n in range(8)]
        + [(1, 16384, control(4, 900 + n)) for n in range(8)],
    ),
}


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("rule", MEMORY)
def test_a_rule_with_a_memory_remembers_the_same_in_the_kernel(
    net: KernelNet, rule: str, version: int
) -> None:
    table, sends = MEMORY[rule]
    load(net, table)
    box = Box(table)
    up, down, pauses_ms = [], [], []
    for flow, port, payload in sends:
        if box.up(payload, sport=40_000 + flow, dport=port) is PASS:
            up.append(payload)
            if box.down(payload, sport=40_000 + flow, dport=port) is PASS:
                down.append(payload)
        # What is answered is waited for, however busy the machine; else what was sent must have gone by.
        pauses_ms.append(10_000.0 if down[-1:] == [payload] else 300.0 if up[-1:] == [payload] else 30.0)
    seen = exchange(net, sends, version=version, pause_ms=pauses_ms)
    assert sorted(seen.far) == sorted(up)
    assert sorted(seen.near) == sorted(down)
    assert len(up) < len(sends)


def test_random_loss_is_as_planted(net: KernelNet) -> None:
    load(net, {"policy": "media-loss", "ratio": 0.8})
    sends = [(n % 4, 16384, rtp(8, 172, n)) for n in range(1_000)] + [(9, 3478, stun(1))] * 20
    seen = exchange(net, sends, pause_ms=0)
    assert sum(p[0] == 0x80 for p in seen.far) == pytest.approx(200, abs=51)  # four standard deviations
    assert seen.far.count(stun(1)) == 20


@pytest.mark.parametrize("per_flow", [False, True])
def test_a_count_a_second_is_held(net: KernelNet, per_flow: bool) -> None:
    load(net, {"policy": "pps-cap", "pps": 1, "burst": 5, "signatures": ["sip"], "per_flow": per_flow})
    text = b"INVITE sip:a@b SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\n"
    seen = exchange(net, [(n % 2, 5060, text) for n in range(400)] + [(9, 3478, stun(1))] * 20, pause_ms=0)
    up, down = (sum(p == text for p in end) for end in (seen.far, seen.near))
    # One bucket for both ways, so that answers take of what questions find; or one for each way of each flow.
    passed, least = (up, 2 * 5) if per_flow else (up + down, 5)
    most = 60  # of 400: the burst, and one for each second that this may take on a busy machine
    assert least <= passed <= most
    assert seen.far.count(stun(1)) == 20


def test_a_flow_is_young_for_so_long(net: KernelNet) -> None:
    young: dict[str, object] = {"policy": "cut-seconds", "seconds": 0.5}
    load(net, {"policy": "chain", "policies": [young, {"policy": "size-drop", "over": 900}]})
    media = [(0, 3478, rtp(120, 90, n)) for n in range(20)]
    waited_for = (2, 443, control(4, 950))  # dropped, so that the whole pause goes by
    sends = [(0, 3478, stun(1)), *media[:10], waited_for, *media[10:], (1, 443, control(4, 80))]
    seen = exchange(net, sends, pause_ms=[2_000.0] * 12 + [30.0] * 11)
    assert seen.far.count(stun(1)) == 1
    assert [m for _, _, m in media if m in seen.far] == [m for _, _, m in media[:10]]
    assert control(4, 80) in seen.far


@pytest.mark.parametrize("entry", load_worlds().worlds, ids=lambda w: w.id)
def test_the_ruleset_of_every_world_loads(net: KernelNet, entry: World) -> None:
    text = ruleset(entry.make_policy(), portal=entry.line.portal)
    if text is None:
        assert entry.policy["policy"] in {
            "sip-alg", "unknown-udp", "intermittent", "police", "dns-forge", "tls-name", "ndpi-drop",
            "follow-caller", "dtls-fingerprint", "rtp-behaviour", "match-then-kill", "shape", "late", "daily",
            "ndpi-then", "sip-inject", "sip-gateway", "sip-pinhole", "allow-list", "one-way", "paths-break",
        }  # fmt: skip
        return
    net.run_operator(["nft", "flush", "ruleset"], check=True)
    net.run_operator(["nft", "-f", "-"], input=text, text=True, check=True)


@pytest.mark.parametrize("reject", [False, True])
@pytest.mark.parametrize("inside", [False, True])
def test_addresses_are_dropped_or_refused(net: KernelNet, reject: bool, inside: bool) -> None:
    network = f"{net.far_address}/32" if inside else "198.51.100.10/31"
    load(net, {"policy": "address-drop", "networks": [network], "reject": reject})
    seen = exchange(net, [(0, 3478, control(0x04, 80))])
    assert len(seen.far) == len(seen.near) == (0 if inside else 1)
    assert bool(seen.errors) == (inside and reject)


def test_addresses_of_the_new_family_are_left_to_others() -> None:
    assert ruleset(make_policy({"policy": "address-drop", "networks": ["2001:db8::/64"]})) is None


def test_what_nftables_cannot_say_is_left_to_others() -> None:
    assert ruleset(make_policy({"policy": "unknown-udp"})) is None
    two = {
        "policy": "chain",
        "policies": [{"policy": "cut-after", "packets": 3}, {"policy": "match-then-kill"}],
    }
    assert ruleset(make_policy(two)) is None, "both would need the connection's one mark"
