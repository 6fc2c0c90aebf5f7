"""A line that is merely a line: delay, jitter, rate and queue, bursts of loss, a radio that sleeps.

Pure: times come in and go out, randomness is a keyed hash of the seed and a count. An element takes the
time at which a packet reaches it and gives the time at which it leaves, LOST if it does not. A `Link`
(one direction) is a row of elements; a `Line` is both directions and what they share.
"""

from collections.abc import Callable
from hashlib import blake2b
from math import inf
from typing import Final

import msgspec

from voipwatch.lab.nat import NatCondition
from voipwatch.lab.policy.dice import Dice, derive
from voipwatch.lab.policy.state import FlowKey

LOST: Final = inf
Element = Callable[[float, int, FlowKey], float]
"""(time in s, IP bytes, five-tuple) -> time out in s, or LOST."""


class LinkCondition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One direction of a line. Zero means: not there."""

    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    """Mean of an exponential delay on top; order is kept, as a queue keeps it."""
    rate_kbit_s: float = 0.0
    queue_ms: float = 1_000.0
    """With a rate: the longest wait; what would wait longer is lost."""
    loss_ratio: float = 0.0
    """Mean loss of a Gilbert-Elliott channel that loses everything in its bad state."""
    burst_ms: float = 80.0
    """Mean length of a bad state."""
    bloat_ms: float = 0.0
    """Crest of a standing queue that somebody else's TCP upload keeps full, sawtooth from half of it."""
    bloat_period_s: float = 5.0
    reorder_ratio: float = 0.0
    reorder_ms: float = 30.0
    """What a reordered packet comes late by."""
    duplicate_ratio: float = 0.0
    paths: int = 1
    """Load-balanced paths; the hash of the five-tuple picks one."""
    bad_path_loss_ratio: float = 0.0
    """Loss of the bad paths."""
    bad_paths: int = 1
    """How many of them are bad, the first ones."""
    paths_by_port: bool = False
    """Whether the far port alone picks the path, as a coarse balancer's hash does."""


