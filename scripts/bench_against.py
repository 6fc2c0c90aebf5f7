"""The reflector and a check beside what a user would pick instead, in the same run; part of `make bench`.

    python scripts/bench_against.py            # prints the section: seven minutes on two idle cores
    python scripts/bench_against.py --write    # into docs/benchmarks.md, between its markers
    python scripts/bench_against.py --quick    # every part once, short
    python scripts/bench_against.py --path     # prints round trip and loss beside irtt alone: four minutes

A C echo, irtt and coturn (Debian packages `irtt` and `coturn`, `cc`), each server pinned to one core and what
asks it to the other; before them a check and irtt over one path of the kernel's (as root, or where user
namespaces are allowed). It is of worth on an otherwise idle machine: the page says the load.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.benchmarks import besides, deciding, others, page, pathnet
from scripts.benchmarks.againstpage import (
    CALLS_LATE_MS,
    STEPS,
    Found,
    carries,
    late_ms,
    render,
    where,
)
from scripts.benchmarks.arguments import Parser
from scripts.benchmarks.besides import Turn
from scripts.benchmarks.callers import Calls, measure
from scripts.benchmarks.figures import load, this_machine

CALLS: Final = 1000
NOISE: Final = 100_000
NOISY_CALLS: Final = 40
RTT_MS: Final = 20


def most_calls(run: Callable[[int], Calls], steps: Sequence[int] = STEPS) -> int:
    """The last step that the reflector carries, each tried twice: a stolen moment is no ceiling."""
    best = steps[0]
    for calls in steps:
        if not carries(run(calls)) and not carries(run(calls)):
            break
        best = calls
    return best


def measure_path(*, quick: bool) -> list[Turn]:
    """A check and irtt, in turns."""
    return pathnet.measure_turns(1, irtt_s=3, blocks=12) if quick else pathnet.measure_turns()


def measure_all(*, seconds: float, repeats: int, quick: bool) -> Found:
    """In turns, so that a bad minute is everybody's."""
    machine = this_machine()
    path = measure_path(quick=quick)
    steps: list[Calls] = []

    def step(calls: int) -> Calls:
        steps.append(_said(measure(calls, seconds=seconds)))
        return steps[-1]

    def compiled_step(calls: int) -> Calls:
        return _said(measure(calls, seconds=seconds, compiled=True))

    best = most_calls(step)
    on_time = max((run.calls for run in steps if carries(run) and late_ms(run) < CALLS_LATE_MS), default=0)
    best_compiled = most_calls(compiled_step)
    echo, irtt, coturn = [], [], []
    most, plain, thousand, noisy = [], [], [], []
    compiled, compiled_thousand = [], []
    for _ in range(repeats):
        echo.append(others.echo_ceiling(seconds))
        irtt.append(others.irtt_ceiling(seconds))
        most.append(_said(measure(best, seconds=seconds)))
        plain.append(_said(measure(best, seconds=seconds, batches=False)))
        thousand.append(_said(measure(CALLS, seconds=seconds)))
        compiled.append(_said(measure(best_compiled, seconds=seconds, compiled=True)))
        compiled_thousand.append(_said(measure(CALLS, seconds=seconds, compiled=True)))
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
        path,
        compiled,
        compiled_thousand,
    )


def _said(run: Calls) -> Calls:
    print(
        f"{run.calls} calls: lost {100 * run.lost_up:.1f} % up, {100 * run.lost_down:.1f} % down, "
        f"{run.far_cpu_s:.1f} s of CPU",
        file=sys.stderr,
        flush=True,
    )
    return run


def main(argv: list[str] | None = None) -> int:
    """Measure; print or write. 0 also when a figure is missed: the page says so."""
    parser = Parser(description=__doc__.splitlines()[0] if __doc__ else None)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    what.add_argument("--path", action="store_true", help="round trip and loss beside irtt alone, printed")
    parser.add_argument("--quick", action="store_true", help="every part once, short")
    asked = parser.parse_args(argv)
    words = [f"--{name}" for name in ("write", "path", "quick") if getattr(asked, name)]
    command = " ".join(["python scripts/bench_against.py", *words])
    if asked.path:
        machine = this_machine()
        turns = measure_path(quick=asked.quick)
        print(where(machine, load(), command), besides.render(turns, pathnet.SAYS), sep="\n\n")
        return 0
    seconds, repeats = (2.0, 1) if asked.quick else (5.0, 3)
    found = measure_all(seconds=seconds, repeats=repeats, quick=asked.quick)
    body = render(found, command, pathnet.SAYS)
    if asked.write:
        page.write("against", body)
        print(f"written: docs/{page.PAGE.name}", file=sys.stderr)
    else:
        print(body)
    return 0


if __name__ == "__main__":
    sys.exit(main())
