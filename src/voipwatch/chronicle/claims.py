"""A claim against the cells: supported, contradicted, or not measurable, and the rows behind it.

The unit is a line a day: operator, access and UTC day, all apps together, because the hours and apps of one
line rise and fall together. A claim stands or falls with the interval of the share of such units that agree
with it; between them nothing is said. Method and limits: docs/methods/claims.md.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from voipwatch.chronicle.instants import DAY_S, HOUR_S
from voipwatch.model.cells import CALL_STAGE, CellKey, CellState
from voipwatch.model.claims import Claim, ClaimCheck, ClaimSays, ClaimState, Witness
from voipwatch.model.edtf import Span, decode_edtf
from voipwatch.model.instants import iso
from voipwatch.model.vocabulary import LINE
from voipwatch.stats.intervals import wilson_interval

CLOCK_S: Final = 14 * HOUR_S
"""A source's day is of its own clock, at most 14 hours from UTC: nobody is contradicted by a clock."""
AROUND_S: Final = 21 * DAY_S
"""A change is looked for so far before and after the claimed time."""
CHANGE_CELLS_MIN: Final = 3
"""Decided cells of a series on either side of a change."""
CHANGE_FIT_MIN: Final = 2 / 3
"""Share of cells on each side that must be on the right side: the majority of a cell."""
HALF: Final = 0.5
CONFIDENCE: Final = 0.90
"""Two-sided, so that each bound errs in one case of twenty; with it three units that agree are just enough,
the floor of a cell."""
WITNESSES_MAX: Final = 200
WHY: Final = frozenset(
    {"agrees", "disagrees", "mixed", "few", "no-cells", "impossible-date", "no-line-shows-it", "open-start"}
)

_BAD: Final = frozenset({CellState.BLOCKED, CellState.THROTTLED, CellState.DOWN})
_GOOD: Final = frozenset({CellState.OK})
_DECIDED: Final = _BAD | _GOOD | {CellState.INTERMITTENT}


class CellRow(msgspec.Struct, frozen=True, order=True):
    """One cell: where, when, what. Of stage `call`."""

    key: CellKey
    state: CellState
    level: str = "hour"
    """Of the published row that it is: hour or day."""


Unit = tuple[str, str, int]
"""Operator, access, UTC day (or week, counted from 1970-01-01)."""


def check_claim(claim: Claim, cells: Iterable[CellRow], *, as_of: str = "") -> ClaimCheck:
    """Set one claim against the cells of its country; cells outside of its scope are left out here."""
    span = decode_edtf(claim.date)
    if claim.says is ClaimSays.OTHER:
        return _unmeasurable(claim, "no-line-shows-it", as_of)
    if span.impossible:
        return _unmeasurable(claim, "impossible-date", as_of)
    if span.since_s is None:
        return _unmeasurable(claim, "open-start", as_of)
    inside = sorted(row for row in cells if in_scope(claim, row))
    if claim.says in {ClaimSays.ONSET, ClaimSays.END}:
        return _change(claim, span, inside, as_of)
    return _level(claim, span, inside, as_of)


def in_scope(claim: Claim, row: CellRow) -> bool:
    """Whether a cell is of what the claim is about, whenever; the line itself only where it is named."""
    key, scope = row.key, claim.scope
    return (
        key.country == scope.country
        and key.stage == CALL_STAGE
        and row.state in _DECIDED
        and (key.app in scope.apps if scope.apps else key.app != LINE)
        and (not scope.operators or key.operator in scope.operators)
        and (not scope.accesses or key.access in scope.accesses)
    )


def _level(claim: Claim, span: Span, cells: Sequence[CellRow], as_of: str) -> ClaimCheck:
    """Blocked, open or intermittent over a time: whole days of the time, each line's majority."""
    since_s, until_s = _shrunk(span)
    rows = [row for row in cells if since_s <= row.key.hour and (until_s is None or row.key.hour < until_s)]
    if not rows:
        return _unmeasurable(claim, "no-cells", as_of)
    if claim.says is ClaimSays.INTERMITTENT:
        votes = _intermittent(rows)
        agreeing = [row for row in rows if votes[_week(row)]]
        return _told(claim, rows, agreeing, list(votes.values()), as_of)
    good = _BAD if claim.says is ClaimSays.BLOCKED else _GOOD
    agreeing = [row for row in rows if row.state in good]
    units: dict[Unit, list[bool]] = {}
    for row in rows:
        units.setdefault(_unit(row), []).append(row.state in good)
    return _told(claim, rows, agreeing, [2 * sum(said) > len(said) for said in units.values()], as_of)


def _shrunk(span: Span) -> tuple[float, float | None]:
    """The time that is in the claim by any clock; a single day keeps its middle hours and their neighbours.

    A day is shorter than two clock differences, so that it is taken as UTC has it.
    """
    since_s = span.since_s if span.since_s is not None else 0.0
    until_s = span.until_s
    if until_s is None:
        return since_s + CLOCK_S, None
    if until_s - since_s <= 2 * DAY_S:
        return since_s, until_s
    return since_s + CLOCK_S, until_s - CLOCK_S


def _intermittent(rows: Sequence[CellRow]) -> dict[Unit, bool]:
    """A line's week -> whether it both failed and worked, each in at least a tenth of its cells.

    A week, because what works in the mornings only is not seen by a day with few cells.
    """
    said: dict[Unit, list[CellState]] = {}
    for row in rows:
        said.setdefault(_week(row), []).append(row.state)
    return {
        week: all(
            10 * sum(state in side or state is CellState.INTERMITTENT for state in states) >= len(states)
            for side in (_BAD, _GOOD)
        )
        for week, states in said.items()
    }


