"""The detector's changepoints as they may be told, each beside what the published rows alone show.

A changepoint of the store rests on votes, of which some are in no row. What is told of it is cut so that it
does not tell those votes: times outwards to blocks of three probes as incidents have them
(`chronicle.telling`), shares in steps of five percent, numbers of probes only from three on, withheld votes
in steps of ten; and nothing of a series in which fewer than three probes saw the onset.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from voipwatch.chronicle.instants import DAY_S
from voipwatch.chronicle.telling import block_end, block_start
from voipwatch.model.bundle import PROBES_PER_ROW, WITHHELD_STEP, PublicChange, SeriesId
from voipwatch.model.vocabulary import Access
from voipwatch.pipeline.publishing.releasing import Released
from voipwatch.pipeline.publishing.rowdetector import in_steps, order_of
from voipwatch.store.store import Store

VOTES: Final = "votes"
ONSET: Final = "onset"


class _Change(msgspec.Struct, frozen=True):
    level_before: float | None = None
    level_after: float | None = None
    probes_both_sides: int = 0


class _Payload(msgspec.Struct, frozen=True):
    """The part of `pipeline.detecting.Found` that is told."""

    change: _Change
    panel: int = 0
    earliest_step_s: int = int(DAY_S)
    latest_step_s: int = int(DAY_S)
    detected_step_s: int = int(DAY_S)
    probes_low: int | None = None


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
    begun: set[SeriesId] = set()
    for row in sorted(store.changepoints(instance=instance).to_pylist(), key=_in_time):
        payload = msgspec.json.decode(row["payload"], type=_Payload)
        change = _public(row, payload)
        if change.kind == ONSET and _enough(payload):
            begun.add(change.series)
        if change.series not in begun or (change.kind == ONSET and not _enough(payload)):
            continue
        if row["changepoint_id"] in hidden or row["detected_at"] >= as_of:
            continue
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


def _in_time(row: Mapping[str, Any]) -> tuple[int, int, str]:
    return row["latest"], row["detected_at"], row["changepoint_id"]


def _enough(payload: _Payload) -> bool:
    """As `chronicle.telling.may_begin`."""
    probes = payload.panel if payload.probes_low is None else payload.probes_low
    return probes >= PROBES_PER_ROW


def _public(row: Mapping[str, Any], payload: _Payload) -> PublicChange:
    change = payload.change
    both = change.probes_both_sides
    return PublicChange(
        series=SeriesId(row["country"], row["operator"], Access(row["access"]), row["app"], row["instance"]),
        latest=int(block_end(row["latest"], payload.latest_step_s)),
        kind=row["kind"],
        basis=VOTES,
        id=row["changepoint_id"],
        earliest=None
        if row["earliest"] is None
        else int(block_start(row["earliest"], payload.earliest_step_s)),
        detected=int(block_start(row["detected_at"], payload.detected_step_s)),
        level_before=in_steps(change.level_before),
        level_after=in_steps(change.level_after),
        probes_both_sides=both if both >= PROBES_PER_ROW else None,
        shown_by="",
        withheld_below=None,
    )
