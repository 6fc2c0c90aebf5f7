"""A store on a ClickHouse cluster: one server of it is asked, and every shard works.

Rows are written to, and read from, the distributed tables; what makes, changes or merges tables is told to
every server (`clusterddl.on_cluster`).

Decision: docs/design/0035-cluster.md. Sources: ClickHouse's documentation of Distributed, of the settings
named here, and of system.clusters.
"""

from collections.abc import Mapping
from typing import Any, Final

from voipwatch.store.clusterddl import NAME, on_cluster
from voipwatch.store.engine import ClickHouse, Parameters
from voipwatch.store.errors import StoreError

SETTINGS: Final[Mapping[str, Any]] = {
    # An insert has returned when every shard that gets a part of it has it.
    "insert_distributed_sync": 1,
    "parallel_distributed_insert_select": 0,
    # IN and JOIN over two distributed tables see all rows of both.
    "distributed_product_mode": "global",
    # A shard that does not answer is an error, not a shorter answer.
    "skip_unavailable_shards": 0,
    "insert_quorum_timeout": 60_000,
}


class Clustered(ClickHouse):
    """As `ClickHouse`, on all servers of a cluster.

    An insert returns when every replica of its shard has it, so that whichever replica is read next, it is
    there. While a replica is down nothing can be written; take it out of the cluster's definition, or wait.
    """

    def __init__(self, place: str, *, database: str, cluster: str, threads: int | None = None) -> None:
        """Connect to one server. Raises StoreError, `no-cluster` where it knows none of the name."""
        if not NAME.fullmatch(cluster):
            raise StoreError("bad-url", f"{cluster[:80]!r} is no name of a cluster")
        also = {**SETTINGS, "insert_quorum": _replicas(place, cluster)}
        super().__init__(place, database=database, threads=threads, on=f" ON CLUSTER `{cluster}`", also=also)
        self.cluster = cluster
        self._database = database

    def command(self, sql: str, parameters: Parameters | None = None) -> None:
        """As `Engine.command`."""
        for statement in on_cluster(sql, cluster=self.cluster, database=self._database):
            super().command(statement, parameters)


def _replicas(place: str, cluster: str) -> int:
    """Of the shard that has the most; one alone needs no quorum (0)."""
    asked = ClickHouse(place, database="default")
    try:
        found = asked.select(
            "SELECT cluster, max(n) AS replicas FROM "
            "(SELECT cluster, shard_num, count() AS n FROM system.clusters GROUP BY cluster, shard_num) "
            "GROUP BY cluster ORDER BY cluster"
        )
    finally:
        asked.close()
    known = dict(zip(found["cluster"].to_pylist(), found["replicas"].to_pylist(), strict=True))
    if cluster not in known:
        raise StoreError("no-cluster", f"{cluster} (it has {', '.join(known) or 'none'})")
    replicas = int(known[cluster])
    return replicas if replicas > 1 else 0
