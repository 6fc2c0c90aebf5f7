"""What `bench_against` found, and how the page says it. Pure."""

from collections.abc import Callable, Sequence
from statistics import median
from typing import Final, NamedTuple

from scripts.benchmarks import besides, page
from scripts.benchmarks.besides import Turn
from scripts.benchmarks.callers import Calls
from scripts.benchmarks.figures import Machine
from scripts.benchmarks.others import Ceiling
from scripts.benchmarks.page import NONE

STEPS: Final = (200, 300, 400, 500, 600, 700, 800, 1000, 1200, 1600, 2000, 2400, 3000)
"""Calls: the reflector's ceiling is the last step that it carries."""
LOST_MAX: Final = 0.01
CALLS_LATE_MS: Final = 5.0
HEADS: Final = ("what", "measured", "of the echo", "asked for", "met")
MET: Final = {True: "yes", False: "**no**"}
HOW: Final = (
    "Loopback, the server alone on one core and what asks it on the other; medians of {repeats} turns. "
    "Every datagram has 172 bytes, as 20 ms of G.711. C echo and irtt's server get more than they can take. "
    "The reflector carries real-time calls, four a ticket (a voice and its three controls), as many as lose "
    "under 1 % either way; each packet up is opened, logged and told of in one down. *Late*: between when a "
    "packet came and its place in the call's 20 ms, by the earliest of its call: the far end's lateness and "
    "the callers' are both in it. *A dead port*: irtt's client at a silent port; a check in the lab's world "
    "`port-drop`, 20 ms of round trip, the slowest of three apps."
)
CPU_NOTE: Final = (
    "- At {calls:,} calls the reflector used {busy:.0f} % of the run's time, its start included; by one call "
    "of the kernel a datagram it used {plain:.2f} of that, and lost {lost:.2f} % up."
)
CALLERS_NOTE: Final = (
    "- Callers of the {calls:,} sent {late:.1f} ms late at most. Of the garbage the reflector looked at "
    "{taken:.1f} %."
)
PATH_TITLE: Final = "### One path, a check and irtt"


class Found(NamedTuple):
    """One run of everything."""

    machine: Machine
    load_after: float | None
    repeats: int
    echo: list[Ceiling]
    irtt: list[Ceiling]
    coturn: list[Ceiling]
    most: list[Calls]
    plain: list[Calls]
    """As many calls by plain calls of the kernel."""
    on_time: int
    """The most calls whose packets came, 99 of 100, under 5 ms late."""
    thousand: list[Calls]
    noisy: list[Calls]
    irtt_silence_s: float
    own_silence_s: float
    own_certain_s: float
    path: list[Turn]
    compiled: list[Calls]
    """As many calls as `reflector --compiled` carries."""
    compiled_thousand: list[Calls]


def carries(run: Calls) -> bool:
    """Under 1 % lost either way."""
    return max(run.lost_up, run.lost_down) < LOST_MAX


def late_ms(run: Calls) -> float:
    """99 of 100 packets came earlier."""
    return float("inf") if run.late_ms is None else run.late_ms.p99


