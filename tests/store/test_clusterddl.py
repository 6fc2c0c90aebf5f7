"""Tables on a cluster: what the engine's parser takes, and the same columns as on one machine."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from hypothesis import given
from hypothesis import strategies as st

from tests.support.clickhouse_server import without_keeper
from voipwatch.store.clusterddl import (
    LOCAL,
    SHARDING,
    ClusterNameError,
    cluster_ddl,
    on_cluster,
    plain_ddl,
    tables,
)
from voipwatch.store.engine import ClickHouse
from voipwatch.store.migrate import TABLE, require_current, scripts, statements
from voipwatch.store.store import Store

STATEMENTS = cluster_ddl(cluster="observatory", database="clustered")


@pytest.fixture
def engine(store: Store, tmp_path: Path) -> Iterator[ClickHouse]:
    """Another database of the store's engine: a process has one."""
    made = ClickHouse(tmp_path / "store" / "engine", database="clustered")
    yield made
    made.close()


def parsed(engine: ClickHouse, statement: str) -> int:
    """Lines of the engine's syntax tree."""
    return len(engine._reader.query(f"EXPLAIN AST {statement}").result_rows)


def columns(engine: ClickHouse, database: str) -> dict[str, list[tuple[Any, ...]]]:
    """Table -> its columns: name, type, codec, default, and their places in the keys."""
    rows = engine.select(
        "SELECT table, name, type, compression_codec, default_expression, is_in_partition_key, "
        "is_in_sorting_key FROM system.columns WHERE database = {database:String} ORDER BY table, position",
        {"database": database},
    ).to_pylist()
    found: dict[str, list[tuple[Any, ...]]] = {}
    for row in rows:
        found.setdefault(row.pop("table"), []).append(tuple(row.values()))
    return found


def plain(statement: str) -> str:
    """The same on one engine without Keeper, and without a cluster."""
    statement = without_keeper(statement)
    return re.sub(r"AS (`\w+`\.\w+)\nENGINE = Distributed\(.*\)", r"AS \1\nENGINE = Memory", statement)


def test_the_engines_parser_takes_every_statement(engine: ClickHouse) -> None:
    for statement in STATEMENTS:
        assert parsed(engine, statement) > 1, statement
    broken = STATEMENTS[1].replace("ENGINE = ", "ENGINE IS ")
    with pytest.raises(DatabaseError, match="Syntax error"):
        parsed(engine, broken)


def test_on_plain_engines_it_has_the_columns_and_keys_of_one_machines_store(
    engine: ClickHouse,
) -> None:
    for statement in STATEMENTS:
        engine.command(plain(statement))
    made = columns(engine, "clustered")
    wanted = columns(engine, "voipwatch")
    names = {name for name in wanted if not name.startswith(".")}
    assert names >= {"reports", "votes", "cells", "segments", "migrations"}
    assert {name.removesuffix(LOCAL) for name in made} == names
    for name in names:
        assert made[f"{name}{LOCAL}"] == wanted[name], name
        assert [column[:2] for column in made[name]] == [column[:2] for column in wanted[name]], name


def test_who_opens_it_finds_this_version_and_running_it_twice_changes_nothing(engine: ClickHouse) -> None:
    for _ in range(2):
        for statement in STATEMENTS:
            engine.command(plain(statement))
    require_current(engine)


def test_what_is_printed_for_one_server_is_what_migrations_make(engine: ClickHouse) -> None:
    for statement in plain_ddl():
        engine.command(statement)
    assert columns(engine, "clustered") == columns(engine, "voipwatch")


def test_every_table_says_how_it_is_spread_and_versions_of_a_row_meet_on_one_shard() -> None:
    assert {table.name for table in tables()} == set(SHARDING)
    for table in tables():
        key = re.search(r"\((\w+)\)", SHARDING[table.name])
        if key is not None and table.engine == "ReplacingMergeTree":
            order = re.search(r"ORDER BY ([^\n]*)", table.rest)
            assert order is not None
            assert re.search(rf"\b{key[1]}\b", order[1]), "the sharding key is of the sorting key"


