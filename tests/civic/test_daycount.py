"""Day numbers: those that the sources of 2016 give, the faults of the counter of 2016, laws for the rest."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.incidents import incident, measured, morocco, phase, row
from voipwatch.civic.daycount import (
    Blocked,
    Bracket,
    CountState,
    DayCount,
    Days,
    DayZero,
    LastKnown,
    Measuring,
    ZeroKind,
    day_count,
    followed,
)
from voipwatch.civic.zones import date_at, zone_names
from voipwatch.model.incidents import Incident, IncidentStatus, PhaseKind, SeriesName
from voipwatch.model.vocabulary import LINE

MOROCCO = "Africa/Casablanca"
ONE = SeriesName("Operator A", "4g", "whatsapp")
TWO = SeriesName("Operator B", "4g", "viber")


def at(text: str) -> float:
    """Unix seconds of `2016-01-05` or `2016-01-05T14:00`, UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def claim(earliest: str | None, latest: str) -> DayZero:
    bracket = Bracket(None if earliest is None else date.fromisoformat(earliest), date.fromisoformat(latest))
    return DayZero(bracket=bracket, source="A newspaper", url="https://press.example/")


def count(
    found: Incident | None,
    now: str | None,
    *,
    as_of: str | None = None,
    valid_until: str | None = "2037-01-01",
    measuring: dict[SeriesName, Measuring] | None = None,
    zero: DayZero | None = None,
    zone: str = MOROCCO,
) -> DayCount:
    """A count with a bundle of the day before now, all series measured."""
    now_s = None if now is None else at(now)
    as_of_s = at(as_of) if as_of is not None else at("2016-12-28T05:00") if now_s is None else now_s - 3600
    if measuring is None:
        measuring = {} if found is None else measured(found)
    return day_count(
        found,
        zone=zone,
        as_of_s=as_of_s,
        valid_until_s=None if valid_until is None else at(valid_until),
        now_s=now_s,
        measuring=measuring,
        zero=zero,
    )


# --- the year 2016 ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zero", "days"),
    [
        (claim("2016-01-05", "2016-01-05"), Days(304, 304)),
        (claim("2015-12-31", "2015-12-31"), Days(309, 309)),
        (claim("2015-12-31", "2016-01-05"), Days(304, 309)),
        (claim(None, "2016-01-05"), Days(304, None)),
        (None, Days(304, 309)),
    ],
)
def test_the_day_counts_of_the_sources(zero: DayZero | None, days: Days) -> None:
    """5 January to 4 November is 304 days, from 31 December it is 309."""
    found = count(morocco(status=IncidentStatus.REVIEWED), "2016-12-01T12:00", zero=zero)
    assert found.state is CountState.ENDED
    assert found.ended == Bracket(date(2016, 11, 4), date(2016, 11, 4))
    assert found.day == days
    assert found.zero is (ZeroKind.MEASURED if zero is None else ZeroKind.CLAIM)
    assert found.claimed is zero


@pytest.mark.parametrize(("now", "days"), [("2016-01-21T12:00", 16), ("2016-02-06T12:00", 32)])
def test_months_are_not_counted_from_naught(now: str, days: int) -> None:
    """The counter of 2016 took 5 February: 15 on 21 January. A picture of 6 February shows 32."""
    found = count(
        morocco(standing=True, status=IncidentStatus.REVIEWED), now, zero=claim("2016-01-05", "2016-01-05")
    )
    assert found.day == Days(days, days)


def test_no_sign_is_dropped() -> None:
    """A day zero that has not come yet is refused, where the counter of 2016 counted down to it."""
    with pytest.raises(ValueError, match="2016-02-05 lies after"):
        count(
            morocco(standing=True, status=IncidentStatus.REVIEWED),
            "2016-01-21T12:00",
            zero=claim("2016-02-05", "2016-02-05"),
        )


def test_where_onset_and_end_overlap_it_may_have_lasted_no_day() -> None:
    """An onset told to weeks, an end told to days: nothing below naught, and no sign dropped."""
    over = incident(row("2016-01-02T00", "2016-01-21T00", ("2016-01-10T00", "2016-01-26T00")))
    assert count(over, "2016-03-01T12:00").day == Days(0, 23)
    standing = incident(row("2016-01-02T00", "2016-01-21T00"))
    early = count(standing, "2016-03-01T12:00", measuring=measured(standing, at("2016-01-12")))
    assert early.last_known == LastKnown(0, 9, date(2016, 1, 11))


