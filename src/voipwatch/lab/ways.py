"""Behind the operator, where the ways to two reflectors part: what stands on each, what becomes of a packet.

A world with `ways` has as many reflectors. Its `policy` and its line are before the fork and see the packets
of all of them; a way has a censor and a link of its own.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from voipwatch.lab.hearing import Hear, Listened
from voipwatch.lab.line import Line, LineCondition, LinkCondition
from voipwatch.lab.ndpi import open_classifier
from voipwatch.lab.policy import Policy, make_policy
from voipwatch.lab.policy.dice import derive
from voipwatch.lab.policy.packet import PASS, Delay, Packet
from voipwatch.lab.policy.signature import flow_key
from voipwatch.model.vocabulary import Direction

WAYS: Final = 2
"""Of a world that has any: what is asked of simultaneous flows is asked of two reflectors."""


class Way(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Between the operator and one reflector. TCP and what dies of its age know nothing of it."""

    policy: Mapping[str, Any] = {}
    """Drops or delays; what else a rule does with a packet, the packet does not get further. Empty: open."""
    both: LinkCondition = LinkCondition()
    """Of each direction, drawn for itself."""

    def make_policy(self) -> Policy:
        """The censor, ready to `start`. Raises ValueError for one that there is not."""
        return make_policy(self.policy or {"policy": "open"}, open_classifier)


class Stretch:
    """One way in virtual time: call it with times that never go back."""

    def __init__(self, way: Way, seed: bytes, hear: Hear | None = None) -> None:
        self._policy = way.make_policy() if hear is None else Listened(way.make_policy(), hear)
        self._state = self._policy.start(derive(seed, "policy"))
        self._line = Line(LineCondition(up=way.both, down=way.both), derive(seed, "line"))

    def arrivals(self, direction: Direction, packet: Packet, now: float) -> list[float]:
        """When a packet that enters now is at the other end: never, once, or twice."""
        action = self._policy(direction, packet, self._state, now)
        if action is not PASS and not isinstance(action, Delay):
            return []
        later = action.s if isinstance(action, Delay) else 0.0
        link = self._line.up if direction is Direction.UP else self._line.down
        return [at + later for at in link.arrivals(now, packet.size, flow_key(direction, packet))]
