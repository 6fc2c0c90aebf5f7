"""Ask nDPI what it takes the profiles' packets for, and write the answer into docs/profiles.md.

Every kind of flow is played both ways, set-up and media, as the two ends would play it, each flow between
addresses of its own, so that nDPI's caches carry no name from one to the next. One capture holds them all,
and nDPI 5.0 reads it through nfstream. A name counts only at confidence 6 (seen in the packets) or 5 (seen in
an earlier flow); 1 is a guess by port.

A direct leg comes after another leg from the same socket and has its name from what nDPI remembers of that
one, in a small table in which thousands of flows push each other out. So each session of such a leg, its four
arms once, has a capture of its own, as nDPI would see it on somebody's line.

    python scripts/judge.py            # prints the table
    python scripts/judge.py --write    # also writes it into docs/profiles.md
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import shake_128
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # `scripts` itself, where this is run as a file

from scripts.benchmarks import page
from scripts.benchmarks.arguments import Parser
from voipwatch.apps import (
    BuildContext,
    Message,
    Profile,
    ProfileSet,
    Script,
    build,
    compile_script,
    family_of,
    flow_id,
    kind_table,
    load_profiles,
    neutral_ports,
)
from voipwatch.model.flows import MEDIA_SEQ, FlowKind
from voipwatch.model.vocabulary import CONTROL_ARMS, Arm, Direction, Family
from voipwatch.wire.address import TransportAddress
from voipwatch.wire.derive import flow_secret, packet_entropy, shape_seed
from voipwatch.wire.pcap import LINKTYPE_RAW, PcapPacket, encode_pcap
from voipwatch.wire.udp import build_udp_packet

CONFIDENT: Final = 5
"""nDPI's confidence from which a name counts: 5 by a cache of its own findings, 6 by the packets."""
ROUND_TRIP_US: Final = 40_000
FLOW_GAP_US: Final = 5_000
NEAR_PORT: Final = 40_000
"""First of a thousand near ports that are no app's default; 41641, Tailscale's, is beyond them."""
REPLICATES: Final = {"treatment": 10, "mutant": 6, "control": 20, "warmup": 28}
TREATMENTS: Final = (Arm.A, Arm.A_NEUTRAL)
PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "profiles.md"


@dataclass(frozen=True, slots=True)
class Flow:
    """One flow of the capture."""

    kind: FlowKind
    replicate: int
    family: Family


@dataclass(frozen=True, slots=True)
class Ruling:
    """What nDPI said of one flow."""

    flow: Flow
    name: str
    confidence: int
    packets: int

    @property
    def recognised(self) -> str:
        """The name if it counts, else empty."""
        return self.name if self.confidence >= CONFIDENT and self.name != "Unknown" else ""


def flows_of(profiles: ProfileSet, replicates: Mapping[str, int] = REPLICATES) -> list[Flow]:
    """Every kind of flow, in as many replicates as its part in the judgement needs."""
    flows: list[Flow] = []
    for kind in kind_table(profiles):
        part = "control" if kind.arm in CONTROL_ARMS else "treatment"
        part = {Arm.D: "mutant", Arm.W: "warmup"}.get(kind.arm, part)
        flows += [Flow(kind, replicate, family_of(kind, replicate)) for replicate in range(replicates[part])]
    return flows


def play(script: Script, key: bytes, flow: int) -> Iterator[tuple[int, Direction, int, bytes]]:
    """(microseconds, direction, sequence number, payload) of a whole flow on a line that loses nothing."""
    secret = flow_secret(key, flow)

    def datagram(message: Message, direction: Direction, seq: int, size: int, **more: object) -> bytes:
        token = shake_128(key + direction.encode() + seq.to_bytes(4, "big")).digest(message.room(size))
        entropy = packet_entropy(key, "u" if direction is Direction.UP else "d", flow, seq)
        index = more.get("index", 0)
        request = more.get("request", b"")
        assert isinstance(index, int)
        assert isinstance(request, bytes)
        ctx = BuildContext(
            secret, entropy, token, size, index, request, ("10.1.2.3", 40_000), "reflector.example"
        )
        return build(message, ctx)

    now = 0
    for number, item in enumerate(script.rounds):
        now += item.pause_ms * 1000
        for copy in range(item.copies):
            at = now + copy * item.copy_gap_ms * 1000
            seq = number * 64 + copy * 4
            request = datagram(item.request, Direction.UP, seq, item.request.size, index=copy)
            yield at, Direction.UP, seq, request
            for place, reply in enumerate(item.replies):
                answer = datagram(reply, Direction.DOWN, seq + place, reply.size, index=copy, request=request)
                replied = at + 1000 + item.reply_delay_ms * 1000 + place
                yield replied, Direction.DOWN, seq + place, answer
        now += ROUND_TRIP_US
    for direction, packets in ((Direction.UP, script.up), (Direction.DOWN, script.down)):
        for number, packet in enumerate(packets):
            seq = MEDIA_SEQ + number
            data = datagram(packet.message, direction, seq, packet.size, index=packet.index)
            yield now + packet.offset_us, direction, seq, data


