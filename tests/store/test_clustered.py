"""A store on a cluster by URL: the same answers as embedded, through distributed tables of the real engine.

The cluster has one shard, and no Keeper: tests/support/clickhouse_server.py says what is the engine's and
what is not.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.test_by_url import answers, fill
from tests.support.clickhouse_server import RunningServer, clickhouse_server
from voipwatch.store.clusterddl import LOCAL, SHARDING
from voipwatch.store.clustered import SETTINGS, Clustered, _replicas
from voipwatch.store.errors import StoreError
from voipwatch.store.opening import open_store

NAME = "observatory"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with clickhouse_server(tmp_path_factory.mktemp("cluster") / "engine", cluster=NAME) as running:
        yield running


def test_on_a_cluster_and_embedded_say_the_same(server: RunningServer, tmp_path: Path) -> None:
    with open_store(f"chdb://{tmp_path}/store", create=True) as embedded:
        expected = fill(embedded), answers(embedded, tmp_path / "embedded")
    with open_store(server.url("same"), create=True) as clustered:
        found = fill(clustered), answers(clustered, tmp_path / "clustered")
        assert found[0] == expected[0]
        for name, answer in expected[1].items():
            assert found[1][name] == answer, name
        assert expected[1]["status"]["tables"]["votes"] > 0
        assert clustered.migrate() == []
        engines = clustered.select(
            "SELECT name, engine FROM system.tables WHERE database = currentDatabase() ORDER BY name"
        ).to_pylist()
        kinds = {row["name"]: row["engine"] for row in engines}
        assert {name for name, kind in kinds.items() if kind == "Distributed"} == set(SHARDING)
        assert {name for name in kinds if name not in SHARDING} == {f"{name}{LOCAL}" for name in SHARDING}
        on_disk = clustered.select("SELECT count() AS n FROM votes_local")["n"][0].as_py()
        assert on_disk == expected[1]["status"]["tables"]["votes"]
        clustered.drop_raw_before("2016-02")
        assert clustered.status()["tables"]["votes"]["rows"] == 0
    with open_store(server.url("same"), read_only=True) as reader:
        assert reader.segments() == expected[1]["segments"]
        with pytest.raises(StoreError) as refused:
            reader.refresh_cells()
        assert refused.value.reason == "read-only"


def test_one_writer_at_a_time(server: RunningServer) -> None:
    with open_store(server.url("alone"), create=True, who="the first"):
        with pytest.raises(StoreError) as locked:
            open_store(server.url("alone"))
        assert (locked.value.reason, "the first" in locked.value.detail) == ("locked", True)
        with (
            pytest.raises(StoreError),
            open_store(server.url("alone"), names=["loader-01"], who="a part beside the whole"),
        ):
            pass
    with (
        open_store(server.url("alone"), names=["loader-01"]) as one,
        open_store(server.url("alone"), names=["loader-02"]) as other,
    ):
        assert one.segments() == other.segments() == {}


@pytest.mark.parametrize(
    ("cluster", "reason", "said"),
    [
        ("nobody", "no-cluster", "the server knows no cluster nobody (it has observatory)"),
        ("", "no-cluster", "knows no cluster ''"),
        ("a`%20DROP", "no-cluster", "knows no cluster 'a` DROP'"),
        ("observatory&cluster=other", "bad-url", "more than one cluster"),
    ],
)
def test_a_cluster_that_is_none_is_named(server: RunningServer, cluster: str, reason: str, said: str) -> None:
    base = server.url("none").partition("?")[0]
    with pytest.raises(StoreError) as raised:
        open_store(f"{base}?cluster={cluster}", create=True)
    assert raised.value.reason == reason
    assert said in str(raised.value)


def test_an_insert_waits_for_as_many_replicas_as_the_largest_shard_has() -> None:
    rows = [("one", 1), ("three", 3), ("observatory", 2)]
    assert [_replicas(rows, name) for name in ("one", "three", "observatory")] == [0, 3, 2]
    with pytest.raises(StoreError) as raised:
        _replicas([], "one")
    assert str(raised.value) == "the server knows no cluster one (it has none)"


def test_its_settings_are_those_that_make_it_whole(server: RunningServer) -> None:
    """Each is known to the engine and holds in both handles."""
    url = server.url().partition("?")[0].rpartition("/")[0]
    engine = Clustered(url, database="settings", cluster=NAME)
    names = {**SETTINGS, "insert_quorum": 0}
    found = engine.select(
        "SELECT name, value FROM system.settings WHERE name IN {names:Array(String)}", {"names": list(names)}
    ).to_pylist()
    assert {row["name"]: row["value"] for row in found} == {name: str(value) for name, value in names.items()}
    assert engine._writer.query("SELECT getSetting('insert_distributed_sync')").result_rows[0][0]
    engine.close()


def test_a_store_of_one_server_is_none_of_a_cluster(server: RunningServer) -> None:
    """Neither is taken for the other: the tables have the same names."""
    alone = server.url("kinds").partition("?")[0]
    open_store(alone, create=True).close()
    open_store(server.url("kinds_too"), create=True).close()
    other = server.url("kinds_too").partition("?")[0]
    for url, reason in ((server.url("kinds"), "of-server"), (other, "of-cluster")):
        for create in (False, True):
            with pytest.raises(StoreError) as raised:
                open_store(url, create=create)
            assert raised.value.reason == reason
    with pytest.raises(StoreError) as raised:
        open_store(server.url("empty"))
    assert raised.value.reason == "no-store"
