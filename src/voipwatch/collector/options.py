"""What a collector is told when it starts."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from voipwatch.collector.body import Limits
from voipwatch.collector.geo import GeoSource
from voipwatch.collector.limits import ENROLMENTS_A_DAY, REPORTS_A_SECOND, REPORTS_BURST
from voipwatch.collector.prefixes import Network
from voipwatch.collector.register import Book
from voipwatch.model.submission import PrefixKind

PORT: Final = 8480
METRICS_PORT: Final = 8481
KEEP_MONTHS: Final = 13
"""Of raw reports: a year and the month it began in, so that a year can be looked at again; then cells
only.
"""


def default_workers(processors: int) -> int:
    """One for each processor, at most four: then the disk and the one writer are what limits."""
    return 0 if processors < 2 else min(processors, 4)


@dataclass(frozen=True, slots=True)
class CollectorOptions:
    """One collector. Ports may be 0: any free one."""

    data: Path
    reflectors: frozenset[str]
    """Ed25519 public keys, hex, lower case."""
    bind: str = "127.0.0.1"
    port: int = PORT
    metrics_bind: str = "127.0.0.1"
    metrics_port: int | None = METRICS_PORT
    """None: no metrics."""
    certificate: Path | None = None
    certificate_key: Path | None = None
    proxies: tuple[Network, ...] = ()
    declared: dict[Network, PrefixKind] = field(default_factory=dict)
    geo: GeoSource | None = None
    """None: the packaged databases, if they are installed."""
    keep_months: int = KEEP_MONTHS
    stream: str = ""
    """URL of the stream that reports go on to (`streaming.address`); empty: loaders read the spool."""
    register: Callable[[], Book] | None = None
    """Opens the register that it shares with other collectors (`store.register.book.open_book`); None: it is
    alone. Raises RegisterAwayError; ModuleNotFoundError for want of its driver.
    """
    instance: str = ""
    """Of emulated reports, which alone are then taken; empty: real ones alone."""
    workers: int = field(default_factory=lambda: default_workers(os.cpu_count() or 1))
    """Processes that judge batches; 0: none but this one."""
    limits: Limits = field(default_factory=Limits)
    reports_burst: float = REPORTS_BURST
    reports_a_second: float = REPORTS_A_SECOND
    enrolments_a_day: float = ENROLMENTS_A_DAY
    say: Callable[[str], None] | None = None
    """Takes lines for whoever runs it; no address is in any of them."""
    trouble: Callable[[str], None] | None = None
    """Takes the word of what keeps it from taking reports, empty when that is over."""