def capture(
    profiles: ProfileSet, flows: Iterable[Flow], key: bytes
) -> tuple[bytes, dict[tuple[str, str, int], Flow]]:
    """A capture of these flows, and which two addresses and far port each has.

    Rounds of an earlier leg go to another port first: nDPI remembers them, and they are judged with that leg.
    """
    kinds = kind_table(profiles)
    packets: list[tuple[int, bytes]] = []
    owners: dict[tuple[str, str, int], Flow] = {}
    for number, flow in enumerate(flows):
        script = compile_script(
            profiles, flow.kind, flow.replicate, shape_seed(key, flow.kind.app, flow.replicate)
        )
        port = script.port or neutral_ports[number % len(neutral_ports)]
        near = TransportAddress(f"10.1.{number // 250}.{1 + number % 250}", NEAR_PORT + number % 1000)
        far_host = f"198.18.{number // 250}.{1 + number % 250}"
        owners[near.host, far_host, port] = flow
        start = number * FLOW_GAP_US
        for at, direction, seq, payload in play(script, key, flow_id(kinds, flow.kind, flow.replicate)):
            far = TransportAddress(far_host, script.port_at(seq, port))
            ends = (near, far) if direction is Direction.UP else (far, near)
            packets.append((start + at, build_udp_packet(*ends, payload=payload)))
    packets.sort(key=lambda item: item[0])
    origin = 1_700_000_000_000_000
    records = [PcapPacket(origin + at, LINKTYPE_RAW, data) for at, data in packets]
    return encode_pcap(records), owners


def sessions_of(profiles: ProfileSet, flows: Iterable[Flow]) -> list[list[Flow]]:
    """The flows by capture: first those of legs that come after none, then each session of a direct leg."""
    first: list[Flow] = []
    direct: dict[tuple[str, ...], list[Flow]] = {}
    for flow in flows:
        kind = flow.kind
        profile = profiles.get(kind.app)
        if profile is not None and kind.arm is not Arm.D and profile.leg(kind.leg).after:
            session = (kind.app, kind.dialect, kind.leg, str(kind.media), str(flow.replicate))
            direct.setdefault(session, []).append(flow)
        else:
            first.append(flow)
    sessions = list(direct.values())
    treated = [each for each in sessions if any(flow.kind.arm in TREATMENTS for flow in each)]
    # Control bytes leave nothing that nDPI remembers: those beside no treatment need no capture of their own.
    first += [flow for each in sessions if each not in treated for flow in each]
    return [each for each in (first, *treated) if each]


def judge(profiles: ProfileSet, key: bytes, flows: list[Flow] | None = None) -> list[Ruling]:
    """What nDPI says of these flows, or of every kind."""
    rulings: list[Ruling] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "profiles.pcap"
        for session in sessions_of(profiles, flows_of(profiles) if flows is None else flows):
            data, owners = capture(profiles, session, key)
            path.write_bytes(data)
            rulings += read(path, owners)
    return rulings


def read(path: Path, owners: dict[tuple[str, str, int], Flow]) -> list[Ruling]:
    """What nDPI says of the flows in a capture."""
    from nfstream import NFStreamer  # noqa: PLC0415 -- heavy, Linux and macOS only: not to be had for `--help`

    rulings: list[Ruling] = []
    stream = NFStreamer(source=str(path), idle_timeout=3600, active_timeout=7200, n_meters=1)
    for seen in stream:
        flow = owners.get((seen.src_ip, seen.dst_ip, seen.dst_port))
        flow = flow or owners.get((seen.dst_ip, seen.src_ip, seen.src_port))
        if flow is None:
            continue  # an earlier leg's rounds
        rulings.append(
            Ruling(flow, seen.application_name, seen.application_confidence, seen.bidirectional_packets)
        )
    return rulings


LOOKALIKES: Final = {("zoom", "Viber"): 4}
"""App and another's name -> most flows of a capture that may get it by chance. Bytes 2 and 3 of Zoom's hello
are 03 and a random byte; where that is 00, once in 256 flows, nDPI takes it for Viber's mark, as it would in
a call of Zoom's own. Five or more among some 150 flows come by chance once in about 3,000 captures."""


