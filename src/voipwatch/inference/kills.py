"""Match, then kill: flows that die once their first telling packets have passed.

What a box drops for what it is dies every time; what a box kills passes once, and nothing passes after it. A
flow shows the second only where something of the same kind was sent again, or where media that streams both
ways let one of its packets through and no other of either way.
"""

from collections.abc import Iterable, Sequence

from voipwatch.inference.agreement import agree
from voipwatch.inference.join import ROUND_SPAN, FlowView, Session
from voipwatch.inference.stages import Outcome
from voipwatch.inference.track import Fate, Packet, Track
from voipwatch.model.flows import MEDIA_SEQ, REPLIES_MAX
from voipwatch.model.vocabulary import Arm

FIRST_PACKETS_MAX = 4
"""Packets that may pass before a flow is recognised: classifiers decide on packets 1 to 4."""
SILENCED_MIN = 5
"""Media packets of a way without one that passed that show that the way is shut: 0.1 s of voice."""


def killed(dead: Sequence[Outcome]) -> bool:
    """Whether the flows died right after their first packets: at least two, and most of those that can show
    it, let a first packet through and lost every later one, a later one of the same kind among them (another
    try of the request, or more media of a flow without set-up).

    Packets of a later round or stage cannot show it: what is dropped for what it is looks the same.
    """
    return _most_killed(o.flow for o in dead)


def media_killed(dead: Sequence[Outcome]) -> bool:
    """Whether media that came after a set-up was killed by its first packet, not dropped packet by packet.

    A box on the way sees the packets of both ways. The first of either gives the flow away and passes; then
    both ways are shut. So one way lets its first packet through and the other none: a box that spares the
    first packets for what they are spares them both ways.
    """
    able = [o.flow for o in dead if o.flow.logged and o.flow.asked_us and _both_ways(o.flow)]
    return _agree([_one_passed(f) for f in able])


def killed_beside(session: Session, app: str, dead: Sequence[Outcome]) -> bool:
    """Whether flows that cannot show it themselves (a request not tried again, a round that died for the
    first time) died after their first packets, and flows beside them show that those are killed: another leg
    of the app, the same leg on the neutral port, or the mutants.
    """
    if not _agree([_nothing_after_first(o.flow) for o in dead]):
        return False
    if any(_talks_on(o.flow) for o in dead):
        return False
    flows = session.of_app(app)
    treatment = [f for f in flows if f.arm in {Arm.A, Arm.A_NEUTRAL}]
    groups = [[f for f in treatment if f.shape == shape] for shape in {f.shape for f in treatment}]
    return any(_most_killed(group) for group in [*groups, [f for f in flows if f.arm is Arm.D]])


def _most_killed(flows: Iterable[FlowView]) -> bool:
    return _agree([_died_after_first(f) for f in flows if _can_show_a_kill(f)])


def _agree(told: Sequence[bool]) -> bool:
    return agree(sum(told), len(told))


def _in_order(track: Track) -> list[Fate]:
    return [p.fate for p in sorted(track.known, key=lambda p: (p.sent_us or 0, p.seq))]


def _arrived(track: Track) -> int:
    return _in_order(track).count(Fate.ARRIVED)


def _nothing_after_first(flow: FlowView) -> bool:
    """Whether the last packet known is lost, and a few passed before it: the first request at least."""
    up, down = _in_order(flow.up), _in_order(flow.down)
    lost = up[-1:] == [Fate.LOST] or down[-1:] == [Fate.LOST]
    return flow.logged and Fate.ARRIVED in up and lost and not _talks_on(flow)


def _talks_on(flow: FlowView) -> bool:
    """Whether more passed, since the round before the one that died, than a box may need to recognise it."""
    last = max((p.seq // ROUND_SPAN for p in flow.up.known if p.seq < MEDIA_SEQ), default=0)
    since = (last - 1) * ROUND_SPAN
    passed = [p for p in (*flow.up.known, *flow.down.known) if p.fate is Fate.ARRIVED and p.seq >= since]
    return len(passed) > FIRST_PACKETS_MAX


def _can_show_a_kill(flow: FlowView) -> bool:
    """Whether a request was sent again (or answered again), or media without a set-up: only then can a flow
    that died be told from a dropped message.
    """
    if not flow.logged:
        return False
    kinds = [_kind(p) for p in flow.setup(up=True).known]
    if not kinds:
        return len(flow.up.known) > FIRST_PACKETS_MAX
    answers = [_kind(p) for p in flow.setup(up=False).known]
    return len(set(kinds)) < len(kinds) or len(set(answers)) < len(answers)


def _kind(packet: Packet) -> tuple[int, int]:
    """Round and place among the answers: packets alike in both carry the same message."""
    return packet.seq // ROUND_SPAN, packet.seq % REPLIES_MAX


def _died_after_first(flow: FlowView) -> bool:
    return _died(flow, flow.up) or (_died(flow, flow.setup(up=False)) and not _asks_on(flow))


def _asks_on(flow: FlowView) -> bool:
    """Whether a request passed of a round after the last answer that came."""
    answered = max((p.seq // ROUND_SPAN for p in flow.down.known if p.fate is Fate.ARRIVED), default=0)
    return any(p.fate is Fate.ARRIVED and p.seq // ROUND_SPAN > answered for p in flow.up.known)


def _died(flow: FlowView, track: Track) -> bool:
    packets = sorted(track.known, key=lambda p: (p.sent_us or 0, p.seq))
    passed = next((i for i, p in enumerate(packets) if p.fate is Fate.LOST), len(packets))
    if not 0 < passed < len(packets) or any(p.fate is Fate.ARRIVED for p in packets[passed:]):
        return False
    if packets[passed - 1].seq >= MEDIA_SEQ:
        return not flow.asked_us and passed <= FIRST_PACKETS_MAX
    return _kind(packets[passed]) == _kind(packets[passed - 1])


def _both_ways(flow: FlowView) -> bool:
    return all(len(flow.media(up=up).known) >= SILENCED_MIN for up in (True, False))


def _one_passed(flow: FlowView) -> bool:
    """Whether one packet of the media of both ways passed, an early one, and none of any kind after it."""
    ways = [flow.media(up=True), flow.media(up=False)]
    arrived = [_arrived(way) for way in ways]
    if sorted(arrived) != [0, 1]:
        return False
    way = 0 if arrived[0] else 1
    first = next(p for p in ways[way].known if p.fate is Fate.ARRIVED)
    if _in_order(ways[way]).index(Fate.ARRIVED) >= FIRST_PACKETS_MAX:
        return False
    whole = (flow.up, flow.down)[way]
    later = [p for p in whole.known if p.seq > first.seq and p.seq >= MEDIA_SEQ]
    return not any(p.fate is Fate.ARRIVED for p in later)