def test_the_number_is_that_of_the_country_and_not_of_the_reader() -> None:
    """23:30 UTC of 10 May 2016 is 11 May in Morocco (+1), and still 10 May of a reader in New York."""
    found = morocco(standing=True, status=IncidentStatus.REVIEWED)
    zero = claim("2016-01-05", "2016-01-05")
    before, after = (count(found, f"2016-05-10T22:{m}", zero=zero) for m in ("00", "59"))
    assert (before.day, before.today) == (Days(126, 126), date(2016, 5, 10))
    assert after.day == before.day
    assert count(found, "2016-05-10T23:00", zero=zero).day == Days(127, 127)
    assert count(found, "2016-05-10T23:00", zero=zero, zone="America/New_York").day == Days(126, 126)


def test_no_day_is_lost_or_doubled_where_clocks_change() -> None:
    """Morocco in 2016: forward 27 March, back and forth about Ramadan in June and July, back 30 October."""
    found = morocco(standing=True, status=IncidentStatus.REVIEWED)
    now_s, numbers = at("2016-03-01T12:00"), []
    while now_s < at("2016-11-03T00:00"):
        one = day_count(
            found,
            zone=MOROCCO,
            as_of_s=now_s - 60,
            valid_until_s=now_s + 2 * 86_400,
            now_s=now_s,
            measuring=measured(found),
            zero=claim("2016-01-05", "2016-01-05"),
        )
        assert one.day is not None
        assert one.next_change_s is not None
        numbers.append(one.day.low)
        now_s = one.next_change_s
    assert numbers == list(range(56, 56 + len(numbers)))
    assert numbers[-1] == 302  # 2 November


def test_a_counter_does_not_vanish_when_it_ends() -> None:
    found = morocco(status=IncidentStatus.REVIEWED)
    years = [count(found, now) for now in ("2016-12-01T00:00", "2026-11-22T10:00")]
    assert {each.state for each in years} == {CountState.ENDED}
    assert {each.day for each in years} == {Days(304, 309)}


# --- brackets -----------------------------------------------------------------------------------------


def test_midnight_as_an_upper_bound_is_the_day_before() -> None:
    found = count(incident(row("2016-01-02T12", "2016-01-03T00")), "2016-01-12T12:00")
    assert found.began == Bracket(date(2016, 1, 2), date(2016, 1, 2))
    assert found.day == Days(10, 10)
    assert found.apps == ("whatsapp",)


def test_the_onset_is_that_of_all_its_phases() -> None:
    """Series that are told more coarsely have an onset of their own; later extensions are none."""
    one, other = row("2016-01-02T12", "2016-01-03T00"), row("2015-12-28T00", "2016-01-11T00", app="imo")
    third = row("2016-02-25T00", "2016-02-26T00", access="adsl")
    phases = [
        phase(PhaseKind.ONSET, "2015-12-28T00", "2016-01-11T00", [other.series]),
        phase(PhaseKind.ONSET, "2016-01-02T12", "2016-01-03T00", [one.series]),
        phase(PhaseKind.EXTENSION, "2016-02-25T00", "2016-02-26T00", [third.series]),
    ]
    found = count(incident(one, other, third, phases=phases), "2016-03-01T12:00")
    assert found.began == Bracket(date(2015, 12, 28), date(2016, 1, 10))
    assert found.day == Days(51, 64)
    assert found.state is CountState.ACTIVE


def test_a_schedule_before_the_onset_begins_it() -> None:
    one, other = row("2016-01-02T00", "2016-01-03T00"), row("2016-01-03T12", "2016-01-04T00", app="imo")
    phases = [
        phase(PhaseKind.INTERMITTENT, "2016-01-02T00", "2016-01-03T00", [one.series]),
        phase(PhaseKind.ONSET, "2016-01-03T12", "2016-01-04T00", [other.series]),
    ]
    found = count(incident(one, other, phases=phases), "2016-01-12T12:00")
    assert found.began == Bracket(date(2016, 1, 2), date(2016, 1, 3))
    assert found.state is CountState.ACTIVE


def test_nothing_seen_before_gives_no_upper_bound() -> None:
    found = count(
        incident(row(None, "2016-01-03T00"), row("2016-01-01T00", "2016-01-02T00", app="imo")),
        "2016-01-12T12:00",
    )
    assert found.began == Bracket(None, date(2016, 1, 2))
    assert found.day == Days(10, None)


