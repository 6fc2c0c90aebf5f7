"""Reading what the chronicle asks beside changepoints: canaries, releases, reflectors, mechanisms, hours."""

from typing import Any, Final

from voipwatch.model.cells import CALL_STAGE
from voipwatch.model.votes import CANARY, PANEL
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


def votes_by_hour(
    store: Store, *, instance: str, country: str, operator: str, access: str, since: int, until: int
) -> list[dict[str, Any]]:
    """Cells of whole apps of one line, as they stand.

    Args:
        store: that reads.
        instance: of emulated rows, else empty.
        country: ISO 3166.
        operator: as cells name it.
        access: the same.
        since: Unix seconds, inclusive.
        until: Unix seconds, exclusive.

    Returns:
        app, at (Unix seconds of the hour), hits (blocked and throttled), votes (all that decide), by app and
        hour.
    """
    found = store.select(
        "SELECT app, toUnixTimestamp(hour) AS at, (blocked_micro + throttled_micro) / 1e6 AS hits, "
        "(ok_micro + blocked_micro + throttled_micro) / 1e6 AS votes FROM cells FINAL "
        "WHERE instance = {instance:String} AND source = {source:String} AND country = {country:String} "
        "AND operator = {operator:String} AND access = {access:String} AND stage = {stage:String} "
        "AND hour >= toDateTime({since:UInt32}, 'UTC') AND hour < toDateTime({until:UInt32}, 'UTC') "
        "ORDER BY app, at",
        {
            "instance": instance,
            "source": PANEL,
            "country": country,
            "operator": operator,
            "access": access,
            "stage": CALL_STAGE,
            "since": since,
            "until": until,
        },
    )
    rows: list[dict[str, Any]] = found.to_pylist()
    return rows


def voters_by_hour(
    store: Store, *, instance: str, country: str, operator: str, access: str, app: str, since: int, until: int
) -> list[dict[str, Any]]:
    """Who of the panel voted of a whole app on one line, hour by hour; nothing once raw votes are dropped.

    Args:
        store: that reads.
        instance: of emulated rows, else empty.
        country: ISO 3166.
        operator: as cells name it.
        access: the same.
        app: the same.
        since: Unix seconds, inclusive.
        until: Unix seconds, exclusive.

    Returns:
        at (Unix seconds of the hour), pseudonym, prefix, prefix_kind; each once.
    """
    found = store.select(
        "SELECT DISTINCT toUnixTimestamp(hour) AS at, "
        "pseudonym, prefix, prefix_kind FROM votes "
        f"WHERE instance = {{instance:String}} AND source = {{source:String}} AND {_WHEN} "
        "AND country = {country:String} AND operator = {operator:String} AND access = {access:String} "
        "AND app = {app:String} AND stage = {stage:String} ORDER BY at, pseudonym, prefix, prefix_kind",
        {
            "instance": instance,
            "source": PANEL,
            "country": country,
            "operator": operator,
            "access": access,
            "app": app,
            "stage": CALL_STAGE,
            "since": since,
            "until": until,
        },
    )
    rows: list[dict[str, Any]] = found.to_pylist()
    return rows
