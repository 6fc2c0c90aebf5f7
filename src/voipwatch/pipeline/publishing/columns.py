"""The bundle's data dictionary: every column of every downloadable table, and what it means; `fields` has the
JSON files.

The files are made of it, the bundle carries it, and docs/bundle.md is printed from it
(`python -m voipwatch.pipeline.publishing.columns > docs/bundle.md`).
"""

import sys
from typing import Any, Final

import pyarrow as pa

from voipwatch.pipeline.publishing.fields import FIELDS, field_lines
from voipwatch.store.columns import ACCESS, APP, OPERATOR, Column, Table

ARROW: Final[dict[str, pa.DataType]] = {
    "text": pa.string(),
    "flag": pa.bool_(),
    "count": pa.uint32(),
    "percent": pa.uint8(),
    "time": pa.timestamp("s", tz="UTC"),
}
"""Kind of a column -> Arrow type; a trailing `?` lets it be null."""
SQLITE: Final = {"text": "TEXT", "flag": "INTEGER", "count": "INTEGER", "percent": "INTEGER", "time": "TEXT"}
"""Times are ISO 8601 text in SQLite, as its own functions read them; flags 0 and 1."""

_WORLD: Final = (
    Column("synthetic", "flag", "true for emulated rows; a file holds one kind only"),
    Column("instance", "text", "name of the emulation; empty for real measurements"),
)
_SERIES: Final = (
    Column("country", "text", "ISO 3166; ZZ where nobody knows"),
    *(column._replace(kind="text") for column in (OPERATOR, ACCESS, APP)),
)
CELLS: Final = Table(
    "cells",
    "What three or more probes said of a whole call. No vote is in two rows, and a row never changes.",
    (
        *_WORLD,
        *_SERIES,
        Column("start", "time", "start of the hour, day or ISO week (from Monday), UTC"),
        Column(
            "level",
            "text",
            "hour, day, week, or late: an ISO week again, of what arrived after its row was closed. A day's "
            "row holds what its own hours' rows do not hold, a week's what its days' do not",
        ),
        Column("as_of", "time", "the row holds what had arrived by then; it stays valid for ever"),
        Column("state", "text", "ok, blocked, throttled, down, intermittent, insufficient"),
        Column("votes", "count", "one a probe and hour, after the cap of each source prefix"),
        Column("ok", "count?", "votes; null, as the next four, where fewer than three probes decided"),
        Column("blocked", "count?", "votes"),
        Column("throttled", "count?", "votes"),
        Column("down", "count?", "votes: the app and every control failed"),
        Column("insufficient", "count?", "votes that decide nothing"),
        Column("probes", "count", "distinct probes, counted low; never below three"),
        Column("hours", "count", "distinct hours in which they voted"),
    ),
)
CHANGEPOINTS: Final = Table(
    "changepoints",
    "When a series changed: as found in the votes, and as the published rows alone show it.",
    (
        *_WORLD,
        *_SERIES,
        Column("latest", "time", "the change is not after this"),
        Column("kind", "text", "onset, end, silence"),
        Column(
            "basis", "text", "votes: found in the votes themselves; rows: in the daily published rows alone"
        ),
        Column("id", "text", "permanent"),
        Column("earliest", "time?", "not before this; null where nothing was seen before"),
        Column(
            "detected",
            "time",
            "start of the block in which the deciding vote was observed. Bounds are edges of half days, days "
            "or ISO weeks, in each of which three probes voted",
        ),
        Column("level_before", "percent?", "blocked votes, in steps of 5 percent; null without a quiet past"),
        Column("level_after", "percent?", "the same since; null for silence"),
        Column("probes_both_sides", "count?", "seen before and after; null where fewer than three"),
        Column(
            "shown_by", "text", "of basis votes: id of the change of basis rows that says the same, or empty"
        ),
        Column(
            "withheld_below",
            "count?",
            "of basis votes: fewer votes than this of the time it rests on are in no published row yet",
        ),
        Column("as_of", "time", "of the bundle"),
        Column("valid_until", "time", "of the bundle"),
    ),
)
INCIDENTS: Final = Table(
    "incidents",
    "The newest revision of every incident; all of it is in incidents/ID.json.",
    (
        *_WORLD,
        Column("id", "text", "permanent: country, month, letter"),
        Column("revision", "count", "from 1; earlier ones are in incidents/ID/"),
        Column("country", "text", "ISO 3166"),
        Column("status", "text", "detected, reviewed, disputed, corrected, withdrawn"),
        Column("kind", "text", "calls, or down: all UDP of a line"),
        Column("onset_earliest", "text", "of its first phase; empty where nothing was seen before"),
        Column("onset_latest", "text", "of its first phase"),
        Column("ended", "flag", "no series stands"),
        Column("series", "count", "series that it reached"),
        Column("mechanisms", "text", "most frequent first, comma-separated"),
        Column("attribution", "text", "attributed, unattributed"),
        Column("named", "text", "operators that may be named, comma-separated; empty while unreviewed"),
        Column("merged_into", "text", "id, or empty"),
        Column("as_of", "text", "of the revision"),
        Column("valid_until", "time", "of the bundle"),
    ),
)
TABLES: Final = (CELLS, CHANGEPOINTS, INCIDENTS)

