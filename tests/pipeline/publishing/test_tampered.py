from pathlib import Path

from tests.chronicle.writing import Writing
from tests.pipeline.publishing.rows import row
from voipwatch.pipeline.publishing.columns import CELLS
from voipwatch.pipeline.publishing.tables import arrow_table, cells_columns, csv_bytes, parquet_bytes
from voipwatch.pipeline.publishing.tampered import changed_line
from voipwatch.pipeline.publishing.world import World


def test_a_row_is_named_by_the_file_beside_it(tmp_path: Path) -> None:
    def table(blocked: int) -> object:
        return arrow_table(CELLS, cells_columns([row(0), row(1, blocked=blocked), row(2)], World("", 0)))

    (tmp_path / "t.parquet").write_bytes(parquet_bytes(table(0)))
    (tmp_path / "t.csv").write_bytes(csv_bytes(table(3)))
    for path in ("t.csv", "t.parquet"):
        assert changed_line(tmp_path, path, {path}) == 3, "a heading, and the second row"
    assert changed_line(tmp_path, "t.csv", {"t.csv", "t.parquet"}) is None
    (tmp_path / "t.csv").write_bytes(csv_bytes(table(0)) + b"more\n")
    assert changed_line(tmp_path, "t.csv", {"t.csv"}) == 5
    (tmp_path / "t.parquet").write_bytes(b"PAR1 torn")
    assert changed_line(tmp_path, "t.parquet", {"t.parquet"}) is None
    assert changed_line(tmp_path, "states.json", {"states.json"}) is None


def test_a_line_of_the_log_names_itself(tmp_path: Path) -> None:
    log = Writing()
    log.detect()
    (tmp_path / "chronicle").mkdir()
    place = tmp_path / "chronicle/log.jsonl"
    place.write_bytes(b"\n".join(log.lines).replace(b"AS1", b"AS2") + b"\n")
    assert changed_line(tmp_path, "chronicle/log.jsonl", {"chronicle/log.jsonl"}) == 3
    place.write_bytes(b"\n".join(log.lines) + b"\n")
    assert changed_line(tmp_path, "chronicle/log.jsonl", {"chronicle/log.jsonl"}) is None