def middle(runs: Sequence[Calls], key: Callable[[Calls], float]) -> Calls:
    """The run of the median."""
    return sorted(runs, key=key)[(len(runs) - 1) // 2]


def render(found: Found, command: str, path_says: str) -> str:
    """The section; `path_says` is how the path was made."""
    rows = [*ceiling_rows(found), *call_rows(found), *silence_rows(found), *cost_rows(found)]
    return "\n\n".join(
        (
            where(found.machine, found.load_after, command),
            HOW.format(repeats=found.repeats),
            page.table(HEADS, rows),
            _notes(found),
            PATH_TITLE,
            besides.render(found.path, path_says),
        )
    )


def where(machine: Machine, load_after: float | None, command: str) -> str:
    """By which command, when, and on what."""
    return (
        f"`{command}`, {machine.date} UTC, {machine.cores} cores of {machine.cpu}, {machine.kernel}, "
        f"Python {machine.python}; load {machine.load_1min} before it and {load_after} after."
    )


def ceiling_rows(found: Found) -> list[list[str]]:
    """How many datagrams a second each server takes."""
    echo, irtt = (median(each.per_s for each in runs) for runs in (found.echo, found.irtt))
    own, compiled = _most(found).each_way, _middle_compiled(found).each_way
    return [
        _row("C echo: datagrams answered a second", f"{echo:,.0f}"),
        _row("irtt's server: the same", f"{irtt:,.0f}", of_echo=f"{irtt / echo:.2f}"),
        [
            "reflector: each way a second, logged and keyed",
            f"{own:,.0f}",
            f"{own / echo:.3f}",
            "0.25 of the echo",
            MET[own >= echo / 4],
        ],
        [
            "reflector `--compiled`: the same",
            f"{compiled:,.0f}",
            f"{compiled / echo:.3f}",
            "0.25 of the echo",
            MET[compiled >= echo / 4],
        ],
        _against_irtt("reflector", own / irtt),
        _against_irtt("reflector `--compiled`", compiled / irtt),
    ]


def call_rows(found: Found) -> list[list[str]]:
    """How late calls are, and what is lost of them."""
    thousand, noisy = _thousand(found), _noisy(found)
    compiled = middle(found.compiled_thousand, late_ms)
    garbage_per_s = noisy.noise / noisy.seconds
    return [
        _paced(f"{thousand.calls:,} paced calls: 99 % under, ms late", thousand),
        _paced("the same, `--compiled`", compiled),
        _row(f"the most calls of which that holds, of {STEPS[0]}, {STEPS[1]}, …", f"{found.on_time:,}"),
        _row(f"{thousand.calls:,} paced calls: lost up, down", _lost(thousand)),
        _row("the same, `--compiled`", _lost(compiled)),
        [
            f"{noisy.calls} calls under {garbage_per_s:,.0f} garbage a second: lost up, down",
            _lost(noisy),
            NONE,
            "1 %",
            MET[carries(noisy)],
        ],
    ]


def silence_rows(found: Found) -> list[list[str]]:
    """How long it takes to say that nobody answers."""
    irtt, own = found.irtt_silence_s, (found.own_silence_s, found.own_certain_s)
    return [
        _row("a dead port told, s: irtt's client", f"{irtt:.1f}"),
        _row("a dead port told, s: a check, decided, and certain by its repeat", _pair(own)),
        _row("the same as shares of irtt's", _pair([s / irtt for s in own])),
    ]


def cost_rows(found: Found) -> list[list[str]]:
    """What a datagram costs."""
    most = _most(found)
    coturn = median(each.cpu_us for each in found.coturn)
    return [
        _row("CPU a datagram, µs: coturn relaying", f"{coturn:.1f}"),
        _row("CPU a datagram, µs: reflector", f"{_cpu_us(most):.1f}"),
        _row("CPU a datagram, µs: reflector `--compiled`", f"{_cpu_us(_middle_compiled(found)):.1f}"),
    ]


def _notes(found: Found) -> str:
    most, thousand, noisy = _most(found), _thousand(found), _noisy(found)
    plain = middle(found.plain, lambda run: run.each_way)
    cpu = CPU_NOTE.format(
        calls=most.calls,
        busy=100 * most.far_cpu_s / most.seconds,
        plain=plain.far_cpu_s / most.far_cpu_s,
        lost=100 * plain.lost_up,
    )
    taken = 100 * noisy.noise_taken / max(1, noisy.noise)
    callers = CALLERS_NOTE.format(calls=thousand.calls, late=thousand.caller_late_ms, taken=taken)
    return f"{cpu}\n{callers}"


def _most(found: Found) -> Calls:
    return middle(found.most, lambda run: run.each_way)


def _middle_compiled(found: Found) -> Calls:
    return middle(found.compiled, lambda run: run.each_way)


def _against_irtt(what: str, share: float) -> list[str]:
    return [f"{what} against irtt's server", f"{share:.2f} of it", NONE, "as much", MET[share >= 1]]


def _paced(what: str, run: Calls) -> list[str]:
    late = late_ms(run)
    return [what, f"{late:.2f}", NONE, f"{CALLS_LATE_MS:g}", MET[late < CALLS_LATE_MS and carries(run)]]


def _cpu_us(run: Calls) -> float:
    return 1e6 * run.far_cpu_s / max(1, run.logged + run.answered)


def _thousand(found: Found) -> Calls:
    return middle(found.thousand, late_ms)


def _noisy(found: Found) -> Calls:
    return middle(found.noisy, lambda run: max(run.lost_up, run.lost_down))


def _lost(run: Calls) -> str:
    return f"{100 * run.lost_up:.2f} %, {100 * run.lost_down:.2f} %"


def _pair(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.2f}" for value in values)


def _row(what: str, measured: str, *, of_echo: str = NONE) -> list[str]:
    """One that nothing is asked of."""
    return [what, measured, of_echo, NONE, NONE]
