"""Slower instead of less: a shaper's queue (technique Q2), and delay, jitter and reordering (Q5)."""

from voipwatch.lab.policy.packet import DROP, PASS, Action, Delay, Memory, Packet
from voipwatch.lab.policy.signature import flow_key, shows_call
from voipwatch.lab.policy.state import Flow, State
from voipwatch.model.vocabulary import Direction


class Shape(Memory, frozen=True, tag_field="policy", tag="shape"):
    """A token bucket with a queue for each direction of a recognised flow: delay grows, then the tail drops.

    As `tc qdisc add dev X root tbf rate R burst B latency Q`.
    """

    bytes_per_s: float
    queue_s: float
    """The longest wait; what would wait longer is dropped."""
    burst_bytes: float = 1_600.0
    signatures: tuple[str, ...] = ("rtp",)
    shared: bool = False
    """One queue for all flows of the line that were recognised."""

    def __post_init__(self) -> None:
        if self.bytes_per_s <= 0 or self.queue_s < 0:
            raise ValueError("a shaper has a rate over 0 and a queue of 0 s or more")

    def __call__(self, direction: Direction, packet: Packet, state: State, now: float) -> Action:
        """Whole IP packets, in order."""
        flow = state.flows.find(flow_key(direction, packet), now)
        if flow.matched_at is None:
            if not shows_call(self.signatures, packet):
                return PASS
            flow.matched_at = now
        queue = state.hosts.find((packet.proto, "", 0, "", 0), now) if self.shared else flow
        return self._queued(direction, queue, packet.size, now)

    def _queued(self, direction: Direction, queue: Flow, size_bytes: int, now: float) -> Action:
        up = direction is Direction.UP
        free_at = queue.up_free_at if up else queue.down_free_at
        # A bucket of `burst` tokens is a queue that may run that many seconds behind the clock.
        full = now - self.burst_bytes / self.bytes_per_s
        out = max(full, full if free_at is None else free_at) + size_bytes / self.bytes_per_s
        if out - now > self.queue_s:
            return DROP
        if up:
            queue.up_free_at = out
        else:
            queue.down_free_at = out
        return Delay(out - now) if out > now else PASS


class Late(Memory, frozen=True, tag_field="policy", tag="late"):
    """What bears a signature is held back: a fixed time, a random one, a longer one now and then (Q5)."""

    delay_s: float = 0.0
    jitter_s: float = 0.0
    """Mean of an exponential delay on top, drawn packet by packet, so that packets overtake each other."""
    late_ratio: float = 0.0
    """Part of the packets that is held back `late_s` more."""
    late_s: float = 0.0
    signatures: tuple[str, ...] = ("rtp",)

    def __call__(self, _direction: Direction, packet: Packet, state: State, _now: float) -> Action:
        """Nothing is lost."""
        if not shows_call(self.signatures, packet):
            return PASS
        wait = self.delay_s
        if self.jitter_s:
            wait += state.dice.exponential(self.jitter_s)
        if self.late_ratio and state.dice.uniform() < self.late_ratio:
            wait += self.late_s
        return Delay(wait) if wait > 0 else PASS
