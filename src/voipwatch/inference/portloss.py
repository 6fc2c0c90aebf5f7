"""A port that loses packets whatever it carries, where too few pairs are left for the sign-flip test.

A lossy port spoils A and C alike: set-ups die by chance, and C, which lost too, is no control of A's. What
can be told is that media flows on the app's port lose and those beside them on the neutral port do not, be
they calls or random bytes. The flow is the unit, as for luck of the path: a load balancer's hash gives each
five-tuple a path without regard to this. Media alone is counted: the first packets of a set-up may have
woken a radio, and A and C may have gone first.
"""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Final

from voipwatch.inference.controls import luck_level
from voipwatch.inference.join import FlowView, Session
from voipwatch.inference.pairs import HELD, Block, blocks_of, track_of
from voipwatch.inference.stages import MEDIA_MIN, lottery_p
from voipwatch.inference.throttle import DIRECTIONS, media_flows
from voipwatch.inference.track import Count, total
from voipwatch.model.ruleset import CONTROL_LOSS_RATIO_MAX, DEAD_LOSS_RATIO, REPEAT_AFTER_S
from voipwatch.model.vocabulary import Arm, Direction, Media

OWN: Final = (Arm.A, Arm.C)
NEUTRAL: Final = (Arm.A_NEUTRAL, Arm.C_NEUTRAL)
EXCESS_MIN: Final = 0.10
"""Share of packets that each arm on the port must lose beyond the neutral port: what one hears as broken."""
RATIO_MIN: Final = 2.0
"""Times the neutral port's loss: a line that loses by itself is none."""
FLOWS_MIN: Final = 2


def port_losses(session: Session, app: str, *, rows: int) -> Direction | None:
    """The directions in which one of the app's ports loses voice, None where no port is known to.

    `rows`: apps of the check times its reflectors; they share the error budget with luck of the path, and the
    app's legs share one of its tests.
    """
    flows = media_flows(session, app, Media.VOICE)
    shapes = list(dict.fromkeys(f.shape for f in flows))
    for shape in shapes:
        found = _of_shape([f for f in flows if f.shape == shape], level=luck_level(rows) / len(shapes))
        if found is not None:
            return found
    return None


def _of_shape(flows: Sequence[FlowView], *, level: float) -> Direction | None:
    blocks = [b for b in blocks_of(f for f in flows if _told(f)) if b.question != HELD and _beside(b)]
    own, neutral = _arms(blocks, OWN), _arms(blocks, NEUTRAL)
    if not all(len(_arms(blocks, (arm,))) >= FLOWS_MIN for arm in (*OWN, *NEUTRAL)):
        return None
    starts = [f.started_us for f in own]
    if max(starts) - min(starts) < REPEAT_AFTER_S * 1e6 or _same_port(own, neutral) or _dead(own):
        return None
    ways = [d for d in DIRECTIONS if _loses(blocks, d)]
    if not ways:
        return None
    ratios = [_share(f) for f in (*own, *neutral)]
    middle = median(ratios)  # of all flows together: what is drawn at random is which of them are own
    hit, broken = (sum(_share(f) > middle for f in side) for side in (own, neutral))
    if lottery_p(dead=hit, flows=len(own), broken=broken, controls=len(neutral)) > level:
        return None
    return Direction.BOTH if len(ways) == len(DIRECTIONS) else ways[0]


def _told(flow: FlowView) -> bool:
    return all(track_of(flow, d, media=True).counted.known >= MEDIA_MIN for d in DIRECTIONS)


def _beside(block: Block) -> bool:
    """Whether both ports were tried side by side: what befell the line then befell both."""
    return any(block.arms.get(a) for a in OWN) and any(block.arms.get(a) for a in NEUTRAL)


def _arms(blocks: Iterable[Block], arms: Iterable[Arm]) -> list[FlowView]:
    wanted = tuple(arms)
    return [f for b in blocks for arm in wanted for f in b.arms.get(arm, [])]


def _same_port(own: Iterable[FlowView], neutral: Iterable[FlowView]) -> bool:
    return bool({f.record.remote_port for f in own} & {f.record.remote_port for f in neutral})


def _dead(own: Sequence[FlowView]) -> bool:
    """Whether flows died on the port rather than lost: that is another rule's."""
    return any(
        (track_of(f, d, media=True).counted.ratio or 0.0) >= DEAD_LOSS_RATIO for f in own for d in DIRECTIONS
    )


def _loses(blocks: Sequence[Block], direction: Direction) -> bool:
    """Whether A and C each lose in this direction what neither A' nor C' does, C' being fit to accuse by."""
    loss = {arm: _pooled(_arms(blocks, (arm,)), direction).ratio or 0.0 for arm in (*OWN, *NEUTRAL)}
    worst = max(loss[arm] for arm in NEUTRAL)
    return worst <= CONTROL_LOSS_RATIO_MAX and all(
        loss[arm] >= worst + EXCESS_MIN and loss[arm] >= RATIO_MIN * worst for arm in OWN
    )


def _pooled(flows: Iterable[FlowView], direction: Direction) -> Count:
    return total(track_of(f, direction, media=True).counted for f in flows)


def _share(flow: FlowView) -> float:
    """Loss of one flow's media, both directions together."""
    return total(track_of(flow, d, media=True).counted for d in DIRECTIONS).ratio or 0.0
