"""How many matched blocks a leg needs so that enough of them are loud.

A profile may draw a rhythm of silence for a flow: comfort noise of a few packets a second, which no throttle
below speech touches. The judge leaves such pairs out (`inference.pairs.loud`); here as many more are planned.
Pure.
"""

from collections.abc import Callable
from statistics import median

from voipwatch.apps import Script
from voipwatch.apps.scripts import IP_UDP_BYTES, MediaPacket
from voipwatch.model.flows import HELD_REPLICATES
from voipwatch.model.ruleset import QUIET_SHARE


def blocks_with_loud(script_of: Callable[[int], Script], wanted: int) -> int:
    """The fewest blocks, from replicate 0 on, of which `wanted` are loud both ways; at most as many as a
    session has short flows of one kind.

    Args:
        script_of: replicate -> the treatment's script.
        wanted: matched blocks that the test needs, at least 1.
    """
    most = min(HELD_REPLICATES)
    offered = [_offered(script_of(replicate)) for replicate in range(min(wanted, most))]
    while len(offered) < most and _loud(offered) < wanted:
        offered.append(_offered(script_of(len(offered))))
    return len(offered)


def _loud(offered: list[tuple[int, int]]) -> int:
    least = [QUIET_SHARE * median(way) for way in zip(*offered, strict=True)]
    return sum(up >= least[0] and down >= least[1] for up, down in offered)


def _offered(script: Script) -> tuple[int, int]:
    return _bytes(script.up), _bytes(script.down)


def _bytes(packets: tuple[MediaPacket, ...]) -> int:
    return sum(packet.size + IP_UDP_BYTES for packet in packets if not packet.aside)