class LineCondition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything of a world that is not a censor."""

    up: LinkCondition = LinkCondition()
    down: LinkCondition = LinkCondition()
    promotion_s: float = 0.0
    """What a radio needs to wake up, in either direction; packets wait meanwhile."""
    idle_s: float = 5.0
    """Silence after which the radio sleeps."""
    nat: NatCondition | None = None
    portal: bool = False
    """A captive portal: UDP is dropped, every TCP connection is answered by the portal."""
    gaps_s: tuple[tuple[float, float], ...] = ()
    """Start and length of silences in both directions: a handover, a lid that is closed for a while."""
    far_dies_at_s: float | None = None
    """The reflector falls silent for good."""
    wall_step_s: float = 0.0
    """The wall clock of the near end steps by this (a simulated one only; monotonic clocks do not)."""
    wall_step_at_s: float = 0.0


class Bursts:
    """Gilbert-Elliott loss in continuous time: exponential good and bad spells, all lost in a bad one.

    In time and not by packet, so that a fade costs every flow of the line the same spell.
    E. N. Gilbert, "Capacity of a burst-noise channel", Bell System Technical Journal 39 (1960).
    """

    __slots__ = ("_bad", "_bad_s", "_dice", "_good_s", "_switch_at")

    def __init__(self, loss_ratio: float, burst_s: float, seed: bytes) -> None:
        self._dice = Dice(seed)
        self._bad_s = burst_s
        self._good_s = burst_s * (1.0 - loss_ratio) / loss_ratio
        self._bad = self._dice.uniform() < loss_ratio
        self._switch_at = self._dice.exponential(self._bad_s if self._bad else self._good_s)

    def __call__(self, at: float, _size: int, _key: FlowKey) -> float:
        """LOST in a bad spell."""
        while at >= self._switch_at:
            self._bad = not self._bad
            self._switch_at += self._dice.exponential(self._bad_s if self._bad else self._good_s)
        return LOST if self._bad else at


class Queue:
    """A serialising link with a tail-drop queue, measured in time."""

    __slots__ = ("_bytes_per_s", "_free_at", "_queue_s")

    def __init__(self, bytes_per_s: float, queue_s: float) -> None:
        self._bytes_per_s = bytes_per_s
        self._queue_s = queue_s
        self._free_at = 0.0

    def __call__(self, at: float, size: int, _key: FlowKey) -> float:
        """Out when its last byte is."""
        start = max(at, self._free_at)
        if start - at > self._queue_s:
            return LOST
        self._free_at = start + size / self._bytes_per_s
        return self._free_at


class Bloat:
    """A queue that a TCP upload of somebody else keeps full: additive increase, halved at the crest, where
    the tail of the queue drops. Order is kept.
    """

    __slots__ = ("_crest_s", "_dice", "_last_out", "_period_s", "_phase_s")

    CREST: Final = 0.97
    """The part of the period from which the queue is full, and a third of the packets are lost."""
    CREST_LOSS: Final = 1 / 3

    def __init__(self, crest_s: float, period_s: float, seed: bytes) -> None:
        self._dice = Dice(seed)
        self._crest_s = crest_s
        self._period_s = period_s
        self._phase_s = self._dice.uniform() * period_s
        self._last_out = 0.0

    def __call__(self, at: float, _size: int, _key: FlowKey) -> float:
        """Waits behind the upload."""
        part = (at + self._phase_s) % self._period_s / self._period_s
        if part > self.CREST and self._dice.uniform() < self.CREST_LOSS:
            return LOST
        self._last_out = max(self._last_out, at + self._crest_s * (0.5 + 0.5 * part))
        return self._last_out


class Latency:
    """Propagation delay plus exponential jitter; a packet never overtakes the one before."""

    __slots__ = ("_delay_s", "_dice", "_jitter_s", "_last_out")

    def __init__(self, delay_s: float, jitter_s: float, seed: bytes) -> None:
        self._dice = Dice(seed)
        self._delay_s = delay_s
        self._jitter_s = jitter_s
        self._last_out = 0.0

    def __call__(self, at: float, _size: int, _key: FlowKey) -> float:
        """Later."""
        out = at + self._delay_s
        if self._jitter_s:
            out = self._last_out = max(self._last_out, out + self._dice.exponential(self._jitter_s))
        return out


class Reorder:
    """Some packets take a longer way and come late."""

    __slots__ = ("_dice", "_extra_s", "_ratio")

    def __init__(self, ratio: float, extra_s: float, seed: bytes) -> None:
        self._dice = Dice(seed)
        self._ratio = ratio
        self._extra_s = extra_s

    def __call__(self, at: float, _size: int, _key: FlowKey) -> float:
        """Later by chance."""
        return at + self._extra_s if self._dice.uniform() < self._ratio else at


class Gaps:
    """Silences of the whole line, at times that are the world's."""

    __slots__ = ("_gaps",)

    def __init__(self, gaps_s: tuple[tuple[float, float], ...]) -> None:
        self._gaps = gaps_s

    def __call__(self, at: float, _size: int, _key: FlowKey) -> float:
        """LOST within one."""
        return LOST if any(start <= at < start + length for start, length in self._gaps) else at


class Paths:
    """Equal-cost paths: the five-tuple's hash picks one, so that a flow is wholly lucky or not (RFC 2992).

    `by_port`: the far port's hash does, so that all flows to a port share their luck.
    """

    __slots__ = ("_bad", "_by_port", "_count", "_dice", "_known", "_loss_ratio", "_salt")

    KNOWN_MAX: Final = 4_096

    def __init__(
        self, count: int, bad: int, loss_ratio: float, seed: bytes, *, by_port: bool = False
    ) -> None:
        self._dice = Dice(seed)
        self._salt = seed
        self._bad = bad
        self._by_port = by_port
        self._count = count
        self._loss_ratio = loss_ratio
        self._known: dict[FlowKey, int] = {}

    def path(self, key: FlowKey) -> int:
        """The flow's path, from 0; the first ones are bad."""
        path = self._known.get(key)
        if path is None:
            hashed = key[-1] if self._by_port else key
            digest = blake2b(repr(hashed).encode(), key=self._salt[:64], digest_size=8).digest()
            path = int.from_bytes(digest) % self._count
            if len(self._known) >= self.KNOWN_MAX:
                self._known.clear()
            self._known[key] = path
        return path

    def __call__(self, at: float, _size: int, key: FlowKey) -> float:
        """LOST by chance on a bad path."""
        bad = self.path(key) < self._bad
        return LOST if bad and self._dice.uniform() < self._loss_ratio else at


