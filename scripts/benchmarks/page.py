"""docs/benchmarks.md: what `make bench` and `voipwatch lab matrix` found, each between its markers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from scripts.benchmarks.deciding import Costs, Deciding
from scripts.benchmarks.figures import Distribution, Machine
from scripts.benchmarks.receiving import Received
from scripts.benchmarks.sending import Sending
from scripts.benchmarks.simulated import ChecksSpeed, NetworkSpeed

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
NONE: Final = "–"
TARGETS: Final = {
    "send_ms": 2.0,
    "network_per_s": 50_000.0,
    "decided_s": 1.0,
    "packets": 11.0,
    "clear_kb": 500.0,
    "other_kb": 2_000.0,
}
"""What the project asks of itself; each row of the summary names its own."""

SENDING_SAYS: Final = (
    "A whole check over loopback sockets, the reflector in a process of its own on the same machine. "
    "Milliseconds between when the script wanted a media packet to leave (the flow's media start plus "
    "its offset) and when it left, absolute values."
)
DECIDING_SAYS: Final = (
    "Simulated lines of {lines} ms round trip without loss, {seeds} seeds each; a row counts the apps "
    "whose set-up or handshake the world kills. *Decided*: from the app's first set-up packet to the "
    'stopping rule\'s "dead". *After the warm-up* adds waiting for a turn among other apps. *Packets*: '
    "set-up packets of the decided arm sent by then, over all its flows: the treatment's, or where a port is "
    "dead those of the control on it. The verdict needs the repeat too, at least 2 s later by design."
)
COSTS_SAY: Final = "IP bytes both ways, kB of 1,000 bytes, default budget of 2 MB an app."
NETWORK_SAYS: Final = (
    "The simulated network alone: 40 voice flows echoed through a world, nobody thinking at either end, "
    "one core, the best of the runs."
)
CHECKS_SAY: Final = (
    "Whole checks of three apps, both ends' cores and the judge at work: {checks} checks on {processes} "
    "processes in {wall_s:.1f} s, {checks_per_s:.2f} checks and {datagrams_per_s:,.0f} datagrams a second. "
    "What limits it is the two ends, not the network: building, keying and recognising each datagram."
)
BUSY_LOAD: Final = 0.5
"""Load a core above which times say more of the machine's other work than of the program."""
BUSY_SAYS: Final = (
    " **The machine was busy with other work: times below are worse than the program's own, send times "
    "above all.** On an idle machine they must be measured again."
)
RECEIVING_SAYS: Final = "The pure core on one core of the machine, sockets not counted."


class Results(msgspec.Struct, frozen=True):
    """All of one run: `voipwatch.bench/1`."""

    command: str
    machine: Machine
    took_s: float
    sending: list[Sending]
    network: list[NetworkSpeed]
    checks: ChecksSpeed
    deciding: list[Deciding]
    costs: list[Costs]
    receiving: Received
    lines_ms: list[int]
    seeds: int
    schema: str = "voipwatch.bench/1"


class Row(msgspec.Struct, frozen=True):
    """One line of the summary."""

    what: str
    figure: str
    target: str
    met: bool | None
    """None where there is no target."""


def replace_between(text: str, name: str, body: str) -> str:
    """`text` with what is between `<!-- NAME: begin -->` and `<!-- NAME: end -->` exchanged.

    Raises:
        ValueError: if either marker is not there once.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(end) < text.index(begin):
        raise ValueError(f"the page needs one {begin} before one {end}")
    head, _, rest = text.partition(begin)
    return f"{head}{begin}\n\n{body.strip()}\n\n{end}{rest.partition(end)[2]}"


def write(name: str, body: str, page: Path = PAGE) -> None:
    """Puts `body` into the page."""
    page.write_text(replace_between(page.read_text(encoding="utf-8"), name, body), encoding="utf-8")


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> str:
    """A Markdown table; all but the first `left` columns are aligned to the right."""
    rule = ["---"] * left + ["--:"] * (len(heads) - left)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [heads, rule, *rows])


def figures(told: Distribution | None, digits: int = 2) -> list[str]:
    """n, median, 95 %, 99 %, largest."""
    if told is None:
        return ["0", NONE, NONE, NONE, NONE]
    return [f"{told.n:,}", *(f"{v:,.{digits}f}" for v in (told.p50, told.p95, told.p99, told.max))]


FIGURE_HEADS: Final = ("n", "median", "95 %", "99 %", "largest")


def render_sending(run: Sending, machine: Machine) -> str:
    """Send times measured on their own."""
    head = f"`python scripts/bench.py --sending`, {machine.date} UTC, {machine.cores} cores of {machine.cpu}."
    return f"{head}\n\n{_sending([run])}"


def render(results: Results) -> str:
    """The whole of the bench's part."""
    parts = [
        _where(results),
        "### In short",
        table(
            ("what", "measured", "asked for", "met"),
            [(row.what, row.figure, row.target, _met(row.met)) for row in summary(results)],
        ),
        "### Sending on time",
        _sending(results.sending),
        "### Deciding",
        _deciding(results),
        "### What an app costs the line",
        _costs(results.costs),
        "### Speed of the lab",
        _speed(results),
        "### The reflector",
        _receiving(results.receiving),
    ]
    return "\n\n".join(parts)


