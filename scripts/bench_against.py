"""The reflector beside what a user would pick instead, measured in the same run; part of `make bench`.

    python scripts/bench_against.py            # prints the section: three minutes on two idle cores
    python scripts/bench_against.py --write    # into docs/benchmarks.md, between its markers
    python scripts/bench_against.py --quick    # every part once, short

A C echo, irtt and coturn (Debian packages `irtt` and `coturn`, `cc`), each server pinned to one core and what
asks it to the other. It is of worth on an otherwise idle machine: the page says the load.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.benchmarks import deciding, others, page
from scripts.benchmarks.callers import Calls, measure
from scripts.benchmarks.figures import Machine, load, this_machine
from scripts.benchmarks.others import Ceiling

STEPS: Final = (200, 300, 400, 500, 600, 700, 800, 1000, 1200, 1600, 2000, 2400, 3000)
"""Calls: the reflector's ceiling is the last step that it carries."""
LOST_MAX: Final = 0.01
CALLS: Final = 1000
CALLS_LATE_MS: Final = 5.0
NOISE: Final = 100_000
NOISY_CALLS: Final = 40
RTT_MS: Final = 20


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


def carries(run: Calls) -> bool:
    """Under 1 % lost either way."""
    return max(run.lost_up, run.lost_down) < LOST_MAX


def most_calls(run: Callable[[int], Calls], steps: Sequence[int] = STEPS) -> int:
    """The last step that the reflector carries, each tried twice: a stolen moment is no ceiling."""
    best = steps[0]
    for calls in steps:
        if not carries(run(calls)) and not carries(run(calls)):
            break
        best = calls
    return best


