"""Rows that tell of three probes or of nobody, over all releases together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.chronicle.linear_attack import Equation, exposed, rank
from voipwatch.chronicle import coarsen
from voipwatch.chronicle.coarsen import Voice, closes_at, count_probes, start_of, state_of_row, tell
from voipwatch.inference.cells import state_of
from voipwatch.model.bundle import DAY_S, HOUR_S, LATE_LAG_S, WEEK_S, Level, PublicRow, SeriesId
from voipwatch.model.cells import VOTE_MICRO, CellState
from voipwatch.model.vocabulary import Access, Verdict

MONDAY = 1_456_704_000
"""2016-02-29 00:00 UTC: the month turns on the week's second day."""
SERIES = SeriesId("MA", "AS36925", Access.G4, "whatsapp")
NEVER = MONDAY + 100 * WEEK_S


def voice(device: int, hour: int = 0, *, delay: int = 60, verdict: str = "ok", household: str = "") -> Voice:
    """Of hour `hour` of the week; the pseudonym changes on the second day."""
    at = MONDAY + hour * HOUR_S
    month = "feb" if hour < 24 else "mar"
    return Voice(SERIES, at, f"{device}-{month}", household, at + delay, verdict)


def rows(voices: Sequence[Voice], as_of: int = NEVER) -> list[tuple[str, int, int]]:
    return [
        (row.level.value, (row.start - MONDAY) // HOUR_S, row.votes) for row in tell(voices, as_of=as_of).rows
    ]


def test_pools_follow_one_partition() -> None:
    assert MONDAY == start_of(Level.WEEK, MONDAY) == start_of(Level.WEEK, MONDAY + WEEK_S - HOUR_S)
    assert start_of(Level.WEEK, MONDAY + WEEK_S) == MONDAY + WEEK_S
    assert start_of(Level.DAY, MONDAY + 25 * HOUR_S) == MONDAY + DAY_S
    assert closes_at(Level.HOUR, MONDAY) == MONDAY + 7 * HOUR_S
    assert closes_at(Level.LATE, MONDAY) == closes_at(Level.WEEK, MONDAY) + LATE_LAG_S


def test_a_row_is_as_fine_as_three_probes_allow() -> None:
    assert rows([voice(d) for d in range(3)]) == [("hour", 0, 3)]
    assert rows([voice(d, d) for d in range(3)]) == [("day", 0, 3)]
    assert rows([voice(d, 24 + 24 * d) for d in range(3)]) == [("week", 0, 3)]
    assert rows([voice(d) for d in range(2)]) == []
    # The rest of a day is apart from the hour that stood for itself.
    assert rows([voice(d) for d in range(3)] + [voice(d, 5 + d) for d in range(3)]) == [
        ("day", 0, 3),
        ("hour", 0, 3),
    ]


def test_a_pool_waits_for_its_time_and_then_is_closed() -> None:
    three = [voice(d) for d in range(3)]
    closing = closes_at(Level.HOUR, MONDAY)
    assert rows(three, closing - 1) == []
    assert rows(three, closing) == [("hour", 0, 3)]
    late = [*three[:2], voice(2, delay=8 * HOUR_S)]
    assert rows(late) == [("day", 0, 3)]
    later = [*three[:2], voice(2, delay=9 * DAY_S)]
    assert rows(later) == [("late", 0, 3)]
    never = [*three[:2], voice(2, delay=40 * DAY_S)]
    assert rows(never) == []
    assert len(tell(never, as_of=NEVER).withheld) == 3


def test_what_is_out_stays_and_its_votes_are_told_no_second_time() -> None:
    first = [voice(d) for d in range(4)]
    closing = closes_at(Level.HOUR, MONDAY)
    told = tell(first, as_of=closing)
    # One was deleted, two came late: the row stays; the late ones stand for themselves, and are too few.
    then = [*first[1:], voice(7, delay=DAY_S), voice(8, delay=DAY_S)]
    after = tell(then, as_of=NEVER, remembered=told.rows, remembered_until=closing)
    assert after.rows == []
    third = [*then, voice(9, delay=2 * DAY_S)]
    assert [
        (row.level, row.votes)
        for row in tell(third, as_of=NEVER, remembered=told.rows, remembered_until=closing).rows
    ] == [("week", 3)]


def test_a_closed_pool_without_a_row_is_never_opened_again() -> None:
    """A report that was loaded after its pool had closed moves up with the rest."""
    told = tell([voice(d) for d in range(2)], as_of=closes_at(Level.HOUR, MONDAY))
    assert told.rows == []
    after = tell([voice(d) for d in range(3)], as_of=NEVER, remembered_until=closes_at(Level.HOUR, MONDAY))
    assert [row.level for row in after.rows] == ["day"]


def test_probes_are_counted_low() -> None:
    assert count_probes([]) == 0
    assert count_probes([voice(0), voice(0, 3), voice(1)]) == 2
    # Two devices across the month's turn are four pseudonyms.
    assert count_probes([voice(0, 20), voice(1, 20), voice(0, 30), voice(1, 30)]) == 2
    # A household of three; the second and the third never shared a prefix with each other.
    home = [voice(0, household="a"), voice(1, 1, household="a"), voice(0, 2, household="b")]
    assert count_probes([*home, voice(2, 3, household="b")]) == 1
    assert count_probes([*home, voice(2, 3)]) == 2


def test_a_household_is_no_row() -> None:
    assert rows([voice(d, d, household="home") for d in range(5)]) == []
    assert rows([voice(d, d, household=f"home{d}") for d in range(3)]) == [("day", 0, 3)]


def test_votes_of_a_month_turns_week_that_look_like_four_are_two() -> None:
    four = [voice(d, hour) for d in range(2) for hour in (20, 30)]
    assert len({each.pseudonym for each in four}) == 4
    assert rows(four) == []


def test_where_too_few_decide_the_votes_are_counted_and_not_told_apart() -> None:
    few = [voice(0, verdict="blocked"), voice(1), *(voice(d, verdict="insufficient") for d in (2, 3))]
    (row,) = tell(few, as_of=NEVER).rows
    assert (row.level, row.votes, row.probes, row.ok, row.insufficient) == ("week", 4, 4, None, None)
    assert row.state is state_of_row(row) is CellState.INSUFFICIENT
    (row,) = tell([*few, voice(4)], as_of=NEVER).rows
    assert (row.level, row.ok, row.blocked, row.insufficient) == ("hour", 2, 1, 2)
    assert row.state is CellState.OK


@given(st.lists(st.integers(0, 9), min_size=4, max_size=4))
def test_the_state_is_that_of_a_cell_with_these_votes(counts: list[int]) -> None:
    said = dict(zip(coarsen.DECIDED, counts, strict=True))
    cell = state_of({Verdict(word): number * VOTE_MICRO for word, number in said.items()})
    assert coarsen.state_of_counts(said) is cell


# --- the attack -------------------------------------------------------------------------------------------

Publisher = Callable[[Sequence[Voice], Sequence[int]], list[dict[str, object]]]
"""Votes and the moments of all releases -> every row of every release, as plain values."""


def ours(voices: Sequence[Voice], releases: Sequence[int]) -> list[dict[str, object]]:
    out: list[PublicRow] = []
    until = 0
    for as_of in releases:
        out += tell(
            [each for each in voices if each.received_at < as_of],
            as_of=as_of,
            remembered=out,
            remembered_until=until,
        ).rows
        until = as_of
    return [msgspec.to_builtins(row) for row in out]


def naive(voices: Sequence[Voice], releases: Sequence[int]) -> list[dict[str, object]]:
    """Three probes a row, and otherwise what anybody would do: every level, made anew at each release."""
    out: list[dict[str, object]] = []
    for as_of in releases:
        for level in (Level.HOUR, Level.DAY, Level.WEEK):
            pools: dict[int, list[Voice]] = {}
            for each in voices:
                if each.received_at < as_of:
                    pools.setdefault(start_of(level, each.hour), []).append(each)
            for start, pool in sorted(pools.items()):
                row = coarsen.row_of(pool, level=level, start=start)
                if row is not None:
                    out.append(msgspec.to_builtins(row) | {"as_of": as_of})
    return out


def equations(publish: Publisher, voices: Sequence[Voice], releases: Sequence[int]) -> list[Equation]:
    """One a row: by how much its count of blocked votes changes with each vote, found by changing the votes.

    Nothing is taken from what the publisher says of itself.
    """
    quiet = [each._replace(verdict="ok") if each.verdict != "insufficient" else each for each in voices]
    before = publish(quiet, releases)
    found: list[Equation] = [{} for _ in before]
    for column, each in enumerate(quiet):
        if each.verdict == "insufficient":
            continue
        changed = [*quiet[:column], each._replace(verdict="blocked"), *quiet[column + 1 :]]
        after = publish(changed, releases)
        assert len(after) == len(before), "a verdict decided whether a row is told"
        for number, (old, new) in enumerate(zip(before, after, strict=True)):
            if old != new:
                found[number][column] = int(new["blocked"] or 0) - int(old["blocked"] or 0)  # type: ignore[call-overload]
    return found


@dataclass
class Panel:
    devices: list[int]
    voices: list[Voice]
    releases: list[int]


@st.composite
def panels(draw: st.DrawFn) -> Panel:
    size = draw(st.integers(2, 6))
    hours = st.sampled_from([0, 1, 2, 23, 24, 25, 30, 100, 167, 168])
    delays = st.sampled_from([60, 3 * HOUR_S, 9 * HOUR_S, 2 * DAY_S, 9 * DAY_S, 20 * DAY_S, 45 * DAY_S])
    drawn = draw(
        st.dictionaries(
            st.tuples(st.integers(0, size - 1), hours),
            st.tuples(delays, st.sampled_from(["ok", "ok", "ok", "insufficient"])),
            min_size=1,
            max_size=18,
        )
    )
    voices = [voice(d, h, delay=delay, verdict=word) for (d, h), (delay, word) in drawn.items()]
    moments = [MONDAY + n * HOUR_S for n in (7, 8, 20, 31, 33, 56, 100, 175, 200, 400, 847, 848, 1100)]
    releases = sorted(draw(st.sets(st.sampled_from(moments), min_size=1, max_size=4)) | {NEVER})
    return Panel([d for d, _ in drawn], voices, releases)


def hourly(said: Sequence[tuple[int, int]], releases: Sequence[int] = (NEVER,)) -> Panel:
    return Panel([d for d, _ in said], [voice(d, h) for d, h in said], list(releases))


MARGINAL = hourly([(0, 0), (1, 0), (2, 0), (3, 1)])
"""The day less its first hour is one probe's second hour."""


@example(MARGINAL)
@example(hourly([(d, h) for d in range(2) for h in (20, 30)]))
@given(panels())
def test_no_combination_of_all_releases_speaks_of_two_devices(panel: Panel) -> None:
    assert not exposed(equations(ours, panel.voices, panel.releases), panel.devices)


@given(panels())
def test_rows_share_no_vote_and_say_how_many_they_hold(panel: Panel) -> None:
    """The claim of the argument itself: every figure is of one row's votes alone."""
    every = [each._replace(verdict="ok") for each in panel.voices]
    found = equations(ours, every, panel.releases)
    seen = [column for equation in found for column in equation]
    assert len(seen) == len(set(seen))
    assert [len(equation) for equation in found] == [row["votes"] for row in ours(every, panel.releases)]


def test_the_attack_finds_a_marginal() -> None:
    found = exposed(equations(naive, MARGINAL.voices, MARGINAL.releases), MARGINAL.devices)
    assert (3,) in found


def test_the_attack_finds_a_row_that_was_made_anew_with_a_late_vote() -> None:
    late = [*(voice(d) for d in range(3)), voice(3, delay=9 * HOUR_S)]
    releases = [MONDAY + 8 * HOUR_S, MONDAY + 20 * HOUR_S]
    found = exposed(equations(naive, late, releases), [0, 1, 2, 3])
    assert found == {(3,), (0, 3), (1, 3), (2, 3)}


def test_the_attack_finds_a_pair_that_looks_like_four(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = hourly([(d, h) for d in range(2) for h in (20, 30)])
    monkeypatch.setattr(coarsen, "count_probes", lambda voices: len({each.pseudonym for each in voices}))
    assert (0, 1) in exposed(equations(ours, pair.voices, pair.releases), pair.devices)


def test_the_attack_finds_a_release_that_forgot_the_last_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report that is loaded late must not open what was closed."""

    def forgetful(voices: Sequence[Voice], releases: Sequence[int]) -> list[dict[str, object]]:
        out = []
        for number, as_of in enumerate(releases):
            there = voices if number else voices[:-1]
            out += [msgspec.to_builtins(row) for row in tell(there, as_of=as_of).rows]
        return out

    four = hourly([(d, 0) for d in range(4)], [MONDAY + 8 * HOUR_S, MONDAY + 9 * HOUR_S])
    assert (3,) in exposed(equations(forgetful, four.voices, four.releases), four.devices)


def test_rank_by_hand() -> None:
    assert rank([{0: 1, 1: 1}, {1: 1, 2: 1}, {0: 1, 2: -1}]) == 2
    assert rank([{0: 1, 1: 1}, {1: 1, 2: 1}, {0: 1, 2: 1}]) == 3
    assert exposed([{0: 1, 1: 1, 2: 1}], [0, 1, 2]) == set()
    assert exposed([{0: 1, 1: 1, 2: 1}, {0: 1}], [0, 1, 2]) == {(0,), (0, 1), (0, 2), (1, 2)}