def test_a_bound_that_was_rounded_up_is_cut_to_what_was_known() -> None:
    """Four weeks are the coarsest block: its end can lie ahead."""
    found = count(incident(row("2016-01-04T00", "2016-02-01T00")), "2016-01-06T12:00")
    assert found.began == Bracket(date(2016, 1, 4), date(2016, 1, 6))
    assert found.day == Days(0, 2)


def test_an_incident_without_any_time_has_no_number() -> None:
    found = count(incident(), "2016-01-06T12:00")
    assert (found.began, found.day, found.state) == (None, None, CountState.UNMEASURED)


def test_a_bad_zone_is_our_fault() -> None:
    with pytest.raises(KeyError):
        count(None, "2016-01-06T12:00", zone="Mars/Phobos")
    with pytest.raises(KeyError):
        count(incident(row("2016-01-04T00", "2016-02-01T00")), None, zone="Mars/Phobos")


# --- states -------------------------------------------------------------------------------------------


def test_no_incident_is_not_ok_where_nobody_measures() -> None:
    someone = {ONE: Measuring(True), SeriesName("B", "3g", "imo"): Measuring(False, at("2016-01-01"))}
    assert count(None, "2016-01-06T12:00", measuring=someone).state is CountState.NONE
    nobody = count(None, "2016-02-06T12:00", measuring={ONE: Measuring(False, at("2016-01-11"))})
    assert nobody.state is CountState.UNMEASURED
    assert nobody.unmeasured_since == date(2016, 1, 11)
    assert (nobody.last_known, nobody.day) == (None, None)
    assert count(None, "2016-02-06T12:00").state is CountState.UNMEASURED


def told(found: Incident, *through: bool | None) -> dict[SeriesName, Measuring]:
    return {each.series: Measuring(True, None, of) for each, of in zip(found.spread, through, strict=True)}


def test_calls_that_do_not_get_through_without_an_incident() -> None:
    line = SeriesName("Operator A", "4g", LINE)
    through, stopped = Measuring(True, None, True), Measuring(True, None, False)
    found = count(None, "2016-01-06T12:00", measuring={ONE: stopped, TWO: through, line: stopped})
    assert (found.state, found.day, found.blocked) == (CountState.UNESTABLISHED, None, Blocked(1, 2))
    assert found.next_change_s == found.valid_until_s
    assert count(None, "2016-01-06T12:00", measuring={ONE: through, line: stopped}).state is CountState.NONE
    assert count(None, "2016-01-06T12:00", measuring={line: through}).state is CountState.UNMEASURED
    past = {ONE: Measuring(False, at("2016-01-01"), False)}
    assert count(None, "2016-01-06T12:00", measuring=past).state is CountState.UNMEASURED


def test_what_was_last_seen_getting_through_is_not_counted_on() -> None:
    found = incident(row("2016-01-05T00", "2016-01-06T00"), row("2016-01-05T00", "2016-01-06T00", app="imo"))
    now = "2016-03-01T12:00"
    passing = count(found, now, measuring=told(found, True, True))
    assert (passing.state, passing.day, passing.last_known) == (CountState.PASSING, None, None)
    assert passing.began == Bracket(date(2016, 1, 5), date(2016, 1, 5))
    assert passing.next_change_s == passing.valid_until_s
    half = count(found, now, measuring=told(found, False, True))
    assert (half.state, half.apps) == (CountState.PARTIAL, ("whatsapp",))
    assert count(found, now, measuring=told(found, False, False)).state is CountState.ACTIVE
    assert count(found, now, measuring=told(found, None, None)).state is CountState.ACTIVE
    unknown = told(found, True, True) | {found.spread[1].series: Measuring(False)}
    assert count(found, now, measuring=unknown).state is CountState.PASSING


def test_what_ended_and_is_stopped_again_is_not_told_to_be_over() -> None:
    found = incident(row("2016-01-05T00", "2016-01-06T00", ("2016-02-01T00", "2016-02-02T00")))
    again = count(found, "2016-03-01T12:00", measuring=told(found, False))
    assert (again.state, again.day, again.blocked) == (CountState.AGAIN, Days(27, 27), Blocked(1, 1))
    assert again.ended is not None
    other = {ONE: Measuring(True, None, True), TWO: Measuring(True, None, False)}
    assert count(found, "2016-03-01T12:00", measuring=other).state is CountState.ENDED


