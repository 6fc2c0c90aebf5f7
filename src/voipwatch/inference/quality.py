"""What the app's voice was like on this line: delay, jitter, loss and MOS of the treatment, per direction.

One-way delay is half the round trip, because two clocks that nobody set cannot tell more; the MOS inherits
that. None where unmeasured, never zero.
"""

from collections.abc import Sequence
from typing import Final

from voipwatch.inference.join import FlowView, Session, median_or_none, round_trips_ms
from voipwatch.inference.pairs import track_of
from voipwatch.inference.throttle import media_flows, media_loss
from voipwatch.model.results import Quality
from voipwatch.model.vocabulary import Arm, Direction, Media
from voipwatch.stats import e_model

CODEC_MS: Final = 25.0
"""Sender's side of the mouth-to-ear delay: one 20 ms frame and 5 ms look-ahead (ITU-T G.114, annex A)."""
BUFFER_JITTERS: Final = 2.0
"""A receiver's buffer, in mean jitters: the rule of thumb of ITU-T G.1020 for an adaptive buffer."""
SIP_CODEC: Final = "g711-plc"
OTHER_CODEC: Final = "opus"
"""Approximate on the narrow-band scale, see `stats.CODECS`; every app but plain SIP sends Opus or alike."""


def quality_of(session: Session, app: str) -> Quality:
    """The treatment's voice towards one reflector."""
    flows = [f for f in media_flows(session, app, Media.VOICE) if f.arm is Arm.A]
    rtt_ms = _rtt_ms(flows) or median_or_none(
        round_trips_ms(f for f in session.of_app(app) if f.arm is Arm.A)
    )
    scores = {d: _direction(flows, d, app=app, rtt_ms=rtt_ms) for d in (Direction.UP, Direction.DOWN)}
    up, down = scores[Direction.UP], scores[Direction.DOWN]
    return Quality(
        mos_up=up[0],
        mos_down=down[0],
        rtt_ms=_rounded(rtt_ms, 1),
        jitter_up_ms=_rounded(up[1], 2),
        jitter_down_ms=_rounded(down[1], 2),
        loss_up_ratio=_rounded(up[2], 4),
        loss_down_ratio=_rounded(down[2], 4),
    )


def _rtt_ms(flows: Sequence[FlowView]) -> float | None:
    """The two transit times of media added: the offset between the clocks cancels. Median over flows."""
    sums = []
    for flow in flows:
        up = track_of(flow, Direction.UP, media=True).metrics.delay_ms
        down = track_of(flow, Direction.DOWN, media=True).metrics.delay_ms
        if up is not None and down is not None and up + down >= 0.0:
            sums.append(up + down)
    return median_or_none(sums)


def _direction(
    flows: Sequence[FlowView], direction: Direction, *, app: str, rtt_ms: float | None
) -> tuple[float | None, float | None, float | None]:
    """MOS, jitter and loss ratio."""
    tracks = [track_of(f, direction, media=True) for f in flows]
    jitter_ms = median_or_none(j for t in tracks if (j := t.metrics.jitter_ms) is not None)
    count = media_loss(flows, direction)
    if rtt_ms is None or not count.known or count.ratio is None:
        return None, jitter_ms, count.ratio
    bursts = median_or_none(b for t in tracks if (b := t.burst_ratio()) is not None)
    score = e_model(
        rtt_ms / 2.0 + CODEC_MS + BUFFER_JITTERS * (jitter_ms or 0.0),
        count.ratio,
        n=count.known,
        burst_ratio=max(bursts, 1.0) if bursts is not None else 1.0,
        codec=SIP_CODEC if app == "sip" else OTHER_CODEC,
    )
    return (round(score.mos, 2) if score else None), jitter_ms, count.ratio


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
