"""The rule that asks an engine, with engines that say what they are told to."""

from collections.abc import Sequence

import pytest

from voipwatch.lab.policy import DROP, PASS, Action, Packet, UnknownPolicyError, make_policy
from voipwatch.lab.policy.packet import TCP, UDP
from voipwatch.lab.policy.state import FlowKey
from voipwatch.lab.policy.verdict import Classifier, VerdictDrop
from voipwatch.model.vocabulary import Direction

NEAR, FAR = "192.0.2.2", "203.0.113.2"


class Engine:
    """Says the next of its answers for each flow, the last one for ever."""

    def __init__(self, answers: Sequence[tuple[str, int]]) -> None:
        self.answers = answers
        self.asked: list[tuple[FlowKey, bytes, float]] = []

    def __call__(self, key: FlowKey, packet: Packet, now: float) -> tuple[str, int]:
        self.asked.append((key, packet.payload, now))
        before = sum(asked == key for asked, _, _ in self.asked) - 1
        return self.answers[min(before, len(self.answers) - 1)]


def packet(direction: Direction, port: int = 40_000, proto: str = UDP) -> Packet:
    near, far = (NEAR, port), (FAR, 3478)
    src, dst = (near, far) if direction is Direction.UP else (far, near)
    return Packet(proto, *src, *dst, b"payload", 35)


def run(
    policy: VerdictDrop, steps: Sequence[tuple[Direction, int]], proto: str = UDP, gap_s: float = 1.0
) -> list[Action]:
    state = policy.start(b"seed")
    return [policy(way, packet(way, port, proto), state, n * gap_s) for n, (way, port) in enumerate(steps)]


def dropping(names: tuple[str, ...], engine: Classifier) -> VerdictDrop:
    return VerdictDrop(names, open_classifier=lambda _caches: engine)


def test_drops_from_the_packet_that_settles_it_both_ways_and_asks_no_more() -> None:
    engine = Engine([("", 0), ("STUN", 6), ("STUN.WhatsAppCall", 6)])
    up, down = (Direction.UP, 1), (Direction.DOWN, 1)
    actions = run(dropping(("WhatsAppCall",), engine), [up, down, up, down, up])
    assert actions == [PASS, PASS, DROP, DROP, DROP]
    assert len(engine.asked) == 3, "a condemned flow needs no opinion"
    assert {key for key, _, _ in engine.asked} == {(UDP, NEAR, 1, FAR, 3478)}, "one flow, both ways"


def test_another_five_tuple_is_another_flow() -> None:
    engine = Engine([("Discord", 6)])
    policy = VerdictDrop(("Discord",), open_classifier=lambda _caches: lambda key, *_: (
        ("Discord", 6) if key[2] == 1 else ("DNS", 6)
    ))  # fmt: skip
    assert run(policy, [(Direction.UP, 1), (Direction.UP, 2), (Direction.DOWN, 2)]) == [DROP, PASS, PASS]
    assert run(dropping(("Discord",), engine), [(Direction.DOWN, 1)]) == [DROP]


@pytest.mark.parametrize(
    ("said", "rule", "hit"),
    [
        ("STUN.WhatsAppCall", "WhatsAppCall", True),
        ("WhatsAppCall", "WhatsAppCall", True),
        ("STUN.WhatsAppCall", "STUN.WhatsAppCall", True),
        ("STUN.WhatsAppCall", "STUN", False),
        ("WhatsApp", "WhatsAppCall", False),
        ("NotWhatsAppCall", "WhatsAppCall", False),
        ("DTLS.SRTP", "SRTP", True),
        ("DTLS.TeamsCall", "DTLS", False),
        ("", "STUN", False),
    ],
)
def test_a_name_is_the_whole_or_what_follows_the_dot(said: str, rule: str, hit: bool) -> None:
    policy = dropping(("Nothing", rule), Engine([(said, 6)]))
    assert policy.hits(said) is hit
    assert run(policy, [(Direction.UP, 1)]) == [DROP if hit else PASS]


@pytest.mark.parametrize(("confidence", "action"), [(0, PASS), (1, PASS), (4, PASS), (5, DROP), (6, DROP)])
def test_a_guess_by_port_or_address_does_not_count(confidence: int, action: Action) -> None:
    policy = dropping(("STUN",), Engine([("STUN", confidence)]))
    assert run(policy, [(Direction.UP, 1)] * 2) == [action, action]


def test_tcp_passes_unseen() -> None:
    engine = Engine([("STUN", 6)])
    assert run(dropping(("STUN",), engine), [(Direction.UP, 1)], TCP) == [PASS]
    assert engine.asked == []


def test_a_flow_that_was_silent_for_two_minutes_is_a_new_one() -> None:
    engine = Engine([("STUN", 6), ("", 0)])
    assert run(dropping(("STUN",), engine), [(Direction.UP, 1)] * 2, gap_s=121) == [DROP, PASS]


def test_each_box_has_an_engine_of_its_own_with_the_caches_that_it_asked_for() -> None:
    opened: list[bool] = []

    def open_classifier(caches: bool) -> Classifier:
        opened.append(caches)
        return Engine([("", 0)])

    table = {"policy": "ndpi-drop", "names": ["STUN"], "caches": True}
    chain = make_policy({"policy": "chain", "policies": [table, {**table, "caches": False}]}, open_classifier)
    assert opened == [], "an engine is a box's, not a rule's"
    chain.start(b"one")
    chain.start(b"two")
    assert opened == [True, False, True, False]


def test_a_table_names_it_and_nothing_else_that_it_does_not_take() -> None:
    policy = make_policy({"policy": "ndpi-drop", "names": ["Zoom"]})
    assert isinstance(policy, VerdictDrop)
    assert (policy.names, policy.caches) == (("Zoom",), False)
    with pytest.raises(RuntimeError, match="without one"):
        policy.start(b"seed")
    for wrong in ({}, {"names": "Zoom"}, {"names": ["Zoom"], "speed": 3}):
        with pytest.raises(UnknownPolicyError):
            make_policy({"policy": "ndpi-drop", **wrong})


def test_another_rule_may_have_the_named_flows() -> None:
    table = {
        "policy": "ndpi-then",
        "names": ["STUN"],
        "of": {"policy": "police", "bytes_per_s": 1, "burst_bytes": 250, "signatures": ["any"]},
    }
    engines = iter([Engine([("", 0), ("STUN", 6)])])
    policy = make_policy(table, lambda _caches: next(engines))
    state = policy.start(b"seed")
    packet = Packet("udp", "192.0.2.2", 1, "203.0.113.2", 3478, bytes(72), 100)
    said = [policy(Direction.UP, packet, state, float(n)) for n in range(5)]
    assert said == [PASS, PASS, PASS, DROP, DROP], "the first had no name; the bucket holds two"
    with pytest.raises(UnknownPolicyError):
        make_policy({"policy": "ndpi-then", "names": ["STUN"]})
