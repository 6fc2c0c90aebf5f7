"""What is published beside each cell of the panel, made when its hour's cells are: influence."""

from collections.abc import Sequence
from typing import Final

from voipwatch.model.cells import CellKey
from voipwatch.pipeline.influence import Influence, influences
from voipwatch.store.rows import InfluenceRecord
from voipwatch.store.store import Store

HOURS_AT_ONCE: Final = 24
"""Hours whose votes are in memory together."""


def publish_influence(store: Store, hours: Sequence[int], countries: Sequence[str] | None = None) -> int:
    """Compute and keep the influence of all cells of these hours (Unix seconds); returns how many.

    `countries`: of theirs alone; None: of all.
    """
    wanted = sorted(set(hours))
    count = 0
    for start in range(0, len(wanted), HOURS_AT_ONCE):
        some = wanted[start : start + HOURS_AT_ONCE]
        records = [
            _record(instance, key, found)
            for (instance, key), found in sorted(
                influences(store.votes_of_hours(some, countries)).items(), key=lambda item: item[0]
            )
        ]
        store.save_influence(some, records, countries)
        count += len(records)
    return count


def _record(instance: str, key: CellKey, found: Influence) -> InfluenceRecord:
    return InfluenceRecord(
        instance, key.country, key.operator, key.access, key.app, key.stage, key.hour,
        found.fixed.to_move, found.fixed.to_blocked, found.fixed.to_ok,
        found.carrier.to_move, found.carrier.to_blocked, found.carrier.to_ok,
    )  # fmt: skip
