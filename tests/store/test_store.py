from pathlib import Path

from tests.store.support import HOUR, make_vote, rows_of
from voipwatch.store import segments
from voipwatch.store.opening import open_store
from voipwatch.store.rows import ContextRecord
from voipwatch.store.store import Store


def test_refresh_takes_the_hours_of_segments_that_wait_and_notes_them(store: Store) -> None:
    store.insert_segment("s1", rows_of([make_vote(n) for n in range(3)]))
    store.insert_segment("s2", rows_of([make_vote(9, observed_at_ms=(HOUR + 7200) * 1000)]))
    assert store.refresh_cells() == 2
    assert set(store.segments().values()) == {segments.CELLED}
    assert store.refresh_cells() == 0
    assert store.as_of() == HOUR + 9


def test_a_store_closes_once(tmp_path: Path) -> None:
    first = open_store(f"chdb://{tmp_path}/store", create=True)
    first.close()
    with open_store(f"chdb://{tmp_path}/store") as second:
        first.close()
        assert second.writable
        assert second.segments() == {}, "another's engine and lock are not let go"


def test_a_detectors_memory(store: Store) -> None:
    assert store.load_detector("MA") is None
    for payload in ('{"n": 1}', '{"n": 2}'):
        store.save_detector("MA", payload)
    store.save_detector("TN", "{}")
    assert store.load_detector("MA") == '{"n": 2}'


def test_context_is_kept_once_and_by_its_latest_import(store: Store) -> None:
    record = ContextRecord(
        "ooni", "m1", "MA", 36925, "whatsapp", "endpoints", "", HOUR * 1000, HOUR * 1000 + 5, "anomaly",
        "generic_timeout_error", "", "0.9.0", "3.10.0",
    )  # fmt: skip
    store.insert_context([record])
    store.insert_context([record, record._replace(measurement_id="m2")])
    again = record._replace(received_at=HOUR * 1000 + 9, outcome="stale", confounder="whatsapp-web-2022")
    store.insert_context([again])
    store.insert_context([record])
    kept = store.select("SELECT * FROM context FINAL ORDER BY measurement_id").to_pylist()
    assert [(row["measurement_id"], row["outcome"]) for row in kept] == [("m1", "stale"), ("m2", "anomaly")]
    assert kept[0]["observed_at"].timestamp() == HOUR
    assert tuple(kept[0]) == ContextRecord._fields
    store.refresh_cells([HOUR])
    assert store.select("SELECT * FROM cells").num_rows == 0, "context is no vote"
