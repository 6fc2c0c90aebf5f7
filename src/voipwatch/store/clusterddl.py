"""The store's tables on a ClickHouse cluster: replicated ones on every shard, and distributed ones over them.

Made from the same scripts that make them on one machine (`migrations`), so that there is one definition of
every column. A table NAME becomes NAME_local (Replicated…) and NAME (Distributed over NAME_local); what
changes or merges a table goes to NAME_local of every server, what reads or appends to NAME.

Decision: docs/design/0035-cluster.md. Sources: ClickHouse's documentation of Replicated*MergeTree (macros
{shard} and {replica}), Distributed and ON CLUSTER.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from voipwatch.store.migrate import TABLE, scripts, statements

BY_COUNTRY: Final = "cityHash64(country)"
"""A cell, a series and a changepoint are of one country: its versions meet, and are merged, on one shard."""
BY_REPORT: Final = "cityHash64(report_id)"
ONE_SHARD: Final = "0"
"""The first one: small tables, whose rows must all be seen by whoever asks."""
SHARDING: Final = {
    "reports": BY_COUNTRY,
    "observations": BY_COUNTRY,
    "votes": BY_COUNTRY,
    "cells": BY_COUNTRY,
    "arrivals": BY_COUNTRY,
    "influence": BY_COUNTRY,
    "changepoints": BY_COUNTRY,
    "context": BY_COUNTRY,
    "deletions": BY_REPORT,
    "segments": ONE_SHARD,
    "detector_state": ONE_SHARD,
    "leases": ONE_SHARD,
    "migrations": ONE_SHARD,
}
"""Table -> how its rows are spread; a table without an entry is an error that a test finds."""
LOCAL: Final = "_local"
KEEPER_PATH: Final = "/clickhouse/tables/{shard}"
"""With the macros that every server of a cluster has in its configuration."""
NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,62}", re.ASCII)
_CREATE: Final = re.compile(
    r"CREATE TABLE IF NOT EXISTS (?P<name>\w+)\s*\((?P<columns>.*)\)\s*"
    r"ENGINE = (?P<engine>\w*MergeTree)(?:\((?P<arguments>[^()]*)\))?\s*(?P<rest>.*)",
    re.DOTALL,
)
_ADD: Final = re.compile(
    r"ALTER TABLE (?P<name>\w+) ADD COLUMN IF NOT EXISTS (?P<column>\w+ [\w()]+) AFTER (?P<after>\w+)"
)
_DROP: Final = re.compile(r"DROP TABLE IF EXISTS (\w+)")
_OF_PARTS: Final = re.compile(
    r"(?P<what>ALTER TABLE|OPTIMIZE TABLE) (?P<name>\w+) (?P<rest>(?:DELETE|DROP PARTITION|FINAL)\b.*)",
    re.DOTALL,
)
"""What is done to the parts of a table, which a distributed one has none of."""


class ClusterNameError(ValueError):
    """A name that is not put into a statement."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table, taken apart."""

    name: str
    columns: str
    """What stands between the parentheses."""
    engine: str
    arguments: str
    """Of the engine; empty: none."""
    rest: str
    """Partitions, order, lifetime, settings."""


def tables() -> list[Table]:
    """The tables of this version, in the order in which they were made.

    Raises ValueError for a statement of a kind that this module does not know: then it must be taught.
    """
    found: dict[str, Table] = {}
    for statement in _all_statements():
        if drop := _DROP.fullmatch(statement):
            found.pop(drop[1], None)
        elif create := _CREATE.fullmatch(statement):
            found.setdefault(create["name"], _taken_apart(create))
        elif add := _ADD.fullmatch(statement):
            found[add["name"]] = _with_column(found[add["name"]], add["column"], add["after"])
        elif not statement.startswith("INSERT INTO "):  # which moves rows, and a new cluster has none
            raise ValueError(f"no way to say this of a cluster: {statement.splitlines()[0]}")
    return list(found.values())


def _taken_apart(create: re.Match[str]) -> Table:
    return Table(
        create["name"],
        create["columns"].strip("\n"),
        create["engine"],
        create["arguments"] or "",
        create["rest"].strip(),
    )


