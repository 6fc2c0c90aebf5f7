"""A censor that somebody listens to: what it did with each packet, and which of its rules did it."""

from collections.abc import Callable

import msgspec

from voipwatch.lab.policy.combine import Chain, Daily, Except, Intermittent, OneWay
from voipwatch.lab.policy.packet import PASS, Action, Delay, Inject, Packet, Policy, Reject
from voipwatch.lab.policy.state import State
from voipwatch.lab.policy.verdict import VerdictDrop, VerdictThen
from voipwatch.model.vocabulary import Direction


class Heard(msgspec.Struct, frozen=True):
    """What became of one packet at the operator."""

    at_s: float
    """The world's time."""
    direction: Direction
    packet: Packet
    action: str
    """pass, drop, delay, reject, inject; `inject` is a rewrite where the packet's own way is taken."""
    rule: str
    """The rule that did it, as the table calls it; empty for what passed."""
    delay_s: float = 0.0


Hear = Callable[[Heard], None]


def action_name(action: Action) -> str:
    """One word."""
    if isinstance(action, Delay | Reject | Inject):
        return type(action).__name__.lower()
    return action.value


def rule_name(policy: Policy) -> str:
    """As a table names it; combinators with what is inside them."""
    if isinstance(policy, Chain):
        return "chain"
    if isinstance(policy, VerdictThen):
        return f"ndpi-then {rule_name(policy.policy)}"
    if isinstance(policy, VerdictDrop):
        return "ndpi-drop"
    if isinstance(policy, OneWay | Intermittent | Daily | Except):
        names = {OneWay: "one-way", Intermittent: "intermittent", Daily: "daily", Except: "except"}
        inner = rule_name(policy.policy)
        return f"{names[type(policy)]} {inner}"
    config = getattr(policy, "__struct_config__", None)
    return str(config.tag) if config is not None else type(policy).__name__


class Listened:
    """The same rule, with a listener; of a chain the part that decided is named."""

    def __init__(self, policy: Policy, hear: Hear) -> None:
        self._policy = policy
        self._hear = hear

    def start(self, seed: bytes) -> State:
        """The rule's own memory."""
        return self._policy.start(seed)

    def __call__(self, direction: Direction, packet: Packet, state: State, now: float) -> Action:
        """As the rule says; the listener is told after it."""
        policy, rule = self._policy, ""
        action: Action = PASS
        if isinstance(policy, Chain):
            for part, memory in zip(policy.policies, state.parts, strict=True):
                action = part(direction, packet, memory, now)
                if action is not PASS:
                    rule = rule_name(part)
                    break
        else:
            action = policy(direction, packet, state, now)
            rule = rule_name(policy) if action is not PASS else ""
        waits = action.s if isinstance(action, Delay) else 0.0
        self._hear(Heard(now, direction, packet, action_name(action), rule, waits))
        return action
