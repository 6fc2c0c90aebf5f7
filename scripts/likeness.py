"""Compare every profile's media with the captured calls it is made after; the table is in docs/profiles.md.

For each flow of `captured_media.PAIRS`: the distances of sizes and of gaps, by direction, and of the two
directions' shares (`voipwatch.stats.likeness`), between the captured media and a minute of what the profile
plays, and the limit for each, which the captured call itself gives. A flow draws one of a stream's rhythms,
as a call has one codec setting; so the rhythms nearest to the flow are compared, and named. The same limits
are then held against the media of all other apps: a judge that these pass too says nothing.

    python scripts/likeness.py --captures ../shared/captures            # prints the table
    python scripts/likeness.py --captures ../shared/captures --write    # also writes it into docs/profiles.md
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from hashlib import shake_128
from itertools import product
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # `scripts` itself, where this is run as a file

from scripts.benchmarks.arguments import Parser, present
from scripts.benchmarks.page import replace_between, table
from scripts.captured_media import NO_CAPTURE, PAIRS, Pair, captured_trace, flows_of
from voipwatch.apps import Profile, ProfileSet, Script, load_profiles
from voipwatch.apps.scripts import compile_app_script
from voipwatch.model.flows import FlowKind
from voipwatch.model.vocabulary import Arm
from voipwatch.stats.likeness import PACKETS_MIN, Distances, Trace, flow_distances, likeness_limits, trace_of

PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "profiles.md"
MARKER: Final = "likeness"
LONG_REPLICATE: Final = 30
"""Media of a minute: what chance does to its sizes is far below what it does to a captured call's."""
HEADS: Final = (
    "app",
    "leg",
    "carries",
    "captured flow",
    "packets ↑ ↓",
    "ours: rhythm, packets ↑ ↓",
    "sizes ↑, ↓: bytes",
    "spacing ↑, ↓: ms",
    "direction: %",
    "other media unlike",
    "verdict",
    "compared",
)
Packets = list[tuple[int, bool, int]]
"""(microseconds, uplink, UDP payload bytes)."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One captured flow and the profile's media."""

    pair: Pair
    captured: tuple[int, int]
    """Packets up and down."""
    ours: tuple[int, int]
    rhythms: str
    """Numbers of the nearest rhythms, from 1, stream by stream."""
    distances: Distances
    limits: Distances
    others: int
    """Legs' media of other apps that were held against the limits."""
    others_unlike: int

    @property
    def judged(self) -> bool:
        """Whether the capture has packets enough."""
        return any(limit is not None for limit in self.limits.values)

    @property
    def like(self) -> bool:
        """Whether every aspect is within its limit; of nothing where nothing is judged."""
        return self.judged and self.distances.within(self.limits)

    @property
    def verdict(self) -> str:
        """In the words of the table."""
        if not self.judged:
            return f"{sum(self.captured)} packets: not judged"
        said = "like" if self.like else "**unlike**"
        return said if self.pair.own else f"{said} (borrowed)"


def packets_of(script: Script, ways: str = "both") -> Packets:
    """The media of a script, in one direction or both."""
    up = [(packet.offset_us, True, packet.size) for packet in script.up]
    down = [(packet.offset_us, False, packet.size) for packet in script.down]
    return (up if ways != "down" else []) + (down if ways != "up" else [])


def variants(profile: Profile, pair: Pair) -> Iterator[tuple[str, Trace]]:
    """The pair's streams with each choice of rhythms, a minute long.

    Raises:
        ValueError: the profile has no such media, or not all of these streams.
    """
    leg = profile.leg(pair.leg)
    media = next((each for each in leg.media if each.media is pair.media), None)
    streams = [s for s in media.streams if s.name in pair.streams] if media else []
    if media is None or len(streams) < len(pair.streams):
        raise ValueError(f"{pair.app}, {pair.leg}, {pair.media}: no streams {', '.join(pair.streams)}")
    kind = FlowKind(pair.app, pair.dialect, pair.leg, Arm.A, "", pair.media)
    for choice in product(*(range(len(stream.rhythms)) for stream in streams)):
        chosen = tuple(
            replace(stream, rhythms=(stream.rhythms[number],))
            for stream, number in zip(streams, choice, strict=True)
        )
        alone = replace(leg, media=(replace(media, streams=chosen),))
        legs = tuple(alone if each is leg else each for each in profile.legs)
        script = compile_app_script(replace(profile, legs=legs), kind, LONG_REPLICATE, b"likeness")
        named = ", ".join(str(number + 1) for number in choice)
        yield named, trace_of(packets_of(script, pair.ways))


