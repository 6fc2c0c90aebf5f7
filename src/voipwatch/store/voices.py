"""Votes as publication wants them: one a pseudonym and hour, no more behind a prefix than its cap.

Whole votes instead of weighed ones, and the first to arrive instead of the last observed, as the detector
takes them: a published count is then a whole number, and what it holds is settled when it is published.
"""

from typing import Final

import pyarrow as pa

from voipwatch.model.cells import CALL_STAGE, PREFIX_WEIGHT_CARRIER, PREFIX_WEIGHT_FIXED
from voipwatch.model.votes import PANEL
from voipwatch.store.store import Store

_OF_WORLD: Final = "instance = {instance:String} AND source = {panel:String} AND stage = {call:String}"
_HOUR: Final = "instance, country, operator, access, app, hour"
_VOICES: Final = f"""
SELECT {_HOUR}, pseudonym, said.1 AS verdict, said.2 AS prefix, said.3 AS kind, said.4 AS received,
    said.5 AS report, verdict = 'insufficient' AS undecided
FROM (
    SELECT {_HOUR}, pseudonym,
        argMin(tuple(verdict, prefix, prefix_kind, received_at, report_id), tuple(received_at, report_id))
            AS said
    FROM votes
    WHERE {_OF_WORLD}
        AND hour >= toDateTime({{since:UInt32}}, 'UTC') AND hour < toDateTime({{until:UInt32}}, 'UTC')
        AND received_at < toDateTime64({{as_of:UInt32}}, 3, 'UTC')
        AND segment IN (SELECT segment FROM segments FINAL WHERE step >= 2)
    GROUP BY {_HOUR}, pseudonym
)"""
_ADMITTED: Final = f"""
SELECT instance, country, operator, access, app, toUnixTimestamp(hour) AS hour, pseudonym,
    if(kind = 'carrier', '', prefix) AS household, toUnixTimestamp(received) AS received_at, verdict
FROM (
    SELECT *, row_number() OVER (PARTITION BY {_HOUR}, prefix, undecided ORDER BY received, report) AS place
    FROM ({_VOICES})
)
WHERE place <= if(kind = 'carrier', {{carrier:UInt32}}, {{fixed:UInt32}})"""


def admitted_voices(store: Store, *, instance: str, since: int, until: int, as_of: int) -> pa.Table:
    """The panel's votes on whole calls, in no order.

    Args:
        store: that is read.
        instance: name of the emulation, empty for real votes.
        since: first hour, Unix seconds.
        until: hour after the last one.
        as_of: Unix seconds; what was received then or later is not seen.

    Returns:
        instance, country, operator, access, app, hour (Unix seconds), pseudonym, household (prefix hash,
        empty behind carrier NAT), received_at (Unix seconds), verdict.
    """
    return store.select(
        _ADMITTED,
        {
            "instance": instance,
            "panel": PANEL,
            "call": CALL_STAGE,
            "since": since,
            "until": until,
            "as_of": as_of,
            "carrier": int(PREFIX_WEIGHT_CARRIER),
            "fixed": int(PREFIX_WEIGHT_FIXED),
        },
    )


def voting_span(store: Store, *, instance: str) -> tuple[int, int] | None:
    """First and last hour with a vote of this world, Unix seconds; None where there is none."""
    found = store.select(
        "SELECT count() AS votes, toUnixTimestamp(min(hour)) AS first, toUnixTimestamp(max(hour)) AS last "
        f"FROM votes WHERE {_OF_WORLD}",
        {"instance": instance, "panel": PANEL, "call": CALL_STAGE},
    ).to_pylist()[0]
    return (found["first"], found["last"]) if found["votes"] else None


def instances_of(store: Store) -> set[str]:
    """Names of the worlds that any vote is of; empty is the real one."""
    return set(store.select("SELECT DISTINCT instance FROM votes", {})["instance"].to_pylist())