def _with_column(table: Table, column: str, after: str) -> Table:
    """The table with one more column, behind another."""
    lines = table.columns.split("\n")
    place = next(n for n, line in enumerate(lines) if line.split()[:1] == [after]) + 1
    indent = " " * (len(lines[place - 1]) - len(lines[place - 1].lstrip()))
    comma = "," if lines[place - 1].endswith(",") else ""
    lines[place - 1] = lines[place - 1].rstrip(",") + ","
    return replace(table, columns="\n".join([*lines[:place], f"{indent}{column}{comma}", *lines[place:]]))


def cluster_ddl(*, cluster: str, database: str) -> list[str]:
    """Every statement, in order: the database, the tables, the version. Each may run twice.

    Raises ClusterNameError for a name that is more than letters, digits, - and _.
    """
    for name in (cluster, database):
        if not NAME.fullmatch(name):
            raise ClusterNameError(name)
    made = [f"CREATE DATABASE IF NOT EXISTS `{database}` ON CLUSTER `{cluster}`"]
    for table in tables():
        made.append(_local(table, cluster, database))
        made.append(_distributed(table, cluster, database))
    for version, (name, _) in scripts().items():
        made.append(f"INSERT INTO `{database}`.migrations SELECT {version}, '{name}', now('UTC')")
    return made


def on_cluster(statement: str, *, cluster: str, database: str) -> list[str]:
    """One statement of the scripts or of the store, as a cluster has to be told it; in order.

    Tables that are no part of the store (the merging's own) stay with the server that is asked, and so does
    every INSERT. The names are sound already (`cluster_ddl`'s condition).
    """
    on = f"ON CLUSTER `{cluster}`"
    if (create := _CREATE.fullmatch(statement)) and create["name"] in SHARDING:
        made = _taken_apart(create)
        return [_local(made, cluster, database), _distributed(made, cluster, database)]
    if add := _ADD.fullmatch(statement):
        what = f"ADD COLUMN IF NOT EXISTS {add['column']} AFTER {add['after']}"
        return [f"ALTER TABLE `{database}`.{add['name']}{each} {on} {what}" for each in (LOCAL, "")]
    if (drop := _DROP.fullmatch(statement)) and drop[1] in SHARDING:
        dropped = f"DROP TABLE IF EXISTS `{database}`.{drop[1]}"
        # SYNC: the table may be made again at once, under the same path of Keeper.
        return [f"{dropped} {on}", f"{dropped}{LOCAL} {on} SYNC"]
    if (parts := _OF_PARTS.fullmatch(statement)) and parts["name"] in SHARDING:
        return [f"{parts['what']} `{database}`.{parts['name']}{LOCAL} {on} {parts['rest']}"]
    return [statement]


def plain_ddl() -> list[str]:
    """The tables of one server or of the embedded engine, as this version has them."""
    return [
        f"CREATE TABLE IF NOT EXISTS {table.name}\n(\n{table.columns}\n)\nENGINE = {table.engine}"
        f"{f'({table.arguments})' if table.arguments else ''}\n{table.rest}"
        for table in tables()
    ]


def _all_statements() -> Iterator[str]:
    yield TABLE
    for _, text in scripts().values():
        yield from statements(text)


def _local(table: Table, cluster: str, database: str) -> str:
    """Its replicas of one shard find each other below one path of Keeper."""
    name = f"{table.name}{LOCAL}"
    path = f"'{KEEPER_PATH}/{database}/{name}', '{{replica}}'"
    arguments = f"{path}, {table.arguments}" if table.arguments else path
    # A replicated table keeps the tokens of inserts in Keeper, under a setting of another name.
    rest = table.rest.replace("non_replicated_deduplication_window", "replicated_deduplication_window")
    return (
        f"CREATE TABLE IF NOT EXISTS `{database}`.{name} ON CLUSTER `{cluster}`\n(\n{table.columns}\n)\n"
        f"ENGINE = Replicated{table.engine}({arguments})\n{rest}"
    )


def _distributed(table: Table, cluster: str, database: str) -> str:
    return (
        f"CREATE TABLE IF NOT EXISTS `{database}`.{table.name} ON CLUSTER `{cluster}`\n"
        f"AS `{database}`.{table.name}{LOCAL}\n"
        f"ENGINE = Distributed(`{cluster}`, `{database}`, {table.name}{LOCAL}, {SHARDING[table.name]})"
    )
