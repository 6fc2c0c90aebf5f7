"""Records into columns: what a loader hands to `Store.insert_segment`.

A report's facts stand once, its flows' once each, its parts' once each; the repetition that the table of
observations wants is made by Arrow, not by a loop.
"""

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from voipwatch.model.submission import Deletion
from voipwatch.model.votes import Vote
from voipwatch.store.columns import BY_NAME, SEGMENT, Column


class ReportRow(NamedTuple):
    """One report; the fields are the columns of `reports` (docs/data.md), times in Unix milliseconds."""

    report_id: str
    received_at: int
    observed_at: int
    country: str
    operator: str
    access: str
    kind: str
    enrolled: bool
    pseudonym: str
    prefix: str
    prefix_kind: str
    asn: int | None = None
    country_declared: str = ""
    operator_declared: str = ""
    access_from: str = ""
    disagreements: str = ""
    geo_version: str = ""
    software: str = ""
    reflectors: str = ""
    apps: str = ""
    ruleset: str = ""
    judged: str = ""
    cost_bytes: int = 0
    took_s: float = 0.0
    ip_version: int = 0
    nat: str = ""
    tunnel: str = ""
    notes: str = ""
    body_sha256: str = ""
    instance: str = ""


class FlowRow(NamedTuple):
    """One flow (or TCP trial) of a report; the fields are columns of `observations`."""

    app: str
    dialect: str
    leg: str
    arm: str
    flow: int
    question: str = ""
    block: int = 0
    mutant: str = ""
    media: str = "none"
    family: str = ""
    reflector: int = 0
    remote_port: int = 0
    started_us: int = 0
    aborted: bool = False
    failure: str = ""


class PartRow(NamedTuple):
    """One direction of one part of a flow; the fields are columns of `observations`."""

    direction: str
    part: str
    near_count: int
    near_bytes: int
    far_count: int | None = None
    far_bytes: int | None = None
    first_us: int | None = None
    last_us: int | None = None
    connect_ms: float | None = None


class ContextRecord(NamedTuple):
    """One part of somebody else's measurement; the fields are the columns of `context`, times in Unix ms."""

    source: str
    measurement_id: str
    country: str
    asn: int
    test: str
    part: str
    target: str
    observed_at: int
    received_at: int
    outcome: str
    failure: str
    confounder: str
    test_version: str
    engine: str


class InfluenceRecord(NamedTuple):
    """Of one cell of the panel; the fields are columns of `influence`, the hour in Unix seconds."""

    instance: str
    country: str
    operator: str
    access: str
    app: str
    stage: str
    hour: int
    fixed_to_move: int | None
    fixed_to_blocked: int | None
    fixed_to_ok: int | None
    carrier_to_move: int | None
    carrier_to_blocked: int | None
    carrier_to_ok: int | None


_OF_REPORT: Final = ("report_id", "received_at", "observed_at", "country", "operator", "access", "instance")


