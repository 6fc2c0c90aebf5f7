"""Reading what the chronicle asks beside changepoints: canaries, releases, reflectors, mechanisms, voters."""

from typing import Any, Final

from voipwatch.model.cells import CALL_STAGE
from voipwatch.model.votes import CANARY, PANEL
from voipwatch.store.series import OF_SERIES, SeriesKey
from voipwatch.store.store import Store

_WHEN: Final = (
    "votes.observed_at >= toDateTime64({since:UInt32}, 3, 'UTC') "
    "AND votes.observed_at < toDateTime64({until:UInt32}, 3, 'UTC') "
)


def changepoint_scopes(store: Store) -> list[tuple[str, str]]:
    """Instance and country of all changepoints, sorted."""
    found = store.select("SELECT DISTINCT instance, country FROM changepoints ORDER BY instance, country")
    return [(str(row["instance"]), str(row["country"])) for row in found.to_pylist()]


def canary_votes(store: Store, *, instance: str, since: int, until: int) -> list[dict[str, Any]]:
    """What canaries said of whole apps, by time.

    Args:
        store: that reads.
        instance: of emulated rows, else empty.
        since: Unix seconds, inclusive.
        until: Unix seconds, exclusive.

    Returns:
        app, operator, verdict, observed (Unix seconds), reflectors (public keys, comma-separated).
    """
    found = store.select(
        "SELECT app, votes.operator AS operator, verdict, toUnixTimestamp(votes.observed_at) AS observed, "
        "reflectors FROM votes LEFT JOIN reports ON reports.report_id = votes.report_id "
        f"WHERE source = {{source:String}} AND votes.instance = {{instance:String}} AND {_WHEN} "
        "AND stage = {stage:String} ORDER BY observed, app, operator, verdict, reflectors",
        {"source": CANARY, "instance": instance, "since": since, "until": until, "stage": CALL_STAGE},
    )
    rows: list[dict[str, Any]] = found.to_pylist()
    return rows


def witnesses(store: Store, *, country: str, instance: str, since: int, until: int) -> list[dict[str, Any]]:
    """The panel's votes of whole apps in a time, counted by who was asked with what.

    Returns:
        operator, access, app, software, reflectors (comma-separated), verdict, mechanism, votes, probes
        (pseudonyms).
    """
    found = store.select(
        "SELECT votes.operator AS operator, votes.access AS access, app, software, reflectors, verdict, "
        "mechanism, count() AS votes, groupUniqArray(pseudonym) AS probes "
        "FROM votes LEFT JOIN reports ON reports.report_id = votes.report_id "
        "WHERE source = {source:String} AND votes.instance = {instance:String} "
        f"AND votes.country = {{country:String}} AND {_WHEN} AND stage = {{stage:String}} "
        "GROUP BY operator, access, app, software, reflectors, verdict, mechanism "
        "ORDER BY operator, access, app, software, reflectors, verdict, mechanism",
        {
            "source": PANEL,
            "instance": instance,
            "country": country,
            "since": since,
            "until": until,
            "stage": CALL_STAGE,
        },
    )
    rows: list[dict[str, Any]] = found.to_pylist()
    return rows


def voters(store: Store, key: SeriesKey, *, since: int, until: int) -> list[dict[str, Any]]:
    """Who voted in a series, hour by hour; nothing of hours whose raw votes were dropped.

    Args:
        store: that reads.
        key: which series.
        since: Unix seconds, inclusive.
        until: Unix seconds, exclusive.

    Returns:
        at (Unix seconds of the hour), pseudonym, prefix, prefix_kind; each once.
    """
    found = store.select(
        "SELECT DISTINCT toUnixTimestamp(hour) AS at, pseudonym, prefix, prefix_kind FROM votes "
        f"WHERE {OF_SERIES} AND {_WHEN} ORDER BY at, pseudonym, prefix, prefix_kind",
        key._asdict() | {"since": since, "until": until},
    )
    rows: list[dict[str, Any]] = found.to_pylist()
    return rows
