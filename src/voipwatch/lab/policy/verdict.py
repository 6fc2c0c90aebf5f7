"""By a classifier's verdict: a flow dies once the engine calls it by one of the names (techniques A1, F6).

The engine is handed in as a callable, so that the rule stays pure: `lab.ndpi` has one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from voipwatch.lab.policy.dice import derive
from voipwatch.lab.policy.packet import DROP, PASS, UDP, Action, Packet, Policy
from voipwatch.lab.policy.signature import flow_key
from voipwatch.lab.policy.state import FlowKey, State
from voipwatch.model.vocabulary import Direction

Classifier = Callable[[FlowKey, Packet, float], tuple[str, int]]
"""(five-tuple, packet, seconds) -> the flow's name so far, empty while it has none, and the confidence in it.

It remembers the flows; it is told of each packet once, in order of time."""
OpenClassifier = Callable[[bool], Classifier]
"""Makes a classifier that remembers nothing yet. True: it may carry a name from one flow to the next."""
CONFIDENCE_MIN: Final = 5
"""nDPI: 6 was seen in the flow's packets, 5 in an earlier flow's; below it guesses by port or address."""


def no_classifier(_caches: bool) -> Classifier:
    """What a rule has that nobody gave an engine. Raises RuntimeError."""
    raise RuntimeError("a rule that asks a classifier was started without one")


@dataclass(slots=True)
class Asking(State):
    """A box's memory, with its engine."""

    classifier: Classifier | None = None


class VerdictDrop(msgspec.Struct, frozen=True):
    """The packet at which a flow gets one of the names is dropped, and all that follow it, both ways.

    UDP only. The first name that hits decides: what the engine would have said later is not waited for.
    """

    names: tuple[str, ...]
    """As the engine says them, or the part after the dot: `WhatsAppCall` is `STUN.WhatsAppCall` too."""
    caches: bool = False
    """True: what an address and port were called in one flow, they are called in the next."""
    open_classifier: OpenClassifier = no_classifier

    def start(self, seed: bytes) -> State:
        """A box of its own, with an engine of its own."""
        return Asking(seed, classifier=self.open_classifier(self.caches))

    def hits(self, name: str) -> bool:
        """Whether a flow with this name is meant."""
        return any(name == rule or name.endswith("." + rule) for rule in self.names)

    def __call__(self, direction: Direction, packet: Packet, state: State, now: float) -> Action:
        """A flow that has been let live is asked about again at each of its packets."""
        if packet.proto != UDP:
            return PASS
        assert isinstance(state, Asking)
        assert state.classifier is not None
        key = flow_key(direction, packet)
        flow = state.flows.find(key, now)
        if not flow.condemned:
            name, confidence = state.classifier(key, packet, now)
            flow.condemned = confidence >= CONFIDENCE_MIN and self.hits(name)
        return self.then(direction, packet, state, now) if flow.condemned else PASS

    def then(self, _direction: Direction, _packet: Packet, _state: State, _now: float) -> Action:
        """What becomes of a packet of a flow that was named."""
        return DROP


class VerdictThen(VerdictDrop, frozen=True, kw_only=True):
    """As `VerdictDrop`, but another rule has the named flows: police them, hold them back, kill them (F6)."""

    policy: Policy

    def start(self, seed: bytes) -> State:
        """The inner rule's memory beside the engine."""
        inner = self.policy.start(derive(seed, "then"))
        return Asking(seed, (inner,), classifier=self.open_classifier(self.caches))

    def then(self, direction: Direction, packet: Packet, state: State, now: float) -> Action:
        """The inner rule sees nothing of the other flows."""
        return self.policy(direction, packet, state.parts[0], now)
