"""Raw rows are kept for some months, cells for ever: a month is forgotten whole."""

import re
from datetime import UTC, datetime
from typing import Final

from voipwatch.store.engine import Engine
from voipwatch.store.parts import partitions_before

KEPT_MONTHS: Final = 13
"""Calendar months before the current one (issue of retention: docs/ethics.md): a year, and one to compare."""

_STATE: Final = "retention"


def kept_from(engine: Engine) -> int:
    """Unix seconds of the first hour whose votes are all there; 0 where nothing was forgotten yet."""
    found = engine.select(
        "SELECT payload FROM detector_state FINAL WHERE detector = {name:String}", {"name": _STATE}
    )
    return int(found["payload"][0].as_py()) if found.num_rows else 0


def drop_raw_before(engine: Engine, month: str) -> None:
    """Forget what is older than the first of `month` (YYYY-MM); no cell of before is made anew afterwards.

    The border is written first: killed in between, the next call forgets the rest.
    """
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        raise ValueError(f"a month is YYYY-MM, not {month!r}")
    from voipwatch.store.queries import save_state  # noqa: PLC0415 -- queries reads this module's border too

    floor = int(datetime.strptime(f"{month}-01 +0000", "%Y-%m-%d %z").astimezone(UTC).timestamp())
    if floor > kept_from(engine):
        save_state(engine, _STATE, str(floor))
    border = int(month.replace("-", ""))
    for table in ("observations", "votes", "reports"):
        for month_of_rows in partitions_before(engine, table, border):
            engine.command(f"ALTER TABLE {table} DROP PARTITION {month_of_rows}")
