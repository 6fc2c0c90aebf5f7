"""Thin lines: is this line too narrow for what a check sends side by side, and which apps fit it at all?

The dispersion of the warm-up's last burst cannot tell: on a line of 64 kbit/s that burst comes to a full
queue and dies. What a narrow queue lets through in any half second is its rate, and what comes last waits
(docs/design/0030-thin-lines.md). All is read from the warm-up, which is control traffic on a neutral port.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from voipwatch.apps.scripts import IP_UDP_BYTES, Script
from voipwatch.experiment.near_flow import NearFlow
from voipwatch.model.flows import MEDIA_SEQ
from voipwatch.wire.token import FlowReceipt

WINDOW_US: Final = 500_000
"""The most that came in any so long a time: random losses leave some half second of the two whole, and the
warm-up's last burst, if any of it comes through, lies in one."""
CARRIED_SHARE: Final = 0.9
"""A line is thin that never carried more than this of the warm-up's 150 kbit/s (or of one family's 75)."""
SWOLLEN_US: Final = 150_000
"""And whose queue grew: losses without it are a bad line. 135 kbit/s make the last packet wait 200 ms."""
ARRIVALS_MIN: Final = 12
"""Of a family's packets or receipts; fewer say nothing of a rate."""
FILL: Final = 0.9
"""Of a thin line's rate that flows may use together: half of it, as elsewhere, carries no voice there."""
DRAIN_S: Final = 2.0
"""Before the first flow on a thin line: what the warm-up has left in the queue must have gone."""
OVERALL_THIN_MAX_S: Final = 300.0
"""On a thin line flows wait for each other; a check that is not done by then is ended and says so."""
TOO_THIN: Final = "thin"
"""Outcome of the decision not to ask about an app: its voice and its control do not fit side by side."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One packet of the warm-up, or a sum of them: when it came (us), its transit (us), its IP bytes."""

    at_us: int
    transit_us: int
    size_bytes: int


def thin_rate(flows: Sequence[Sequence[Arrival]], steady_rate: float) -> float | None:
    """IP bytes a second of one direction if it is thin; None if it is not, or if nothing can be told.

    `flows`: each family's arrivals in order; `steady_rate`: what one of them was sent at, bytes a second.
    """
    heard = [arrivals for arrivals in flows if len(arrivals) >= ARRIVALS_MIN]
    together = sorted((a for arrivals in heard for a in arrivals), key=lambda a: a.at_us)
    if not heard or not all(_swollen(arrivals) for arrivals in heard):
        return None
    carried = _most_carried(together)
    return carried if 0 < carried < CARRIED_SHARE * steady_rate * len(heard) else None


def _most_carried(arrivals: Sequence[Arrival]) -> float:
    """Bytes a second of the fullest window. What opens it is not counted, so that no rate is overrated."""
    most, end, inside = 0, 0, 0
    for opening in arrivals:
        while end < len(arrivals) and arrivals[end].at_us <= opening.at_us + WINDOW_US:
            inside += arrivals[end].size_bytes
            end += 1
        inside -= opening.size_bytes
        most = max(most, inside)
    return most * 1e6 / WINDOW_US


def _swollen(arrivals: Sequence[Arrival]) -> bool:
    last = arrivals[-max(1, len(arrivals) // 4) :]
    return median(a.transit_us for a in last) - min(a.transit_us for a in arrivals) >= SWOLLEN_US


def arrivals_down(flow: NearFlow) -> list[Arrival]:
    """What came of a warm-up flow's downlink; transits count from an unknown, fixed time."""
    got, planned = flow.record.received, flow.script.down
    return [
        Arrival(at, at - planned[seq - MEDIA_SEQ].offset_us, size + IP_UDP_BYTES)
        for seq, at, size in zip(got.seq, got.t_us, got.size_bytes, strict=True)
        if MEDIA_SEQ <= seq < MEDIA_SEQ + len(planned)
    ]


def arrivals_up(flow: NearFlow, receipts: Sequence[FlowReceipt], zero_us: int) -> list[Arrival]:
    """What receipts say of a warm-up flow's uplink, each of all that came since the one before.

    `zero_us`: a far clock's reading from which all flows' times count, so that it may wrap.
    """
    sent = dict(zip(flow.record.sent.seq, flow.record.sent.t_us, strict=True))
    sizes = [packet.size + IP_UDP_BYTES for packet in flow.script.up]
    found: list[Arrival] = []
    highest, count = MEDIA_SEQ - 1, 0
    for receipt in receipts:
        if receipt.highest_seq not in sent or receipt.highest_seq <= highest:
            continue
        newest = receipt.highest_seq - MEDIA_SEQ + 1
        came = sizes[max(0, newest - (receipt.count - count)) : newest]
        at = signed32(receipt.far_us - zero_us)
        found.append(Arrival(at, at - sent[receipt.highest_seq], sum(came)))
        highest, count = receipt.highest_seq, receipt.count
    return found


def steady_rate(flow: NearFlow) -> float:
    """IP bytes a second of a warm-up flow before its last burst."""
    first, second = flow.script.up[:2]
    return (second.size + IP_UDP_BYTES) * 1e6 / (second.offset_us - first.offset_us)


def signed32(difference: int) -> int:
    """A difference modulo 2**32, as the signed number nearest to zero.

    Taken as unsigned, packets a little faster than the first would seem 71 minutes slower.
    """
    return (difference + (1 << 31)) % (1 << 32) - (1 << 31)


def voice_rate(scripts: Sequence[Script]) -> float:
    """IP bytes a second of an app's media, the busier way, the mean over its shapes; 0 without media."""
    rates = []
    for packets in ([s.up for s in scripts], [s.down for s in scripts]):
        seconds = sum(s.media_s for s in scripts)
        carried = sum(p.size + IP_UDP_BYTES for of_one in packets for p in of_one)
        rates.append(carried / seconds if seconds > 0 else 0.0)
    return max(rates, default=0.0)


def fits(voice: float, rate: float | None) -> bool:
    """Whether a voice and its control go through side by side; any does if the line is not thin (None)."""
    return rate is None or 2 * voice <= rate
