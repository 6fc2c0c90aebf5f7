"""A store on a ClickHouse cluster: one server of it is asked, and every shard works.

Rows are written to, and read from, the distributed tables; what makes, changes or merges tables is told to
every server (`clusterddl.on_cluster`).

Decision: docs/design/0035-cluster.md. Sources: ClickHouse's documentation of Distributed, of the settings
named here, and of system.clusters.
"""

from collections.abc import Iterable, Mapping, Sequence
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
_CLUSTERS: Final = (
    "SELECT cluster, max(n) FROM (SELECT cluster, shard_num, count() AS n FROM system.clusters "
    "GROUP BY cluster, shard_num) GROUP BY cluster"
)
"""Each with the replicas of its largest shard."""


class Clustered(ClickHouse):
    """As `ClickHouse`, on all servers of a cluster.

    An insert returns when every replica of its shard has it, so that whichever replica is read next, it is
    there. While a replica is down nothing can be written; take it out of the cluster's definition, or wait.
    """

    def __init__(self, place: str, *, database: str, cluster: str, threads: int | None = None) -> None:
        """Connect to one server. Raises StoreError, `no-cluster` where it knows none of the name."""
        if not NAME.fullmatch(cluster):
            raise StoreError("no-cluster", repr(cluster[:80]))
        self.cluster = cluster
        self._database = database
        super().__init__(place, database=database, threads=threads)

    def _prepare(self, first: Any, database: str) -> dict[str, Any]:  # noqa: ANN401 -- the library's client
        """All servers are told only where the database is not there: readers need not wait for them."""
        quorum = _replicas(first.query(_CLUSTERS).result_rows, self.cluster)
        there = first.query("SELECT name FROM system.databases").result_rows
        if (database,) not in map(tuple, there):
            first.command(f"CREATE DATABASE IF NOT EXISTS `{database}` ON CLUSTER `{self.cluster}`")
        return {**SETTINGS, "insert_quorum": quorum}

    def command(self, sql: str, parameters: Parameters | None = None) -> None:
        """As `Engine.command`."""
        for statement in on_cluster(sql, cluster=self.cluster, database=self._database):
            super().command(statement, parameters)


def _replicas(rows: Iterable[Sequence[Any]], cluster: str) -> int:
    """Of the shard that has the most; one alone needs no quorum (0). Raises StoreError `no-cluster`."""
    known = {str(name): int(most) for name, most in rows}
    if cluster not in known:
        raise StoreError("no-cluster", f"{cluster} (it has {', '.join(sorted(known)) or 'none'})")
    return known[cluster] if known[cluster] > 1 else 0
