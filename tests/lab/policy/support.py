"""A box that runs one rule, for tests of rules with a memory."""

from collections.abc import Mapping

from voipwatch.lab.policy import Action, Packet, make_policy
from voipwatch.lab.policy.packet import UDP
from voipwatch.model.vocabulary import Direction

NEAR, FAR = "192.0.2.2", "203.0.113.2"


class Box:
    """Set `now`; push payloads through `up` and `down`."""

    def __init__(self, table: Mapping[str, object], seed: bytes = b"seed") -> None:
        self.policy = make_policy(table)
        self.state = self.policy.start(seed)
        self.now = 0.0

    def up(self, payload: bytes, *, sport: int = 40_000, dport: int = 3478) -> Action:
        packet = Packet(UDP, NEAR, sport, FAR, dport, payload, len(payload) + 28)
        return self.policy(Direction.UP, packet, self.state, self.now)

    def down(self, payload: bytes, *, sport: int = 40_000, dport: int = 3478) -> Action:
        packet = Packet(UDP, FAR, dport, NEAR, sport, payload, len(payload) + 28)
        return self.policy(Direction.DOWN, packet, self.state, self.now)
