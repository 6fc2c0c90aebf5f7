"""What a check and irtt each say of one path, read from what they wrote, and compared. Pure.

irtt is Pete Heist's (https://github.com/heistp/irtt); its fields are those of its JSON format 1.
"""

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Final, NamedTuple

import msgspec

from scripts.benchmarks.figures import distribution
from scripts.benchmarks.page import NONE, table
from voipwatch.inference.join import FlowView, join_session
from voipwatch.inference.throttle import media_flows, media_loss
from voipwatch.inference.track import Count, Fate
from voipwatch.model.measurement import Measurement
from voipwatch.model.vocabulary import Direction, Media
from voipwatch.stats.intervals import newcombe_difference

APP: Final = "sip"
FORMAT: Final = 1
HEADS: Final = ("what", "n: check, irtt", "check", "irtt", "compared", "interval")


class BesideError(ValueError):
    """What a program wrote is not what is read here; the message says how."""


class Said(NamedTuple):
    """What one of the two says of the path in one turn."""

    rtts_ms: tuple[float, ...]
    """Of each packet that came both ways, what the server thought left out."""
    up: Count
    down: Count
    """Of those that reached the server (irtt), or that it sent (check)."""


class Dropped(NamedTuple):
    """What the kernel counted meanwhile: voice-sized datagrams that came, and those that it dropped."""

    up: Count
    down: Count


class Turn(NamedTuple):
    """Both, one after the other, over one path."""

    check: Said
    check_dropped: Dropped
    irtt: Said
    irtt_dropped: Dropped


class Trip(msgspec.Struct, frozen=True):
    """Of a round trip of irtt's: nanoseconds, absent where it was lost."""

    rtt: int | None = None


class RoundTrip(msgspec.Struct, frozen=True):
    """One packet of irtt's."""

    seqno: int
    delay: Trip = Trip()


class Stats(msgspec.Struct, frozen=True):
    """irtt's counts. Its server tells in each reply how many it has received."""

    packets_sent: int
    packets_received: int
    server_packets_received: int


class Version(msgspec.Struct, frozen=True):
    """Of irtt's file."""

    json_format: int


class IrttFile(msgspec.Struct, frozen=True):
    """What is read of irtt's JSON."""

    version: Version
    stats: Stats
    round_trips: list[RoundTrip]


def read_irtt(data: bytes) -> Said:
    """What one client of irtt wrote with `-o`.

    Raises:
        BesideError: for what is no such file, another format of it, or counts that cannot be.
    """
    try:
        told = msgspec.json.decode(data, type=IrttFile)
    except msgspec.DecodeError as error:
        raise BesideError(f"irtt's file: {error}") from error
    if told.version.json_format != FORMAT:
        raise BesideError(f"irtt's file has format {told.version.json_format}, not {FORMAT}")
    sent, there, back = (
        told.stats.packets_sent,
        told.stats.server_packets_received,
        told.stats.packets_received,
    )
    if not sent >= there >= back >= 0:
        raise BesideError(f"irtt counted {sent} sent, {there} at its server and {back} back")
    rtts = tuple(trip.delay.rtt / 1e6 for trip in told.round_trips if trip.delay.rtt is not None)
    return Said(rtts, Count(sent, sent - there), Count(there, there - back))


def read_check(measurement: Measurement) -> Said:
    """A check's SIP voice, of all arms, towards its first reflector.

    A media packet has no answer: its round trip is its way up and the way down of the packet with its number,
    by which the offset between the two clocks cancels (as in `inference.quality`).

    Raises:
        BesideError: if the reflector's log is not there, without which there are no times of the way up.
    """
    session = join_session(measurement, 0)
    if not session.log_used:
        raise BesideError("the check has no log of its reflector")
    flows = media_flows(session, APP, Media.VOICE)
    rtts = tuple(ms for flow in flows for ms in _round_trips_ms(flow))
    return Said(rtts, media_loss(flows, Direction.UP), media_loss(flows, Direction.DOWN))


def _round_trips_ms(flow: FlowView) -> list[float]:
    there, back = (
        {
            p.seq: p.arrived_us - p.sent_us
            for p in flow.media(up=up).packets
            if p.fate is Fate.ARRIVED and p.sent_us is not None and p.arrived_us is not None
        }
        for up in (True, False)
    )
    return [(there[seq] + back[seq]) / 1e3 for seq in there if seq in back]


def together(said: Sequence[Said]) -> Said:
    """Several clients at the same time as one."""
    return Said(
        tuple(ms for each in said for ms in each.rtts_ms),
        sum((each.up for each in said), Count(0, 0)),
        sum((each.down for each in said), Count(0, 0)),
    )


