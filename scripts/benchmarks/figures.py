"""Distributions and the machine they were measured on: no figure travels without them."""

import math
import os
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec


class Distribution(msgspec.Struct, frozen=True):
    """n values by nearest-rank percentiles, which are values that occurred; unit as the values'."""

    n: int
    p50: float
    p95: float
    p99: float
    max: float


def distribution(values: Iterable[float]) -> Distribution | None:
    """Of at least one value, else None. Source: nearest rank, NIST/SEMATECH e-Handbook section 7.2.6.2."""
    ordered = sorted(values)
    if not ordered:
        return None

    def rank(share: float) -> float:
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)]

    return Distribution(len(ordered), rank(0.50), rank(0.95), rank(0.99), ordered[-1])


class Machine(msgspec.Struct, frozen=True):
    """Where and when."""

    date: str
    """UTC."""
    cpu: str
    cores: int
    kernel: str
    python: str
    load_1min: float | None
    """Runnable processes, the mean of the last minute before the start; None where the system keeps none."""


def this_machine() -> Machine:
    """Of now."""
    return Machine(
        date=datetime.now(tz=UTC).strftime("%Y-%m-%d %H:%M"),
        cpu=_cpu_model(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        kernel=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        load_1min=load(),
    )


def load() -> float | None:
    """The load average of one minute, None where the system keeps none."""
    try:
        return round(os.getloadavg()[0], 2)
    except (AttributeError, OSError):
        return None


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
