"""How far two packet flows lie apart in sizes, spacing and direction, and how far one lies from itself.

An observer that cannot read payloads still sees these three (Wright et al., "Traffic Morphing", NDSS 2009;
Dyer et al., "Peek-a-Boo, I Still See You", IEEE S&P 2012). The distance of two distributions of sizes or gaps
is the Wasserstein distance of order 1, the area between the two distribution functions (Vallender 1974), in
bytes or milliseconds: how far a packet must be moved on average. A Kolmogorov-Smirnov distance would call 70
and 71 bytes as far apart as 70 and 1,000, and any jitter around 20 ms half of all there is. Direction is two
shares that add up to one, where the total variation distance is the difference of one of them.

What is far is not ours to choose: the threshold is how far two stretches of the *captured* call lie apart,
each put together from blocks of it (circular block bootstrap: Politis and Romano, "A circular
block-resampling procedure for stationary data", 1992; blocks, because packets of one talk spurt are alike).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import shake_128
from math import ceil
from typing import Final

import numpy as np
import numpy.typing as npt

from voipwatch.stats._checks import FloatArray, count, finite_array, level

PACKETS_MIN: Final = 30
"""Of one direction of a capture, below which it is not judged: nearly everything is like fewer."""
BLOCK_US: Final = 1_000_000
"""Length of a block: a talk spurt lasts 1.004 s on average (ITU-T P.59, table 2)."""
BLOCKS_MIN: Final = 4
"""Shorter captures are cut into that many blocks."""
ERROR: Final = 0.05
"""How often a flow may be called unlike that is another stretch of the same call, over its five aspects
together (Bonferroni)."""
RESAMPLES: Final = 999
"""Pairs of stretches; with 999, the 990th of them is the 99 % quantile (Davison and Hinkley 1997, 2.3)."""
SIZE_FLOOR_BYTES: Final = 1.0
"""Sizes are whole bytes."""
SPACING_FLOOR_MS: Final = 2.0
"""What a probe promises of its send times (docs/benchmarks.md): a finer plan never reaches a line."""

_Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """The packets of one flow, ascending in time."""

    at_us: _Ints
    """From the trace's start."""
    up: npt.NDArray[np.bool_]
    sizes: FloatArray
    """UDP payload bytes."""
    gaps_ms: FloatArray
    """Since the packet before in the same direction; NaN for the first."""
    length_us: int
    """Of the whole trace, the last packet's own gap included."""


@dataclass(frozen=True, slots=True)
class Distances:
    """Of two flows, by aspect; None where one of them has fewer than two packets that way."""

    size_up_bytes: float | None
    size_down_bytes: float | None
    spacing_up_ms: float | None
    spacing_down_ms: float | None
    direction_ratio: float | None
    """Largest difference of the uplink's share, of packets or of bytes; 0 to 1."""

    def within(self, limits: "Distances") -> bool:
        """Whether every aspect that both have is at most its limit."""
        return all(
            one is None or limit is None or one <= limit
            for one, limit in zip(self.values, limits.values, strict=True)
        )

    @property
    def values(self) -> tuple[float | None, ...]:
        """The five, in the order of the fields."""
        return (
            self.size_up_bytes,
            self.size_down_bytes,
            self.spacing_up_ms,
            self.spacing_down_ms,
            self.direction_ratio,
        )


def trace_of(packets: Sequence[tuple[int, bool, int]]) -> Trace:
    """The trace of (microseconds, uplink, UDP payload bytes), in any order.

    Raises:
        ValueError: no packet, or a size below 1.

    Source: a definition of ours (docs/methods/likeness.md).
    """
    if not packets:
        raise ValueError("a trace needs a packet")
    ordered = sorted(packets, key=lambda packet: packet[0])
    at_us = np.array([at for at, _, _ in ordered], dtype=np.int64)
    up = np.array([way for _, way, _ in ordered], dtype=np.bool_)
    sizes = finite_array("sizes", [float(size) for _, _, size in ordered])
    if sizes.min() < 1:
        raise ValueError(f"sizes must be at least 1 byte, got {sizes.min():g}")
    gaps_ms = np.full(len(ordered), np.nan)
    for way in (True, False):
        (places,) = np.nonzero(up == way)
        gaps_ms[places[1:]] = np.diff(at_us[places]) / 1000
    span_us = int(at_us[-1] - at_us[0])
    own_us = span_us // (len(ordered) - 1) if len(ordered) > 1 else 0
    return Trace(at_us - at_us[0], up, sizes, gaps_ms, max(1, span_us + own_us))


def joined(traces: Sequence[Trace]) -> Trace:
    """Several flows of one kind as one after the other; no gap spans two of them.

    Source: a definition of ours (docs/methods/likeness.md).
    """
    if not traces:
        raise ValueError("no trace to join")
    starts = np.cumsum([0, *(trace.length_us for trace in traces)])
    return Trace(
        np.concatenate([trace.at_us + start for trace, start in zip(traces, starts, strict=False)]),
        np.concatenate([trace.up for trace in traces]),
        np.concatenate([trace.sizes for trace in traces]),
        np.concatenate([trace.gaps_ms for trace in traces]),
        int(starts[-1]),
    )


