"""Above which size a line's datagrams die, whatever they carry: the edge between what passes and what not.

Nothing is asked for it: a check's controls have the sizes of the calls that they stand beside, and carry
nothing that anybody could look for. Where no datagram above some size got through in any flow, while smaller
ones did on the same ports before and after, size decides; a lossy line, a dead port or a cut takes small
ones too. A tunnel that forgets its path MTU looks the same: who it was is not said.

Decision: docs/design/0029-triggers.md.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from voipwatch.inference.agreement import CONCORDANT
from voipwatch.inference.join import FlowView, Session
from voipwatch.inference.track import Fate, Packet
from voipwatch.inference.verdict import Finding
from voipwatch.model.results import Trigger
from voipwatch.model.vocabulary import CONTROL_ARMS, Arm, Direction, Stage, Verdict

LABEL: Final = "udp.size"
PROPERTY: Final = "size"
TREATMENTS: Final = frozenset({Arm.A, Arm.A_NEUTRAL})
FLOWS_MIN: Final = 4
"""Controls whose larger datagrams died. Where a balancer has a dead path of four, four flows are on it once
in 256."""
LARGE_MIN: Final = 8
"""Their datagrams above the edge, all lost: of a line that loses three of ten once in fifteen thousand."""
SMALL_MIN: Final = 30
"""Datagrams up to the edge on the same ports."""
SMALL_LOSS_MAX: Final = 0.3
"""Of these: where more are lost the line is not fit to say anything of."""
SILENT: Final = frozenset({Verdict.DOWN, Verdict.INSUFFICIENT})


@dataclass(frozen=True, slots=True)
class Edge:
    """Of one direction: UDP payload bytes."""

    low: int
    """The largest datagram that got through."""
    high: int
    """The smallest above it that was lost."""
    flows: int
    """Controls whose larger ones died where smaller ones lived."""


def with_size(session: Session, app: str, finding: Finding) -> Finding:
    """What says nothing of an app whose own datagrams are too large for the line says so; else as it is."""
    if finding.verdict not in SILENT or finding.mechanism is not None or finding.stage in {None, Stage.REACH}:
        return finding
    return finding if size_of(session, app, finding) is None else replace(finding, mechanism=LABEL)


def size_of(session: Session, app: str, finding: Finding) -> Trigger | None:
    """The edge in the direction that the finding names, where the app's own datagrams are above it; of both
    directions the lower one.
    """
    ways = [way for way in (Direction.UP, Direction.DOWN) if finding.direction in {way, Direction.BOTH, None}]
    own = [flow for flow in session.of_app(app) if flow.arm in TREATMENTS and not flow.direct]
    edges = []
    for way in ways:
        edge = edge_of(session.flows, way)
        if edge is not None and sum(_has_larger(flow, way, edge.low) for flow in own) >= CONCORDANT:
            edges.append(edge)
    if not edges:
        return None
    edge = min(edges, key=lambda each: each.low)
    return Trigger(
        properties=[PROPERTY], repeats=edge.flows, of=edge.flows, low=float(edge.low), high=float(edge.high)
    )


def edge_of(flows: Iterable[FlowView], way: Direction) -> Edge | None:
    """The edge that all flows of a session show in one direction; None where there is none.

    Every flow counts against it, the app's own too: nothing larger got through anywhere. For it count
    controls alone, on ports where smaller ones got through before and after.
    """
    packets = {flow: _known(flow, way) for flow in flows}
    low = max((p.size_bytes for each in packets.values() for p in each if p.fate is Fate.ARRIVED), default=0)
    small: dict[int, list[Packet]] = {}
    for flow, each in packets.items():
        if flow.arm in CONTROL_ARMS:
            small.setdefault(flow.record.remote_port, []).extend(p for p in each if p.size_bytes <= low)
    shown: list[list[Packet]] = []
    ports: set[int] = set()
    for flow, each in packets.items():
        large = [p for p in each if p.size_bytes > low]
        port = flow.record.remote_port
        if large and flow.arm in CONTROL_ARMS and _brackets(small[port], large):
            shown.append(large)
            ports.add(port)
    above = [p.size_bytes for large in shown for p in large]
    below = [p for port in ports for p in small[port]]
    if len(shown) < FLOWS_MIN or len(above) < LARGE_MIN or len(below) < SMALL_MIN:
        return None
    if sum(p.fate is Fate.LOST for p in below) > SMALL_LOSS_MAX * len(below):
        return None
    return Edge(low, min(above), len(shown))


def _brackets(small: Sequence[Packet], large: Sequence[Packet]) -> bool:
    """Whether smaller ones got through before and after: no hole in time took the larger ones."""
    lived = [p.sent_us for p in small if p.fate is Fate.ARRIVED and p.sent_us is not None]
    died = [p.sent_us for p in large if p.sent_us is not None]
    return bool(lived) and bool(died) and min(lived) < min(died) and max(lived) > max(died)


def _has_larger(flow: FlowView, way: Direction, size: int) -> bool:
    return any(p.size_bytes > size and p.fate is Fate.LOST for p in _known(flow, way))


def _known(flow: FlowView, way: Direction) -> Sequence[Packet]:
    """Packets whose fate and size are known."""
    track = flow.up if way is Direction.UP else flow.down
    return [p for p in track.packets if p.fate is not Fate.UNKNOWN and p.size_bytes > 0]
