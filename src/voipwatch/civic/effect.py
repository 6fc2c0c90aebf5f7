"""Did a page lose followers because of an event? Its gap to a mixture of donor pages, against placebos.

For the page and for every donor, at the event and at placebo dates before it, the gap to a mixture of all
the others is measured (`synthetic`). A unit's gap at the event is divided by its usual gap, the root mean
square of its gaps at the placebo dates: these windows were not fitted to, so that a page which no mixture
follows has large usual gaps and needs a large one to stand out. The p-value is the rank of the page's
quotient among the donors'. If the event did nothing to the page, each of the J + 1 is as likely to be the
largest as any other: the p-value is never below 1 / (J + 1), which is told, and under that hypothesis it is
at most a level with at most that probability.

Nothing is concluded ("unidentified") with fewer donors than the level needs, with fewer than ten placebo
dates, with holes in the page's series, or where the page moved before the event as no donor did. Where all
pages of a market were struck by the event at once they are no donors for each other: take pages of other
countries.

Sources: Abadie, Diamond, Hainmueller 2010 (placebos in space and the quotient); A. Abadie, "Using synthetic
controls", Journal of Economic Literature 59 (2021) 391-425, section 5 (placebo dates); B. Phipson, G. K.
Smyth 2010 (p-values are never zero). docs/methods/reputation-effect.md has a case worked by hand and the
false-alarm rates.
"""

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec
import numpy as np

from voipwatch.civic.synthetic import FloatArray, gap_at, mixture_at

PLACEBO_LEAST: Final = 10
"""Dates: of fewer, the usual gap would be known to no better than a third."""
FIT_WORST: Final = 3.0
"""A page whose usual gap is over three times the donors' median moves as none of them does. Abadie, Diamond
and Hainmueller leave out units whose error before is 5 or 2 times as large (in squares: 2.2 and 1.4 in
roots)."""
_TIE: Final = 1.0 - 1e-9
"""Quotients that agree within this share are ties, and ties count against the claim."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is settled before the data are looked at."""

    level: float = 0.05
    """Of false alarms; it needs 1 / level - 1 donors."""
    fit_steps: int = 56
    """Steps before a date to which the mixture is fitted: eight weeks of days."""
    after_steps: int = 7
    """Steps from the date on over which the gap is told: a week."""
    placebo_max: int = 20
    """Placebo dates at most, one after the other, `after_steps` apart."""

    def __post_init__(self) -> None:
        """Raise ValueError for what is no plan."""
        if not 0.0 < self.level < 1.0:
            raise ValueError(f"level must lie strictly between 0 and 1, got {self.level}")
        if self.fit_steps < 2 or self.after_steps < 1 or self.placebo_max < 1:
            raise ValueError("fit_steps must be at least 2, after_steps and placebo_max at least 1")

    @property
    def donors_least(self) -> int:
        """Fewest donors whose smallest p-value reaches the level."""
        return math.ceil(1.0 / self.level - 1e-9) - 1


class State(StrEnum):
    """What can be said."""

    EFFECT = "effect"
    NONE_FOUND = "none-found"
    """Not the same as none: see the interval."""
    UNIDENTIFIED = "unidentified"


class Why(StrEnum):
    """Why nothing can be said."""

    FEW_DONORS = "few-donors"
    FEW_DATES = "few-dates"
    """Too short a series before the event."""
    HOLES = "holes"
    """The page was not read in every step that is needed."""
    SHORT = "short"
    """The series ends before the steps after the event are over."""
    POOR_FIT = "poor-fit"
    COARSE = "coarse"
    """The page's counts are told too coarsely for a gap of this size."""


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """The answer, with all that it rests on. Ratios: -0.05 is 5 % fewer than the mixture has."""

    state: State
    why: tuple[Why, ...]
    """Every reason; empty unless unidentified."""
    level: float
    donors: int
    """Donors that were read in every step that is needed."""
    donors_least: int
    donors_incomplete: int
    """Donors that were not, and were left out."""
    placebo_dates: int
    placebo_least: int = PLACEBO_LEAST
    estimate_ratio: float | None = None
    low_ratio: float | None = None
    """Ends of the interval of effects that the test at `level` does not reject; coarse counts widen it."""
    high_ratio: float | None = None
    p_value: float | None = None
    """Rank among the donors."""
    p_smallest: float | None = None
    p_dates: float | None = None
    """Rank of the page's gap among its own at the placebo dates: a second look, not the test."""
    p_dates_smallest: float | None = None
    usual_gap_ratio: float | None = None
    """Of the page at the placebo dates."""
    usual_gap_donors_ratio: float | None = None
    """Median of the donors'."""
    weights: dict[str, float] = {}
    """Of the donors in the mixture at the event, those above 0."""


