import pyarrow as pa
import pytest

from tests.store.support import HOUR, make_vote, report_id, rows_of
from voipwatch.model.submission import Deletion
from voipwatch.store.columns import BY_NAME
from voipwatch.store.rows import FlowRow, PartRow, ReportRow, SegmentRows, with_segment


def test_a_part_carries_its_flow_and_its_report() -> None:
    rows = SegmentRows()
    for number in range(2):
        rows.report(
            ReportRow(
                report_id(number), 5, 4, "MA", f"AS{number}", "4g", "scheduled", True, "p", "x", "fixed"
            )
        )
        for flow in range(2):
            rows.flow(
                FlowRow("whatsapp", "stun", "media", "A", 32 * number + flow, failure="port_unreachable")
            )
            rows.part(PartRow("up", "setup", 3, 300, 2, 200))
            rows.parts([PartRow("down", "media", 9, 900, connect_ms=None)])
    table = rows.observations_table()
    seen = [(r["operator"], r["flow"], r["part"], r["far_count"]) for r in table.to_pylist()]
    assert seen == [
        ("AS0", 0, "setup", 2),
        ("AS0", 0, "media", None),
        ("AS0", 1, "setup", 2),
        ("AS0", 1, "media", None),
        ("AS1", 32, "setup", 2),
        ("AS1", 32, "media", None),
        ("AS1", 33, "setup", 2),
        ("AS1", 33, "media", None),
    ]


@pytest.mark.parametrize("full", [True, False])
def test_tables_have_the_dictionarys_columns_and_types(full: bool) -> None:
    rows = rows_of([make_vote(0)]) if full else SegmentRows()
    rows.deletion(Deletion(report_id(1), HOUR + 0.25))
    tables = {
        "reports": rows.reports_table(),
        "observations": rows.observations_table(),
        "votes": rows.votes_table(),
        "deletions": rows.deletions_table(),
    }
    for name, table in tables.items():
        whole = with_segment(table, "s")
        wanted = BY_NAME[name].schema
        assert whole.schema.names == wanted.names
        assert [f.type for f in whole.schema] == [f.type for f in wanted], name
    assert tables["deletions"]["received_at"].cast(pa.int64()).to_pylist() == [HOUR * 1000 + 250]


def test_a_field_that_fits_no_column_is_said() -> None:
    rows = SegmentRows()
    rows.report(
        ReportRow(report_id(0), 5, 4, "MA", "AS1", "4g", "scheduled", True, "p", "x", "fixed", asn=-1)
    )
    with pytest.raises((pa.ArrowInvalid, OverflowError)):
        rows.reports_table()