class Radio:
    """A radio that sleeps after silence and needs seconds to wake (3G: idle to CELL_DCH about 2 s)."""

    __slots__ = ("_active_at", "_idle_s", "_promotion_s", "_ready_at")

    def __init__(self, promotion_s: float, idle_s: float) -> None:
        self._promotion_s = promotion_s
        self._idle_s = idle_s
        self._active_at = -inf
        self._ready_at = -inf

    def __call__(self, at: float, _size: int, _key: FlowKey) -> float:
        """Waits until the radio is up."""
        if at - self._active_at > self._idle_s:
            self._ready_at = at + self._promotion_s
        self._active_at = max(self._active_at, at, self._ready_at)
        return max(at, self._ready_at)


class Link:
    """One direction of a line."""

    __slots__ = ("_dice", "_duplicate_ratio", "_elements")

    DUPLICATE_S: Final = 0.002
    """A copy comes this much later: a link layer's retransmission after a lost acknowledgement."""

    def __init__(
        self,
        condition: LinkCondition,
        seed: bytes,
        radio: Radio | None,
        gaps_s: tuple[tuple[float, float], ...] = (),
    ) -> None:
        self._dice = Dice(derive(seed, "duplicate"))
        self._duplicate_ratio = condition.duplicate_ratio
        gaps = (Gaps(gaps_s),) if gaps_s else ()
        self._elements = (*gaps, *_elements(condition, seed, radio))

    def arrivals(self, at: float, size: int, key: FlowKey) -> tuple[float, ...]:
        """When the packet comes out: never, once, or twice."""
        for element in self._elements:
            at = element(at, size, key)
            if at == LOST:
                return ()
        if self._duplicate_ratio and self._dice.uniform() < self._duplicate_ratio:
            return (at, at + self.DUPLICATE_S)
        return (at,)


def _elements(condition: LinkCondition, seed: bytes, radio: Radio | None) -> tuple[Element, ...]:
    """In the order in which a packet meets them: radio, queue, air, wire, routers."""
    row: list[Element] = []
    if radio is not None:
        row.append(radio)
    if condition.bloat_ms:
        row.append(Bloat(condition.bloat_ms / 1e3, condition.bloat_period_s, derive(seed, "bloat")))
    if condition.rate_kbit_s:
        row.append(Queue(condition.rate_kbit_s * 125.0, condition.queue_ms / 1e3))
    if condition.loss_ratio:
        row.append(Bursts(condition.loss_ratio, condition.burst_ms / 1e3, derive(seed, "bursts")))
    if condition.bad_path_loss_ratio:
        paths = (condition.paths, condition.bad_paths, condition.bad_path_loss_ratio)
        row.append(Paths(*paths, derive(seed, "paths"), by_port=condition.paths_by_port))
    if condition.delay_ms or condition.jitter_ms:
        row.append(Latency(condition.delay_ms / 1e3, condition.jitter_ms / 1e3, derive(seed, "latency")))
    if condition.reorder_ratio:
        row.append(Reorder(condition.reorder_ratio, condition.reorder_ms / 1e3, derive(seed, "reorder")))
    return tuple(row)


class Line:
    """Both directions of a line, with the radio that they share."""

    __slots__ = ("down", "up")

    def __init__(self, condition: LineCondition, seed: bytes) -> None:
        radio = Radio(condition.promotion_s, condition.idle_s) if condition.promotion_s else None
        self.up = Link(condition.up, derive(seed, "up"), radio, condition.gaps_s)
        self.down = Link(condition.down, derive(seed, "down"), radio, condition.gaps_s)