class SegmentRows:
    """Collects one segment: reports, the flows of each, the parts of each flow; and votes, deletions.

    rows = SegmentRows()
    rows.report(ReportRow(...))
    rows.flow(FlowRow(...))          # of the report before it
    rows.part(PartRow(...))          # of the flow before it
    rows.votes(votes)
    store.insert_segment(segment_id, rows)
    """

    def __init__(self) -> None:
        self._reports: list[ReportRow] = []
        self._flows: list[FlowRow] = []
        self._flow_report: list[int] = []
        self._parts: list[PartRow] = []
        self._part_flow: list[int] = []
        self._votes: list[Vote] = []
        self._deletions: list[Deletion] = []

    def report(self, row: ReportRow) -> None:
        """The report that the following flows belong to."""
        self._reports.append(row)

    def flow(self, row: FlowRow) -> None:
        """The flow that the following parts belong to."""
        self._flow_report.append(len(self._reports) - 1)
        self._flows.append(row)

    def part(self, row: PartRow) -> None:
        """One part."""
        self._part_flow.append(len(self._flows) - 1)
        self._parts.append(row)

    def parts(self, rows: Sequence[PartRow]) -> None:
        """Several parts of the same flow; plain tuples in the order of `PartRow` do as well, and faster."""
        self._part_flow += [len(self._flows) - 1] * len(rows)
        self._parts += rows

    def votes(self, votes: Iterable[Vote]) -> None:
        """Votes of any report of this segment."""
        self._votes += votes

    def deletion(self, record: Deletion) -> None:
        """Somebody showed a report's deletion key; the report may be here, in an older one, or nowhere."""
        self._deletions.append(record)

    def reports_table(self) -> pa.Table:
        """Columns of `reports` but `segment`."""
        return _table("reports", _columns(self._reports, ReportRow._fields))

    def observations_table(self) -> pa.Table:
        """Columns of `observations` but `segment`, one row a part."""
        flow_of = np.asarray(self._part_flow, np.int64)
        report_of = np.asarray(self._flow_report, np.int64)[flow_of] if len(flow_of) else flow_of
        taken: dict[str, Any] = {}
        types = {column.name: column for column in BY_NAME["observations"].columns}
        of_report = [[getattr(row, name) for row in self._reports] for name in _OF_REPORT]
        levels = (
            (dict(zip(_OF_REPORT, of_report, strict=True)), report_of),
            (_columns(self._flows, FlowRow._fields), flow_of),
        )
        for columns, index in levels:
            rows = pa.array(index)
            for name, values in columns.items():
                taken[name] = _array(values, types[name]).take(rows)
        return _table("observations", taken | _columns(self._parts, PartRow._fields))

    def votes_table(self) -> pa.Table:
        """Columns of `votes` but `segment`."""
        return votes_table(self._votes)

    def deletions_table(self) -> pa.Table:
        """Columns of `deletions` but `segment`."""
        return _table(
            "deletions",
            {
                "report_id": [row.report_id for row in self._deletions],
                "received_at": [round(row.received_at_s * 1000) for row in self._deletions],
            },
        )


_RENAMED: Final = {"observed_at": "observed_at_ms", "received_at": "received_at_ms"}


def votes_table(votes: Sequence[Vote]) -> pa.Table:
    """Columns of `votes` but `segment`."""
    names = [column.name for column in _own_columns("votes")]
    return _table(
        "votes", {name: [getattr(vote, _RENAMED.get(name, name)) for vote in votes] for name in names}
    )


def records_table(table: str, records: Sequence[dict[str, Any]]) -> pa.Table:
    """Rows of any table from dictionaries that have all its columns but `segment`."""
    return _table(table, {c.name: [record[c.name] for record in records] for c in _own_columns(table)})


def context_table(records: Sequence[ContextRecord]) -> pa.Table:
    """Rows of `context`; plain tuples in the order of `ContextRecord` do as well, and faster."""
    return _table("context", _columns(records, ContextRecord._fields))


def influence_table(records: Sequence[InfluenceRecord], *, version: int) -> pa.Table:
    """Rows of `influence`, all of one version."""
    kept = {"version": [version] * len(records), "deleted": [0] * len(records)}
    return _table("influence", _columns(records, InfluenceRecord._fields) | kept)


def with_segment(rows: pa.Table, segment: str) -> pa.Table:
    """`rows` with the column that says where they came from."""
    word = pa.DictionaryArray.from_arrays(np.zeros(rows.num_rows, np.int32), pa.array([segment]))
    return rows.append_column("segment", word)


def _columns(rows: Sequence[Any], names: Sequence[str]) -> dict[str, Any]:
    # Column by column: zip(*rows) takes ten times as long on 100,000 rows, most of it in the collector.
    return {name: list(map(itemgetter(number), rows)) for number, name in enumerate(names)}


def _array(values: Any, column: Column) -> pa.Array:  # noqa: ANN401 -- a list or an Arrow array
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values
    if column.kind == "word":
        return pa.array(values, pa.string()).dictionary_encode()
    return pa.array(values, column.arrow_type)


def _own_columns(table: str) -> list[Column]:
    """A table's columns without the one that says where a row came from, which `with_segment` adds."""
    return [column for column in BY_NAME[table].columns if column != SEGMENT]


def _table(name: str, columns: dict[str, Any]) -> pa.Table:
    return pa.table({column.name: _array(columns[column.name], column) for column in _own_columns(name)})
