"""Measure speed, cost and timing, and write them into docs/benchmarks.md.

    python scripts/bench.py            # everything, under five minutes on two idle cores
    python scripts/bench.py --quick    # fewer runs of each, under one minute
    python scripts/bench.py --json     # prints voipwatch.bench/1 instead of writing the page
    python scripts/bench.py --sending  # send times alone, when the rest was measured in a disturbed minute

What is timed is the machine as it is: run it on an otherwise idle one; the page says the load.
"""

import multiprocessing
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Final

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.benchmarks import deciding, page, receiving, sending, simulated
from scripts.benchmarks.arguments import Parser
from scripts.benchmarks.figures import this_machine

APPS: Final = ("whatsapp", "sip", "webrtc")


class Size(msgspec.Struct, frozen=True):
    """How much of everything."""

    seeds: int
    rtts_ms: tuple[int, ...]
    worlds: tuple[str, ...]
    others: tuple[str, ...]
    other_seeds: int
    datagrams: int
    check_seeds: int
    noise: int
    alone: bool
    """Whether the send times of an app alone are measured too."""


FULL: Final = Size(
    seeds=2,
    rtts_ms=deciding.RTTS_MS,
    worlds=tuple(deciding.CLEAR_CUT),
    others=(*deciding.MEDIA_DEAD, *deciding.OTHERS),
    other_seeds=1,
    datagrams=100_000,
    check_seeds=2,
    noise=receiving.NOISE,
    alone=True,
)
QUICK: Final = Size(
    seeds=1,
    rtts_ms=(20, 200),
    worlds=("stun-cookie", "sip-text"),
    others=("clean",),
    other_seeds=1,
    datagrams=30_000,
    check_seeds=1,
    noise=4_000,
    alone=False,
)


def say(text: str) -> None:
    """On standard error."""
    print(text, file=sys.stderr, flush=True)


def counting(what: str) -> Callable[[int, int], None]:
    """Shows how far it is: every step on a terminal, every tenth elsewhere."""

    def step(done: int, total: int) -> None:
        if sys.stderr.isatty():
            print(
                f"\r{what}: {done} of {total}", end="\n" if done == total else "", file=sys.stderr, flush=True
            )
        elif done == total or done % max(1, total // 10) == 0:
            say(f"{what}: {done} of {total}")

    return step


def measure(size: Size, command: str) -> page.Results:
    """Everything, the part that needs quiet first."""
    machine = this_machine()
    started = time.monotonic()
    say(f"{machine.cores} cores of {machine.cpu}, load {machine.load_1min}")
    runs = []
    for apps in [APPS, ("sip",)] if size.alone else [APPS]:
        say(f"send times: a check of {', '.join(apps)} over loopback")
        runs.append(sending.measure(apps))
    say("the simulated network")
    worlds = ("clean", "stun-cookie", "carrier-nat-64")
    network = [simulated.network_speed(world, datagrams=size.datagrams) for world in worlds]
    say("the reflector's core")
    received = receiving.measure(noise_count=size.noise)
    checks = simulated.checks_speed(
        seeds=size.check_seeds, processes=machine.cores, on_done=counting("whole checks")
    )
    jobs = deciding.plan(seeds=size.seeds, rtts_ms=size.rtts_ms, worlds=size.worlds, others=())
    jobs += deciding.plan(seeds=size.other_seeds, rtts_ms=(), worlds=(), others=size.others)
    outcomes = deciding.run_all(jobs, processes=machine.cores, on_done=counting("decisions and costs"))
    return page.Results(
        command=command,
        machine=machine,
        took_s=time.monotonic() - started,
        sending=runs,
        network=network,
        checks=checks,
        deciding=deciding.deciding(outcomes),
        costs=deciding.costs(outcomes),
        receiving=received,
        lines_ms=list(size.rtts_ms),
        seeds=size.seeds,
    )


def end(number: int, _frame: FrameType | None) -> None:
    """Ctrl-C or SIGTERM: the workers end too, instead of waiting for work for ever."""
    for child in multiprocessing.active_children():
        child.terminate()
    sys.exit(128 + number)


def main(argv: list[str] | None = None) -> int:
    """Measure; write the page or print JSON. 0 also when a target is missed: the page says so."""
    parser = Parser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="fewer runs of each, under one minute")
    parser.add_argument(
        "--json", action="store_true", help="JSON on standard output; the page stays as it is"
    )
    parser.add_argument(
        "--sending", action="store_true", help="send times alone, into a part of the page of their own"
    )
    asked = parser.parse_args(argv)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    if asked.sending:
        page.write("sending", page.render_sending(sending.measure(APPS), this_machine()))
        say(f"written: docs/{page.PAGE.name}")
        return 0
    results = measure(QUICK if asked.quick else FULL, "make bench" if not asked.quick else "bench --quick")
    if asked.json:
        print(msgspec.json.format(msgspec.json.encode(results), indent=2).decode())
        return 0
    page.write("bench", page.render(results))
    for row in page.summary(results):
        met = {True: "met", False: "MISSED", None: ""}[row.met]
        say(f"{row.what}: {row.figure} (asked for: {row.target}) {met}")
    say(f"written: docs/{page.PAGE.name}, {results.took_s:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
