"""Import every call capture of a folder, ask nDPI about the capture's flow and about the import, and compare.

    python scripts/import_table.py --captures ../shared/captures  # prints the table
    python scripts/import_table.py --captures ../shared/captures --write    # into docs/import.md too

A name counts at nDPI's confidence 5 (it knew an earlier flow) and 6 (by the packets). The import is judged in
arm A, as the two ends would play it, in three replicates: media short twice, and held.
"""

import argparse
import sys
from collections import Counter
from dataclasses import dataclass
from hashlib import shake_128
from ipaddress import ip_address
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # `scripts` itself, where this is run as a file

from scripts import judge
from scripts.benchmarks import page
from scripts.benchmarks.arguments import Parser, present
from voipwatch.apps.imported import Candidate, Capture, Draft, NoCallError, draft_profile
from voipwatch.apps.kinds import kind_table
from voipwatch.apps.library import ProfileSet, load_profiles, udp_ports
from voipwatch.model.vocabulary import Arm, Family, Media
from voipwatch.wire.capture import read_capture

PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "import.md"
REPLICATES: Final = (0, 1, 28)
SEED: Final = shake_128(b"imports").digest(32)


@dataclass(frozen=True, slots=True)
class Compared:
    """One capture, what was made of it, and nDPI's word for both."""

    name: str
    flow: Candidate | None
    draft: Draft | None
    of_capture: str
    of_import: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether every replicate of the import is called the app that the capture's flow is called."""
        return bool(self.of_import) and {app_of(name) for name in self.of_import} == {app_of(self.of_capture)}

    @property
    def exact(self) -> bool:
        """Whether the protocol before the app's name is the same too."""
        return bool(self.of_import) and set(self.of_import) == {self.of_capture}


def app_of(name: str) -> str:
    """The app in a name of nDPI's: what follows the protocol that carries it."""
    return name.rpartition(".")[2]


def capture_of(path: Path) -> Capture:
    """What is kept of one file."""
    kept = Capture()
    with path.open("rb") as file:
        for packet in read_capture(file.read):
            kept.add(packet)
    return kept


def named_flows(path: Path) -> dict[frozenset[tuple[str, int]], str]:
    """NDPI's name of every UDP flow of a capture, by its two ends; empty for a guess."""
    from nfstream import NFStreamer  # noqa: PLC0415 -- heavy, Linux and macOS only

    found: dict[frozenset[tuple[str, int]], str] = {}
    for seen in NFStreamer(source=str(path), idle_timeout=3600, active_timeout=7200, n_meters=1):
        if seen.protocol == 17:
            ends = frozenset({(seen.src_ip, seen.src_port), (seen.dst_ip, seen.dst_port)})
            confident = seen.application_confidence >= judge.CONFIDENT
            found.setdefault(ends, seen.application_name if confident else "")
    return found


def name_of(candidate: Candidate, names: dict[frozenset[tuple[str, int]], str]) -> str:
    """NDPI's name of a candidate's flow."""
    ends = frozenset(
        (str(ip_address(host)), port) for host, port in (candidate.flow.near, candidate.flow.far)
    )
    return names.get(ends, "")


def names_of_import(draft: Draft) -> tuple[str, ...]:
    """NDPI's name of the profile's arm A, one for every kind of flow and replicate."""
    profiles = ProfileSet.of([draft.profile])
    kinds = [kind for kind in kind_table(profiles) if kind.arm is Arm.A and kind.leg == "captured"]
    # A set-up alone is less than the captured call: it is judged where the capture has no media.
    whole = [kind for kind in kinds if kind.media is not Media.NONE] or kinds
    replicates = REPLICATES if whole is not kinds or whole[0].media is not Media.NONE else REPLICATES[:2]
    flows = [judge.Flow(kind, replicate, Family.NONE) for kind in whole for replicate in replicates]
    return tuple(ruling.recognised for ruling in judge.judge(profiles, SEED, flows))


def compare(path: Path) -> Compared:
    """One capture."""
    kept = capture_of(path)
    names = named_flows(path)
    chosen = next((c for c in kept.candidates() if c.is_call), None)
    if chosen is None:
        return Compared(path.name, None, None, "", ())
    try:
        draft = draft_profile(chosen, kept, served=frozenset(udp_ports(load_profiles())))
    except NoCallError:
        return Compared(path.name, chosen, None, name_of(chosen, names), ())
    return Compared(path.name, chosen, draft, name_of(chosen, names), names_of_import(draft))


def rows(found: list[Compared]) -> list[str]:
    """Markdown."""
    lines = [
        "| capture | port, packets up, down | nDPI of it | nDPI of the import | rounds, streams | scrubbed |",
        "|---" * 6 + "|",
    ]
    for item in found:
        if item.flow is None:
            lines.append(f"| {item.name} | no call in it | | | | |")
            continue
        flow = item.flow.flow
        counts = Counter(name or "(none)" for name in item.of_import)
        said = ", ".join(f"{name}: {count}" for name, count in counts.most_common()) or "(not made)"
        scrubbed = (
            ", ".join(f"{kind} {count}" for kind, count in sorted(item.draft.scrubbed.items()))
            if item.draft
            else ""
        )
        made = f"{item.draft.rounds}, {item.draft.streams}" if item.draft else ""
        cells = (
            item.name,
            f"{flow.far[1]}, {flow.counts[0]}, {flow.counts[1]}",
            item.of_capture or "(none)",
            said,
            made,
            scrubbed,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def main() -> int:
    """Compare, print, write if asked; 1 if an import is called otherwise than its capture."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--captures", type=present, required=True, help="folder of pcap and pcapng files")
    parser.add_argument("--write", action="store_true", help=f"write the table into {PAGE.name}")
    parser.add_argument("--only", default="", help="names that contain this")
    arguments = parser.parse_args()
    paths = sorted(
        p
        for p in arguments.captures.iterdir()
        if p.suffix in {".pcap", ".pcapng"} and arguments.only in p.name
    )
    found = [compare(path) for path in paths]
    calls = [item for item in found if item.flow is not None]
    wrong = [item.name for item in calls if not item.agrees]
    alike, exact = len(calls) - len(wrong), sum(item.exact for item in calls)
    said = f"nDPI names the same app in {alike}, with the same words in {exact}"
    head = f"{len(calls)} captures with a call; {said}."
    lines = [head, "", *rows(found)]
    print("\n".join([*lines, *wrong]))
    if arguments.write:
        page.write("imports", "\n".join(lines), PAGE)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
