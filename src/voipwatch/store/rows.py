"""Records into columns: what a loader hands to `Store.insert_segment`.

A report's facts stand once, its flows' once each, its parts' once each; the repetition that the table of
observations wants is made by Arrow, not by a loop.
"""

from collections.abc import Iterable, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from voipwatch.model.submission import Deletion
from voipwatch.model.votes import Vote
from voipwatch.store.columns import BY_NAME, SEGMENT, Column

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


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


class FlowColumns(NamedTuple):
    """Many flows, column by column; the fields are those of `FlowRow`. Numbers fit their columns."""

    app: list[str]
    dialect: list[str]
    leg: list[str]
    arm: list[str]
    flow: Ints
    question: list[str]
    block: Ints
    mutant: list[str]
    media: list[str]
    family: list[str]
    reflector: Ints
    remote_port: Ints
    started_us: Ints
    aborted: list[bool]
    failure: list[str]


class PartColumns(NamedTuple):
    """Parts of many flows, column by column; the fields are those of `PartRow`, and where one is null."""

    direction: pa.DictionaryArray
    part: pa.DictionaryArray
    near_count: Ints
    near_bytes: Ints
    far_count: Ints
    far_bytes: Ints
    first_us: Ints
    last_us: Ints
    without_log: Flags
    """Far counts are null."""
    without_time: Flags
    """First and last are null."""


class Block(NamedTuple):
    """Flows of some reports, and their parts, all by columns."""

    report_of: Ints
    """Of each flow: the number of its report, as `SegmentRows.report` gave it."""
    flows: FlowColumns
    flow_of: Ints
    """Of each part: the number of its flow in this block."""
    parts: PartColumns


_MISSING: Final = {
    "far_count": "without_log",
    "far_bytes": "without_log",
    "first_us": "without_time",
    "last_us": "without_time",
}
"""Column -> the field of `PartColumns` that says where it is null."""


class SegmentTables(NamedTuple):
    """What one segment holds, as Arrow: the columns of each table but `segment`."""

    reports: pa.Table
    observations: pa.Table
    votes: pa.Table
    deletions: pa.Table


_OF_REPORT: Final = ("report_id", "received_at", "observed_at", "country", "operator", "access", "instance")


class SegmentRows:
    """Collects one segment: reports, the flows of each, the parts of each flow; and votes, deletions.

    rows = SegmentRows()
    rows.report(ReportRow(...))
    rows.flow(FlowRow(...))          # of the report before it
    rows.part(PartRow(...))          # of the flow before it
    rows.votes(votes)
    store.insert_segment(segment_id, rows.tables())
    """

    def __init__(self) -> None:
        self._reports: list[ReportRow] = []
        self._flows: list[FlowRow] = []
        self._flow_report: list[int] = []
        self._parts: list[PartRow] = []
        self._part_flow: list[int] = []
        self._blocks: list[Block] = []
        self._votes: list[Vote] = []
        self._deletions: list[Deletion] = []

    def report(self, row: ReportRow) -> int:
        """The report that the following flows belong to; returns its number, for `Block.report_of`."""
        self._reports.append(row)
        return len(self._reports) - 1

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

    def block(self, block: Block) -> None:
        """Flows of any reports that are here, with their parts."""
        self._blocks.append(block)

    def votes(self, votes: Iterable[Vote]) -> None:
        """Votes of any report of this segment."""
        self._votes += votes

    def deletion(self, record: Deletion) -> None:
        """Somebody showed a report's deletion key; the report may be here, in an older one, or nowhere."""
        self._deletions.append(record)

    def tables(self) -> SegmentTables:
        """All of it."""
        return SegmentTables(
            self.reports_table(), self.observations_table(), self.votes_table(), self.deletions_table()
        )

    def reports_table(self) -> pa.Table:
        """Columns of `reports` but `segment`."""
        return _table("reports", _columns(self._reports, ReportRow._fields))

    def observations_table(self) -> pa.Table:
        """Columns of `observations` but `segment`, one row a part."""
        types = {column.name: column for column in BY_NAME["observations"].columns}
        flow_of = [np.asarray(self._part_flow, np.int64)]
        flows = len(self._flows)
        for block in self._blocks:
            flow_of.append(block.flow_of + flows)
            flows += len(block.report_of)
        of_flow = np.concatenate(flow_of)
        of_report = np.concatenate([
            np.asarray(self._flow_report, np.int64), *(block.report_of for block in self._blocks)
        ])[of_flow]  # fmt: skip
        taken: dict[str, Any] = {}
        at = pa.array(of_report)
        for name in _OF_REPORT:
            taken[name] = _array([getattr(row, name) for row in self._reports], types[name]).take(at)
        at = pa.array(of_flow)
        for number, name in enumerate(FlowRow._fields):
            taken[name] = _array(self._flow_values(number, types[name]), types[name]).take(at)
        for number, name in enumerate(PartRow._fields):
            own = _array(list(map(itemgetter(number), self._parts)), types[name])
            taken[name] = _joined([own, *self._of_blocks(types[name])])
        return _table("observations", taken)

    def _flow_values(self, number: int, column: Column) -> Any:  # noqa: ANN401 -- a list or an array
        own = [row[number] for row in self._flows]
        others = [block.flows[number] for block in self._blocks]
        if column.kind in {"word", "flag"}:
            return list(chain(own, *others))
        return np.concatenate([np.asarray(own, np.int64), *others])

    def _of_blocks(self, column: Column) -> list[pa.Array]:
        """Of parts; words have a dictionary a block, numbers are put together first."""
        if not self._blocks:
            return []
        parts = [block.parts for block in self._blocks]
        if column.name == "connect_ms":
            return [pa.nulls(sum(len(each.near_count) for each in parts), column.arrow_type)]
        values = [getattr(each, column.name) for each in parts]
        if column.kind == "word":
            return values
        missing = _MISSING.get(column.name)
        mask = None if missing is None else np.concatenate([getattr(each, missing) for each in parts])
        return [pa.array(np.concatenate(values), column.arrow_type, mask=mask)]

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


def _joined(pieces: Sequence[pa.Array]) -> pa.Array:
    """One array of several; words may have a dictionary each."""
    if len(pieces) == 1:
        return pieces[0]
    return pa.chunked_array(pieces).unify_dictionaries().combine_chunks()


def _own_columns(table: str) -> list[Column]:
    """A table's columns without the one that says where a row came from, which `with_segment` adds."""
    return [column for column in BY_NAME[table].columns if column != SEGMENT]


def _table(name: str, columns: dict[str, Any]) -> pa.Table:
    return pa.table({column.name: _array(columns[column.name], column) for column in _own_columns(name)})
