"""The decision rules of others, from their published descriptions, on the series of a voipwatch check.

Wehe (Northeastern University): a recorded transfer is replayed, then once more with its bytes inverted; the
throughput of each, in 100 bins over its length and without the empty bins, is one sample. The *area test* is
the difference of the means over the larger mean; with |area| at least 0.5 and a two-sample Kolmogorov-Smirnov
p-value under 0.01 it is differentiation, with the area alone inconclusive, else none. A hundred half-samples
say whether the p-value is trusted (NetPolice's jackknife); today's client has that switched off. Sources:
F. Li, A. A. Niaki, D. Choffnes, P. Gill, A. Mislove, "A Large-Scale Analysis of Deployed Traffic
Differentiation Practices", SIGCOMM 2019; A. Molavi Kakhki and others, "Identifying Traffic Differentiation in
Mobile Networks", IMC 2015; github.com/NEU-SNS/wehe-android (thresholds: area 50 %, p 1 %) and wehe-py3,
src/finalAnalysis.py (only bins above zero).

RTR-NetTest (Austria's regulator): a call of 2 s at 20 ms, one arm. The loss that is published is the mean of
both directions, and it is null unless the mean jitter is positive in both; the quality test fails where a
direction lost over 5 %. Sources: github.com/rtr-nettest/open-rmbt, RMBTControlServer/rmbt_qos_init.sql
(objectives of the test `voip`); github.com/specure/control-server-public, MeasurementCalculatorUtil.java, the
server of the same family (calculateMeanJitterInMms, calculateMeanPacketLossInPercent).

Fisher's exact test on packets: lost and arrived of treatment and control, each packet a witness of its own.
R. A. Fisher, Statistical Methods for Research Workers (1934), section 21.02.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import comb
from typing import Final

import numpy as np
import numpy.typing as npt

from voipwatch.inference.join import FlowView, join_session
from voipwatch.inference.track import Fate, Track
from voipwatch.model.measurement import Measurement
from voipwatch.model.ruleset import CHECK_ALPHA
from voipwatch.model.vocabulary import Arm
from voipwatch.stats import flow_metrics

Sample = npt.NDArray[np.float64]
"""Throughput of each bin, bytes a second."""

WEHE_BINS: Final = 100
WEHE_AREA: Final = 0.5
WEHE_P: Final = 0.01
WEHE_TRUST: Final = 0.95
"""Share of half-samples that must say the same; in the description, not in the client of today."""
RTR_LOSS_PERCENT_MAX: Final = 5.0


class Said(Enum):
    """What a rule says of a pair of series."""

    ACCUSED = "accused"
    INCONCLUSIVE = "inconclusive"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Series:
    """One arm's media in one direction: a call, flow after flow."""

    sent_s: Sample
    """Seconds after the first packet of the first flow, gaps between flows left out; rising."""
    arrived_s: Sample
    """The same clock; NaN where lost."""
    size_bytes: Sample

    @property
    def lost(self) -> int:
        """Packets that never came."""
        return int(np.isnan(self.arrived_s).sum())

    @property
    def n(self) -> int:
        """Packets sent."""
        return len(self.sent_s)


def series(flows: Sequence[FlowView], *, up: bool) -> Series:
    """The media of these flows, one after the other, each beginning where the one before ended."""
    sent: list[float] = []
    came: list[float] = []
    sizes: list[float] = []
    offset = 0.0
    for flow in flows:
        track: Track = flow.media(up=up)
        known = [p for p in track.known if p.sent_us is not None]
        if not known:
            continue
        first = min(p.sent_us or 0 for p in known)
        for p in known:
            sent.append(offset + ((p.sent_us or 0) - first) / 1e6)
            arrived = p.fate is Fate.ARRIVED and p.arrived_us is not None
            came.append(offset + ((p.arrived_us or 0) - first) / 1e6 if arrived else np.nan)
            sizes.append(float(p.size_bytes))
        offset = sent[-1] + 0.02
    return Series(np.asarray(sent), np.asarray(came), np.asarray(sizes))


def arms(measurement: Measurement, *, held_only: bool = True) -> tuple[list[FlowView], list[FlowView]]:
    """Flows of A and of C that carried media: the held pair, or all where none was held."""
    session = join_session(measurement, 0)
    flows = [f for f in session.flows if f.arm in (Arm.A, Arm.C) and f.media(up=True).packets]
    held = [f for f in flows if f.record.question == "held"]
    chosen = held if held_only and held else flows
    return [f for f in chosen if f.arm is Arm.A], [f for f in chosen if f.arm is Arm.C]