DOCUMENTS: Final = {
    "manifest.json": "every file with its SHA-256, the digest of the bundle before, times, the key",
    "manifest.sig": "Ed25519 signature over the bytes of manifest.json, hex",
    "states.json": "each series' newest row that decides something, and whether it is still measured",
    "series/": "one file a series: its published rows as columns",
    "tables/cells/YYYY-MM.*": "the cells table, one file a month of the row's start, Parquet and CSV",
    "tables/changepoints.*": "the changepoints table, Parquet and CSV",
    "tables/incidents.*": "the incidents table, Parquet and CSV",
    "voipwatch.sqlite": "all three tables in one SQLite file",
    "incidents/index.json": "the incidents, newest revision each, in short",
    "incidents/ID.json": "newest revision with replies, corrections and acts",
    "incidents/ID/rN.json": "each revision as it was",
    "claims.json": "what sources said, and what the published rows of hours and days say to it",
    "counting.json": "what an editor has decided of counters: day zero by a claim, a country's time zone",
    "corrections.json": "every correction and withdrawal, in order",
    "chronicle/log.jsonl": "the hash-chained log; a line under embargo is there as its hash alone",
    "privacy.json": "the partition, and the shares of cells published by hour, day, week",
    "data-dictionary.json": "this page for machines",
    "LICENCE": "CC BY 4.0",
    "CITATION.cff": "how to cite the bundle",
}
"""File -> what is in it."""


def schema_of(table: Table) -> pa.Schema:
    """The Arrow schema of a table, its meanings in the columns' metadata."""
    return pa.schema(
        [
            pa.field(c.name, ARROW[c.kind.rstrip("?")], nullable=c.nullable, metadata={"meaning": c.meaning})
            for c in table.columns
        ],
        metadata={"table": table.name, "meaning": table.meaning},
    )


def dictionary() -> dict[str, Any]:
    """The bundle's data-dictionary.json, without its head."""
    return {
        "files": DOCUMENTS,
        "documents": FIELDS,
        "tables": {
            table.name: {
                "meaning": table.meaning,
                "columns": [
                    {
                        "name": c.name,
                        "type": str(ARROW[c.kind.rstrip("?")]),
                        "null": c.nullable,
                        "meaning": c.meaning,
                    }
                    for c in table.columns
                ],
            }
            for table in TABLES
        },
    }


def page() -> str:
    """docs/bundle.md."""
    lines = [
        "# The bundle: files and columns",
        "",
        "Made of the program's table: `python -m voipwatch.pipeline.publishing.columns > docs/bundle.md`.",
        "Why: [design/0021](design/0021-bundle.md); privacy: [methods/privacy](methods/privacy.md).",
        "",
        "Every JSON file begins with `schema`, `as_of`, `valid_until`, `synthetic`, `instance`; every row of",
        "a table has `synthetic`, `instance`, `as_of`. Rows of cells never expire; what speaks of now does.",
        "",
        "| file | what is in it |",
        "| --- | --- |",
        *(f"| {name.replace('*', '...')} | {meaning} |" for name, meaning in DOCUMENTS.items()),
    ]
    for table in TABLES:
        lines += [
            "",
            f"## {table.name}",
            "",
            table.meaning,
            "",
            "| column | type | meaning |",
            "| --- | --- | --- |",
        ]
        lines += [
            f"| `{c.name}` | `{ARROW[c.kind.rstrip('?')]}`{' or null' if c.nullable else ''} | {c.meaning} |"
            for c in table.columns
        ]
    return "\n".join([*lines, *field_lines()]) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