def test_partial_is_what_is_known_to_stand_on_some() -> None:
    rows = [row("2016-01-02T00", "2016-01-03T00", app=app) for app in ("whatsapp", "imo")]
    over = row("2016-01-02T00", "2016-01-03T00", ("2016-02-01T00", "2016-02-02T00"), app="skype")
    assert count(incident(*rows), "2016-03-01T12:00").state is CountState.ACTIVE
    relief = count(incident(*rows, over), "2016-03-01T12:00")
    assert relief.state is CountState.PARTIAL
    assert relief.apps == ("whatsapp", "imo")
    assert relief.day == Days(59, 59)
    blind = {rows[0].series: Measuring(True), rows[1].series: Measuring(False, at("2016-02-01"))}
    half = count(incident(*rows), "2016-03-01T12:00", measuring=blind)
    assert (half.state, half.apps) == (CountState.PARTIAL, ("whatsapp",))


def test_intermittent_is_what_stands_by_a_schedule() -> None:
    one, other = row("2016-01-02T00", "2016-01-03T00"), row("2016-01-02T00", "2016-01-03T00", app="imo")
    evenings = phase(PhaseKind.INTERMITTENT, "2016-01-02T00", "2016-01-03T00", [one.series])
    over = phase(
        PhaseKind.INTERMITTENT, "2016-01-02T00", "2016-01-03T00", [one.series], until="2016-02-01T00"
    )
    assert count(incident(one, phases=[evenings]), "2016-03-01T12:00").state is CountState.INTERMITTENT
    assert count(incident(one, phases=[over]), "2016-03-01T12:00").state is CountState.ACTIVE
    assert count(incident(one, other, phases=[evenings]), "2016-03-01T12:00").state is CountState.ACTIVE


def test_what_nobody_measures_stops_counting() -> None:
    found = incident(row("2016-01-02T00", "2016-01-03T00"))
    blind = measured(found, at("2016-02-02"))
    counts = [count(found, now, measuring=blind) for now in ("2016-02-20T12:00", "2026-01-01T00:00", None)]
    for each in counts:
        assert (each.state, each.day) == (CountState.UNMEASURED, None)
        assert each.last_known == LastKnown(30, 30, date(2016, 2, 1))
        assert each.unmeasured_since == date(2016, 2, 2)
    absent = count(found, "2016-02-20T12:00", measuring={})
    assert (absent.state, absent.last_known, absent.unmeasured_since) == (CountState.UNMEASURED, None, None)


def test_what_is_over_says_too_that_nobody_measures() -> None:
    found = morocco(status=IncidentStatus.REVIEWED)
    now = count(found, "2016-12-28T12:00", measuring=measured(found, at("2016-11-10")))
    assert (now.state, now.day) == (CountState.ENDED, Days(304, 309))
    assert now.unmeasured_since == date(2016, 11, 10)


def test_a_dispute_keeps_its_number() -> None:
    found = incident(row("2016-01-02T00", "2016-01-03T00"), status=IncidentStatus.DISPUTED)
    now = count(found, "2016-01-12T12:00")
    assert (now.state, now.line, now.day) == (CountState.DISPUTED, CountState.ACTIVE, Days(10, 10))
    blind = count(found, "2016-02-12T12:00", measuring=measured(found, at("2016-01-20")))
    assert (blind.state, blind.line, blind.day) == (CountState.DISPUTED, CountState.UNMEASURED, None)
    assert blind.last_known == LastKnown(17, 17, date(2016, 1, 19))


def test_what_was_withdrawn_says_so_and_counts_nothing() -> None:
    found = incident(row("2016-01-02T00", "2016-01-03T00"), status=IncidentStatus.WITHDRAWN)
    now = count(found, "2016-01-12T12:00")
    assert (now.state, now.day, now.last_known) == (CountState.WITHDRAWN, None, None)
    assert now.began is not None


def test_a_merged_incident_is_the_one_that_it_became() -> None:
    replace = msgspec.structs.replace
    first, second, third = (incident(name=name) for name in ("a", "b", "c"))
    a, b = replace(first, merged_into="b"), replace(second, merged_into="c")
    assert followed(a, {"a": a, "b": b, "c": third}) is third
    assert followed(third, {}) is third
    assert followed(a, {"a": a, "c": third}) is a
    loop = replace(third, merged_into="a")
    assert followed(a, {"a": a, "b": b, "c": loop}).id == "c"


# --- time ---------------------------------------------------------------------------------------------