def _met(met: bool | None) -> str:
    return {True: "yes", False: "**no**", None: ""}[met]


def _where(results: Results) -> str:
    m = results.machine
    load = NONE if m.load_1min is None else f"{m.load_1min:.2f}"
    busy = m.load_1min is not None and m.load_1min > BUSY_LOAD * m.cores
    return (
        f"`{results.command}`, {m.date} UTC, {results.took_s:.0f} s. "
        f"{m.cores} cores of {m.cpu}, {m.kernel}, Python {m.python}; "
        f"load average at the start {load}." + (BUSY_SAYS if busy else "")
    )


def summary(results: Results) -> list[Row]:
    """Measured against asked for, worst case of each."""
    recorded = [s.record_ms.p95 for s in results.sending if s.record_ms is not None]
    left = [s.sent_ms.p95 for s in results.sending if s.sent_ms is not None]
    network = min(n.per_s for n in results.network)
    blocks = [d for d in results.deciding if d.world == "all of them"]
    decided = [d.decided_s.max for d in blocks if d.decided_s is not None]
    packets = [d.packets.max for d in blocks if d.packets is not None]
    missed = sum(d.undecided for d in blocks)
    clear = [c.cost_kb.max for c in results.costs if c.kind.startswith("clear-cut") and c.cost_kb]
    other = [c.cost_kb.max for c in results.costs if c.kind == "everything else" and c.cost_kb]
    return [
        _row("send time of 20 ms audio, as recorded: error, 95 %, ms", recorded, "send_ms", "under {:.0f}"),
        _row("send time of 20 ms audio, after `sendto`: error, 95 %, ms", left, "send_ms", "under {:.0f}"),
        Row(
            "simulated network, datagrams a second on one core, slowest world",
            f"{network:,.0f}",
            f"{TARGETS['network_per_s']:,.0f}",
            network >= TARGETS["network_per_s"],
        ),
        _row("clear-cut block decided, s after the app's first set-up packet, largest", decided, "decided_s"),
        _row("set-up packets of the decided arm until then, largest", packets, "packets"),
        Row("clear-cut blocks not decided in the first blocks", str(missed), "0", missed == 0),
        _row("cost of an app in a clear-cut case, kB, largest", clear, "clear_kb"),
        _row("cost of an app in any other case, kB, largest", other, "other_kb"),
    ]


def _row(what: str, values: Sequence[float], target: str, words: str = "at most {:,.0f}") -> Row:
    asked = TARGETS[target]
    if not values:
        return Row(what, NONE, words.format(asked), None)
    worst = max(values)
    met = worst < asked if words.startswith("under") else worst <= asked
    digits = 0 if asked >= 10 else 2
    return Row(what, f"{worst:,.{digits}f}", words.format(asked), met)


