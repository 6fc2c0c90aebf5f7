from tests.lab.payloads import rtp, stun
from voipwatch.lab.hearing import Heard, Listened, action_name, rule_name
from voipwatch.lab.policy import DROP, PASS, Action, Delay, Inject, Packet, Policy, Reject, make_policy
from voipwatch.lab.policy.verdict import VerdictThen
from voipwatch.model.vocabulary import Direction

CHAIN = {
    "policy": "chain",
    "policies": [{"policy": "stun-cookie"}, {"policy": "late", "delay_s": 0.5}],
}


def ask(policy: Policy, payloads: list[bytes]) -> list[Action]:
    state = policy.start(b"seed")
    packets = [Packet("udp", "192.0.2.2", 5, "203.0.113.2", 3478, p, len(p) + 28) for p in payloads]
    return [policy(Direction.UP, packet, state, n * 0.1) for n, packet in enumerate(packets)]


def test_who_listens_hears_each_packet_and_changes_nothing() -> None:
    heard: list[Heard] = []
    payloads = [stun(1), b"x" * 60, rtp(111, 80)]
    policy = make_policy(CHAIN)
    assert ask(Listened(policy, heard.append), payloads) == ask(policy, payloads) == [DROP, PASS, Delay(0.5)]
    assert [(h.action, h.rule, h.delay_s) for h in heard] == [
        ("drop", "stun-cookie", 0.0), ("pass", "", 0.0), ("delay", "late", 0.5),
    ]  # fmt: skip
    assert [(h.at_s, h.packet.payload) for h in heard] == [
        (0.0, payloads[0]),
        (0.1, payloads[1]),
        (0.2, payloads[2]),
    ]


def test_a_rule_with_a_memory_keeps_it() -> None:
    heard: list[Heard] = []
    ask(Listened(make_policy({"policy": "match-then-kill"}), heard.append), [stun(1), b"x" * 60])
    assert [(h.action, h.rule) for h in heard] == [("pass", ""), ("drop", "match-then-kill")]


def test_rules_and_actions_have_names() -> None:
    inner = {"policy": "stun-cookie"}
    for table, name in (
        (inner, "stun-cookie"),
        ({"policy": "one-way", "direction": "up", "of": inner}, "one-way stun-cookie"),
        ({"policy": "daily", "from_h": 1, "to_h": 2, "of": inner}, "daily stun-cookie"),
        ({"policy": "except", "networks": [], "of": inner}, "except stun-cookie"),
        ({"policy": "intermittent", "period_s": 1, "on_s": 1, "of": CHAIN}, "intermittent chain"),
        ({"policy": "ndpi-drop", "names": ["Zoom"]}, "ndpi-drop"),
    ):
        assert rule_name(make_policy(table)) == name
    assert rule_name(VerdictThen(("Zoom",), policy=make_policy(inner))) == "ndpi-then stun-cookie"
    assert [action_name(a) for a in (PASS, DROP, Delay(1.0), Reject(), Inject(()))] == [
        "pass", "drop", "delay", "reject", "inject",
    ]  # fmt: skip