def effect(
    page: FloatArray,
    donors: Mapping[str, FloatArray],
    event: int,
    *,
    plan: Plan,
    coarse_ratio: float = 0.0,
) -> Effect:
    """The effect of an event on a page.

    Args:
        page: counts on a regular grid, above 0; NaN where nobody looked.
        donors: name -> counts on the same grid.
        event: the first step at which it can show.
        plan: settled beforehand.
        coarse_ratio: half the width of the page's intervals, as a share (`grid.Placed`).

    Raises:
        ValueError: grids that differ, or a count that is not above 0.
    """
    for each in (page, *donors.values()):
        if each.shape != page.shape or page.ndim != 1 or bool((each <= 0).any()):
            raise ValueError("page and donors must be on one grid, their counts above 0")
    dates, why = _dates(page, event, plan)
    first = min(dates) - plan.fit_steps if dates else max(0, event - plan.fit_steps)
    span = slice(first, event + plan.after_steps)
    whole = [name for name, each in donors.items() if not bool(np.isnan(each[span]).any())]
    if len(whole) < plan.donors_least:
        why = (*why, Why.FEW_DONORS)
    told = Effect(
        state=State.UNIDENTIFIED, why=why, level=plan.level, donors=len(whole),
        donors_least=plan.donors_least, donors_incomplete=len(donors) - len(whole),
        placebo_dates=max(0, len(dates) - 1),
    )  # fmt: skip
    if {Why.HOLES, Why.SHORT} & set(why) or len(whole) < 2 or len(dates) < 2:
        return told
    logs = np.log(np.column_stack([page[span], *(donors[name][span] for name in whole)]))
    return _ranked(told, logs, whole, [date - first for date in dates], plan, coarse_ratio)


def _dates(page: FloatArray, event: int, plan: Plan) -> tuple[list[int], tuple[Why, ...]]:
    """The event and the placebo dates before it, newest first, as far back as the page was read in every
    step.
    """
    if event + plan.after_steps > page.shape[0]:
        return [], (Why.SHORT,)
    read = ~np.isnan(page)
    holes = np.flatnonzero(~read[: event + plan.after_steps])
    since = int(holes[-1]) + 1 if holes.size else 0
    known = event - plan.fit_steps - since
    if since > event - plan.fit_steps:
        # No fit window without a hole: is the series short, or are there holes in it?
        begins = int(np.argmax(read)) if bool(read.any()) else page.shape[0]
        return [], (Why.HOLES if begins <= event - plan.fit_steps else Why.FEW_DATES,)
    count = min(plan.placebo_max, known // plan.after_steps)
    dates = [event - number * plan.after_steps for number in range(count + 1)]
    return dates, (() if count >= PLACEBO_LEAST else (Why.FEW_DATES,))


def _ranked(
    told: Effect, logs: FloatArray, names: list[str], dates: list[int], plan: Plan, coarse_ratio: float
) -> Effect:
    windows = {"fit_steps": plan.fit_steps, "after_steps": plan.after_steps}
    gaps = np.array(
        [[gap_at(logs, unit, date, **windows) for date in dates] for unit in range(logs.shape[1])]
    )
    usual = np.sqrt(np.mean(gaps[:, 1:] ** 2, axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        quotients = np.nan_to_num(np.abs(gaps[:, 0]) / usual, nan=0.0, posinf=np.inf)
    donors = len(names)
    p_value = (1 + int(np.count_nonzero(quotients[1:] >= quotients[0] * _TIE))) / (donors + 1)
    sizes = np.abs(gaps[0])
    p_dates = (1 + int(np.count_nonzero(sizes[1:] >= sizes[0] * _TIE))) / len(dates)
    # Effects e are not rejected whose |gap - e| / usual is at most the k-th largest quotient of the donors.
    k = math.floor(plan.level * (donors + 1) + 1e-9)
    reach = float(np.sort(quotients[1:])[-k]) * float(usual[0]) if 1 <= k <= donors else math.inf
    gap, usual_donors = float(gaps[0, 0]), float(np.median(usual[1:]))
    why = told.why
    if float(usual[0]) > FIT_WORST * usual_donors:
        why = (*why, Why.POOR_FIT)
    significant = p_value <= plan.level + 1e-12
    if significant and abs(math.expm1(gap)) <= coarse_ratio:
        why = (*why, Why.COARSE)
    _, weights = mixture_at(logs, 0, dates[0], **windows)
    state = State.UNIDENTIFIED if why else State.EFFECT if significant else State.NONE_FOUND
    return msgspec.structs.replace(
        told,
        state=state,
        why=why,
        estimate_ratio=math.expm1(gap),
        low_ratio=_ratio(gap - reach - coarse_ratio),
        high_ratio=_ratio(gap + reach + coarse_ratio),
        p_value=p_value,
        p_smallest=1 / (donors + 1),
        p_dates=p_dates,
        p_dates_smallest=1 / len(dates),
        usual_gap_ratio=math.expm1(float(usual[0])),
        usual_gap_donors_ratio=math.expm1(usual_donors),
        weights={name: float(w) for name, w in zip(names, weights, strict=True) if w > 1e-9},
    )


def _ratio(log: float) -> float | None:
    """Of a logarithm; None where there is no bound."""
    return math.expm1(log) if math.isfinite(log) and log < 700 else None
