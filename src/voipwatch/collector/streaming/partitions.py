"""Which partition a country's reports are in, and what a partition is called. Pure.

A partition is a JetStream stream. A country is in one of them, so that its rows, votes and cells are one
loader's: cells of an hour are made anew by whoever loads its votes, and two who did that at a time would take
turns at being wrong.
"""

import re
from hashlib import blake2b
from typing import Final

NOWHERE: Final = "ZZ"
"""A report whose sender's address is of no country that is known (ISO 3166 user-assigned)."""
SEGMENT: Final = re.compile(r"partition-([0-9]{2})-([0-9a-f]{8})")


def partition_of(country: str | None, partitions: int) -> int:
    """0 to `partitions` - 1. The same for ever: a change would put a country's next reports elsewhere."""
    digest = blake2b((country or NOWHERE).encode(), digest_size=8, person=b"vw-partition").digest()
    return int.from_bytes(digest) % partitions


def stream_name(partition: int, instance: str = "") -> str:
    """JetStream's name; emulated reports have streams of their own, so that they never meet real ones."""
    return f"VOIPWATCH-{_instance_part(instance)}{partition:02d}"


def subject_of(partition: int, instance: str = "") -> str:
    """What its records are published to."""
    return f"voipwatch.reports.{_instance_part(instance)}{partition:02d}"


def made_at(created: str) -> str:
    """Eight hex digits that tell a stream from another of its name.

    One that was lost and made again counts its messages from 1, and the ledger must not take them for those
    that it has.
    """
    return blake2b(created.encode(), digest_size=4, person=b"vw-stream").hexdigest()


def segment_name(partition: int, made: str) -> str:
    """What the store's ledger calls it: in place of a spool segment's name. `made`: of `made_at`."""
    return f"partition-{partition:02d}-{made}"


def partition_named(segment: str) -> int | None:
    """The partition that a ledger's segment name means; None where it is a file of the spool."""
    match = SEGMENT.fullmatch(segment)
    return None if match is None else int(match[1])


def _instance_part(instance: str) -> str:
    """Any name, in letters that streams and subjects may have."""
    return f"{blake2b(instance.encode(), digest_size=6).hexdigest()}-" if instance else ""
