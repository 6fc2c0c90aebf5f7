"""At which rate a call is capped: packets or IP bytes a second that a bucket lets through, from what passed.

A packet that a bucket drops finds less in it than its own size. Between two losses the bucket therefore
gained what passed meanwhile, give or take one packet: each flow bounds the rate from both sides, as long as
the bucket was never full in between, which a call that offers more than the rate all the while sees to if
the bucket holds two packets. Where no rate lies within the bounds of all flows, as where the bucket was full
or flows share it unevenly, none is named.

Decision: docs/design/0029-triggers.md. The bucket: RFC 2697, docs/methods/tokenbucket.md.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

from voipwatch.inference.agreement import CONCORDANT
from voipwatch.inference.join import FlowView, Session
from voipwatch.inference.pairs import track_of
from voipwatch.inference.track import IP_UDP_BYTES, Fate, Packet
from voipwatch.inference.verdict import Finding
from voipwatch.model.results import Trigger
from voipwatch.model.vocabulary import CONTROL_ARMS, Arm, Direction

UNITS: Final = {"flow.police": "byte-rate", "flow.pps": "packet-rate"}
"""Mechanism -> the property that its rate is told as."""
LINE_LOSS_MAX: Final = 0.002
"""Of the controls' packets. A packet that the line loses shows no empty bucket, and one such at an end of a
stretch moves its bounds; lines that lose more name no rate."""
LOSSES_MIN: Final = 10
"""In a stretch: with fewer the bounds lie far apart."""
STRETCH_S: Final = 1.0
"""Least length of a stretch, so that one packet more or less is little of it."""
JITTER_S: Final = 0.02
"""How much later one packet may reach the box than another; of the rate 4 % a second."""
SPARED_SHARE: Final = 0.1
"""Of packets that pass, so many may be of a kind that a box which counts packets leaves out: reports and
keep-alives, a twentieth of the bytes (RFC 3550 section 6.2) and smaller than voice."""
PASSED_MAX: Final = 8
"""Packets in a row that pass; while more do, the bucket may have been full."""
PAUSE_FACTOR: Final = 3.0
"""A gap in what is offered, over the middle one: a bucket fills while nothing asks of it."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one direction of one flow says of the rate, in its unit."""

    low: float
    high: float


def rate_of(session: Session, app: str, finding: Finding) -> Trigger | None:
    """The rate that all flows of the app's throttled medium bound, in the claimed directions; None where they
    bound none, where the line itself loses, or where the mechanism is no bucket's.
    """
    unit = UNITS.get(finding.mechanism or "")
    if unit is None or finding.stage is None:
        return None
    ways = [Direction.UP, Direction.DOWN]
    ways = [way for way in ways if finding.direction in {way, Direction.BOTH}]
    media = [f for f in session.flows if f.record.kind.media.value == finding.stage and not f.direct]
    controls = [f for f in media if f.arm in CONTROL_ARMS]
    if not ways or any(_loses(controls, way) for way in ways):
        return None
    own = [f for f in media if f.record.kind.app == app and f.arm in {Arm.A, Arm.A_NEUTRAL} and not f.cut_us]
    found = [
        bounds
        for flow in own
        for way in ways
        if (bounds := bounds_of(_all_of(flow, way), count_bytes=unit == "byte-rate"))
    ]
    if len(found) < CONCORDANT:
        return None
    low, high = max(b.low for b in found), min(b.high for b in found)
    if low > high:
        return None
    return Trigger(
        properties=[unit], repeats=len(found), of=len(found), low=round(low, 2), high=round(high, 2)
    )


def bounds_of(packets: Sequence[Packet], *, count_bytes: bool) -> Bounds | None:
    """The bounds by the longest stretch between two losses in which no pause let the bucket fill.

    None of a flow that cannot be read, or has no stretch of a second and ten losses. Per second.
    """
    if any(p.fate is Fate.UNKNOWN or p.sent_us is None for p in packets):
        return None
    ordered = sorted(packets, key=lambda p: (p.sent_us or 0, p.seq))
    stretch = max(_stretches(ordered), key=len, default=[])
    lost = sum(p.fate is Fate.LOST for p in stretch)
    if lost < LOSSES_MIN:
        return None
    first, last = stretch[0], stretch[-1]
    span_s = ((last.sent_us or 0) - (first.sent_us or 0)) / 1e6
    if span_s < STRETCH_S:
        return None
    passed = sum(_cost(p, count_bytes) for p in stretch if p.fate is Fate.ARRIVED)
    counted = passed if count_bytes else (1.0 - SPARED_SHARE) * passed
    low = (counted - _cost(first, count_bytes)) / (span_s + JITTER_S)
    high = (passed + _cost(last, count_bytes)) / (span_s - JITTER_S)
    return Bounds(max(0.0, low), high)


def _stretches(packets: Sequence[Packet]) -> Iterable[list[Packet]]:
    """Runs from a loss to a loss in which the bucket had no time to fill."""
    pause_us = PAUSE_FACTOR * _middle_gap_us(packets)
    run: list[Packet] = []
    since: list[Packet] = []
    before_us = None
    for packet in packets:
        at_us = packet.sent_us or 0
        if run and (len(since) >= PASSED_MAX or at_us - (before_us or at_us) > pause_us):
            yield run
            run, since = [], []
        before_us = at_us
        if packet.fate is Fate.LOST:
            run = [*run, *since, packet] if run else [packet]
            since = []
        elif run:
            since.append(packet)
    if run:
        yield run


def _middle_gap_us(packets: Sequence[Packet]) -> float:
    gaps = [(after.sent_us or 0) - (before.sent_us or 0) for before, after in pairwise(packets)]
    return median(gaps) if gaps else 0.0


def _all_of(flow: FlowView, way: Direction) -> Sequence[Packet]:
    """The bucket pays for every packet of the flow, whatever it carries."""
    return (flow.up if way is Direction.UP else flow.down).packets


def _cost(packet: Packet, count_bytes: bool) -> int:
    return max(packet.size_bytes, 0) + IP_UDP_BYTES if count_bytes else 1


def _loses(controls: Iterable[FlowView], way: Direction) -> bool:
    known = lost = 0
    for flow in controls:
        count = track_of(flow, way, media=True).counted
        known, lost = known + count.known, lost + count.lost
    return not known or lost > LINE_LOSS_MAX * known
