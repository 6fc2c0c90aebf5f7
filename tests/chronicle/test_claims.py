"""Claims against planted cells."""

import msgspec
import pytest

from tests.chronicle.build import APPS, OPERATORS, at
from voipwatch.chronicle.claims import WHY, CellRow, change_of, check_claim, in_scope, witnesses
from voipwatch.chronicle.claims_file import packaged_claims
from voipwatch.model.cells import CellKey, CellState
from voipwatch.model.claims import Claim, ClaimSays, ClaimState, ClaimType, Scope, Source
from voipwatch.model.edtf import decode_edtf
from voipwatch.model.vocabulary import Access

HOUR, DAY = 3600, 86_400


def claim(says: ClaimSays, date: str, *accesses: str) -> Claim:
    return Claim(
        id="t/x",
        type=ClaimType.PRESS,
        says=says,
        date=date,
        as_published=date,
        text="",
        scope=Scope("MA", accesses=accesses),
        source=Source("P", "T"),
    )


def row(
    hour_s: float, state: CellState, access: str = "4g", operator: str = "AS1", app: str = "viber"
) -> CellRow:
    return CellRow(CellKey("MA", operator, Access(access), app, "call", int(hour_s // HOUR * HOUR)), state)


def year() -> list[CellRow]:
    """Four cells a day and series, blocked as in 2016: mobile from 2, 3 and 5 January, Wi-Fi at night from
    6 January, Wi-Fi and fixed lines from 26 February; all open from 4 November, 18 h.
    """
    starts = dict(zip(OPERATORS, ("2016-01-02T14", "2016-01-03T20", "2016-01-05T08"), strict=True))
    second, end = at("2016-02-26T16"), at("2016-11-04T18")
    rows = []
    for operator in OPERATORS:
        for access in ("3g", "4g", "wifi", "adsl"):
            for app in APPS[:2]:
                for day in range(int(at("2015-12-01")), int(at("2016-12-31")), DAY):
                    for hour in (2, 8, 14, 20):
                        now = day + hour * HOUR
                        mobile = access in {"3g", "4g"} and now >= at(starts[operator])
                        evening = access == "wifi" and hour == 20 and now >= at("2016-01-06")
                        late = access in {"wifi", "adsl"} and now >= second
                        bad = now < end and (mobile or evening or late)
                        rows.append(
                            row(now, CellState.BLOCKED if bad else CellState.OK, access, operator, app)
                        )
    return rows


YEAR = year()


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("start-31-december", ClaimState.CONTRADICTED),
        ("start-early-january", ClaimState.SUPPORTED),
        ("mobile-blocked-6-january", ClaimState.SUPPORTED),
        ("wifi-intermittent-6-january", ClaimState.SUPPORTED),
        ("regulator-4-january-2015", ClaimState.NOT_MEASURABLE),
        ("rumour-won-5-february", ClaimState.NOT_MEASURABLE),
        ("still-blocked-6-february", ClaimState.SUPPORTED),
        ("wifi-26-february", ClaimState.SUPPORTED),
        ("fixed-lines-end-of-week", ClaimState.SUPPORTED),
        ("wifi-open-2-march", ClaimState.CONTRADICTED),
        ("end-4-november", ClaimState.SUPPORTED),
        ("end-december", ClaimState.CONTRADICTED),
        ("rumour-open-for-cop22", ClaimState.SUPPORTED),
        ("rumour-blocked-after-cop22", ClaimState.CONTRADICTED),
        ("definitive", ClaimState.SUPPORTED),
        ("petition-8000", ClaimState.NOT_MEASURABLE),
        ("counter-day-zero-5-february", ClaimState.CONTRADICTED),
    ],
)
def test_what_the_press_told_against_the_planted_year(name: str, state: ClaimState) -> None:
    (said,) = [each for each in packaged_claims("morocco-2015-2016") if each.id.endswith(f"/{name}")]
    check = check_claim(said, YEAR, as_of="2016-12-31T00:00:00Z")
    assert check.state is state, check
    assert check.why in WHY
    assert check.as_of == "2016-12-31T00:00:00Z"
    if check.why in {"agrees", "disagrees"}:
        assert check.rows, "the rows behind it"
        assert check.units >= check.units_for >= 0
        assert check.share_low is not None
        assert check.share_high is not None
        assert check.share_low <= check.units_for / check.units <= check.share_high


def test_without_cells_nothing_is_said() -> None:
    check = check_claim(claim(ClaimSays.BLOCKED, "2016-01-06"), [])
    assert (check.state, check.why) == (ClaimState.NOT_MEASURABLE, "no-cells")
    other_country = claim(ClaimSays.BLOCKED, "2016-01-06")
    other_country = msgspec.structs.replace(other_country, scope=Scope("FR"))
    assert check_claim(other_country, YEAR).why == "no-cells"


@pytest.mark.parametrize(
    ("says", "date", "why"),
    [
        (ClaimSays.BLOCKED, "2016-02-30", "impossible-date"),
        (ClaimSays.OTHER, "2016-01-06", "no-line-shows-it"),
        (ClaimSays.OPEN, "../2016-01", "open-start"),
        (ClaimSays.ONSET, "2019-01", "no-cells"),
    ],
)
def test_what_cannot_be_measured_says_why(says: ClaimSays, date: str, why: str) -> None:
    check = check_claim(claim(says, date), YEAR)
    assert (check.state, check.why) == (ClaimState.NOT_MEASURABLE, why)


def test_few_lines_support_nothing() -> None:
    lines = [row(at("2016-01-06") + n * HOUR, CellState.BLOCKED, operator=f"AS{n}") for n in range(3)]
    assert check_claim(claim(ClaimSays.BLOCKED, "2016-01-06"), lines[:2]).why == "few"
    assert check_claim(claim(ClaimSays.BLOCKED, "2016-01-06"), lines).state is ClaimState.SUPPORTED
    lines.append(row(at("2016-01-06"), CellState.OK, operator="AS9"))
    assert check_claim(claim(ClaimSays.BLOCKED, "2016-01-06"), lines).why == "mixed"


def test_many_hours_and_apps_of_one_line_are_one_unit_a_day() -> None:
    rows = [row(at("2016-01-06") + n * HOUR, CellState.BLOCKED, app=app) for n in range(24) for app in APPS]
    check = check_claim(claim(ClaimSays.BLOCKED, "2016-01-06"), rows)
    assert (check.units, check.cells_for, check.why) == (1, 144, "few")


def test_the_scope_is_kept() -> None:
    said = claim(ClaimSays.BLOCKED, "2016", "wifi")
    assert not in_scope(said, row(0, CellState.BLOCKED))
    assert in_scope(said, row(0, CellState.BLOCKED, "wifi"))
    assert not in_scope(said, row(0, CellState.INSUFFICIENT, "wifi"))
    assert not in_scope(said, row(0, CellState.DOWN, "wifi", app="line")), "a line is no app"


def test_a_change_is_where_it_leaves_the_fewest_on_the_wrong_side() -> None:
    states = [CellState.OK] * 5 + [CellState.BLOCKED, CellState.OK] + [CellState.BLOCKED] * 6
    rows = [row(n * HOUR, state) for n, state in enumerate(states)]
    found = change_of(rows, rising=True)
    assert found is not None
    assert [each.key.hour // HOUR for each in found] == [4, 5]
    assert change_of(rows, rising=False) is None
    assert change_of(rows[:7], rising=True) is None, "two blocked cells are no change"
    steady = [row(n * HOUR, CellState.OK) for n in range(20)]
    assert change_of(steady, rising=True) is None


def test_a_change_agrees_with_a_second_way_of_finding_it() -> None:
    """Least squares over all splits, as textbooks do it."""
    states = [CellState.OK, CellState.BLOCKED, *[CellState.OK] * 6, *[CellState.BLOCKED] * 9, CellState.OK]
    rows = [row(n * HOUR, state) for n, state in enumerate(states)]
    bad = [state is CellState.BLOCKED for state in states]

    def cost(place: int) -> float:
        sides = bad[:place], bad[place:]
        return sum(sum((each - sum(side) / len(side)) ** 2 for each in side) for side in sides)

    best = min(range(3, len(rows) - 2), key=cost)
    found = change_of(rows, rising=True)
    assert found is not None
    assert found[1] == rows[best]


def test_witnesses_are_the_first_and_last_cell_of_each_series() -> None:
    rows = [row(n * HOUR, CellState.OK, operator=operator) for operator in ("AS1", "AS2") for n in range(9)]
    assert [(each.operator, each.start, each.level) for each in witnesses(rows)] == [
        ("AS1", "1970-01-01T00:00:00Z", "hour"), ("AS1", "1970-01-01T08:00:00Z", "hour"),
        ("AS2", "1970-01-01T00:00:00Z", "hour"), ("AS2", "1970-01-01T08:00:00Z", "hour"),
    ]  # fmt: skip


def test_a_day_is_of_any_clock() -> None:
    assert decode_edtf("2016-01-06").width_s == DAY
    night = [row(at("2016-01-06T02") + n * DAY, CellState.BLOCKED) for n in range(1)]
    assert check_claim(claim(ClaimSays.BLOCKED, "2016-01-06"), night).units == 1