def lookalikes(rulings: Iterable[Ruling]) -> list[Ruling]:
    """Treatments with another app's name by chance (`LOOKALIKES`); none where there are more than granted."""
    found = [
        ruling
        for ruling in rulings
        if ruling.flow.kind.arm in TREATMENTS and (ruling.flow.kind.app, ruling.name) in LOOKALIKES
    ]
    counts = Counter((ruling.flow.kind.app, ruling.name) for ruling in found)
    return [r for r in found if counts[key := (r.flow.kind.app, r.name)] <= LOOKALIKES[key]]


def calls_it(profile: Profile, ruling: Ruling) -> bool:
    """Whether nDPI gave the flow a call name of its leg, or none where it has none for it: a leg that it
    knows by its port, on a neutral one; a leg without any signature, everywhere.
    """
    leg = profile.leg(ruling.flow.kind.leg)
    said = set(ruling.recognised.split("."))
    names = leg.neutral_names if ruling.flow.kind.arm is Arm.A_NEUTRAL else leg.call_names
    return bool(said & set(names)) if names else not said & {*leg.call_names, *profile.call_names}


def call_names(profiles: ProfileSet) -> frozenset[str]:
    """Every call name of every profile."""
    return frozenset(
        name
        for profile in profiles.profiles
        for leg in profile.legs
        for name in (*leg.call_names, *profile.call_names)
    )


def table(rulings: list[Ruling]) -> list[str]:
    """Markdown rows: one for every app, dialect, leg, arm and family."""
    groups: dict[tuple[str, ...], list[Ruling]] = {}
    for ruling in rulings:
        kind = ruling.flow.kind
        carried = kind.mutant or ("set-up" if kind.media == "none" else str(kind.media))
        carried = "warm-up" if kind.arm is Arm.W else carried
        row = (
            kind.app,
            kind.dialect or "-",
            kind.leg,
            str(kind.arm),
            str(ruling.flow.family) or "-",
            carried,
        )
        groups.setdefault(row, []).append(ruling)
    lines = [
        "| app | dialect | leg | arm | family | carries | flows | nDPI (confidence): flows |",
        "|---" * 8 + "|",
    ]
    for labels, found in groups.items():
        names = Counter(f"{item.name} ({item.confidence})" for item in found)
        said = ", ".join(f"{name}: {count}" for name, count in names.most_common())
        lines.append(f"| {' | '.join(labels)} | {len(found)} | {said} |")
    return lines


def failures(profiles: ProfileSet, rulings: list[Ruling]) -> list[str]:
    """What is wrong: a treatment without its name, a control or a warm-up with any name."""
    wrong: list[str] = []
    by_chance = lookalikes(rulings)
    for ruling in rulings:
        if ruling in by_chance:
            continue
        kind = ruling.flow.kind
        profile = profiles.get(kind.app)
        if kind.arm in CONTROL_ARMS:
            if ruling.recognised:
                wrong.append(f"{kind} {ruling.flow.replicate}: a control is called {ruling.name}")
        elif kind.arm is not Arm.D and (profile is None or not calls_it(profile, ruling)):
            wrong.append(f"{kind} {ruling.flow.replicate}: is called {ruling.name} ({ruling.confidence})")
    return wrong


def main() -> int:
    """Judge, print, and write if asked; 1 if a treatment or a control is not called what it should be."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help=f"write the table into {PAGE.name}")
    parser.add_argument("--seed", default="judge", help="text that every choice of the capture derives from")
    arguments = parser.parse_args()
    import nfstream  # noqa: PLC0415 -- as above

    profiles = load_profiles()
    rulings = judge(profiles, shake_128(arguments.seed.encode()).digest(32))
    wrong = failures(profiles, rulings)
    controls = Counter(str(ruling.flow.family) for ruling in rulings if ruling.flow.kind.arm in CONTROL_ARMS)
    head = (
        f"`python scripts/judge.py --write --seed {arguments.seed}`, {datetime.now(tz=UTC):%Y-%m-%d}; "
        f"nDPI 5.0 in nfstream {nfstream.__version__}; profiles {profiles.digest[:16]}.\n"
        f"{len(rulings)} flows; control flows of family U {controls['U']}, of family Q {controls['Q']}. "
        f"{len(wrong) or 'None'} called what it should not be"
        + (f", {chance} by a chance that its app has too." if (chance := len(lookalikes(rulings))) else ".")
    )
    lines = [head, "", *table(rulings)]
    print("\n".join([*lines, *wrong]))
    if arguments.write:
        page.write("judge", "\n".join(lines), PAGE)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