def middle(runs: Sequence[Calls], key: Callable[[Calls], float]) -> Calls:
    """The run of the median."""
    return sorted(runs, key=key)[(len(runs) - 1) // 2]


def measure_all(*, seconds: float, repeats: int) -> Found:
    """In turns, so that a bad minute is everybody's."""
    machine = this_machine()
    steps: list[Calls] = []

    def step(calls: int) -> Calls:
        steps.append(_said(measure(calls, seconds=seconds)))
        return steps[-1]

    best = most_calls(step)
    on_time = max((run.calls for run in steps if carries(run) and late_ms(run) < CALLS_LATE_MS), default=0)
    echo, irtt, coturn = [], [], []
    most, plain, thousand, noisy = [], [], [], []
    for _ in range(repeats):
        echo.append(others.echo_ceiling(seconds))
        irtt.append(others.irtt_ceiling(seconds))
        most.append(_said(measure(best, seconds=seconds)))
        plain.append(_said(measure(best, seconds=seconds, batches=False)))
        thousand.append(_said(measure(CALLS, seconds=seconds)))
        noisy.append(_said(measure(NOISY_CALLS, seconds=seconds, garbage=NOISE)))
        coturn.append(others.relayed())
    jobs = [deciding.Job("port-drop", RTT_MS, apps=(app,), seed=1) for app in ("whatsapp", "sip", "webrtc")]
    [told, *_] = deciding.deciding([outcome for job in jobs for outcome in deciding.run(job)])
    assert told.decided_s is not None
    assert told.repeated_s is not None
    return Found(
        machine,
        load(),
        repeats,
        echo,
        irtt,
        coturn,
        most,
        plain,
        on_time,
        thousand,
        noisy,
        others.irtt_silence_s(),
        told.decided_s.max,
        told.repeated_s.max,
    )


def _said(run: Calls) -> Calls:
    print(
        f"{run.calls} calls: lost {100 * run.lost_up:.1f} % up, {100 * run.lost_down:.1f} % down, "
        f"{run.far_cpu_s:.1f} s of CPU",
        file=sys.stderr,
        flush=True,
    )
    return run


def render(found: Found, command: str) -> str:
    """The section."""
    machine = found.machine
    echo = median(each.per_s for each in found.echo)
    irtt = median(each.per_s for each in found.irtt)
    coturn = median(each.cpu_us for each in found.coturn)
    most, plain = (middle(runs, lambda run: run.each_way) for runs in (found.most, found.plain))
    thousand = middle(found.thousand, late_ms)
    noisy = middle(found.noisy, lambda run: max(run.lost_up, run.lost_down))
    own_us = 1e6 * most.far_cpu_s / max(1, most.logged + most.answered)
    met = {True: "yes", False: "**no**"}
    rows = [
        ["C echo: datagrams answered a second", f"{echo:,.0f}", "–", "–", "–"],
        ["irtt's server: the same", f"{irtt:,.0f}", f"{irtt / echo:.2f}", "–", "–"],
        [
            "reflector: each way a second, logged and keyed",
            f"{most.each_way:,.0f}",
            f"{most.each_way / echo:.3f}",
            "0.25 of the echo",
            met[most.each_way >= echo / 4],
        ],
        [
            "reflector against irtt's server",
            f"{most.each_way / irtt:.2f} of it",
            "–",
            "as much",
            met[most.each_way >= irtt],
        ],
        [
            f"{thousand.calls:,} paced calls: 99 % under, ms late",
            f"{late_ms(thousand):.2f}",
            "–",
            f"{CALLS_LATE_MS:g}",
            met[late_ms(thousand) < CALLS_LATE_MS and carries(thousand)],
        ],
        [
            f"the most calls of which that holds, of {STEPS[0]}, {STEPS[1]}, …",
            f"{found.on_time:,}",
            "–",
            "–",
            "–",
        ],
        [
            f"{thousand.calls:,} paced calls: lost up, down",
            f"{100 * thousand.lost_up:.2f} %, {100 * thousand.lost_down:.2f} %",
            "–",
            "–",
            "–",
        ],
        [
            f"{noisy.calls} calls under {noisy.noise / noisy.seconds:,.0f} garbage a second: lost up, down",
            f"{100 * noisy.lost_up:.2f} %, {100 * noisy.lost_down:.2f} %",
            "–",
            "1 %",
            met[carries(noisy)],
        ],
        [
            "a dead port told, s: irtt's client",
            f"{found.irtt_silence_s:.1f}",
            "–",
            "–",
            "–",
        ],
        [
            "a dead port told, s: a check, decided, and certain by its repeat",
            f"{found.own_silence_s:.2f}, {found.own_certain_s:.2f}",
            "–",
            "–",
            "–",
        ],
        ["CPU a datagram, µs: coturn relaying", f"{coturn:.1f}", "–", "–", "–"],
        ["CPU a datagram, µs: reflector", f"{own_us:.1f}", "–", "–", "–"],
    ]
    where = (
        f"`{command}`, {machine.date} UTC, {machine.cores} cores of {machine.cpu}, {machine.kernel}, "
        f"Python {machine.python}; load {machine.load_1min} before it and {found.load_after} after."
    )
    how = (
        "Loopback, the server alone on one core and what asks it on the other; medians of "
        f"{found.repeats} turns. Every datagram has 172 bytes, as 20 ms of G.711. C echo and "
        f"irtt's server get "
        "more than they can take. The reflector carries real-time calls, four a ticket (a "
        "voice and its three "
        "controls), as many as lose under 1 % either way; each packet up is opened, logged "
        "and told of in one "
        "down. *Late*: between when a packet came and its place in the call's 20 ms, by the earliest of its "
        "call: the far end's lateness and the callers' are both in it. *A dead port*: irtt's "
        "client at a silent "
        "port; a check in the lab's world `port-drop`, 20 ms of round trip, the slowest of three apps."
    )
    busy = 100 * most.far_cpu_s / most.seconds
    notes = (
        f"- At {most.calls:,} calls the reflector used {busy:.0f} % of the run's time, its "
        f"start included; by one "
        f"call of the kernel a datagram it used {plain.far_cpu_s / most.far_cpu_s:.2f} of that, and lost "
        f"{100 * plain.lost_up:.2f} % up.\n"
        f"- Callers of the {thousand.calls:,} sent {thousand.caller_late_ms:.1f} ms late at "
        f"most. Of the garbage "
        f"the reflector looked at {100 * noisy.noise_taken / max(1, noisy.noise):.1f} %."
    )
    heads = ["what", "measured", "of the echo", "asked for", "met"]
    return "\n\n".join((where, how, page.table(heads, rows), notes))


def late_ms(run: Calls) -> float:
    """99 of 100 packets came earlier."""
    return float("inf") if run.late_ms is None else run.late_ms.p99


def main(argv: list[str] | None = None) -> int:
    """Measure; print or write. 0 also when a figure is missed: the page says so."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    parser.add_argument("--quick", action="store_true", help="every part once, short")
    asked = parser.parse_args(argv)
    found = measure_all(seconds=2.0 if asked.quick else 5.0, repeats=1 if asked.quick else 3)
    words = [name for name in ("write", "quick") if getattr(asked, name)]
    body = render(found, " ".join(["python scripts/bench_against.py", *(f"--{word}" for word in words)]))
    if asked.write:
        page.write("against", body)
        print(f"written: docs/{page.PAGE.name}", file=sys.stderr)
    else:
        print(body)
    return 0


if __name__ == "__main__":
    sys.exit(main())