@cache
def other_media(profiles: ProfileSet) -> tuple[tuple[str, Script], ...]:
    """A minute of every leg's media of every app, with the app's id."""
    return tuple(
        (
            profile.id,
            compile_app_script(
                profile,
                FlowKind(profile.id, leg.dialects[0], leg.id, Arm.A, "", media.media),
                LONG_REPLICATE,
                b"others",
            ),
        )
        for profile in profiles.profiles
        for leg in profile.legs
        for media in leg.media
    )


@cache
def _limits(captured: Trace, seed: bytes) -> Distances:
    return likeness_limits(captured, seed=seed)


def compare(
    pair: Pair, captured: Trace, profiles: ProfileSet, others: Sequence[tuple[str, Script]] = ()
) -> Compared:
    """One captured flow against the profile, and against other apps' media."""
    profile = profiles.get(pair.app)
    if profile is None:
        raise ValueError(f"no profile is called {pair.app}")
    seed = shake_128(f"{pair.capture} {pair.ports} {pair.since_s} {pair.ways}".encode()).digest(32)
    limits = _limits(captured, seed)
    found = [(named, ours, flow_distances(captured, ours)) for named, ours in variants(profile, pair)]
    rhythms, ours, distances = min(found, key=lambda each: excess(each[2], limits))
    strangers = [packets_of(script, pair.ways) for app, script in others if app != pair.app]
    unlike = sum(not flow_distances(captured, trace_of(each)).within(limits) for each in strangers)
    return Compared(
        pair,
        _counts(captured),
        _counts(ours),
        rhythms,
        distances,
        limits,
        others=len(strangers),
        others_unlike=unlike,
    )


def excess(distances: Distances, limits: Distances) -> float:
    """The largest distance as a multiple of its limit; without limits the sum of the distances."""
    pairs = list(zip(distances.values, limits.values, strict=True))
    told = [d / max(limit, 1e-9) for d, limit in pairs if d is not None and limit is not None]
    return max(told) if told else sum(d for d, _ in pairs if d is not None)


def _counts(trace: Trace) -> tuple[int, int]:
    up = int(trace.up.sum())
    return up, len(trace.up) - up


def compare_all(
    folder: Path, profiles: ProfileSet, pairs: Sequence[Pair] = PAIRS, *, with_others: bool = True
) -> list[Compared]:
    """Every pair whose capture is in the folder; each file is read once."""
    read = cache(lambda name: flows_of(folder / f"{name}.pcap"))
    others = other_media(profiles) if with_others else ()
    found = []
    for number, pair in enumerate(pairs, 1):
        if sys.stderr.isatty():
            print(f"\r{number} of {len(pairs)} flows: {pair.app:12}", end="", file=sys.stderr, flush=True)
        found.append(compare(pair, captured_trace(pair, read(pair.capture)), profiles, others))
    if sys.stderr.isatty():
        print("\r" + " " * 40 + "\r", end="", file=sys.stderr)
    return found


def rows(profiles: ProfileSet, found: Sequence[Compared]) -> list[list[str]]:
    """The table: flows as the profiles come, after them each app's media that no capture shows."""
    lines: list[list[str]] = []
    for profile in profiles.profiles:
        own = [each for each in found if each.pair.app == profile.id]
        lines += [_row(each) for each in own]
        shown = {(each.pair.leg, each.pair.media) for each in own}
        lines += [
            [
                profile.id,
                leg.id,
                str(media.media),
                *["–"] * 7,
                "no capture",
                NO_CAPTURE[profile.id, leg.id],
            ]
            for leg in profile.legs
            for media in leg.media
            if (leg.id, media.media) not in shown
        ]
    return lines


