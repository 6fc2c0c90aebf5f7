"""Warm-up: 2 s of both control families wake the radio and tell delay and rate of the line.

Without it the first packets of whichever arm comes first meet radio promotion (up to 2 s on 3G)
or Wi-Fi power save, and look like a treatment effect.
"""

from collections import deque
from statistics import median

from voipwatch.experiment.near_flow import NearFlow, Phase
from voipwatch.experiment.question import FlowWish
from voipwatch.experiment.thin import arrivals_down, arrivals_up, signed32, steady_rate, thin_rate
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
        self._receipts: dict[int, list[tuple[FlowReceipt, float]]] = {}
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
            self._receipts.setdefault(receipt.flow, []).append((receipt, now))
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
            for told, at in self._receipts.get(flow.flow, []):
                if told.highest_seq in sent:
                    waits.append(at - flow.epoch - sent[told.highest_seq] / 1e6)
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
            for told, _ in self._receipts.get(flow.flow, []):
                seq, far_us = told.highest_seq, told.far_us
                if seq not in sent:
                    continue
                raw = far_us - sent[seq][0]
                first = raw if first is None else first
                transit = signed32(raw - first)
                if sent[seq][1] < BURST_SIZE_MIN:
                    base = transit if base is None else min(base, transit)
                else:
                    peak = transit if peak is None else max(peak, transit)
            burst_bytes = sum(size for _, size in sent.values() if size >= BURST_SIZE_MIN)
            if base is not None and peak is not None and burst_bytes:
                rates.append(burst_bytes / max((peak - base) / 1e6, 1e-3))
        return min(rates, default=None)

    def thin_down(self) -> float | None:
        """IP bytes a second of a downlink that carries less than the warm-up; None of any other."""
        return thin_rate([arrivals_down(flow) for flow in self.flows], self._steady_rate())

    def thin_up(self) -> float | None:
        """IP bytes a second of an uplink that carries less than the warm-up; None of any other."""
        told = [[receipt for receipt, _ in self._receipts.get(flow.flow, [])] for flow in self.flows]
        zero_us = next((receipts[0].far_us for receipts in told if receipts), 0)
        of_flows = zip(self.flows, told, strict=True)
        arrivals = [arrivals_up(flow, receipts, zero_us) for flow, receipts in of_flows]
        return thin_rate(arrivals, self._steady_rate())

    def _steady_rate(self) -> float:
        return min((steady_rate(flow) for flow in self.flows), default=0.0)
