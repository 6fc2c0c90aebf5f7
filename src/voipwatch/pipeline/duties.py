"""What a keeper does of the work on a store, where several machines share it; its leases and files."""

from collections.abc import Sequence
from enum import Enum
from typing import Final

STATUS_FILE: Final = "status.json"


class Duty(Enum):
    """What a keeper does."""

    ALL = "keeper"
    LOAD = "loader"
    """Load, judge, make cells, forget."""
    DETECT = "detector"
    """Detect, and write the chronicle."""


def status_file(duty: Duty = Duty.ALL) -> str:
    """Name in the data folder: a loader and a detector may share one."""
    return STATUS_FILE if duty is Duty.ALL else f"status-{duty.value}.json"


def lease_names(duty: Duty, partitions: Sequence[int]) -> tuple[str, ...]:
    """Of what a keeper's lease is (`store.lease`)."""
    if duty is Duty.ALL:
        return ()
    return tuple(f"{duty.value}-{partition:02d}" for partition in sorted(partitions))
