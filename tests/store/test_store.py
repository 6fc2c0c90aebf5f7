import pytest

from tests.store.support import HOUR, make_vote, rows_of
from voipwatch.store import segments
from voipwatch.store.store import Store


def test_refresh_takes_the_hours_of_segments_that_wait_and_notes_them(store: Store) -> None:
    store.insert_segment("s1", rows_of([make_vote(n) for n in range(3)]))
    store.insert_segment("s2", rows_of([make_vote(9, observed_at_ms=(HOUR + 7200) * 1000)]))
    assert store.refresh_cells() == 2
    assert set(store.segments().values()) == {segments.CELLED}
    assert store.refresh_cells() == 0
    assert store.as_of() == HOUR + 9


def test_a_store_closes_once(store: Store) -> None:
    store.close()
    store.close()


def test_a_detectors_memory(store: Store) -> None:
    assert store.load_detector("MA") is None
    for payload in ('{"n": 1}', '{"n": 2}'):
        store.save_detector("MA", payload)
    store.save_detector("TN", "{}")
    assert store.load_detector("MA") == '{"n": 2}'


def test_context_is_kept_once(store: Store) -> None:
    record = {
        "source": "ooni",
        "measurement_id": "m1",
        "country": "MA",
        "asn": 36925,
        "test": "whatsapp",
        "target": "endpoint",
        "observed_at": HOUR * 1000,
        "received_at": HOUR * 1000 + 5,
        "outcome": "blocked",
        "failure": "generic_timeout_error",
        "flags": "",
        "confounders": "",
        "software": "ooniprobe 3",
    }
    store.insert_context([record])
    store.insert_context([record, record | {"measurement_id": "m2"}])
    kept = store.select("SELECT measurement_id, observed_at FROM context FINAL ORDER BY ALL").to_pylist()
    assert [row["measurement_id"] for row in kept] == ["m1", "m2"]
    assert kept[0]["observed_at"].timestamp() == HOUR
    with pytest.raises(KeyError):
        store.insert_context([{"source": "ooni"}])
