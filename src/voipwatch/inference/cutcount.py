"""At which count a call that is cut dies: of packets, of bytes or of seconds, from what was measured already.

Every flow bounds each count: it was not reached by what still passed, and it was by the first packet of the
tail that was lost. The count that the box keeps has a value within the bounds of all flows; the others have
none once the flows differ enough in rate and size. One is named only where it alone is left.

Decision: docs/design/0029-triggers.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

from voipwatch.inference.join import FlowView
from voipwatch.inference.track import IP_UDP_BYTES, Fate, Packet
from voipwatch.model.flows import MEDIA_SEQ
from voipwatch.model.results import Trigger
from voipwatch.model.vocabulary import Arm

CUT_FLOWS_MIN: Final = 2
"""Flows that were cut and bound the count from both sides."""
TAIL_MIN: Final = 10
"""Lost packets at the end that make it a cut: 0.2 s of voice, and no tail of a lossy line."""
MEDIA_MIN: Final = 16
"""Media packets from the device that passed in every cut flow. What dies earlier may have been recognised by
what its first packets do, which takes as many packets in every flow, and is no count that a box keeps."""
LOST_BEFORE_MAX: Final = 0.05
"""Share lost before the cut; where more is, nobody knows what the box had counted."""
LINE_TAIL: Final = 3
"""Of a cut's lost packets so many of the first may be the line's own, where it loses any: the box did not see
them, or counted them and let them pass."""
JITTER_S: Final = 0.05
"""How much later one packet of a flow may reach the box than another."""
NAMED: Final = ("flow-packets", "flow-bytes", "flow-seconds")
"""Counts that may be named: what the device sent, IP bytes, and the age of the flow."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one flow says of a count: it is not below `low` and not above `high`."""

    low: float
    high: float


def count_of(flows: Iterable[FlowView]) -> Trigger | None:
    """The one count that explains when these flows of one shape died. None where several do, or none does.

    Counts of the other way and of both ways together are held against it, and never named.
    """
    own = [f for f in flows if f.arm is Arm.A and f.logged]
    line_tail = LINE_TAIL if any(_split(f.up.known)[1] or _split(f.down.known)[1] for f in own) else 0
    bounds = [b for f in own if (b := bounds_of(f, line_tail)) is not None]
    cut = sum(each["flow-seconds"].high < inf for each in bounds)
    if cut < CUT_FLOWS_MIN or any(_dies_early(f) for f in own):
        return None
    left = {name: found for name in bounds[0] if (found := _common([each[name] for each in bounds]))}
    (name, found), *others = left.items() or [("", Bounds(0.0, 0.0))]
    if others or name not in NAMED:
        return None
    return Trigger(properties=[name], repeats=cut, of=cut, low=round(found.low, 2), high=round(found.high, 2))


def bounds_of(flow: FlowView, line_tail: int = 0) -> Mapping[str, Bounds] | None:
    """By count, what a flow says of it; None of one that cannot be read. Seconds from its first packet.

    `line_tail`: so many of the first packets of the tail may have been lost before the cut.
    """
    up, down = _in_order(flow.up.packets), _in_order(flow.down.packets)
    if up is None or down is None or not up:
        return None
    passed, lost, tail = _split(up)
    passed_down, lost_down, tail_down = _split(down)
    if not passed or any(
        len(gone) > LOST_BEFORE_MAX * len(got) for got, gone in ((passed, lost), (passed_down, lost_down))
    ):
        return None
    cut = len(tail) >= TAIL_MIN and passed[-1].seq >= MEDIA_SEQ
    after = tail[line_tail].sent_us if cut else None
    began = up[0].sent_us or 0
    end_s = ((passed[-1].sent_us or 0) - began) / 1e6 - JITTER_S
    high_s = inf if after is None else (after - began) / 1e6 + JITTER_S
    ways = {
        "": (passed, [*lost, *tail[:line_tail]], tail[line_tail:][:1]),
        "-down": (passed_down, [*lost_down, *tail_down[:line_tail]], tail_down[line_tail:][:1]),
    }
    both = [[*one, *other] for one, other in zip(ways[""], ways["-down"], strict=True)]
    ways["-both"] = (both[0], both[1], both[2])
    out = {"flow-seconds": Bounds(max(0.0, end_s), high_s)}
    for way, (got, gone, following) in ways.items():
        out[f"flow-packets{way}"] = Bounds(len(got), len(got) + len(gone) if cut else inf)
        size = _bytes(got)
        most = size + _bytes(gone) + max((_bytes([p]) for p in following), default=0)
        out[f"flow-bytes{way}"] = Bounds(size, most if cut else inf)
    return out


def _dies_early(flow: FlowView) -> bool:
    """Whether the media were cut within the first packets, by which classifiers decide."""
    passed, _, tail = _split(flow.media(up=True).known)
    return len(tail) >= TAIL_MIN and len(passed) < MEDIA_MIN


def _common(bounds: Sequence[Bounds]) -> Bounds | None:
    low, high = max(b.low for b in bounds), min(b.high for b in bounds)
    return Bounds(low, high) if low <= high else None


def _in_order(packets: Sequence[Packet]) -> list[Packet] | None:
    """By sending time; None where a fate or a time is not known."""
    if any(p.fate is Fate.UNKNOWN or p.sent_us is None for p in packets):
        return None
    return sorted(packets, key=lambda p: (p.sent_us or 0, p.seq))


def _split(packets: Sequence[Packet]) -> tuple[list[Packet], list[Packet], list[Packet]]:
    """What arrived, what was lost before the last that did, and what was lost after it."""
    end = max((at + 1 for at, p in enumerate(packets) if p.fate is Fate.ARRIVED), default=0)
    arrived = [p for p in packets[:end] if p.fate is Fate.ARRIVED]
    return arrived, [p for p in packets[:end] if p.fate is Fate.LOST], list(packets[end:])


def _bytes(packets: Iterable[Packet]) -> int:
    return sum(max(p.size_bytes, 0) + IP_UDP_BYTES for p in packets)
