"""What stands beside cells and is made outside SQL: the votes it is made of, and keeping it."""

from collections.abc import Sequence
from typing import Final

from voipwatch.model.votes import PANEL, Vote
from voipwatch.store.engine import Engine, scalar
from voipwatch.store.queries import VOTE_FIELDS, votes_from
from voipwatch.store.refresh import OF_COUNTRIES, OF_HOURS, of_countries
from voipwatch.store.rows import InfluenceRecord, influence_table

_KEY: Final = "instance, country, operator, access, app, stage, hour"


def votes_of_hours(
    engine: Engine, hours: Sequence[int], countries: Sequence[str] | None = None
) -> list[Vote]:
    """The panel's votes of these hours (Unix seconds), of every instance, in no order; of all countries, or
    of these.
    """
    if not hours:
        return []
    of_hours = {"hours": sorted(hours), "first": min(hours), "last": max(hours)}
    found = engine.select(
        f"SELECT {VOTE_FIELDS} FROM votes WHERE source = {{source:String}} AND {OF_HOURS} AND {OF_COUNTRIES}",
        of_hours | of_countries(countries) | {"source": PANEL},
    )
    return list(votes_from(found))


def save_influence(
    engine: Engine,
    hours: Sequence[int],
    records: Sequence[InfluenceRecord],
    countries: Sequence[str] | None = None,
) -> None:
    """Keep the influence of all cells of these hours; of a cell that is not told now it goes."""
    if not hours:
        return
    version = scalar(
        engine, "SELECT greatest(max(version) + 1, toUnixTimestamp64Micro(now64(6))) FROM influence"
    )
    engine.insert("influence", influence_table(records, version=version))
    engine.command(
        "INSERT INTO influence SELECT * REPLACE ({version:UInt64} AS version, 1 AS deleted) "
        f"FROM (SELECT * FROM influence FINAL WHERE {OF_HOURS} AND {OF_COUNTRIES} "
        "AND version < {version:UInt64})",
        {"hours": sorted(hours), "first": min(hours), "last": max(hours), "version": version}
        | of_countries(countries),
    )