def read_counters(data: bytes) -> Dropped:
    """`nft -j list counters`: those called up_seen, up_dropped, down_seen and down_dropped.

    Raises:
        BesideError: if one is missing.
    """
    listed = msgspec.json.decode(data)["nftables"]
    packets: Mapping[str, int] = {
        each["counter"]["name"]: each["counter"]["packets"] for each in listed if "counter" in each
    }
    try:
        up, down = (Count(packets[f"{way}_seen"], packets[f"{way}_dropped"]) for way in ("up", "down"))
    except KeyError as error:
        raise BesideError(f"nftables has no counter {error}") from error
    return Dropped(up, down)


def since(before: Dropped, after: Dropped) -> Dropped:
    """What was counted between two readings."""
    up, down = (
        Count(b.known - a.known, b.lost - a.lost)
        for a, b in zip((before.up, before.down), (after.up, after.down), strict=True)
    )
    return Dropped(up, down)


# -- the page --------------------------------------------------------------------------------------


def rows(turns: Sequence[Turn]) -> list[list[str]]:
    """Round trip, loss each way, and what is said beyond what the kernel dropped. At least one turn."""
    return [
        _trip_row("round trip, ms: median", turns, median),
        _trip_row("round trip, ms: 99 %", turns, _high),
        *(_loss_row(way, turns) for way in ("up", "down")),
        *(_beyond_row(way, turns) for way in ("up", "down")),
    ]


def _high(values: Sequence[float]) -> float:
    told = distribution(values)
    assert told is not None
    return told.p99


def _trip_row(what: str, turns: Sequence[Turn], figure: Callable[[Sequence[float]], float]) -> list[str]:
    """The median turn of each, and of their ratio with its smallest and largest."""
    pairs = [(figure(t.check.rtts_ms), figure(t.irtt.rtts_ms)) for t in turns]
    ratios = [check / irtt for check, irtt in pairs]
    counts = [sum(len(said.rtts_ms) for said in all_) for all_ in _each(turns)]
    return [
        what,
        _two(counts),
        f"{median(check for check, _ in pairs):.2f}",
        f"{median(irtt for _, irtt in pairs):.2f}",
        f"ratio {median(ratios):.3f}",
        f"{min(ratios):.3f} to {max(ratios):.3f}" if len(ratios) > 1 else NONE,
    ]


def _loss_row(way: str, turns: Sequence[Turn]) -> list[str]:
    """All turns together: the dice of each packet were the kernel's, so that packets are independent."""
    check, irtt = (_pooled(said, way) for said in _each(turns))
    apart = newcombe_difference(check.lost, check.known, hits_b=irtt.lost, n_b=irtt.known)
    return [
        f"lost {way}, %",
        _two([check.known, irtt.known]),
        f"{100 * (check.ratio or 0.0):.2f}",
        f"{100 * (irtt.ratio or 0.0):.2f}",
        f"{_signed(100 * apart.estimate, 2)} points",
        f"{_signed(100 * apart.low, 2)} to {_signed(100 * apart.high, 2)}",
    ]


def _beyond_row(way: str, turns: Sequence[Turn]) -> list[str]:
    """Losses said, less those that the kernel counted: 0 is the truth. A count: it has no interval."""
    check, irtt = (_pooled(said, way).lost for said in _each(turns))
    check_dropped = _pooled([t.check_dropped for t in turns], way).lost
    irtt_dropped = _pooled([t.irtt_dropped for t in turns], way).lost
    return [
        f"packets said lost {way}, less those that nftables dropped",
        f"{check_dropped:,}, {irtt_dropped:,} dropped",
        _signed(check - check_dropped, 0),
        _signed(irtt - irtt_dropped, 0),
        NONE,
        NONE,
    ]


def _each(turns: Sequence[Turn]) -> tuple[list[Said], list[Said]]:
    return [t.check for t in turns], [t.irtt for t in turns]


def _pooled(said: Sequence[Said] | Sequence[Dropped], way: str) -> Count:
    return sum((each.up if way == "up" else each.down for each in said), Count(0, 0))


def _two(counts: Sequence[int]) -> str:
    return ", ".join(f"{n:,}" for n in counts)


def _signed(value: float, digits: int) -> str:
    said = f"{value:+.{digits}f}"
    return said.replace("-", "\N{MINUS SIGN}") if float(said) else said[1:]


def render(turns: Sequence[Turn], says: str) -> str:
    """`says` is how it was measured. The confidence of the ratios' interval is exact whatever their law:
    all n lie on one side of the median with chance 2 ** (1 - n). Source: order statistics, Conover 1999, 3.2.
    """
    sure = 100 * (1 - 2.0 ** (1 - len(turns)))
    told = "One turn, so that ratios have no interval; that of losses is 95 %, Newcombe's."
    if len(turns) > 1:
        told = (
            f"{len(turns)} turns. *Interval*: of a ratio the smallest and largest turn, which hold its "
            f"median with {sure:.1f} % confidence; of losses 95 %, Newcombe's."
        )
    return f"{says} {told}\n\n{table(HEADS, rows(turns))}"
