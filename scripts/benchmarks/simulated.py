"""How fast the simulated network is alone, and whole checks over it, judged, with every core."""

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import Final

import msgspec

from scripts.benchmarks.figures import Distribution, distribution
from voipwatch.inference import judge
from voipwatch.lab.drive import Simulation
from voipwatch.lab.simbench import benchmark
from voipwatch.lab.worlds import load_worlds

APPS: Final = ("whatsapp", "sip", "webrtc")
WORLDS: Final = ("clean", "stun-cookie", "police", "burst-30")
"""One that is well, one clear-cut, one that needs every block, one that loses much."""


class NetworkSpeed(msgspec.Struct, frozen=True):
    """Datagrams a second through the network, nobody thinking at either end, one core."""

    world: str
    datagrams: int
    per_s: float
    """The best of the runs: what else runs on the machine only ever slows it."""
    runs: int


class OneCheck(msgspec.Struct, frozen=True):
    """One simulated check in one process."""

    world: str
    datagrams: int
    check_s: float
    """CPU seconds to simulate it: both ends and the network."""
    judge_s: float
    """CPU seconds to judge it."""
    virtual_s: float


class ChecksSpeed(msgspec.Struct, frozen=True):
    """Whole checks of three apps, both ends thinking, judged, on all cores at once."""

    checks: int
    processes: int
    wall_s: float
    datagrams_per_s: float
    checks_per_s: float
    check_s: Distribution
    judge_s: Distribution


def network_speed(world: str, *, datagrams: int, runs: int = 3) -> NetworkSpeed:
    """The best of `runs`."""
    best = max(benchmark(world, datagrams).per_s for _ in range(runs))
    return NetworkSpeed(world, datagrams, best, runs)


def one_check(world: str, seed: int) -> OneCheck:
    """Runs and judges one check."""
    started = time.process_time()
    simulation = Simulation(load_worlds().get(world), apps=APPS, seed=seed)
    measurement = simulation.run()
    measured = time.process_time()
    judge(measurement, lang="en")
    return OneCheck(
        world,
        simulation.datagrams,
        measured - started,
        time.process_time() - measured,
        simulation.now,
    )


def checks_speed(*, seeds: int, processes: int, on_done: Callable[[int, int], None]) -> ChecksSpeed:
    """`seeds` checks of each of `WORLDS`. Workers are warm before the clock starts."""
    jobs = [(world, seed) for seed in range(1, seeds + 1) for world in WORLDS]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for warm in [pool.submit(one_check, "stun-cookie", 0) for _ in range(processes)]:
            warm.result()
        started = time.perf_counter()
        futures = [pool.submit(one_check, *job) for job in jobs]
        done = []
        for future in as_completed(futures):
            done.append(future.result())
            on_done(len(done), len(jobs))
        wall_s = time.perf_counter() - started
    check_s, judge_s = distribution(d.check_s for d in done), distribution(d.judge_s for d in done)
    assert check_s is not None
    assert judge_s is not None
    return ChecksSpeed(
        checks=len(done),
        processes=processes,
        wall_s=wall_s,
        datagrams_per_s=sum(d.datagrams for d in done) / wall_s,
        checks_per_s=len(done) / wall_s,
        check_s=check_s,
        judge_s=judge_s,
    )
