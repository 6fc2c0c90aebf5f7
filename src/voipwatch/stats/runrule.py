"""The run rule: a call that lives at first and is cut late, in flows cut into short windows.

A flow pair is cut from the earliest window after which, to the end of the flow, every window has its
treatment at least 90 % lost beside a control that lost at most half. Three windows and two flows make a
claim. The rule is a run rule in the sense of the Western Electric Statistical Quality Control Handbook
(1956): it looks at consecutive points, not at one. Its false alarms under bursty loss are in
docs/methods/runrule.md.

Two guards keep a broken path from accusing: a cut control flow beside a living treatment flow withdraws the
claim (a fault that hits both arms is no verdict on one), and two thirds of the pairs must be cut (operators
cut an app; a dead path of four cuts a quarter).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from voipwatch.stats import _checks

MIN_PACKETS: Final = 3
"""Packets sent below which a window says nothing and merges with the next: 2 of 2 lost is what a 30 % line
does every eleventh time."""


@dataclass(frozen=True, slots=True)
class FlowPair:
    """Packets of one matched pair, per window of (by default) 0.5 s, by time of sending.

    All sequences have one entry per window, whole numbers, received never above sent; ValueError otherwise.
    """

    a_sent: Sequence[int]
    """Treatment packets sent."""
    a_received: Sequence[int]
    """Of these, how many arrived."""
    c_sent: Sequence[int]
    """Control packets sent."""
    c_received: Sequence[int]
    """Of these, how many arrived."""
    a_received_bytes: Sequence[int] | None = None
    """Treatment bytes that arrived; None if not recorded."""

    def __post_init__(self) -> None:
        columns = [self.a_sent, self.a_received, self.c_sent, self.c_received]
        if self.a_received_bytes is not None:
            columns.append(self.a_received_bytes)
        if len({len(column) for column in columns}) != 1:
            raise ValueError(
                f"columns must have one entry per window, got {[len(column) for column in columns]}"
            )
        for column in columns:
            for value in column:
                _checks.count("packets of a window", value)
        for sent, received in ((self.a_sent, self.a_received), (self.c_sent, self.c_received)):
            if any(got > out for got, out in zip(received, sent, strict=True)):
                raise ValueError("received must not exceed sent: count duplicates apart")


@dataclass(frozen=True, slots=True)
class FlowCut:
    """Where one flow was cut."""

    flow: int
    """Index of the pair."""
    window_index: int
    """First lost window, in the windows given (0.5 s each unless the caller chose otherwise)."""
    lived_before: bool
    """False if the flow was lost from its first packet: dead, but not cut late."""
    packets_before: int
    """Treatment packets that arrived before `window_index`."""
    packets_total: int
    """Treatment packets that arrived in all. A hard cut after N packets lets N through, less the line's loss,
    and some of them fall into the first lost window."""
    bytes_before: int | None
    """Treatment bytes that arrived before `window_index`; None if not recorded."""
    windows_lost: int
    """Windows (after merging) lost from the cut to the end."""


@dataclass(frozen=True, slots=True)
class LateCut:
    """A claim that the treatment is cut while the control lives."""

    cuts: tuple[FlowCut, ...]
    """One per flow cut."""
    n: int
    """Pairs that were long enough to show a cut, those with a dying control included."""

    @property
    def cut_flows(self) -> int:
        """Number of flows cut."""
        return len(self.cuts)

    @property
    def from_start(self) -> bool:
        """Whether no flow lived before: then the arm is dead, and `setup` or `handshake` should have said
        so.
        """
        return not any(cut.lived_before for cut in self.cuts)


@dataclass(frozen=True, slots=True)
class _Window:
    """Some consecutive windows taken together."""

    start: int
    a_sent: int
    a_received: int
    c_sent: int
    c_received: int

    def lost(self, *, treatment: bool, ratio: float) -> bool:
        sent, received = (self.a_sent, self.a_received) if treatment else (self.c_sent, self.c_received)
        return sent > 0 and sent - received >= ratio * sent - 1e-9

    def lives(self, *, treatment: bool, ratio: float) -> bool:
        sent, received = (self.a_sent, self.a_received) if treatment else (self.c_sent, self.c_received)
        return sent > 0 and sent - received <= ratio * sent + 1e-9


def find_late_cut(
    pairs: Sequence[FlowPair],
    *,
    lost_ratio: float = 0.9,
    control_lost_ratio: float = 0.5,
    windows: int = 3,
    flows: int = 2,
    share: float = 2 / 3,
) -> LateCut | None:
    """Flows whose treatment is lost to the end while the control lives; None if that is no claim.

    Args:
        pairs: matched flow pairs; may be empty.
        lost_ratio: loss from which a treatment window is lost, 0..1.
        control_lost_ratio: loss up to which a control window lives, 0..1, below `lost_ratio`.
        windows: lost windows in a row that a cut needs, at least 1.
        flows: flows that must be cut, at least 1; the design claims nothing from fewer than 2.
        share: least share of the pairs with at least `windows` windows that must be cut, 0..1.

    Raises:
        ValueError: an argument outside its domain.
    """
    _checks.ratio("share", share)
    windows = _checks.count("windows", windows, at_least=1)
    flows = _checks.count("flows", flows, at_least=1)
    if _checks.ratio("control_lost_ratio", control_lost_ratio) >= _checks.ratio("lost_ratio", lost_ratio):
        raise ValueError(
            f"control_lost_ratio must be below lost_ratio, got {control_lost_ratio} and {lost_ratio}"
        )
    cuts: list[FlowCut] = []
    eligible = 0
    for flow, pair in enumerate(pairs):
        merged = _merged(pair)
        tails = {
            treatment: _lost_tail(merged, treatment=treatment, lost=lost_ratio, lives=control_lost_ratio)
            for treatment in (True, False)
        }
        if tails[False] >= windows:
            return None  # the control is cut and the treatment lives: this fault chooses no arm
        eligible += len(merged) >= windows
        if tails[True] >= windows:
            cuts.append(_flow_cut(flow, pair, merged, tails[True], lost_ratio))
    if len(cuts) < flows or len(cuts) < share * eligible - 1e-9:
        return None
    return LateCut(cuts=tuple(cuts), n=eligible)


def _merged(pair: FlowPair) -> list[_Window]:
    """Windows with at least `MIN_PACKETS` sent in both arms; a short rest at the end joins the last one."""
    merged: list[_Window] = []
    start = 0
    for end in range(1, len(pair.a_sent) + 1):
        window = _joined(pair, start, end)
        if min(window.a_sent, window.c_sent) >= MIN_PACKETS:
            merged.append(window)
            start = end
    if merged and start < len(pair.a_sent):
        merged[-1] = _joined(pair, merged[-1].start, len(pair.a_sent))
    return merged


def _joined(pair: FlowPair, start: int, end: int) -> _Window:
    return _Window(
        start=start,
        a_sent=sum(pair.a_sent[start:end]),
        a_received=sum(pair.a_received[start:end]),
        c_sent=sum(pair.c_sent[start:end]),
        c_received=sum(pair.c_received[start:end]),
    )


def _lost_tail(merged: Sequence[_Window], *, treatment: bool, lost: float, lives: float) -> int:
    """Length of the longest ending in which one arm is lost and the other lives, window by window."""
    length = 0
    for window in reversed(merged):
        if not (
            window.lost(treatment=treatment, ratio=lost)
            and window.lives(treatment=not treatment, ratio=lives)
        ):
            break
        length += 1
    return length


def _flow_cut(flow: int, pair: FlowPair, merged: Sequence[_Window], tail: int, lost: float) -> FlowCut:
    first = len(merged) - tail
    start = merged[first].start
    return FlowCut(
        flow=flow,
        window_index=start,
        lived_before=any(not window.lost(treatment=True, ratio=lost) for window in merged[:first]),
        packets_before=sum(pair.a_received[:start]),
        packets_total=sum(pair.a_received),
        bytes_before=None if pair.a_received_bytes is None else sum(pair.a_received_bytes[:start]),
        windows_lost=tail,
    )
