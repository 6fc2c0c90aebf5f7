"""What became of the packets of one direction of one flow, one entry a packet, in sending order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import NamedTuple

from voipwatch.stats import FlowMetrics, SentFlow, burst_ratio, flow_metrics

IP_UDP_BYTES = 28
SPAN_MAX_US = 86_400_000_000
"""Of the sending times of one flow: a day, far over any check."""
"""IPv4 and UDP headers; what a policer counts beyond the payload."""


class Fate(IntEnum):
    """Of one packet. UNKNOWN is no loss: it stays out of every ratio."""

    UNKNOWN = -1
    LOST = 0
    ARRIVED = 1


class Packet(NamedTuple):
    """One packet; times are microseconds of the end that took them, None where not known."""

    seq: int
    sent_us: int | None
    arrived_us: int | None
    fate: Fate
    size_bytes: int


class Count(NamedTuple):
    """Packets whose fate is known, and how many of them were lost."""

    known: int
    lost: int

    @property
    def ratio(self) -> float | None:
        """Lost / known, None where nothing is known."""
        return self.lost / self.known if self.known else None

    def __add__(self, other: object) -> "Count":
        """The sum of two counts (never tuple concatenation)."""
        if not isinstance(other, Count):
            return NotImplemented
        return Count(self.known + other.known, self.lost + other.lost)


NOTHING = Count(0, 0)


def total(counts: Iterable[Count]) -> Count:
    """Sum of any number of counts."""
    known = lost = 0
    for count in counts:
        known += count.known
        lost += count.lost
    return Count(known, lost)


@dataclass(frozen=True, eq=False)
class Track:
    """Packets of one direction of one flow, in sending order. Without slots: what is asked often is kept."""

    packets: tuple[Packet, ...] = ()

    def between(self, first_seq: int, end_seq: int) -> "Track":
        """The packets with first_seq <= seq < end_seq."""
        return Track(tuple(p for p in self.packets if first_seq <= p.seq < end_seq))

    def without(self, seqs: Iterable[int]) -> "Track":
        """The packets but those with these sequence numbers."""
        left_out = frozenset(seqs)
        return Track(tuple(p for p in self.packets if p.seq not in left_out)) if left_out else self

    @cached_property
    def known(self) -> tuple[Packet, ...]:
        """The packets whose fate is known."""
        return tuple(p for p in self.packets if p.fate is not Fate.UNKNOWN)

    @cached_property
    def counted(self) -> Count:
        """Packets with a known fate, and losses."""
        known = lost = 0
        for packet in self.packets:
            known += packet.fate is not Fate.UNKNOWN
            lost += packet.fate is Fate.LOST
        return Count(known, lost)

    @cached_property
    def metrics(self) -> FlowMetrics:
        """Loss, relative delay and jitter; delay and jitter None where either end's times are not known."""
        known = self.known
        timed = [p for p in known if p.sent_us is not None]
        if len(timed) == len(known) and all(
            p.arrived_us is not None for p in known if p.fate is Fate.ARRIVED
        ):
            timed.sort(key=lambda p: p.sent_us or 0)
            return flow_metrics([p.sent_us or 0 for p in timed], [p.arrived_us for p in timed])
        count = self.counted
        return FlowMetrics(
            n_sent=count.known,
            n_received=count.known - count.lost,
            loss_ratio=count.ratio,
            delay_ms=None,
            jitter_ms=None,
            clock_steps_count=0,
        )

    def burst_ratio(self) -> float | None:
        """BurstR of ITU-T G.107 over the packets with a known fate."""
        return burst_ratio([p.fate is Fate.ARRIVED for p in self.known])

    def sent_flow(self) -> SentFlow | None:
        """For the loss pattern: per packet sent; None where send times are not known or none was sent.

        None too where they are further apart than any check is long: a report may hold any number.
        """
        known = self.known
        if not known or any(p.sent_us is None for p in known):
            return None
        ordered = sorted(known, key=lambda p: p.sent_us or 0)
        if (ordered[-1].sent_us or 0) - (ordered[0].sent_us or 0) > SPAN_MAX_US:
            return None
        delays: Sequence[float | None] = [
            None if p.arrived_us is None else (p.arrived_us - (p.sent_us or 0)) / 1000.0 for p in ordered
        ]
        timed = any(delay is not None for delay in delays)
        return SentFlow(
            time_us=[p.sent_us or 0 for p in ordered],
            size_bytes=[max(p.size_bytes, 0) + IP_UDP_BYTES for p in ordered],
            lost=[p.fate is Fate.LOST for p in ordered],
            delay_ms=delays if timed else None,
        )
