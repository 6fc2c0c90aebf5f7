"""What lies on disk, of one engine; of a cluster it is asked for in tests/store/test_clustered.py."""

from pathlib import Path

from tests.store.support import HOUR, make_vote, rows_of
from voipwatch.store.engine import ClickHouse
from voipwatch.store.parts import damaged, partitions_before, sizes
from voipwatch.store.store import Store

MONTH_S = 31 * 86_400


def test_rows_bytes_and_months_are_those_of_the_tables(store: Store, tmp_path: Path) -> None:
    votes = [make_vote(n, observed_at_ms=(HOUR + n * MONTH_S) * 1000) for n in range(3)]
    store.insert_segment("s1", rows_of(votes))
    engine = ClickHouse(tmp_path / "store" / "engine", database="voipwatch")
    held = sizes(engine)
    assert held["votes"]["rows"] == 3
    assert held["votes"]["bytes"] > 0
    assert held["context"] == {"rows": 0, "bytes": 0}
    found = store.select("SELECT DISTINCT toYYYYMM(hour) AS month FROM votes ORDER BY month")["month"]
    months = found.to_pylist()
    assert len(months) == 3
    assert partitions_before(engine, "votes", months[-1]) == months[:2]
    assert partitions_before(engine, "votes", months[0]) == []
    assert damaged(engine) == 0
    engine.close()


def test_tables_of_another_database_are_none_of_them(store: Store, tmp_path: Path) -> None:
    store.insert_segment("s1", rows_of([make_vote(1)]))
    engine = ClickHouse(tmp_path / "store" / "engine", database="elsewhere")
    assert (sizes(engine), partitions_before(engine, "votes", 300_000)) == ({}, [])
    engine.close()
