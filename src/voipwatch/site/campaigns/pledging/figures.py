"""A campaign's figures as JSON: three ladders apart, and of turnout what may be said of it at the time."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

from voipwatch.civic.boycotts import is_erased, stage_of
from voipwatch.civic.pledges import Stage
from voipwatch.civic.publiccounts import STEP, CountLine
from voipwatch.civic.turnout import Observable, Share, Turnout
from voipwatch.model.instants import iso
from voipwatch.site.campaigns.pledging.desk import ToldBoycott
from voipwatch.store.civic.pledging import PledgeState

SCHEMA: Final = "voipwatch.pledge/1"


class ToldCount(msgspec.Struct, frozen=True):
    """One told count."""

    count: int
    """A multiple of ten; 0: fewer than ten."""
    at: str
    """When it was told, RFC 3339, UTC."""


class WindowFigures(msgspec.Struct, frozen=True, kw_only=True):
    """When."""

    zone: str
    """IANA name."""
    begins: str
    """Local time of `zone`, without an offset."""
    ends: str
    begins_at: str
    """RFC 3339, UTC."""
    ends_at: str
    length_s: float
    """Seconds that pass."""
    clocks_change: bool
    """Whether that is another time than the clock on the wall says."""


class ReportedFigures(msgspec.Struct, frozen=True):
    """What those who pledged said afterwards; null: no count was told yet."""

    kept: ToldCount | None
    broken: ToldCount | None


class ObservedFigures(msgspec.Struct, frozen=True):
    """What somebody saw who asked nobody."""

    noted_at: str
    observable: Observable


class TurnoutFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Shares of pledges, not of people."""

    of: Literal["pledges"]
    declared: ToldCount
    """Of which they are shares: the first count that was told since the window began."""
    bounds: Share
    """Whatever those did who are silent."""
    if_alike: Share | None
    """Null: too few reported."""
    if_alike_assumes: str
    confidence: float


class PledgeLogs(msgspec.Struct, frozen=True):
    """Every told count, oldest first; each a chain of its own."""

    declared: tuple[CountLine, ...] = ()
    kept: tuple[CountLine, ...] = ()
    broken: tuple[CountLine, ...] = ()


class PledgeFigures(msgspec.Struct, frozen=True, kw_only=True):
    """`/campaigns/api/pledge/ID.json`."""

    schema: str
    id: str
    stage: Stage
    called_off: bool
    erased: bool
    country: str
    """ISO 3166."""
    statutory_effect: bool
    """Always false."""
    window: WindowFigures
    step: int
    """Counts are multiples of it."""
    declared: ToldCount | None
    """Pledges, not people: one person may have pledged often. Null: no count was told yet."""
    reported: ReportedFigures
    observed: tuple[ObservedFigures, ...]
    turnout: TurnoutFigures | None
    """Null: nothing may be said of it, or nothing yet."""
    logs: PledgeLogs


def logs_of(logs: Mapping[PledgeState, Sequence[CountLine]]) -> PledgeLogs:
    """Of the three series."""
    return PledgeLogs(*(tuple(logs[series]) for series in PledgeState))


def figures(told: ToldBoycott, logs: PledgeLogs, now_s: float) -> PledgeFigures:
    """The document; its times are RFC 3339, UTC, but for `begins` and `ends`, local times of `zone`."""
    boycott, window = told.boycott, told.boycott.window
    return PledgeFigures(
        schema=SCHEMA,
        id=boycott.id,
        stage=stage_of(boycott, now_s),
        called_off=boycott.is_called_off,
        erased=is_erased(boycott, now_s),
        country=boycott.country,
        statutory_effect=False,
        window=WindowFigures(
            zone=window.zone,
            begins=window.begins.isoformat(),
            ends=window.ends.isoformat(),
            begins_at=iso(window.begins_s),
            ends_at=iso(window.ends_s),
            length_s=window.length_s,
            clocks_change=boycott.clocks_change,
        ),
        step=STEP,
        declared=_count(told.lines[PledgeState.DECLARED]),
        reported=ReportedFigures(
            _count(told.lines[PledgeState.KEPT]), _count(told.lines[PledgeState.BROKEN])
        ),
        observed=tuple(ObservedFigures(iso(each.at_s), each.observable) for each in boycott.observed),
        turnout=_turnout(told.turnout(now_s), told.opening),
        logs=logs,
    )


def _turnout(found: Turnout | None, opening: CountLine | None) -> TurnoutFigures | None:
    declared = _count(opening)
    if found is None or declared is None:
        return None
    return TurnoutFigures(
        of="pledges",
        declared=declared,
        bounds=found.bounds,
        if_alike=found.if_alike,
        if_alike_assumes="those who are silent are like those who reported",
        confidence=found.confidence,
    )


def _count(line: CountLine | None) -> ToldCount | None:
    return None if line is None else ToldCount(line.count, line.at)
