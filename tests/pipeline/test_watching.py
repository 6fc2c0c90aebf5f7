"""Detectors by partition: the same findings as one detector's, and none of another's."""

from pathlib import Path

from tests.pipeline.test_detecting import kinds, put, story
from voipwatch.pipeline.detecting import Detecting
from voipwatch.pipeline.watching import Watching
from voipwatch.store.opening import open_store
from voipwatch.store.store import Store

THREE = "partition-03-0a1b2c3d"


def test_a_partition_is_watched_like_a_spool(store: Store, tmp_path: Path) -> None:
    pieces = put(store, story(72, 12), segment=THREE)
    watching = Watching(store, [2, 3])
    found = watching.consume(pieces)
    assert kinds(found) == [("whatsapp", "onset")]
    assert Watching(store, [3]).consume(pieces) == [], "it is remembered, whoever watches it next"
    assert (watching.surplus, watching.lag_s > 0) == (0, True)
    kept = store.select("SELECT detector FROM detector_state FINAL ORDER BY 1")["detector"].to_pylist()
    assert kept == ["detecting::MA", "detecting@03"]
    store.close()
    with open_store(f"chdb://{tmp_path}/alone", create=True) as other:
        alone = Detecting(other).consume(put(other, story(72, 12)))
    assert [each.change for each in alone] == [each.change for each in found]


def test_another_partition_is_not_touched(store: Store) -> None:
    pieces = put(store, story(72, 12), segment=THREE)
    assert Watching(store, [2]).consume(pieces) == []
    assert store.select("SELECT detector FROM detector_state").num_rows == 0
    assert kinds(Watching(store, [3]).consume(pieces)) == [("whatsapp", "onset")]


def test_what_came_by_a_spool_before_is_the_partitions_past(store: Store) -> None:
    votes = story(72, 12)
    first = put(store, votes[: 40 * 4])
    assert Detecting(store).consume(first) == []
    later = put(store, votes[40 * 4 :], first=first[-1].number + 1, segment=THREE)
    assert kinds(Watching(store, [3]).consume([*first, *later])) == [("whatsapp", "onset")]
