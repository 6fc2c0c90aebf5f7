"""A call that lives at first and is cut late: the run rule on matched flows, in windows of half a second.

Windows are laid by the sender's clock from the flow's first media packet. Without the far log the downlink's
sending times are not known; then they are laid by the script's plan, evenly over the media's planned seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from voipwatch.inference.join import FlowView
from voipwatch.inference.pairs import HELD, Block, Pair, pairs_of, track_of
from voipwatch.inference.track import Fate, Track
from voipwatch.model.flows import MEDIA_SEQ, FlowRecord
from voipwatch.model.ruleset import (
    CUT_CONTROL_LOSS_RATIO_MAX,
    CUT_FLOWS,
    CUT_WINDOW_S,
    CUT_WINDOWS,
    DEAD_LOSS_RATIO,
)
from voipwatch.model.vocabulary import Arm, Direction
from voipwatch.stats import FlowPair, LateCut, find_late_cut

LONGEST_S = 600.0
"""A record may name any length; no script's media is longer than a minute."""
WINDOWS_MAX = 7_200
"""An hour of half seconds: a wild clock must not make a list without end."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A late cut of the treatment while its control lives."""

    direction: Direction
    flows: int
    of: int
    """Flows long enough to show it."""
    packets: int
    """Median number of packets that got through before."""
    seconds: float
    """Median time of the cut after the first media packet."""


def late_cut(blocks: Sequence[Block]) -> Cut | None:
    """The cut that two flows or more agree on, most of those that could show it; None if that is no claim."""
    # Short flows cannot show a cut that comes after seconds: they must not outvote the held ones.
    pairs = pairs_of(blocks, Arm.A, Arm.C)
    held = [p for p in pairs if p.treatment.record.question == HELD]
    short = [p for p in pairs if p.treatment.record.question != HELD]
    for direction, other in ((Direction.UP, Direction.DOWN), (Direction.DOWN, Direction.UP)):
        for of_length in (held, short):
            found = _cut_in(of_length, direction)
            if found is not None:
                cut, flows = found
                # The claim is made; which ways it goes is what was seen of the same flows.
                both = all(_dead_from(flow, other, start) for flow, start in flows)
                return replace(cut, direction=Direction.BOTH) if both else cut
    return None


def is_lone_cut(blocks: Sequence[Block]) -> bool:
    """Whether the one held pair there is shows a cut, in either direction: too little to accuse by, and no
    call that held. With a second pair the first is confirmed or was chance.
    """
    held = [p for p in pairs_of(blocks, Arm.A, Arm.C) if p.treatment.record.question == HELD]
    by_way = [[w for _, w in _usable(held, direction)] for direction in (Direction.UP, Direction.DOWN)]
    return any(len(windows) == 1 and _cut_of(windows, flows=1) is not None for windows in by_way)


def _cut_of(windows: Sequence[FlowPair], *, flows: int = CUT_FLOWS) -> LateCut | None:
    return find_late_cut(
        windows,
        lost_ratio=DEAD_LOSS_RATIO,
        control_lost_ratio=CUT_CONTROL_LOSS_RATIO_MAX,
        windows=CUT_WINDOWS,
        flows=flows,
    )


def _cut_in(of_length: Sequence[Pair], direction: Direction) -> tuple[Cut, list[tuple[FlowView, int]]] | None:
    """The cut in one direction, and each cut flow with its first lost window."""
    pairs = _usable(of_length, direction)
    cut = _cut_of([windows for _, windows in pairs])
    if cut is None:
        return None
    late = [c for c in cut.cuts if c.lived_before]
    if len(late) < CUT_FLOWS or not _most_agree(cut):
        return None
    middle = len(late) // 2
    claim = Cut(
        direction=direction,
        flows=len(late),
        of=cut.n,
        packets=sorted(c.packets_total for c in late)[middle],
        seconds=sorted(c.window_index for c in late)[middle] * CUT_WINDOW_S,
    )
    return claim, [(pairs[c.flow][0].treatment, c.window_index) for c in late]


def _dead_from(flow: FlowView, direction: Direction, window: int) -> bool:
    """Whether one direction of a flow was lost from a window on, to the end."""
    tail = (_counts(flow, direction) or [])[window + 1 :]
    sent, got = sum(s for s, _ in tail), sum(g for _, g in tail)
    return sent > 0 and sent - got >= DEAD_LOSS_RATIO * sent


def _most_agree(cut: LateCut) -> bool:
    """More than the half of the pairs that could show the cut show it: a half alone may be two dead paths."""
    return 2 * cut.cut_flows > cut.n


def _usable(pairs: Sequence[Pair], direction: Direction) -> list[tuple[Pair, FlowPair]]:
    usable = []
    for pair in pairs:
        windows = _windows(_counts(pair.treatment, direction), _counts(pair.control, direction))
        if windows is not None:
            usable.append((pair, windows))
    return usable


def _windows(a: list[tuple[int, int]] | None, c: list[tuple[int, int]] | None) -> FlowPair | None:
    if a is None or c is None:
        return None
    n = max(len(a), len(c))
    a, c = [*a, *[(0, 0)] * (n - len(a))], [*c, *[(0, 0)] * (n - len(c))]
    return FlowPair(
        a_sent=[sent for sent, _ in a],
        a_received=[got for _, got in a],
        c_sent=[sent for sent, _ in c],
        c_received=[got for _, got in c],
    )


def _counts(flow: FlowView, direction: Direction) -> list[tuple[int, int]] | None:
    """Packets sent and arrived per window; None where sending times are not known or are wild."""
    track = track_of(flow, direction, media=True)
    if not flow.logged and direction is Direction.DOWN:
        track = _by_plan(track, flow.record)
    times = [p.sent_us for p in track.known]
    known = [t for t in times if t is not None]
    if not known or len(known) != len(times):
        return None
    first = min(known)
    length = int((max(known) - first) / (CUT_WINDOW_S * 1e6)) + 1
    if length > WINDOWS_MAX:
        return None
    counts = [[0, 0] for _ in range(length)]
    for packet, t_us in zip(track.known, known, strict=True):
        window = counts[int((t_us - first) / (CUT_WINDOW_S * 1e6))]
        window[0] += 1
        window[1] += packet.fate is Fate.ARRIVED
    return [(sent, got) for sent, got in counts]


def _by_plan(track: Track, record: FlowRecord) -> Track:
    """The downlink with the times at which the script plans it: good to half a second, not to a delay."""
    if record.planned_down <= 0:
        return track
    step_us = min(max(record.media_s, 0.0), LONGEST_S) * 1e6 / record.planned_down
    return Track(tuple(p._replace(sent_us=round((p.seq - MEDIA_SEQ) * step_us)) for p in track.packets))
