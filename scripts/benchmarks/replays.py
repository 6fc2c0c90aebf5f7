"""Votes of simulated panels on calendars whose truth is known: quiet ones with every excuse, and blocks.

All of it is synthetic, and says so in the tables: no public series of per-call measurements across a block
exists. A panel is a list of probes, each with its own share of failing calls; an hour has a vote of every
probe that is awake. Chance comes from one seed.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from voipwatch.inference.detection.ramadan import in_ramadan
from voipwatch.model.series import SeriesRow

HOUR_S, DAY_S = 3_600.0, 86_400.0
START_S = 1_420_070_400.0
"""2015-01-01: a Ramadan in every June."""


@dataclass(frozen=True)
class Probe:
    """One line of a panel."""

    name: str
    fails: float
    """Share of its votes that say "blocked" without interference."""
    awake: float = 0.8
    """Chance of a vote in an hour, by day."""
    asleep: float = 0.8
    """The same from 23 to 6 UTC."""
    joins_day: int = 0
    leaves_day: int = 1 << 30


@dataclass(frozen=True)
class World:
    """A panel, and what happens to it besides interference."""

    name: str
    probes: tuple[Probe, ...]
    named: bool = True
    """Whether the rows tell the probes' pseudonyms."""
    burst_minutes: float = 0.0
    """Length of a spell in which every vote fails, for a reason that is no interference."""
    bursts_a_week: float = 0.0
    ramadan_factor: float = 1.0
    """By which failing is more frequent in Ramadan, while votes move into the night."""
    vanishing: float = 0.0
    """Chance that a probe loses its pseudonym at the turn of a month."""
    blocked: Callable[[int], float] = field(default=lambda _: 0.0)
    """Share of calls cut in an hour since the start."""


def votes(world: World, days: int, seed: int) -> Iterator[SeriesRow]:
    """The votes of a panel, in the order of time."""
    rng = random.Random(f"{world.name} {seed}")
    burst_until_s, next_burst_s = 0.0, _next_burst(world, START_S, rng)
    for hour in range(days * 24):
        start_s = START_S + hour * HOUR_S
        fasting = world.ramadan_factor != 1.0 and in_ramadan(start_s)
        there = (each for each in world.probes if each.joins_day * 24 <= hour < each.leaves_day * 24)
        moments = [
            (start_s + rng.random() * HOUR_S, probe)
            for probe in there
            if rng.random() < _awake(probe, hour, fasting)
        ]
        for time_s, probe in sorted(moments, key=lambda each: each[0]):
            while time_s >= next_burst_s:
                burst_until_s = next_burst_s + world.burst_minutes * 60.0
                next_burst_s = _next_burst(world, next_burst_s, rng)
            share = min(1.0, probe.fails * (world.ramadan_factor if fasting else 1.0))
            failed = time_s < burst_until_s or rng.random() < share or rng.random() < world.blocked(hour)
            name = (
                f"{probe.name}.{int(time_s // (30 * DAY_S)) if world.vanishing else 0}" if world.named else ""
            )
            yield SeriesRow(time_s, int(failed), 1, name)


def _awake(probe: Probe, hour: int, fasting: bool) -> float:
    by_night = hour % 24 >= 23 or hour % 24 < 6
    return probe.asleep if by_night != fasting else probe.awake


def _next_burst(world: World, after_s: float, rng: random.Random) -> float:
    if not world.bursts_a_week:
        return float("inf")
    return after_s + rng.expovariate(world.bursts_a_week / (7 * DAY_S))


def panel(count: int, fails: float, *, awake: float = 0.8) -> tuple[Probe, ...]:
    """Probes that are all alike."""
    return tuple(Probe(f"p{index}", fails, awake, awake) for index in range(count))


UNEQUAL = (
    Probe("bad-wifi", 0.30, 0.9, 0.9),
    Probe("bus", 0.08, 0.6, 0.05),
    Probe("home", 0.02, 0.8, 0.1),
    Probe("office", 0.005, 0.7, 0.02),
    Probe("fibre", 0.001, 0.9, 0.4),
)
"""Five unequal probes; by night the worst is nearly alone."""


def curious(count: int, *, from_day: int, days: int) -> tuple[Probe, ...]:
    """People who test because the press wrote of a block: bad Wi-Fi, a few votes each, gone after days."""
    return tuple(Probe(f"c{index}", 0.35, 0.08, 0.02, from_day, from_day + days) for index in range(count))


def leaving(count: int, day: int) -> tuple[Probe, ...]:
    """A panel of which two thirds leave for VPNs, those with the better lines."""
    good = tuple(Probe(f"g{index}", 0.01, leaves_day=day) for index in range(2 * count // 3))
    poor = tuple(Probe(f"b{index}", 0.12) for index in range(count - len(good)))
    return good + poor


def quiet_worlds() -> tuple[World, ...]:
    """Worlds in which nothing interferes; the names of those in which a promise must break say so."""
    bursts = [
        World(f"bursts of {minutes} min, 2 a week", panel(6, 0.015), named, minutes, 2.0)
        for minutes in (10, 20, 30)
        for named in (True, False)
    ]
    longer = [
        World(
            f"longer than half a block: bursts of {minutes} min, 2 a week",
            panel(6, 0.015),
            False,
            minutes,
            2.0,
        )
        for minutes in (60, 120, 240, 480)
    ]
    return (
        World("six equal probes", panel(6, 0.02)),
        World("six equal probes, unnamed", panel(6, 0.02), named=False),
        *(
            World(
                f"{each.name}, {'named' if each.named else 'unnamed'}",
                each.probes,
                each.named,
                each.burst_minutes,
                each.bursts_a_week,
            )
            for each in bursts
        ),
        World("five unequal probes", UNEQUAL),
        World("five unequal probes, unnamed", UNEQUAL, named=False),
        World("Ramadan: votes by night, twice the failures", panel(6, 0.02), ramadan_factor=2.0),
        World("Ramadan, unnamed", panel(6, 0.02), named=False, ramadan_factor=2.0),
        World(
            "press story: 500 people with bad Wi-Fi for 5 days",
            panel(6, 0.02) + curious(500, from_day=60, days=5),
        ),
        World("two thirds of nine leave for VPNs", leaving(9, 70)),
        World("pseudonyms change every month", UNEQUAL, vanishing=1.0),
        *longer,
    )