# --- Wehe ---------------------------------------------------------------------------------------------


def throughputs(told: Series, bins: int = WEHE_BINS) -> Sample:
    """Bytes a second of each bin over the length of the replay, as received; empty bins are left out."""
    if not told.n:
        return np.empty(0)
    came = ~np.isnan(told.arrived_s)
    start = float(np.nanmin(told.arrived_s)) if came.any() else 0.0
    length = max(float(told.sent_s[-1] - told.sent_s[0]), 1e-6)
    place = np.clip(((told.arrived_s[came] - start) / length * bins).astype(int), 0, bins - 1)
    out = np.bincount(place, weights=told.size_bytes[came], minlength=bins) / (length / bins)
    return np.asarray(out[out > 0])


def area_test(original: Sample, control: Sample) -> float:
    """Difference of the mean throughputs, control less original, over the larger of them.

    Between distributions of one sign it is the area between their cumulative curves, normalised.
    """
    means = float(original.mean()), float(control.mean())
    return (means[1] - means[0]) / max(means)


def ks_p(one: Sample, other: Sample) -> float:
    """p-value of the two-sample Kolmogorov-Smirnov test."""
    from scipy.stats import ks_2samp  # noqa: PLC0415 -- slow, and only this rule needs it

    return float(ks_2samp(one, other).pvalue)


def trusted(one: Sample, other: Sample, *, seed: int = 0, draws: int = 100) -> float:
    """Share of half-samples whose test says at 5 % what the whole says: the jackknife of the description."""
    random = np.random.default_rng(seed)  # noqa: TID251 -- seeded draws of a comparison
    whole = ks_p(one, other) < 1.0 - WEHE_TRUST
    same = 0
    for _ in range(draws):
        halves = [random.choice(s, len(s) // 2, replace=False) for s in (one, other)]
        same += (ks_p(*halves) < 1.0 - WEHE_TRUST) is whole
    return same / draws


def wehe(original: Series, control: Series, *, jackknife: bool = False) -> Said:
    """Differentiation, inconclusive, or nothing; inconclusive too where a replay brought no data."""
    one, other = throughputs(original), throughputs(control)
    if len(one) < 2 or len(other) < 2:
        return Said.INCONCLUSIVE
    if abs(area_test(one, other)) < WEHE_AREA:
        return Said.NOTHING
    if ks_p(one, other) >= WEHE_P or (jackknife and trusted(one, other) < WEHE_TRUST):
        return Said.INCONCLUSIVE
    return Said.ACCUSED


# --- RTR-NetTest --------------------------------------------------------------------------------------


def rtr_loss_percent(up: Series, down: Series) -> float | None:
    """The loss that is published: percent, the mean of both ways, None unless both have a jitter."""
    jitters = [_jitter_ms(told) for told in (up, down)]
    if any(j is None or j <= 0.0 for j in jitters):
        return None
    return 50.0 * (up.lost / up.n + down.lost / down.n)


def rtr(up: Series, down: Series) -> Said:
    """Whether a user of the treatment would be told that calls fail; null is told as missing."""
    loss = rtr_loss_percent(up, down)
    if loss is None:
        return Said.INCONCLUSIVE
    over = max(told.lost / told.n for told in (up, down)) * 100.0 > RTR_LOSS_PERCENT_MAX
    return Said.ACCUSED if over else Said.NOTHING


def _jitter_ms(told: Series) -> float | None:
    if not told.n:
        return None
    sent = [round(s * 1e6) for s in told.sent_s]
    came = [None if np.isnan(t) else round(t * 1e6) for t in told.arrived_s]
    return flow_metrics(sent, came).jitter_ms


# --- Fisher on packets --------------------------------------------------------------------------------


def fisher_p(lost_a: int, n_a: int, *, lost_c: int, n_c: int) -> float:
    """One-sided: P(at least `lost_a` of the lost fall on the treatment by lot)."""
    bad = lost_a + lost_c
    everything = comb(n_a + n_c, n_a)
    reaching = sum(comb(bad, k) * comb(n_a + n_c - bad, n_a - k) for k in range(lost_a, min(bad, n_a) + 1))
    return reaching / everything


def fisher(original: Series, control: Series, *, tests: int = 2) -> Said:
    """At the check's whole 0.005, by Bonferroni over two directions."""
    if not original.n or not control.n:
        return Said.INCONCLUSIVE
    p = fisher_p(original.lost, original.n, lost_c=control.lost, n_c=control.n)
    return Said.ACCUSED if p <= CHECK_ALPHA / tests else Said.NOTHING