def _change(claim: Claim, span: Span, cells: Sequence[CellRow], as_of: str) -> ClaimCheck:
    """Onset or end: every series' own change, found where it fits best, overlaps the claimed time or not."""
    assert span.since_s is not None
    until_s = span.until_s if span.until_s is not None else span.since_s + DAY_S
    first_s, last_s = span.since_s - CLOCK_S, until_s + CLOCK_S
    near = [row for row in cells if first_s - AROUND_S <= row.key.hour < last_s + AROUND_S]
    if not near:
        return _unmeasurable(claim, "no-cells", as_of)
    series: dict[tuple[str, str, str], list[CellRow]] = {}
    for row in near:
        series.setdefault((row.key.operator, row.key.access, row.key.app), []).append(row)
    lines: dict[tuple[str, str], list[bool]] = {}
    speaking: list[CellRow] = []
    agreeing: list[CellRow] = []
    for (operator, access, _), rows in series.items():
        found = change_of(rows, rising=claim.says is ClaimSays.ONSET)
        if found is None:
            told = _no_change(rows, first_s, last_s, rising=claim.says is ClaimSays.ONSET)
            if told:
                lines.setdefault((operator, access), []).append(False)
                speaking += told
            continue
        before, after = found
        holds = before.key.hour < last_s and after.key.hour + HOUR_S > first_s
        lines.setdefault((operator, access), []).append(holds)
        speaking += found
        agreeing += found if holds else ()
    votes = [vote for said in lines.values() for vote in said]
    if not votes:
        return _unmeasurable(claim, "few", as_of)
    return _told(claim, speaking, agreeing, votes, as_of)


def _no_change(
    rows: Sequence[CellRow], first_s: float, last_s: float, *, rising: bool
) -> tuple[CellRow, ...]:
    """The cells that say that there was none: it was so before, or it was not so after."""
    so = [((row.state in _BAD) == rising, row) for row in rows]
    before = [each for each in so if each[1].key.hour < first_s]
    after = [each for each in so if each[1].key.hour >= last_s]
    for side, wanted in ((before, True), (after, False)):
        fits = sum(each[0] is wanted for each in side)
        if len(side) >= CHANGE_CELLS_MIN and fits >= CHANGE_FIT_MIN * len(side):
            return side[0][1], side[-1][1]
    return ()


def change_of(rows: Sequence[CellRow], *, rising: bool) -> tuple[CellRow, CellRow] | None:
    """The last cell before and the first after the change that fits a series best, or None.

    Args:
        rows: decided cells of one series, by hour.
        rising: towards blocked, or away from it.

    The change that leaves the fewest cells on the wrong side; of equals the first.
    """
    after_bad = [(row.state in _BAD) == rising for row in rows]
    wrong = sum(not each for each in after_bad)  # all after
    best, best_wrong = 0, len(rows) + 1
    for place in range(len(rows) + 1):
        if CHANGE_CELLS_MIN <= place <= len(rows) - CHANGE_CELLS_MIN and wrong < best_wrong:
            best, best_wrong = place, wrong
        if place < len(rows):
            wrong += 1 if after_bad[place] else -1
    if not best:
        return None
    before, after = after_bad[:best], after_bad[best:]
    fits = sum(not each for each in before) / len(before), sum(after) / len(after)
    return (rows[best - 1], rows[best]) if min(fits) >= CHANGE_FIT_MIN else None


def _told(
    claim: Claim, rows: Sequence[CellRow], agreeing: Sequence[CellRow], votes: Sequence[bool], as_of: str
) -> ClaimCheck:
    hits, count = sum(votes), len(votes)
    interval = wilson_interval(hits, count, confidence=CONFIDENCE)
    if interval.low > HALF:
        state, why = ClaimState.SUPPORTED, "agrees"
    elif interval.high < HALF:
        state, why = ClaimState.CONTRADICTED, "disagrees"
    else:
        state, why = ClaimState.NOT_MEASURABLE, "few" if hits in {0, count} else "mixed"
    return ClaimCheck(
        claim=claim.id,
        state=state,
        why=why,
        cells_for=len(agreeing),
        cells_against=len(rows) - len(agreeing),
        units_for=hits,
        units=count,
        share=hits / count,
        share_low=interval.low,
        share_high=interval.high,
        days=len({row.key.hour // DAY_S for row in rows}),
        series=len({(row.key.operator, row.key.access, row.key.app) for row in rows}),
        rows=witnesses(rows),
        as_of=as_of,
    )


def witnesses(rows: Sequence[CellRow]) -> tuple[Witness, ...]:
    """Of every series the first and the last cell that speak; whoever quotes a claim opens them first."""
    first: dict[tuple[str, str, str], CellRow] = {}
    last: dict[tuple[str, str, str], CellRow] = {}
    for row in sorted(rows, key=lambda each: each.key.hour):
        name = (row.key.operator, row.key.access, row.key.app)
        first.setdefault(name, row)
        last[name] = row
    found = {_witness(row) for row in (*first.values(), *last.values())}
    return tuple(sorted(found))[:WITNESSES_MAX]


def _witness(row: CellRow) -> Witness:
    key = row.key
    return Witness(key.country, key.operator, key.access.value, key.app, iso(key.hour), level=row.level)


def _unmeasurable(claim: Claim, why: str, as_of: str) -> ClaimCheck:
    return ClaimCheck(claim=claim.id, state=ClaimState.NOT_MEASURABLE, why=why, as_of=as_of)


def _week(row: CellRow) -> Unit:
    return row.key.operator, row.key.access, row.key.hour // (7 * DAY_S)


def _unit(row: CellRow) -> Unit:
    return row.key.operator, row.key.access, row.key.hour // DAY_S
