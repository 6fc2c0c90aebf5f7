"""Days of a block, by hand: calendar days, and the series of incidents."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.incidents import incident, phase, row
from voipwatch.civic.costs.spans import span_of_days, span_of_incident
from voipwatch.civic.ranges import Range
from voipwatch.model.incidents import Incident, Phase, PhaseKind, SeriesName, Spread

ONE = SeriesName("Operator A", "4g", "whatsapp")
TWO = SeriesName("Operator B", "adsl", "whatsapp")


def day(text: str) -> date:
    return date.fromisoformat(text)


def both(text: str) -> tuple[date, date]:
    return day(text), day(text)


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        ("2016-01-01", "2016-06-30", 182),  # Brookings
        ("2015-12-31", "2016-06-30", 183),
        ("2016-01-05", "2016-06-30", 178),
        ("2016-01-05", "2016-11-04", 305),
        ("2016-03-01", "2016-03-01", 1),
    ],
)
def test_both_days_count(first: str, last: str, days: int) -> None:
    found = span_of_days(both(first), both(last))
    assert found.days == found.everywhere == found.anywhere == Range(days, days)


def test_disputed_days_make_a_range() -> None:
    found = span_of_days((day("2015-12-31"), day("2016-01-05")), (day("2016-11-03"), day("2016-11-04")))
    assert found.days == Range(304, 310)


def test_days_on_mobile_lines_only_count_from_nothing_to_whole() -> None:
    """5 January to 25 February 2016 are 52 days; 26 February to 4 November 253."""
    found = span_of_days(both("2016-01-05"), both("2016-11-04"), partly_until=day("2016-02-26"))
    assert found.anywhere == Range(305, 305)
    assert found.everywhere == Range(253, 253)
    assert found.days == Range(253, 305)
    late = span_of_days(both("2016-03-05"), both("2016-03-10"), partly_until=day("2016-02-26"))
    assert late.days == Range(6, 6), "it was everywhere from its first day"
    never = span_of_days(both("2016-01-05"), both("2016-01-10"), partly_until=day("2016-02-26"))
    assert never.days == Range(0, 6)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (("2016-01-05", "2016-01-01"), ("2016-02-01", "2016-02-01")),
        (("2016-01-01", "2016-01-05"), ("2016-02-01", "2016-01-20")),
        (("2016-01-01", "2016-01-05"), ("2016-01-03", "2016-02-01")),
    ],
)
def test_what_ends_before_it_begins_is_refused(first: tuple[str, str], last: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="begin before it ends"):
        span_of_days((day(first[0]), day(first[1])), (day(last[0]), day(last[1])))


def told(*rows: Spread, phases: tuple[Phase, ...] = (), as_of: str = "2016-12-01T00") -> Incident:
    return incident(*rows, phases=phases, as_of=as_of)


def test_one_series_has_the_intervals_of_its_onset_and_end() -> None:
    found = span_of_incident(told(row("2016-01-01T00", "2016-01-03T00", ("2016-01-11T00", "2016-01-12T00"))))
    assert found.days == Range(8, 11)
    assert not found.ongoing


def test_two_series_are_bounded_by_all_and_by_any() -> None:
    """The second begins on the 10th: everybody for 10 days, somebody for 19."""
    end = ("2016-01-20T00", "2016-01-20T00")
    found = span_of_incident(
        told(
            row("2016-01-01T00", "2016-01-01T00", end),
            row("2016-01-10T00", "2016-01-10T00", end, access="adsl"),
        )
    )
    assert found.everywhere == Range(10, 10)
    assert found.anywhere == Range(19, 19)
    assert found.days == Range(10, 19)


def test_apart_in_time_nothing_is_everywhere() -> None:
    found = span_of_incident(
        told(
            row("2016-01-01T00", "2016-01-01T00", ("2016-01-05T00", "2016-01-05T00")),
            row("2016-01-10T00", "2016-01-10T00", ("2016-01-12T00", "2016-01-12T00"), access="adsl"),
        )
    )
    assert found.everywhere == Range(0, 0)
    assert found.anywhere == Range(6, 6)


def test_what_goes_on_counts_up_to_what_is_known() -> None:
    found = span_of_incident(told(row("2016-01-01T00", "2016-01-02T00"), as_of="2016-01-12T00"))
    assert found.days == Range(10, 11)
    assert found.ongoing


def test_without_a_first_look_there_is_no_upper_bound() -> None:
    unseen = row(None, "2016-01-02T00")
    seen = row("2016-01-01T00", "2016-01-02T00", access="adsl")
    found = span_of_incident(told(unseen, seen, as_of="2016-01-12T00"))
    assert found.anywhere == Range(10, None)
    assert found.everywhere == Range(10, 11), "the other series bounds what was everywhere"
    assert span_of_incident(told(unseen, as_of="2016-01-12T00")).everywhere == Range(10, None)


@pytest.mark.parametrize("kind", [PhaseKind.RELIEF, PhaseKind.SILENCE])
def test_a_gap_is_not_certain(kind: PhaseKind) -> None:
    """Blocked 1 to 31 January, relieved or unmeasured from the 11th, found blocked again by the 16th."""
    found = span_of_incident(
        told(
            row("2016-01-01T00", "2016-01-01T00", ("2016-01-31T00", "2016-01-31T00")),
            phases=(
                phase(PhaseKind.ONSET, "2016-01-01T00", "2016-01-01T00", [ONE]),
                phase(kind, "2016-01-11T00", "2016-01-12T00", [ONE]),
                phase(PhaseKind.RELIEF, "2016-01-13T00", "2016-01-14T00", [TWO]),
                phase(PhaseKind.EXTENSION, "2016-01-15T00", "2016-01-16T00", [ONE]),
            ),
        )
    )
    assert found.days == Range(25, 30)
    assert found.silent is (kind is PhaseKind.SILENCE)


def test_what_is_blocked_at_some_hours_is_not_certain() -> None:
    one = row("2016-01-01T00", "2016-01-01T00", ("2016-01-21T00", "2016-01-21T00"))
    sometimes = phase(PhaseKind.INTERMITTENT, "2016-01-06T00", "2016-01-07T00", [ONE])
    ended = phase(PhaseKind.INTERMITTENT, "2016-01-06T00", "2016-01-07T00", [ONE], until="2016-01-16T00")
    assert span_of_incident(told(one, phases=(ended,))).days == Range(10, 20)
    assert span_of_incident(told(one, phases=(sometimes,))).days == Range(5, 20), "until as_of"


def test_an_incident_without_series_is_refused() -> None:
    with pytest.raises(ValueError, match="no series"):
        span_of_incident(told())


@given(st.lists(st.tuples(*[st.integers(0, 40)] * 4), min_size=1, max_size=5))
def test_everywhere_is_never_more_than_anywhere(times: list[tuple[int, ...]]) -> None:
    rows = []
    for number, each in enumerate(times):
        at = [(date(2016, 1, 1) + timedelta(days)).isoformat() + "T00" for days in sorted(each)]
        rows.append(row(at[0], at[1], (at[2], at[3]), app=f"app-{number}"))
    found = span_of_incident(told(*rows))
    assert found.everywhere.high is not None
    assert found.anywhere.high is not None
    assert found.everywhere.low <= found.anywhere.low
    assert found.everywhere.high <= found.anywhere.high
    assert found.days.low <= found.anywhere.high <= 40