def wasserstein_distance(one: Sequence[float] | FloatArray, other: Sequence[float] | FloatArray) -> float:
    """Area between the distribution functions of two samples, in their unit.

    Raises:
        ValueError: a sample is empty or not finite.

    Source: Vallender 1974, the area between the distribution functions.
    """
    a = np.sort(finite_array("one", one))
    b = np.sort(finite_array("other", other))
    merged = np.sort(np.concatenate([a, b]))
    share_a = a.searchsorted(merged[:-1], side="right") / a.size
    share_b = b.searchsorted(merged[:-1], side="right") / b.size
    return float(np.sum(np.abs(share_a - share_b) * np.diff(merged)))


def flow_distances(one: Trace, other: Trace) -> Distances:
    """How far two flows lie apart. Symmetric.

    Source: Vallender 1974; total variation for the direction.
    """
    return _distances(_view(one), _view(other))


def likeness_limits(capture: Trace, *, seed: bytes, resamples: int = RESAMPLES) -> Distances:
    """How far two stretches of the captured call, as long as it is, lie apart in 99 of 100 pairs.

    An aspect's limit is the quantile that leaves ERROR to the five of them together, or the aspect's floor if
    that is more; None where the capture has fewer than PACKETS_MIN packets that way (for direction: fewer in
    either).

    Raises:
        ValueError: fewer than 99 resamples, with which no such quantile is told.

    Source: Politis and Romano 1992, circular block bootstrap.
    """
    count("resamples", resamples, at_least=99)
    tail = level("ERROR", ERROR) / 5
    block_us = max(1, min(BLOCK_US, capture.length_us // BLOCKS_MIN))
    blocks = ceil(capture.length_us / block_us)
    drawn = np.frombuffer(shake_128(seed).digest(16 * resamples * blocks), dtype=">u8")
    starts = (drawn % capture.length_us).astype(np.int64).reshape(resamples, 2, blocks)
    stretch = partial(_stretch, capture, block_us)
    found = [_distances(_view(capture, stretch(a)), _view(capture, stretch(b))) for a, b in starts]
    enough = [int(np.sum(capture.up == way)) >= PACKETS_MIN for way in (True, False)]
    judged = (*enough, *enough, all(enough))
    floors = (SIZE_FLOOR_BYTES,) * 2 + (SPACING_FLOOR_MS,) * 2 + (0.0,)
    rank = ceil((resamples + 1) * (1 - tail)) - 1
    limits: list[float | None] = []
    for aspect, floor in enumerate(floors):
        told = sorted(v for each in found if (v := each.values[aspect]) is not None)
        limits.append(max(floor, told[min(rank, len(told) - 1)]) if judged[aspect] and told else None)
    return Distances(*limits)


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """What is compared of a flow or of a stretch of it."""

    sizes: tuple[FloatArray, FloatArray]
    gaps_ms: tuple[FloatArray, FloatArray]


def _view(trace: Trace, chosen: _Ints | None = None) -> _View:
    places = slice(None) if chosen is None else chosen
    up, sizes, gaps = trace.up[places], trace.sizes[places], trace.gaps_ms[places]
    known = ~np.isnan(gaps)
    return _View((sizes[up], sizes[~up]), (gaps[up & known], gaps[~up & known]))


def _stretch(trace: Trace, block_us: int, starts: _Ints) -> _Ints:
    """Places of the packets of blocks from these starts, around the end to the beginning."""
    ends = starts + block_us
    low, high, over = (trace.at_us.searchsorted(at) for at in (starts, ends, ends - trace.length_us))
    # Two runs of places a block: its own, and what of it lies beyond the end, so at the beginning.
    first = np.stack([low, np.zeros_like(low)], axis=1).ravel()
    counts = np.stack([high, over], axis=1).ravel() - first
    before = np.cumsum(counts) - counts
    places: _Ints = np.arange(counts.sum()) + np.repeat(first - before, counts)
    return places


def _distances(one: _View, other: _View) -> Distances:
    def apart(a: FloatArray, b: FloatArray) -> float | None:
        return wasserstein_distance(a, b) if min(a.size, b.size) >= 2 else None

    shares = [
        (
            view.sizes[0].size / max(1, view.sizes[0].size + view.sizes[1].size),
            view.sizes[0].sum() / max(1.0, view.sizes[0].sum() + view.sizes[1].sum()),
        )
        for view in (one, other)
    ]
    return Distances(
        apart(one.sizes[0], other.sizes[0]),
        apart(one.sizes[1], other.sizes[1]),
        apart(one.gaps_ms[0], other.gaps_ms[0]),
        apart(one.gaps_ms[1], other.gaps_ms[1]),
        float(max(abs(a - b) for a, b in zip(*shares, strict=True))),
    )
