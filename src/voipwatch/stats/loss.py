"""Loss accounting of one flow: ratio, runs, burst ratio, and the bursts and gaps of RFC 3611.

Everything reads one sequence of booleans, one per packet *sent*, in sending order, true where it arrived.
What a duplicate or a late packet is was settled before (`arrivals` does it from sequence numbers): a packet
is lost only if it never came.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from voipwatch.stats import _checks

GMIN: Final = 16
"""RFC 3611 section 4.7.2 recommends 16: at 20 ms spacing a burst ends after 320 ms without loss."""


@dataclass(frozen=True, slots=True)
class LossSummary:
    """What was lost of one flow and how it was spread."""

    n: int
    """Packets sent."""
    lost_count: int
    """Packets that never came."""
    loss_ratio: float | None
    """lost / sent; None if nothing was sent."""
    burst_ratio: float | None
    """BurstR of ITU-T G.107: 1 for random loss, above 1 for bursts; None without loss or without arrivals."""
    runs_count: int
    """Maximal runs of consecutive losses."""
    longest_run: int
    """Length of the longest run of losses."""


@dataclass(frozen=True, slots=True)
class BurstGap:
    """Burst and gap metrics of RFC 3611 section 4.7.2. Densities are ratios here, not its 1/256 steps."""

    n: int
    """Packets sent."""
    bursts_count: int
    """Number of bursts."""
    burst_density: float
    """Lost share of the packets inside bursts; 0 without bursts."""
    gap_density: float
    """Lost share of the packets inside gaps; 0 if there is no gap."""
    burst_ms: float
    """Mean duration of a burst; 0 without bursts."""
    gap_ms: float
    """Mean duration of a gap; 0 if there is none."""


def arrivals(sent_sequences: Iterable[int], received_sequences: Iterable[int]) -> tuple[bool, ...]:
    """Which of the sent packets arrived, in sending order.

    Order of arrival, duplicates and sequence numbers that were never sent do not matter here; see
    `reordering` for them. The numbers must be unwrapped, so that none is sent twice.

    Raises:
        ValueError: a sequence number was sent twice.
    """
    sent = list(sent_sequences)
    if len(set(sent)) != len(sent):
        raise ValueError("sent_sequences must not repeat: unwrap 16-bit sequence numbers first")
    received = set(received_sequences)
    return tuple(sequence in received for sequence in sent)


def loss_ratio(arrived: Sequence[bool]) -> float | None:
    """Share of the sent packets that never arrived, or None if nothing was sent."""
    if not arrived:
        return None
    return sum(not hit for hit in arrived) / len(arrived)


def loss_runs(arrived: Sequence[bool]) -> tuple[int, ...]:
    """Lengths of the maximal runs of consecutive losses, in order."""
    return tuple(sum(1 for _ in run) for hit, run in groupby(arrived, key=bool) if not hit)


def burst_ratio(arrived: Sequence[bool]) -> float | None:
    """BurstR: the mean length of loss runs over the mean length expected of random loss, 1 / (1 - loss).

    None where nothing was lost or nothing arrived: there is no run to measure, or none to compare with.

    Source: ITU-T G.107 (06/2015) clause 7.5.
    """
    runs = loss_runs(arrived)
    ratio = loss_ratio(arrived)
    if not runs or ratio is None or ratio >= 1.0:
        return None
    return sum(runs) / len(runs) * (1.0 - ratio)


def summarize_loss(arrived: Sequence[bool]) -> LossSummary:
    """All of the above of one flow."""
    runs = loss_runs(arrived)
    return LossSummary(
        n=len(arrived),
        lost_count=sum(runs),
        loss_ratio=loss_ratio(arrived),
        burst_ratio=burst_ratio(arrived),
        runs_count=len(runs),
        longest_run=max(runs, default=0),
    )


def burst_gap(arrived: Sequence[bool], *, spacing_ms: float, gmin: int = GMIN) -> BurstGap:
    """Bursts and gaps: a burst starts and ends with a loss and holds no `gmin` arrivals in a row.

    A loss with at least `gmin` arrivals on both sides is no burst, it belongs to the gap. The flow is taken
    to be preceded and followed by `gmin` arrivals, as the RFC says.

    Args:
        arrived: one bool per packet sent.
        spacing_ms: time between two packets, above 0.
        gmin: at least 1.

    Raises:
        ValueError: spacing_ms or gmin outside their domains.

    Source: the definitions of RFC 3611 section 4.7.2, counted directly; the RFC's appendix A.2 estimates the
        same
    quantities from a four-state chain and may differ from them in the last digits.
    """
    if _checks.finite("spacing_ms", spacing_ms) <= 0.0:
        raise ValueError(f"spacing_ms must be above 0, got {spacing_ms}")
    gmin = _checks.count("gmin", gmin, at_least=1)
    lost = [index for index, hit in enumerate(arrived) if not hit]
    clusters: list[list[int]] = []
    for index in lost:
        if clusters and index - clusters[-1][-1] - 1 < gmin:
            clusters[-1].append(index)
        else:
            clusters.append([index])
    bursts = [cluster for cluster in clusters if len(cluster) > 1]
    in_bursts = sum(cluster[-1] - cluster[0] + 1 for cluster in bursts)
    lost_in_bursts = sum(len(cluster) for cluster in bursts)
    in_gaps = len(arrived) - in_bursts
    gaps_count = _gaps_count(bursts, len(arrived))
    return BurstGap(
        n=len(arrived),
        bursts_count=len(bursts),
        burst_density=lost_in_bursts / in_bursts if in_bursts else 0.0,
        gap_density=(len(lost) - lost_in_bursts) / in_gaps if in_gaps else 0.0,
        burst_ms=in_bursts * spacing_ms / len(bursts) if bursts else 0.0,
        gap_ms=in_gaps * spacing_ms / gaps_count if gaps_count else 0.0,
    )


def _gaps_count(bursts: list[list[int]], n: int) -> int:
    """Stretches outside bursts that hold at least one packet."""
    edges = [-1, *(edge for burst in bursts for edge in (burst[0], burst[-1])), n]
    return sum(edges[i + 1] - edges[i] > 1 for i in range(0, len(edges), 2))
