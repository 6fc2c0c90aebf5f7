"""Warm-up: 2 s of both control families wake the radio and tell delay and rate of the line.

Without it the first packets of whichever arm comes first meet radio promotion (up to 2 s on 3G)
or Wi-Fi power save, and look like a treatment effect.
"""

from collections import deque
from statistics import median

from voipwatch.experiment.near_flow import NearFlow, Phase
from voipwatch.experiment.question import FlowWish
from voipwatch.model.flows import MEDIA_SEQ, FlowKind
from voipwatch.model.measurement import Decision
from voipwatch.model.vocabulary import LINE
from voipwatch.wire.token import FlowReceipt

BURST_SIZE_MIN = 900
"""Payload bytes; the warm-up script ends with back-to-back packets of at least this size."""


class Warmup:
    """Asks: is there a line, how long is it, how wide?"""

    def __init__(self, reflector: int, kind: FlowKind) -> None:
        self.app = LINE
        self.reflector = reflector
        self.wishes = deque(FlowWish(kind, replicate, "warmup", 0) for replicate in (0, 1))
        self.decisions: list[Decision] = []
        self.flows: list[NearFlow] = []
        self._receipts: dict[int, list[tuple[int, int, float]]] = {}
        self._waits_known: list[float] | None = None

    @property
    def done(self) -> bool:
        """True when both families have played to the end."""
        return not self.wishes and all(f.phase is Phase.ENDED for f in self.flows)

    def started(self, flow: NearFlow, _now: float) -> None:
        """One family is on its way."""
        self.flows.append(flow)

    def update(self, _now: float) -> None:
        """Nothing stops a warm-up early: the radio needs its time."""

    def get_timer(self) -> float | None:
        """Never: the flows keep their own time."""
        return None

    def receipt(self, receipt: FlowReceipt, now: float) -> None:
        """A receipt for any flow; those of warm-up flows tell delay and rate."""
        if any(f.flow == receipt.flow for f in self.flows):
            self._receipts.setdefault(receipt.flow, []).append((receipt.highest_seq, receipt.far_us, now))
            self._waits_known = None

    def rtt_s(self) -> float | None:
        """Smallest time from an uplink packet to the receipt that names it; None if none came."""
        return min(self._waits(), default=None)

    def rtt_spread_s(self) -> float:
        """How much longer than `rtt_s` the typical receipt took."""
        waits = self._waits()
        return median(waits) - min(waits) if waits else 0.0

    def _waits(self) -> list[float]:
        if self._waits_known is not None:
            return self._waits_known
        waits: list[float] = []
        for flow in self.flows:
            sent = dict(zip(flow.record.sent.seq, flow.record.sent.t_us, strict=True))
            for seq, _, at in self._receipts.get(flow.flow, []):
                if seq in sent:
                    waits.append(at - flow.epoch - sent[seq] / 1e6)
        self._waits_known = waits
        return waits

    def heard(self) -> bool:
        """True when any downlink packet of either family came."""
        return self.counts()[0] > 0

    def counts(self) -> tuple[int, int]:
        """Downlink packets (received, planned) of both families."""
        return sum(f.media_received() for f in self.flows), sum(f.media_expected() for f in self.flows)

    def rate_down(self) -> float | None:
        """IP bytes a second by the dispersion of the downlink burst; None if it did not come."""
        rates = []
        for flow in self.flows:
            got = flow.record.received
            burst = [t for t, size in zip(got.t_us, got.size_bytes, strict=True) if size >= BURST_SIZE_MIN]
            sizes = [size for size in got.size_bytes if size >= BURST_SIZE_MIN]
            if len(burst) >= 4:
                span_s = max((burst[-1] - burst[0]) / 1e6, 1e-4)
                rates.append(sum(sizes[1:]) / span_s)
        return min(rates, default=None)

    def rate_up(self) -> float | None:
        """IP bytes a second by the delay that the uplink burst built up; None if it cannot be told."""
        rates = []
        for flow in self.flows:
            sent = {
                seq: (t, size)
                for seq, t, size in zip(
                    flow.record.sent.seq, flow.record.sent.t_us, flow.record.sent.size_bytes, strict=True
                )
                if seq >= MEDIA_SEQ
            }
            first, base, peak = None, None, None
            for seq, far_us, _ in self._receipts.get(flow.flow, []):
                if seq not in sent:
                    continue
                raw = far_us - sent[seq][0]
                first = raw if first is None else first
                transit = _signed32(raw - first)
                if sent[seq][1] < BURST_SIZE_MIN:
                    base = transit if base is None else min(base, transit)
                else:
                    peak = transit if peak is None else max(peak, transit)
            burst_bytes = sum(size for _, size in sent.values() if size >= BURST_SIZE_MIN)
            if base is not None and peak is not None and burst_bytes:
                rates.append(burst_bytes / max((peak - base) / 1e6, 1e-3))
        return min(rates, default=None)


def _signed32(difference: int) -> int:
    """A difference modulo 2**32, as the signed number nearest to zero.

    Taken as unsigned, packets a little faster than the first would seem 71 minutes slower.
    """
    return (difference + (1 << 31)) % (1 << 32) - (1 << 31)
