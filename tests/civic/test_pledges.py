"""Windows across Morocco's changes of clocks in 2016, what may be done when, what a pledge consists of."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.civic.pledges import (
    REPORTING,
    Stage,
    pledge_digest,
    read_token_text,
    stage_at,
    token_text,
    window,
    window_of_hours,
)

MOROCCO = "Africa/Casablanca"


def local(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("begins", "hours"),
    [
        ("2016-01-16T00:00", 48),  # the boycott of 2016
        ("2016-03-26T12:00", 47),  # 27 March, 02:00: an hour forward
        ("2016-06-04T00:00", 49),  # 5 June, 03:00: an hour back, for Ramadan
        ("2016-07-09T00:00", 47),  # 10 July, 02:00: forward again
        ("2016-10-29T00:00", 49),  # 30 October, 03:00: back
    ],
)
def test_a_window_stays_what_its_local_times_say(begins: str, hours: int) -> None:
    found = window_of_hours(local(begins), 48, zone_name=MOROCCO)
    assert found.ends == local(begins) + timedelta(hours=48)
    assert found.wall_s == 48 * 3600
    assert found.length_s == hours * 3600
    assert found == window(found.begins, found.ends, zone_name=MOROCCO)


def test_instants_of_the_boycott_of_2016() -> None:
    """16 January 00:00 to 18 January 00:00, Morocco then being at UTC."""
    found = window_of_hours(local("2016-01-16T00:00"), 48, zone_name=MOROCCO)
    assert found.begins_s == datetime(2016, 1, 16, tzinfo=UTC).timestamp()
    assert found.ends_s == datetime(2016, 1, 18, tzinfo=UTC).timestamp()


def test_an_hour_that_comes_twice_is_inside_both_times() -> None:
    """30 October 2016: 02:30 comes at 01:30 UTC and at 02:30 UTC."""
    found = window(local("2016-10-29T02:30"), local("2016-10-30T02:30"), zone_name=MOROCCO)
    assert found.ends_s == datetime(2016, 10, 30, 2, 30, tzinfo=UTC).timestamp()
    later = window(local("2016-10-30T02:30"), local("2016-10-31T02:30"), zone_name=MOROCCO)
    assert later.begins_s == datetime(2016, 10, 30, 1, 30, tzinfo=UTC).timestamp()


def test_a_time_that_the_clock_leaves_out_is_refused() -> None:
    with pytest.raises(ValueError, match="leave 2016-03-27T02:30:00 out"):
        window(local("2016-03-27T02:30"), local("2016-03-29T02:30"), zone_name=MOROCCO)
    with pytest.raises(ValueError, match="leave 2016-03-27T02:30:00 out"):
        window_of_hours(local("2016-03-25T02:30"), 48, zone_name=MOROCCO)


@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        ("2016-01-16T00:00", "2016-01-16T00:00"),
        ("2016-01-18T00:00", "2016-01-16T00:00"),
        ("2016-01-16T00:00+01:00", "2016-01-18T00:00+01:00"),
    ],
)
def test_what_is_no_window_is_refused(begins: str, ends: str) -> None:
    with pytest.raises(ValueError, match=r"must end after|offset of its own"):
        window(local(begins), local(ends), zone_name=MOROCCO)


def test_a_zone_that_nobody_knows_is_refused() -> None:
    with pytest.raises(KeyError, match="no time zone"):
        window(local("2016-01-16T00:00"), local("2016-01-18T00:00"), zone_name="Africa/Nowhere")


def test_what_may_be_done_when() -> None:
    found = window_of_hours(local("2016-01-16T00:00"), 48, zone_name=MOROCCO)
    end = found.ends_s + REPORTING.total_seconds()
    stages = [
        (found.begins_s - 1, Stage.PLEDGING),
        (found.begins_s, Stage.RUNNING),
        (found.ends_s - 1, Stage.RUNNING),
        (found.ends_s, Stage.REPORTING),
        (end - 1, Stage.REPORTING),
        (end, Stage.CLOSED),
    ]
    assert [stage_at(found, time_s) for time_s, _ in stages] == [stage for _, stage in stages]


@given(
    st.datetimes(datetime(2010, 1, 1), datetime(2029, 1, 1)),  # noqa: DTZ001 -- wall
    st.integers(1, 200),
    st.sampled_from([MOROCCO, "Europe/Paris", "Australia/Lord_Howe", "Etc/UTC"]),
)
def test_clocks_change_a_window_by_two_hours_at_most(begins: datetime, hours: int, zone_name: str) -> None:
    try:
        found = window_of_hours(begins, hours, zone_name=zone_name)
    except ValueError:
        return
    assert found.wall_s == hours * 3600
    assert abs(found.length_s - found.wall_s) <= 2 * 3600


def test_only_a_digest_is_kept_of_a_token() -> None:
    token = bytes(range(16))
    assert pledge_digest(token) == sha256(b"voipwatch.pledge\0" + token).hexdigest()
    assert pledge_digest(token) != pledge_digest(token + b"\0")
    with pytest.raises(ValueError, match="16 bytes"):
        pledge_digest(bytes(15))


@given(st.binary(min_size=16, max_size=16))
def test_a_token_of_a_link_has_one_spelling(token: bytes) -> None:
    text = token_text(token)
    assert read_token_text(text) == token
    # The last letter carries two bits: fifteen others decode to the same bytes and are refused.
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert [each for each in letters if read_token_text(text[:-1] + each) == token] == [text[-1]]


@given(st.text(max_size=40))
def test_what_is_no_token(text: str) -> None:
    found = read_token_text(text)
    assert found is None or token_text(found) == text


@pytest.mark.parametrize("text", ["", "A" * 21, "A" * 23, "A" * 21 + "=", "A" * 21 + "+", "é" * 22, " " * 22])
def test_texts_that_are_none(text: str) -> None:
    assert read_token_text(text) is None


def test_reports_are_taken_for_fourteen_days_to_the_second() -> None:
    begins, ends, later = map(
        datetime.fromisoformat, ("2026-11-14T00:00:00", "2026-11-16T00:00:00", "2026-11-14T00:00:01")
    )
    of = window(begins, ends, zone_name="Africa/Casablanca")
    end_s = of.ends_s + 14 * 86_400
    assert (stage_at(of, end_s - 1), stage_at(of, end_s)) == (Stage.REPORTING, Stage.CLOSED)
    second = window(begins, later, zone_name="Africa/Casablanca")
    assert second.length_s == 1, "any length but none is one"
