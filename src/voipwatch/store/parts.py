"""What lies on disk: in this engine's tables, or in NAME_local of every shard of a cluster."""

from typing import Any

from voipwatch.store.clusterddl import LOCAL
from voipwatch.store.engine import Engine, scalar


def sizes(engine: Engine) -> dict[str, dict[str, int]]:
    """Table -> `rows` and `bytes`; of a cluster, of one replica of every shard."""
    found = engine.select(
        "SELECT name, sum(total_rows) AS rows, sum(total_bytes) AS bytes "
        f"FROM {_everywhere(engine, 'tables')} "
        "WHERE database = {database:String} GROUP BY name ORDER BY name",
        _of_database(engine),
    ).to_pylist()
    suffix = LOCAL if engine.cluster else ""  # of a distributed table itself there is nothing on disk
    return {
        row["name"].removesuffix(suffix): {"rows": row["rows"] or 0, "bytes": row["bytes"] or 0}
        for row in found
        if row["name"].endswith(suffix)
    }


def partitions_before(engine: Engine, table: str, border: int) -> list[int]:
    """Partitions (YYYYMM) of a table that is parted by months, those before a month, ascending."""
    found = engine.select(
        f"SELECT DISTINCT toUInt32OrZero(partition) AS month FROM {_everywhere(engine, 'parts')} "
        "WHERE active AND database = {database:String} AND table = {table:String} "
        "AND month < {border:UInt32} ORDER BY month",
        {**_of_database(engine), "table": f"{table}{LOCAL}" if engine.cluster else table, "border": border},
    )
    return [int(month) for month in found["month"].to_pylist()]


def damaged(engine: Engine) -> int:
    """Parts that the engine found unreadable and set aside."""
    sql = (
        f"SELECT count() FROM {_everywhere(engine, 'detached_parts')} "
        "WHERE database = {database:String} AND reason LIKE 'broken%'"
    )
    return int(scalar(engine, sql, _of_database(engine)))


def _everywhere(engine: Engine, system_table: str) -> str:
    """`system.NAME` as FROM wants it; of a cluster, one replica of every shard's."""
    if not engine.cluster:
        return f"system.{system_table}"
    return f"cluster('{engine.cluster}', system, {system_table})"


def _of_database(engine: Engine) -> dict[str, Any]:
    """By name: on another server, `currentDatabase()` would be that one's."""
    return {"database": scalar(engine, "SELECT currentDatabase()")}