def test_a_table_is_replicated_with_its_own_arguments_and_tokens() -> None:
    created = re.compile(r"CREATE TABLE IF NOT EXISTS `clustered`\.(\w+)")
    by_name = {found[1]: each for each in STATEMENTS if (found := created.match(each))}
    cells = by_name["cells_local"]
    assert (
        "ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/clustered/cells_local', "
        "'{replica}', version, deleted)\nPARTITION BY toYear(hour)\n" in cells
    )
    assert " replicated_deduplication_window = 10000" in by_name["votes_local"]
    assert "non_replicated" not in "".join(STATEMENTS)
    over = "Distributed(`observatory`, `clustered`, cells_local, cityHash64(country))"
    assert by_name["cells"].endswith(over)
    assert len(by_name) == 2 * len(SHARDING)
    assert sum(s.startswith("INSERT INTO") for s in STATEMENTS) == len(scripts())


@given(st.text(max_size=80))
def test_a_name_that_could_be_more_than_a_name_is_refused(name: str) -> None:
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]{0,62}", name, re.ASCII):
        assert f"ON CLUSTER `{name}`" in cluster_ddl(cluster=name, database="voipwatch")[0]
        return
    with pytest.raises(ClusterNameError):
        cluster_ddl(cluster=name, database="voipwatch")
    with pytest.raises(ClusterNameError):
        cluster_ddl(cluster="a", database=name)


def of_scripts() -> list[str]:
    """What the migrations say, as the cluster is told it."""
    every = [TABLE, *(each for _, text in scripts().values() for each in statements(text))]
    return [said for each in every for said in on_cluster(each, cluster="observatory", database="clustered")]


def test_the_scripts_one_after_the_other_make_the_tables_that_are_printed(engine: ClickHouse) -> None:
    """So that a cluster of an older version is brought to this one by the same scripts as a server."""
    for statement in STATEMENTS:
        engine.command(plain(statement))
    printed = columns(engine, "clustered")
    engine.command("DROP DATABASE clustered")
    engine.command("CREATE DATABASE clustered")
    for statement in of_scripts():
        if not statement.startswith("INSERT"):  # which reads as only a distributed table can be read
            engine.command(plain(statement))
    assert columns(engine, "clustered") == printed


def test_the_parser_takes_what_a_cluster_is_told(engine: ClickHouse) -> None:
    done = [
        *of_scripts(),
        *told("ALTER TABLE votes DELETE WHERE report_id IN ('a', 'b') AND 1"),
        *told("ALTER TABLE reports DROP PARTITION 201601"),
        *told("OPTIMIZE TABLE cells FINAL SETTINGS optimize_skip_merged_partitions = 1"),
    ]
    for statement in done:
        assert parsed(engine, statement) > 1, statement
        if not statement.startswith("INSERT"):
            assert " ON CLUSTER `observatory`" in statement


def told(statement: str) -> list[str]:
    return on_cluster(statement, cluster="observatory", database="clustered")


def test_what_concerns_parts_goes_to_the_tables_that_have_some() -> None:
    assert told("OPTIMIZE TABLE arrivals FINAL") == [
        "OPTIMIZE TABLE `clustered`.arrivals_local ON CLUSTER `observatory` FINAL"
    ]
    assert told("ALTER TABLE votes DELETE WHERE segment = 's'") == [
        "ALTER TABLE `clustered`.votes_local ON CLUSTER `observatory` DELETE WHERE segment = 's'"
    ]
    column = "ADD COLUMN IF NOT EXISTS names Array(String) AFTER who"
    both = ("leases_local", "leases")
    assert told(f"ALTER TABLE leases {column}") == [
        f"ALTER TABLE `clustered`.{name} ON CLUSTER `observatory` {column}" for name in both
    ]
    dropped = told("DROP TABLE IF EXISTS context")
    assert [each.split()[4] for each in dropped] == ["`clustered`.context", "`clustered`.context_local"]
    assert dropped[1].endswith(" SYNC"), "it is made again at once, under the same path"


def test_what_reads_and_appends_goes_as_it_is() -> None:
    for statement in (
        "INSERT INTO cells SELECT * FROM cells",
        "CREATE OR REPLACE TABLE voices ENGINE = Memory EMPTY AS SELECT 1",
        "DROP TABLE IF EXISTS voices",
        "ALTER TABLE another DELETE WHERE 1",
    ):
        assert told(statement) == [statement]
