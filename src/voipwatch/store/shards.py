"""Cells of votes that lie on several shards: each shard's aggregate states, and one merging of them.

A voice (one pseudonym's votes of one cell) may have votes on any shard, the same report on two of them. Its
values cannot be merged, the states of its aggregates can: exactly, in any order, however votes are spread
(ClickHouse's documentation of the combinators -State and -Merge). What follows in a cell is of whole voices.

Decision: docs/design/0039-shards.md.
"""

from collections.abc import Sequence
from typing import Final

from voipwatch.model.cells import LAG_UNKNOWN_S
from voipwatch.store import refresh
from voipwatch.store.engine import Engine, Parameters

VOICES: Final = "voices"
"""Table of the merging engine, in memory, for one merging."""
STATES: Final = refresh.voices("State")
"""A shard's half; needs `where`."""
_MERGED: Final = (
    f"SELECT {refresh.KEY}, pseudonym, "
    + ", ".join(f"{function}Merge({name}) AS {name}" for name, (function, _) in refresh.VOICE.items())
    + f" FROM {VOICES} GROUP BY {refresh.KEY}, pseudonym"
)
CELLS: Final = refresh.OF_VOICES.replace("{voices}", _MERGED)
"""The merging half; needs the parameters of `refresh.parameters`."""
_ARRIVALS: Final = (
    f"INSERT INTO arrivals SELECT {refresh.LINE}, newest, 0, {{unknown:UInt32}}, {{version:UInt64}} "
    f"FROM ({refresh.NEWEST})"
)
"""As migration 0003 does it for lines whose reports are not there."""


def states_of(engine: Engine, hours: Sequence[int]) -> bytes:
    """The voices of at most `refresh.HOURS_AT_ONCE` hours (Unix seconds) on one shard, as Native blocks.

    A row is a voice: its cell's key, its pseudonym, three states. Empty bytes where there are none.
    """
    return engine.export_native(STATES.replace("{where}", refresh.OF_HOURS), _one_stretch(hours))


def merge(engine: Engine, hours: Sequence[int], states: Sequence[bytes]) -> int:
    """Make the cells of at most `refresh.HOURS_AT_ONCE` hours of what every shard's `states_of` said of them.

    As one store's refresh would of all votes: cells that nobody votes for any more go. Of `arrivals`,
    each line's newest report is known, and its lag is not (`LAG_UNKNOWN_S`): that takes all shards' reports.

    Args:
        engine: whose table `cells` is written.
        hours: Unix seconds, the same as at the shards.
        states: of all shards, each once (a shard twice changes nothing), in any order.

    Returns:
        How many cells there are.
    """
    of_hours = _one_stretch(hours)
    # Its columns come of the shards' own query: states of other aggregates are refused, not misread.
    engine.command(
        f"CREATE OR REPLACE TABLE {VOICES} ENGINE = Memory EMPTY AS {STATES.replace('{where}', '0')}"
    )
    try:
        for blocks in states:
            if blocks:
                engine.insert_native(VOICES, blocks)
        made = refresh.make_cells(engine, CELLS, of_hours)
        engine.command(_ARRIVALS, {**made, "unknown": LAG_UNKNOWN_S})
        engine.command("OPTIMIZE TABLE arrivals FINAL")  # as after a refresh
        return refresh.count_made(engine, made)
    finally:
        engine.command(f"DROP TABLE IF EXISTS {VOICES}")


def vote_hours(engine: Engine) -> list[int]:
    """Hours (Unix seconds) that have votes here, ascending."""
    found = engine.select("SELECT DISTINCT toUnixTimestamp(hour) AS hour FROM votes ORDER BY hour")
    hours: list[int] = found["hour"].to_pylist()
    return hours


def _one_stretch(hours: Sequence[int]) -> Parameters:
    (of_hours,) = refresh.stretches(hours)
    return of_hours