def test_past_its_time_it_stops_counting() -> None:
    found = incident(row("2016-01-02T00", "2016-01-03T00"))
    fresh = count(found, "2016-01-13T23:30", as_of="2016-01-12T06:00", valid_until="2016-01-14T06:00")
    assert (fresh.live, fresh.day, fresh.last_known) == (True, Days(11, 11), None)
    assert fresh.next_change_s == at("2016-01-14T00:00")
    last = count(found, "2016-01-14T05:59", as_of="2016-01-12T06:00", valid_until="2016-01-14T06:00")
    assert (last.day, last.next_change_s) == (Days(12, 12), at("2016-01-14T06:00"))
    for now in ("2016-01-14T06:00", "2026-01-01T00:00"):
        old = count(found, now, as_of="2016-01-12T06:00", valid_until="2016-01-14T06:00")
        assert (old.live, old.outdated, old.day, old.today) == (False, True, None, None)
        assert old.last_known == LastKnown(10, 10, date(2016, 1, 12))
        assert (old.state, old.next_change_s) == (CountState.ACTIVE, None)
    never = count(found, "2016-01-12T07:00", as_of="2016-01-12T06:00", valid_until=None)
    assert (never.live, never.outdated) == (False, True)


def test_what_does_not_count_changes_when_its_bundle_is_outdated() -> None:
    ended = count(morocco(status=IncidentStatus.REVIEWED), "2016-12-01T12:00", valid_until="2016-12-03T00:00")
    assert ended.next_change_s == at("2016-12-03T00:00")


def test_a_clock_that_is_behind_the_bundle_says_nothing_of_today() -> None:
    found = incident(row("2016-01-02T00", "2016-01-03T00"))
    now = count(found, "2016-01-11T00:00", as_of="2016-01-12T06:00", valid_until="2016-01-14T06:00")
    assert (now.live, now.outdated, now.day, now.last_known, now.next_change_s) == (
        False,
        False,
        None,
        None,
        None,
    )


def test_a_mirror_knows_no_today() -> None:
    found = count(incident(row("2016-01-02T00", "2016-01-03T00")), None)
    assert (found.live, found.outdated, found.day, found.today) == (False, False, None, None)
    assert (found.last_known, found.next_change_s, found.state) == (None, None, CountState.ACTIVE)
    assert count(morocco(status=IncidentStatus.REVIEWED), None).day == Days(304, 309)


HOURS = st.integers(at_2000 := int(at("2000-01-01")) // 3600, at_2000 + 30 * 8766)


@given(
    st.sampled_from(sorted(zone_names())),
    HOURS,
    st.integers(0, 700),
    st.integers(0, 20_000),
    st.integers(0, 48),
    st.booleans(),
)
def test_laws_of_every_count(
    name: str, start_h: int, width_h: int, age_h: int, valid_h: int, unseen: bool
) -> None:
    """Low is not above high, nothing is negative, the width of the range is that of the bracket, the number
    changes at the announced time and not before.
    """
    told = [
        datetime.fromtimestamp(h * 3600, tz=UTC).strftime("%Y-%m-%dT%H") for h in (start_h, start_h + width_h)
    ]
    found = incident(row(None if unseen else told[0], told[1]))
    as_of_s = (start_h + width_h + age_h) * 3600.0

    def seen(now_s: float) -> DayCount:
        return day_count(
            found,
            zone=name,
            as_of_s=as_of_s,
            valid_until_s=as_of_s + valid_h * 3600 + 1,
            now_s=now_s,
            measuring=measured(found),
        )

    now = seen(as_of_s)
    assert now.day is not None
    assert now.began is not None
    assert now.next_change_s is not None
    assert now.next_change_s > as_of_s
    assert now.day.low == (date_at(as_of_s, name) - now.began.latest).days >= 0
    if now.began.earliest is None:
        assert now.day.high is None
    else:
        assert now.day.high is not None
        assert now.day.high - now.day.low == (now.began.latest - now.began.earliest).days >= 0
    assert seen(now.next_change_s - 0.01).day == now.day
    later = seen(now.next_change_s)
    if later.live:
        assert later.today == (now.today or date.min) + timedelta(days=1) or name in {
            "Pacific/Apia",
            "Pacific/Fakaofo",
        }
        assert later.day is not None
        assert later.day.low > now.day.low
    else:
        assert later.outdated
        assert later.day is None
        assert later.last_known is not None
