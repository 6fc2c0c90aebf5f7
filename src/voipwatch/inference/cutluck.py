"""Whether a call was cut by luck of the path: calls of a balancer's bad path stop, and so do controls there.

A control that merely loses packets says nothing of that: a lossy line has many of these. Nor does one that
stops one way of a cut that goes both: there a burst at its end is enough.
"""

from typing import Final

from voipwatch.inference.controls import LineState, Whole
from voipwatch.inference.latecut import Cut
from voipwatch.inference.stages import lottery_p
from voipwatch.inference.track import Fate, Track
from voipwatch.model.ruleset import LUCK_ALPHA
from voipwatch.model.vocabulary import Direction

TAIL_MIN: Final = 8
"""Packets lost in a row to a way's end: 160 ms of voice, twice the mean burst of the lab's lossy lines."""
TAIL_SHARE_MIN: Final = 0.2
"""Of the way's packets: a burst that the end of a long call happens to meet is less."""


def controls_stop_too(line: LineState, cut: Cut) -> bool:
    """Whether so many controls stopped as the calls did that these are a draw of more than LUCK_ALPHA.

    For so few flows that no draw is as rare as `luck_level`. False where no control stopped. Controls that
    were over before the calls were cut could not show it, and are not counted.
    """
    stopped = sum(has_stopped(w, cut.direction) for w in line.pool)
    lasted = sum(w.flow.record.media_s > cut.seconds and not has_stopped(w, cut.direction) for w in line.pool)
    p = lottery_p(dead=cut.flows, flows=cut.of, broken=stopped, controls=stopped + lasted)
    return stopped > 0 and p > LUCK_ALPHA


def has_stopped(whole: Whole, direction: Direction) -> bool:
    """Whether a flow is dead, or lost from some media packet on to its end: one way, or both if so asked."""
    ways = [up for up in (True, False) if direction is not (Direction.DOWN if up else Direction.UP)]
    return whole.dead or all(_stops(whole.flow.media(up=up)) for up in ways)


def _stops(track: Track) -> bool:
    """Whether the packets lost in a row at the end are enough to be no burst."""
    known = track.known
    tail = 0
    for packet in reversed(known):
        if packet.fate is not Fate.LOST:
            break
        tail += 1
    return tail >= TAIL_MIN and tail >= TAIL_SHARE_MIN * len(known)
