"""The bundle's JSON files about rows: states, series, what privacy left; licence and citation."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from voipwatch.chronicle.coarsen import closes_at, start_of
from voipwatch.model.bundle import (
    CLOSING_LAG_S,
    LATE_LAG_S,
    PROBES_PER_ROW,
    PUBLISHER,
    Level,
    PublicRow,
    SeriesId,
)
from voipwatch.model.cells import STALE_AFTER_H, CellState
from voipwatch.model.instants import iso
from voipwatch.pipeline.publishing.tables import end_of
from voipwatch.pipeline.publishing.world import World, document

STATES_SCHEMA: Final = "voipwatch.states/1"
SERIES_SCHEMA: Final = "voipwatch.series/1"
SERIES_INDEX_SCHEMA: Final = "voipwatch.series-index/1"
PRIVACY_SCHEMA: Final = "voipwatch.privacy/1"
DICTIONARY_SCHEMA: Final = "voipwatch.data-dictionary/1"
_COLUMNS: Final = (
    "level", "state", "votes", "ok", "blocked", "throttled", "down", "insufficient", "probes", "hours",
)  # fmt: skip

LICENCE: Final = """\
The data in this bundle are licensed under the Creative Commons Attribution 4.0 International licence
(CC BY 4.0): https://creativecommons.org/licenses/by/4.0/legalcode

You may copy, change and use them for any purpose, if you say where they are from (CITATION.cff says how) and
whether you changed them. They come without any warranty. They say what was measured by the lines that took
part, as of the time in manifest.json; do not present them as the state of the network after `valid_until`.
"""


def by_series(rows: Sequence[PublicRow]) -> dict[SeriesId, list[PublicRow]]:
    """The rows of each series, both in order."""
    found: defaultdict[SeriesId, list[PublicRow]] = defaultdict(list)
    for row in rows:
        found[row.series].append(row)
    return {series: sorted(found[series]) for series in sorted(found)}


def series_path(series: SeriesId) -> str:
    """Where a series lies in the bundle; names are escaped, so that none leaves its folder."""
    parts = (series.country, series.operator, series.access.value, series.app)
    return "series/" + "/".join(_escaped(part) for part in parts) + ".json"


def states_document(series: Mapping[SeriesId, Sequence[PublicRow]], world: World) -> bytes:
    """states.json: what is known last of each series; never "ok" for want of rows."""
    return document(
        world.head(STATES_SCHEMA), {"series": [_state(key, rows, world) for key, rows in series.items()]}
    )


def series_documents(series: Mapping[SeriesId, Sequence[PublicRow]], world: World) -> dict[str, bytes]:
    """series/, with its index."""
    files = {
        series_path(key): document(world.head(SERIES_SCHEMA), _series(key, rows))
        for key, rows in series.items()
    }
    index = [_name(key) | {"path": series_path(key), "rows": len(rows)} for key, rows in series.items()]
    return files | {"series/index.json": document(world.head(SERIES_INDEX_SCHEMA), {"series": index})}


def privacy_document(rows: Sequence[PublicRow], withheld_cells: int, world: World) -> bytes:
    """privacy.json: the rule, and what it left, in whole percent: exact shares would tell withheld cells."""
    cells: Counter[str] = Counter()
    for row in rows:
        if closes_at(Level.LATE, start_of(Level.LATE, row.start)) <= world.as_of:
            cells[row.level.value] += row.hours
    total = sum(cells.values()) + withheld_cells
    shares = {level.value: round(100 * cells[level.value] / total) if total else None for level in Level}
    return document(
        world.head(PRIVACY_SCHEMA),
        {
            "probes_per_row": PROBES_PER_ROW,
            "closing_lag_s": CLOSING_LAG_S,
            "late_lag_s": LATE_LAG_S,
            "cells_percent": shares | {"withheld": round(100 * withheld_cells / total) if total else None},
            "of": "series-hours with a vote, in weeks that are closed for good",
        },
    )


def citation(world: World, publisher: str = PUBLISHER) -> bytes:
    """CITATION.cff, Citation File Format 1.2.0; `publisher`: the observatory's own name."""
    title = "voipwatch: measurements of internet calls"
    if world.synthetic:
        title = f"voipwatch: EMULATED measurements ({world.instance}); no statement about any operator"
    day = iso(world.as_of)[:10]
    return (
        "cff-version: 1.2.0\n"
        "message: Cite the digest of manifest.json with it.\n"
        "type: dataset\n"
        f"title: {_quoted(title)}\n"
        f"authors:\n  - name: {_quoted(publisher)}\n"
        f"version: '{iso(world.as_of)}'\n"
        f"date-released: '{day}'\n"
        "license: CC-BY-4.0\n"
    ).encode()


def _quoted(text: str) -> str:
    """A YAML scalar in single quotes (YAML 1.2.2, section 7.3.2), on one line."""
    return "'" + " ".join(text.split()).replace("'", "''") + "'"


def _state(series: SeriesId, rows: Sequence[PublicRow], world: World) -> dict[str, Any]:
    newest = max(rows, key=lambda row: (end_of(row), -end_of(row) + row.start, row.level))
    decided = [row for row in rows if row.state is not CellState.INSUFFICIENT]
    last = max(decided, key=lambda row: (end_of(row), row.start, row.level), default=None)
    measured = last is not None and world.as_of - end_of(last) <= STALE_AFTER_H * 3600
    return _name(series) | {
        "state": last.state.value if last is not None and measured else CellState.INSUFFICIENT.value,
        "measured": measured,
        "measured_until": None if last is None else iso(end_of(last)),
        "row": None if last is None else _row(last),
        "newest_row": _row(newest),
    }


def _row(row: PublicRow) -> dict[str, Any]:
    return {
        "start": iso(row.start),
        "as_of": iso(row.closed_at),
        **{name: getattr(row, name) for name in _COLUMNS},
    }


def _name(series: SeriesId) -> dict[str, Any]:
    return {
        "country": series.country,
        "operator": series.operator,
        "access": series.access.value,
        "app": series.app,
        "synthetic": bool(series.instance),
    }


def _series(series: SeriesId, rows: Sequence[PublicRow]) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "start": [iso(row.start) for row in rows],
        "as_of": [iso(row.closed_at) for row in rows],
    }
    return _name(series) | {
        "rows": columns | {name: [getattr(row, name) for row in rows] for name in _COLUMNS}
    }


def _escaped(part: str) -> str:
    text = quote(part, safe="")
    return f"%2E{text[1:]}" if text.startswith(".") else text
