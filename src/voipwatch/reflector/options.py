"""What whoever runs a reflector may choose."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TextIO

from voipwatch.apps.targets import TargetSet, load_targets
from voipwatch.reflector.reach import Look

CONTROL_PORT: Final = 8443
"""The usual unprivileged port of HTTPS."""


@dataclass(frozen=True, slots=True)
class ReflectorOptions:
    """Options of one reflector, understood and checked by the command line."""

    bind: tuple[str, ...]
    """Address literals; 0.0.0.0 and :: stand for all addresses of their family."""
    control_port: int = CONTROL_PORT
    """0 takes a free one; the ready line tells."""
    data: Path | None = None
    """Where identity, tickets and certificate are kept; None keeps them in memory only."""
    certificate: Path | None = None
    """PEM chain for the control channel, with `certificate_key`; None makes a self-signed one."""
    certificate_key: Path | None = None
    look: Look | None = None
    """How it looks at the providers' servers when a probe asks; None: it does not."""
    targets: Callable[[], TargetSet] = lambda: load_targets(datetime.now(tz=UTC).date())
    """At which servers, today."""
    compiled: bool = False
    """Whether compiled code carries the common packets, where it can be built."""
    workers: int = 1
    """Processes that share the ports, 1 or more."""
    ready: TextIO = field(default_factory=lambda: sys.stdout)
    """Gets the one ready line."""
    log: TextIO = field(default_factory=lambda: sys.stderr)
    """Gets everything else; never an address."""