def _row(each: Compared) -> list[str]:
    pair, d, limits = each.pair, each.distances, each.limits
    ports = ", ".join(str(far or near) for near, far in pair.ports if far or near) or "all"
    part = "" if pair.until_s == float("inf") else f" to {pair.until_s:g} s"
    part = (f", from {pair.since_s:g} s" if pair.since_s else ",") + part if pair.since_s or part else ""
    longer = f", {pair.plus_bytes} bytes added" if pair.plus_bytes else ""
    percent = [None if v is None else 100 * v for v in (d.direction_ratio, limits.direction_ratio)]
    return [
        pair.app,
        f"{pair.leg}",
        str(pair.media),
        f"{pair.capture}: {ports}{part}{longer}",
        _both(each.captured),
        f"{each.rhythms}: {_both(each.ours)}",
        _two((d.size_up_bytes, limits.size_up_bytes), (d.size_down_bytes, limits.size_down_bytes)),
        _two((d.spacing_up_ms, limits.spacing_up_ms), (d.spacing_down_ms, limits.spacing_down_ms)),
        _of(percent[0], percent[1]) or "–",
        f"{each.others_unlike} of {each.others}" if each.judged else "–",
        each.verdict,
        "; ".join(x for x in (f"{', '.join(pair.streams)}", pair.note) if x),
    ]


def _both(counts: tuple[int, int]) -> str:
    return f"{counts[0]} {counts[1]}"


def _two(*aspects: tuple[float | None, float | None]) -> str:
    return ", ".join(said for aspect in aspects if (said := _of(*aspect))) or "–"


def _of(distance: float | None, limit: float | None) -> str:
    """`1.2 of 5.0`: the distance and its limit."""
    if distance is None or limit is None:
        return ""
    return f"{distance:.1f} of {limit:.1f}" if distance <= limit else f"**{distance:.1f} of {limit:.1f}**"


def head(profiles: ProfileSet, found: Sequence[Compared]) -> str:
    """What was run, and what came of it."""
    judged = [each for each in found if each.judged]
    unlike = sum(not each.like for each in judged)
    told, held = sum(e.others_unlike for e in judged), sum(e.others for e in judged)
    return (
        f"`python scripts/likeness.py --captures FOLDER --write`, {datetime.now(tz=UTC):%Y-%m-%d}; "
        f"profiles {profiles.digest[:16]}.\n"
        f"{len(found)} captured flows, {len(judged)} with {PACKETS_MIN} packets one way or more, which are "
        f"judged: {len(judged) - unlike} like, {unlike} unlike. "
        f"Other apps' media held against the same limits: {told} of {held} unlike."
    )


def main() -> int:
    """Compare, print, write if asked; 1 if a judged flow is unlike its capture."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--captures", type=present, required=True, help="folder of pcap files")
    parser.add_argument("--write", action="store_true", help=f"write the table into {PAGE.name}")
    arguments = parser.parse_args()
    missing = sorted({p.capture for p in PAIRS if not (arguments.captures / f"{p.capture}.pcap").is_file()})
    if missing:
        parser.error(f"{arguments.captures} lacks {', '.join(f'{name}.pcap' for name in missing)}")
    profiles = load_profiles()
    found = compare_all(arguments.captures, profiles)
    body = f"{head(profiles, found)}\n\n{table(HEADS, rows(profiles, found), left=len(HEADS))}"
    print(body)
    if arguments.write:
        PAGE.write_text(replace_between(PAGE.read_text(encoding="utf-8"), MARKER, body), encoding="utf-8")
    return int(any(each.judged and not each.like for each in found))


if __name__ == "__main__":
    sys.exit(main())
