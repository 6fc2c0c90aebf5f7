"""Rules made of rules: one after the other, one way only, only at times, or with exceptions."""

from ipaddress import ip_address, ip_network

import msgspec

from voipwatch.lab.policy.dice import derive
from voipwatch.lab.policy.packet import PASS, Action, Memory, Packet, Policy
from voipwatch.lab.policy.state import State
from voipwatch.model.vocabulary import Direction


class Open(Memory, frozen=True, tag_field="policy", tag="open"):
    """No interference."""

    def __call__(self, _direction: Direction, _packet: Packet, _state: State, _now: float) -> Action:
        """Everything passes."""
        return PASS


class Chain(msgspec.Struct, frozen=True):
    """The first rule that does not let a packet pass decides; later rules do not see it."""

    policies: tuple[Policy, ...]

    def start(self, seed: bytes) -> State:
        """Each rule remembers for itself."""
        parts = tuple(p.start(derive(seed, f"part {n}")) for n, p in enumerate(self.policies))
        return State(seed, parts)

    def __call__(self, direction: Direction, packet: Packet, state: State, now: float) -> Action:
        """In order."""
        for policy, part in zip(self.policies, state.parts, strict=True):
            action = policy(direction, packet, part, now)
            if action is not PASS:
                return action
        return PASS


class OneWay(msgspec.Struct, frozen=True):
    """A rule that one direction is subject to; the other passes unseen."""

    direction: Direction
    policy: Policy

    def start(self, seed: bytes) -> State:
        """The inner rule's memory."""
        return self.policy.start(seed)

    def __call__(self, direction: Direction, packet: Packet, state: State, now: float) -> Action:
        """Asks the inner rule about its direction only."""
        return self.policy(direction, packet, state, now) if direction is self.direction else PASS


class Intermittent(msgspec.Struct, frozen=True):
    """A rule in force for the first `on_s` seconds of every `period_s` (technique A2).

    As reported of Wi-Fi in Morocco in January 2016.
    """

    period_s: float
    on_s: float
    policy: Policy

    def start(self, seed: bytes) -> State:
        """The inner rule's memory, kept over the pauses."""
        return self.policy.start(seed)

    def __call__(self, direction: Direction, packet: Packet, state: State, now: float) -> Action:
        """Asks the inner rule while it is in force."""
        return self.policy(direction, packet, state, now) if now % self.period_s < self.on_s else PASS


class Daily(msgspec.Struct, frozen=True):
    """A rule in force at some hours of the day (technique A2); a world's second 0 is midnight."""

    from_h: float
    to_h: float
    """0 to 24; less than `from_h`: over midnight."""
    policy: Policy

    def start(self, seed: bytes) -> State:
        """The inner rule's memory, kept from day to day."""
        return self.policy.start(seed)

    def __call__(self, direction: Direction, packet: Packet, state: State, now: float) -> Action:
        """Asks the inner rule while it is in force."""
        hour = now / 3600.0 % 24.0
        inside = self.from_h <= hour < self.to_h
        if self.to_h < self.from_h:
            inside = hour >= self.from_h or hour < self.to_h
        return self.policy(direction, packet, state, now) if inside else PASS


class Except(msgspec.Struct, frozen=True):
    """A rule that some far addresses are exempt from (technique A3): a provider's ranges, a cloud's."""

    networks: tuple[str, ...]
    policy: Policy

    def start(self, seed: bytes) -> State:
        """The inner rule's memory."""
        return self.policy.start(seed)

    def __call__(self, direction: Direction, packet: Packet, state: State, now: float) -> Action:
        """What goes to the networks or comes from them passes unseen."""
        far = ip_address(packet.dst if direction is Direction.UP else packet.src)
        if any(far in ip_network(network) for network in self.networks):
            return PASS
        return self.policy(direction, packet, state, now)
