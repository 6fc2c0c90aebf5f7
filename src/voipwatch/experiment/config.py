"""What the user asked of a check."""

import msgspec

from voipwatch.model.measurement import Line


class CheckConfig(msgspec.Struct, frozen=True):
    """Options of one check, after the command line's have been understood."""

    apps: tuple[str, ...]
    started_at: str
    """UTC, ISO 8601 with Z."""
    line: Line = Line()
    budget_bytes: int = 2_000_000
    """Per app, IP bytes both ways."""
    video: bool = False
    long: bool = False
    """Hold one pair of flows for 60 s."""
    locate: bool = False
    """Ask where on the way a dead set-up dies."""
    blocks: int = 0
    """Matched blocks wanted, where more than the planned number; at most `model.ruleset.BLOCKS_MAX`."""
