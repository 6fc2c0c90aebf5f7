"""Every rule without memory against every hand-built datagram: what it stops, and what it lets pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.payloads import CONTROLS, DATAGRAMS, STATELESS
from voipwatch.lab.policy import PASS, POLICIES, Packet, Reject, make_policy
from voipwatch.lab.policy.packet import DROP, TCP, UDP
from voipwatch.model.vocabulary import Direction, Failure


def packet(payload: bytes, dport: int, *, proto: str = UDP, up: bool = True) -> Packet:
    near, far = ("192.0.2.2", 50_050), ("203.0.113.2", dport)
    src, dst = (near, far) if up else (far, near)
    return Packet(proto, src[0], src[1], dst[0], dst[1], payload, len(payload) + 28)


@pytest.mark.parametrize("rule", STATELESS)
def test_stops_what_it_is_for_and_nothing_else(rule: str) -> None:
    table, stopped = STATELESS[rule]
    policy = make_policy(table)
    state = policy.start(b"")
    said = {
        name
        for name, (port, payload) in DATAGRAMS.items()
        if policy(Direction.UP, packet(payload, port), state, 0.0) is not PASS
    }
    assert said == stopped


@pytest.mark.parametrize(
    "rule", sorted(set(STATELESS) - {"port-drop", "port-reject", "udp-all", "udp-except", "size-drop"})
)
def test_controls_of_both_families_live_under_every_signature(rule: str) -> None:
    assert not STATELESS[rule][1] & CONTROLS


@pytest.mark.parametrize(
    "rule", ["stun-cookie", "turn-only", "dtls-hello", "rtp-any", "rtp-down", "sip-text"]
)
def test_signatures_are_stopped_on_the_way_down_too(rule: str) -> None:
    table, stopped = STATELESS["rtp-any" if rule == "rtp-down" else rule]
    policy = make_policy(STATELESS[rule][0])
    state = policy.start(b"")
    for name, (port, payload) in DATAGRAMS.items():
        action = policy(Direction.DOWN, packet(payload, port, up=False), state, 0.0)
        assert (action is DROP) == (name in stopped), (table, name)


def test_a_port_is_stopped_as_a_target_and_not_as_a_clients_own() -> None:
    policy = make_policy(STATELESS["port-drop"][0])
    state = policy.start(b"")
    to_line = packet(b"anything", 3478, up=False)
    assert to_line.dport == 50_050  # lies in the second range
    assert policy(Direction.DOWN, to_line, state, 0.0) is PASS


def test_a_refused_port_says_so() -> None:
    policy = make_policy(STATELESS["port-reject"][0])
    action = policy(Direction.UP, packet(b"", 3478), policy.start(b""), 0.0)
    assert action == Reject(Failure.PORT_UNREACHABLE)


@pytest.mark.parametrize("rule", sorted(set(STATELESS) - {"open"}))
def test_tcp_is_left_alone(rule: str) -> None:
    policy = make_policy(STATELESS[rule][0])
    state = policy.start(b"")
    for port, payload in DATAGRAMS.values():
        assert policy(Direction.UP, packet(payload, port, proto=TCP), state, 0.0) is PASS


PARAMETERS: dict[str, dict[str, object]] = {
    "port-drop": {"ports": [[3478, 3478]]},
    "port-reject": {"ports": [[3478, 3478]]},
    "cut-after": {"packets": 3},
    "media-loss": {"ratio": 0.5},
    "police": {"bytes_per_s": 100, "burst_bytes": 300},
    "payload": {"any": [{"size": 4, "at": [[0, "00"]], "ports": [[1, 5000]]}, {"at": [[2, "0300"]]}]},
    "dns-forge": {"names": ["example"]},
    "tls-name": {"names": ["example"]},
    "address-drop": {"networks": ["203.0.113.0/24"]},
    "port-loss": {"ports": [[3478, 3478]], "ratio": 0.5},
    "udp-except": {"ports": [[443, 443]]},
    "cut-bytes": {"bytes": 200},
    "cut-seconds": {"seconds": 2},
    "rtp-behaviour": {"packets": 2, "ratio": 0.5},
    "shape": {"bytes_per_s": 50, "queue_s": 2, "signatures": ["any"]},
    "late": {"jitter_s": 0.1, "late_ratio": 0.5, "late_s": 1},
    "pps-cap": {"pps": 2},
    "size-drop": {"over": 40, "ratio": 0.5},
    "dtls-fingerprint": {"ja3": ["0"], "ja4": ["d"]},
    "sip-pinhole": {"timeout_s": 2},
    "paths-break": {"share": 0.5, "packets": 2},
}


@given(
    name=st.sampled_from(sorted(POLICIES)),
    packets=st.lists(
        st.tuples(
            st.binary(max_size=80)
            | st.sampled_from([d for _, d in DATAGRAMS.values()]).map(lambda d: d[:60]),
            st.booleans(),
            st.sampled_from([UDP, TCP]),
            st.sampled_from([3478, 5060, 443]),
        ),
        max_size=12,
    ),
)
def test_no_rule_raises_whatever_the_bytes(name: str, packets: list[tuple[bytes, bool, str, int]]) -> None:
    policy = make_policy({"policy": name, **PARAMETERS.get(name, {})})
    states = policy.start(b"one"), policy.start(b"one")
    for number, (payload, up, proto, port) in enumerate(packets):
        direction = Direction.UP if up else Direction.DOWN
        seen = packet(payload, port, proto=proto, up=up)
        first, second = (policy(direction, seen, state, float(number)) for state in states)
        assert first == second, "equal memories, packets and times give equal actions"
