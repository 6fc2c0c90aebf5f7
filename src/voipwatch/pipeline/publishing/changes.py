"""The detector's changepoints as they may be told, each beside what the published rows alone show.

A changepoint of the store rests on votes, of which some are in no row. What is told of it is cut so that it
does not tell those votes: times to the hour outwards, shares in steps of five percent, numbers of probes only
from three on, withheld votes in steps of ten.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from voipwatch.model.bundle import HOUR_S, PROBES_PER_ROW, WITHHELD_STEP, PublicChange, SeriesId
from voipwatch.model.vocabulary import Access
from voipwatch.pipeline.publishing.releasing import Released
from voipwatch.pipeline.publishing.rowdetector import in_steps, order_of
from voipwatch.store.store import Store

VOTES: Final = "votes"


class _Change(msgspec.Struct, frozen=True):
    level_before: float | None = None
    level_after: float | None = None
    probes_both_sides: int = 0


class _Payload(msgspec.Struct, frozen=True):
    """The part of `pipeline.detecting.Found` that is told."""

    change: _Change


def published_changes(
    store: Store,
    by_rows: Sequence[PublicChange],
    released: Released,
    *,
    instance: str,
    as_of: int,
    below: dict[str, int],
    hidden: frozenset[str] = frozenset(),
) -> list[PublicChange]:
    """Both bases, in the table's order.

    Args:
        store: that has the detector's changepoints.
        by_rows: `rowdetector.changes`.
        released: the votes that are in no row.
        instance: of the world.
        as_of: changepoints decided by later votes are left out; Unix seconds.
        below: changepoint -> what was said of its withheld votes; brought up to date.
        hidden: changepoints of incidents under embargo.
    """
    loose: defaultdict[SeriesId, list[int]] = defaultdict(list)
    for vote in released.loose:
        loose[vote.series].append(vote.hour)
    shows: defaultdict[tuple[SeriesId, str], list[PublicChange]] = defaultdict(list)
    for change in by_rows:
        shows[change.series, change.kind].append(change)
    found = list(by_rows)
    for row in store.changepoints(instance=instance).to_pylist():
        if row["changepoint_id"] in hidden or row["detected_at"] >= as_of:
            continue
        change = _public(row)
        since = change.latest if change.earliest is None else change.earliest
        if since >= released.opened:
            until = max(change.detected, change.latest)
            count = sum(since <= hour <= until for hour in loose[change.series])
            below[change.id] = (count // WITHHELD_STEP + 1) * WITHHELD_STEP
        found.append(
            msgspec.structs.replace(
                change,
                shown_by=_shown_by(change, shows[change.series, change.kind]),
                withheld_below=below.get(change.id),
            )
        )
    return sorted(found, key=order_of)


def _shown_by(change: PublicChange, candidates: Iterable[PublicChange]) -> str:
    """The first change of the rows whose interval meets the changepoint's."""
    for other in candidates:
        begins = max(_since(change), _since(other))
        if begins <= min(change.latest, other.latest):
            return other.id
    return ""


def _since(change: PublicChange) -> int:
    return change.latest if change.earliest is None else change.earliest


def _public(row: Mapping[str, Any]) -> PublicChange:
    payload = msgspec.json.decode(row["payload"], type=_Payload).change
    both = payload.probes_both_sides
    return PublicChange(
        series=SeriesId(row["country"], row["operator"], Access(row["access"]), row["app"], row["instance"]),
        latest=-(-row["latest"] // HOUR_S) * HOUR_S,
        kind=row["kind"],
        basis=VOTES,
        id=row["changepoint_id"],
        earliest=None if row["earliest"] is None else row["earliest"] // HOUR_S * HOUR_S,
        detected=row["detected_at"] // HOUR_S * HOUR_S,
        level_before=in_steps(payload.level_before),
        level_after=in_steps(payload.level_after),
        probes_both_sides=both if both >= PROBES_PER_ROW else None,
        shown_by="",
        withheld_below=None,
    )