def _sending(runs: Sequence[Sending]) -> str:
    rows: list[list[str]] = []
    notes: list[str] = []
    for run in runs:
        head = ", ".join(run.apps)
        rows.append([f"{head}: 20 ms audio, as recorded", *figures(run.record_ms, 3)])
        rows.append([f"{head}: 20 ms audio, after `sendto`", *figures(run.sent_ms, 3)])
        rows.append([f"{head}: all media, after `sendto`", *figures(run.every_ms, 3)])
        loads = " to ".join(NONE if x is None else f"{x:.2f}" for x in (run.load_before, run.load_after))
        ended = "" if run.interrupted is None else f" It did not finish: {run.interrupted}."
        notes.append(
            f"- {head}: {run.flows} flows, {run.datagrams_sent:,} datagrams sent and "
            f"{run.datagrams_received:,} received in {run.wall_s:.1f} s; the probe used {run.cpu_s:.2f} s of "
            f"CPU ({100 * run.cpu_s / run.wall_s:.0f} % of one core). Load {loads}.{_disturbed(run)}{ended}"
        )
    return "\n\n".join(
        [
            SENDING_SAYS,
            table(("ms late", *FIGURE_HEADS), rows),
            "\n".join(notes),
        ]
    )


def _disturbed(run: Sending) -> str:
    """How much of the processors others had, here and in the runs that are not shown."""
    if run.disturbed_ratio is None:
        return ""
    said = f" {100 * run.disturbed_ratio:.1f} % of the processors' time went to others."
    if run.other_runs:
        told = [f"{100 * share:.1f} % with {a:.2f} and {b:.2f} ms" for share, a, b in run.other_runs]
        said += (
            f" It is the least disturbed of {1 + len(told)} runs; the others lost, and had as 95th "
            f"percentiles recorded and sent: {', '.join(told)}."
        )
    return said


def _deciding(results: Results) -> str:
    lines = ", ".join(str(ms) for ms in results.lines_ms)
    rows = [
        [
            d.world,
            d.together,
            f"{d.blocked} of {d.runs}",
            str(d.undecided),
            *_three(d.decided_s),
            *_three(d.after_warmup_s)[1:],
            *_three(d.packets, 0),
            *_three(d.repeated_s)[1:],
        ]
        for d in results.deciding
    ]
    heads = (
        "world",
        "asked",
        "blocked",
        "undecided",
        "decided, s: median",
        "95 %",
        "largest",
        "s after the warm-up: 95 %",
        "largest",
        "packets: median",
        "95 %",
        "largest",
        "repeat dead too, s: 95 %",
        "largest",
    )
    return "\n\n".join(
        [
            DECIDING_SAYS.format(lines=lines, seeds=results.seeds),
            table(heads, rows, left=2),
        ]
    )


def _three(told: Distribution | None, digits: int = 2) -> list[str]:
    if told is None:
        return [NONE, NONE, NONE]
    return [f"{v:,.{digits}f}" for v in (told.p50, told.p95, told.max)]


def _costs(rows: Sequence[Costs]) -> str:
    return "\n\n".join(
        [
            COSTS_SAY,
            table(
                ("case", "asked", *FIGURE_HEADS),
                [[c.kind, c.together, *figures(c.cost_kb, 0)] for c in rows],
                left=2,
            ),
        ]
    )


def _speed(results: Results) -> str:
    checks = results.checks
    network = [[n.world, f"{n.per_s:,.0f}", f"{n.datagrams:,}", str(n.runs)] for n in results.network]
    return "\n\n".join(
        [
            NETWORK_SAYS,
            table(("world", "datagrams a second", "datagrams", "runs"), network),
            CHECKS_SAY.format(
                checks=checks.checks,
                processes=checks.processes,
                wall_s=checks.wall_s,
                checks_per_s=checks.checks_per_s,
                datagrams_per_s=checks.datagrams_per_s,
            ),
            table(
                ("CPU seconds of one check", *FIGURE_HEADS),
                [
                    ["simulated: near end, line, far end", *figures(checks.check_s)],
                    ["judged", *figures(checks.judge_s)],
                ],
            ),
        ]
    )


def _receiving(told: Received) -> str:
    return "\n\n".join(
        [
            RECEIVING_SAYS,
            table(
                ("datagram", "µs each", "n", "datagrams sent for each"),
                [
                    [
                        "valid: a check's uplink, its replies, media and receipts included",
                        f"{told.valid_us:.1f}",
                        f"{told.valid_count:,}",
                        f"{told.sent_per_valid:.2f}",
                    ],
                    [
                        "noise: random bytes behind parsed first bytes",
                        f"{told.noise_us:.1f}",
                        f"{told.noise_count:,}",
                        f"{told.noise_answers / told.noise_count:.2f}",
                    ],
                ],
            ),
        ]
    )
