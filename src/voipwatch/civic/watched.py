"""What can be said of watched pages from observations alone: series, gaps, losses, jumps, an event's effect.

Put together here once, for whoever shows it. Pages that an event struck together are no donors for each
other: donors are named, never guessed.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from voipwatch.civic.buyback import Jump, jumps
from voipwatch.civic.effect import Effect, Plan, effect
from voipwatch.civic.grid import DAY_S, EPOCH, Grid, grid_of, placed
from voipwatch.civic.losses import (
    Baseline,
    Gap,
    Loss,
    baseline_before,
    disagreements,
    gaps,
    losses,
    series,
)
from voipwatch.civic.observations import COUNTS, Observation, ObservationError, Quantity, decode_at, normal_at
from voipwatch.civic.press import PressFile

TOGETHER: Final = "+"
"""Joins pages that a source counted together."""


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """Observations, the event that they are looked at for, and the pages that it did not touch."""

    observations: tuple[Observation, ...]
    event: str = ""
    """Instant or day (`observations.normal_at`); empty: none was named."""
    donors: frozenset[str] = frozenset()
    """Pages of the observations; they are compared with, and not told of."""

    @property
    def event_s(self) -> float | None:
        """When the event begins, Unix seconds."""
        return decode_at(self.event)[0] if self.event else None

    @property
    def pages(self) -> tuple[str, ...]:
        """Those that are told of, by name; pages that a source counted together come last."""
        found = {each.page for each in self.observations} - self.donors
        return tuple(sorted(found, key=lambda page: (TOGETHER in page, page)))


class CountsTold(msgspec.Struct, frozen=True, kw_only=True):
    """One series of counts."""

    quantity: Quantity
    counts: tuple[Observation, ...]
    gaps: tuple[Gap, ...]
    jumps: tuple[Jump, ...]
    disagreements: tuple[tuple[Observation, Observation], ...]
    baseline: Baseline | None
    """The last count that was surely made before the event; None: no such count, or no event."""
    losses: tuple[Loss, ...]
    effect: Effect | None
    """None: no event was named, or these are several pages together."""


class PageTold(msgspec.Struct, frozen=True, kw_only=True):
    """One page."""

    page: str
    series: tuple[CountsTold, ...]
    """Never empty: a page of which no count is known has one of nothing."""
    printed: tuple[Observation, ...]
    """Losses as sources printed them, in the order of time: they are in no series."""


def watch_of(observations: Iterable[Observation], *, event: str = "", donors: Iterable[str] = ()) -> Watch:
    """A checked watch.

    Raises ObservationError: `event`, a day that is none; `donors`, a page that nobody observed, which is the
    reason, or every page (no reason).
    """
    found, named = tuple(observations), frozenset(donors)
    try:
        event = normal_at(event) if event else ""
    except ValueError as error:
        raise ObservationError(0, "event", str(error)) from None
    unknown = sorted(named - {each.page for each in found})
    if unknown:
        raise ObservationError(0, "donors", unknown[0])
    if found and named == {each.page for each in found}:
        raise ObservationError(0, "donors", "")
    return Watch(observations=found, event=event, donors=named)


def watch_of_press(press: PressFile) -> Watch:
    """A campaign that was printed of: its event is the moment at which the baseline's day was over."""
    over_s = decode_at(press.baseline)[1] + 1.0
    day = Grid(EPOCH, 1).day_of(int(over_s // DAY_S))
    return Watch(observations=press.observations, event=day.isoformat())


def without(watch: Watch, others: Watch) -> Watch:
    """The same without observations that are told elsewhere."""
    told = set(others.observations)
    kept = tuple(each for each in watch.observations if each not in told)
    donors = watch.donors & {each.page for each in kept}
    return msgspec.structs.replace(watch, observations=kept, donors=donors)


def told_of(watch: Watch, page: str, *, plan: Plan) -> PageTold:
    """Everything that there is to say of one of `watch.pages`."""
    own = [each for each in watch.observations if each.page == page]
    kinds = [kind for kind in Quantity if kind in COUNTS and any(each.quantity is kind for each in own)]
    printed = [each for each in own if each.quantity not in COUNTS]
    return PageTold(
        page=page,
        series=tuple(_counts_told(watch, page, kind, plan) for kind in kinds or [Quantity.FOLLOWERS]),
        printed=tuple(sorted(printed, key=lambda each: (each.span_s[1], each.middle_s, each.quantity))),
    )


def _counts_told(watch: Watch, page: str, quantity: Quantity, plan: Plan) -> CountsTold:
    counts = series(watch.observations, page, quantity)
    since_s = watch.event_s
    base = None if since_s is None else baseline_before(counts, since_s, watch.event)
    alone = TOGETHER not in page
    return CountsTold(
        quantity=quantity,
        counts=counts,
        gaps=gaps(counts),
        jumps=jumps(counts),
        disagreements=disagreements(counts),
        baseline=base,
        losses=() if base is None else losses(counts, base),
        effect=_effect(watch, counts, quantity, since_s, plan) if alone and since_s is not None else None,
    )


def _effect(
    watch: Watch, counts: tuple[Observation, ...], quantity: Quantity, event_s: float, plan: Plan
) -> Effect:
    """On a grid of days that holds the event too, so that a series which lacks it is short, and no error."""
    donors = {name: series(watch.observations, name, quantity) for name in sorted(watch.donors)}
    known = grid_of(each for every in (counts, *donors.values()) for each in every)
    event_day = int(event_s // DAY_S)
    first = event_day if known is None else min(event_day, (known.first - EPOCH).days)
    last = event_day if known is None else max(event_day, (known.first - EPOCH).days + known.steps - 1)
    grid = Grid(Grid(EPOCH, 1).day_of(first), last - first + 1)
    on_grid = placed(counts, grid)
    return effect(
        on_grid.counts,
        {name: placed(each, grid).counts for name, each in donors.items()},
        grid.step_of(event_s),
        plan=plan,
        coarse_ratio=on_grid.coarse_ratio,
    )
