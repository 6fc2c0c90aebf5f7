"""Answers: what statuses say, how long to wait, what is a lie."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.civic.observations import COUNT_MAX
from voipwatch.site.campaigns.adapters.answers import (
    WAIT_MAX_S,
    Answer,
    Lie,
    Why,
    parsed,
    part,
    refused,
    require_same,
    reset_iso_s,
    reset_s,
    retry_after_s,
    unlike,
    whole,
)

NOW_S = 1_456_660_800.0  # 2016-02-28T12:00:00Z


def answer(status: int = 200, body: bytes = b"{}", **headers: str) -> Answer:
    return Answer(status=status, headers={n.replace("_", "-"): v for n, v in headers.items()}, body=body)


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (301, Why.REDIRECTED), (401, Why.KEY_REFUSED), (402, Why.UNPAID), (403, Why.FORBIDDEN),
        (404, Why.NOT_FOUND), (410, Why.NOT_FOUND), (429, Why.RATE_LIMITED), (418, Why.NOT_AS_DOCUMENTED),
        (500, Why.SERVER_ERROR), (503, Why.SERVER_ERROR), (204, Why.NOT_AS_DOCUMENTED),
    ],
)  # fmt: skip
def test_what_a_status_says(status: int, why: Why) -> None:
    told = refused(answer(status, retry_after="120"), NOW_S)
    assert (told.why, told.status, told.retry_after_s) == (why, status, 120.0)


@pytest.mark.parametrize(
    ("text", "wait_s"),
    [
        ("0", 0.0), ("120", 120.0), ("99999999999", WAIT_MAX_S), ("Sun, 28 Feb 2016 12:10:00 GMT", 600.0),
        ("Sun, 28 Feb 2016 11:00:00 GMT", 0.0), ("", None), ("soon", None), ("-5", None), ("１２", None),
    ],
)  # fmt: skip
def test_retry_after_is_a_number_or_a_date(text: str, wait_s: float | None) -> None:
    assert retry_after_s(answer(429, retry_after=text), NOW_S) == wait_s


def test_resets() -> None:
    assert reset_s("1456660860", NOW_S) == 60.0
    assert reset_s("soon", NOW_S) is None
    assert reset_iso_s("2016-02-28T12:05:00.000Z", NOW_S) == 300.0
    assert reset_iso_s("2016-02-28T12:05:00", NOW_S) is None
    assert reset_iso_s("x", NOW_S) is None


@given(st.text())
def test_no_header_breaks_a_wait(text: str) -> None:
    for found in (
        retry_after_s(answer(429, retry_after=text), NOW_S),
        reset_s(text, NOW_S),
        reset_iso_s(text, NOW_S),
    ):
        assert found is None or 0 <= found <= WAIT_MAX_S


@pytest.mark.parametrize("value", [-1, "12", 1.5, True, None, [], COUNT_MAX + 1, 10**30])
def test_a_count_that_is_none_is_a_lie_that_is_not_quoted(value: object) -> None:
    with pytest.raises(Lie, match=r"^n$"):
        whole({"n": value}, "n")


def test_a_count_that_may_be_one() -> None:
    assert whole({"n": 0}, "n") == 0
    assert whole({"n": COUNT_MAX}, "n") == COUNT_MAX
    with pytest.raises(Lie):
        whole({}, "n")


@given(st.binary())
def test_no_body_raises_anything_but_a_lie(body: bytes) -> None:
    with contextlib.suppress(Lie):
        assert isinstance(parsed(answer(body=body)), dict)


def test_bodies() -> None:
    assert parsed(answer(body=b'{"a": {"b": 1}}')) == {"a": {"b": 1}}
    for body in (b"[]", b"1", b"", b"<html>", b"[" * 100_000, b'{"a": NaN}'):
        with pytest.raises(Lie):
            parsed(answer(body=body))
    assert unlike(answer(body=b" <!DOCTYPE html>")).why is Why.NOT_JSON
    assert unlike(answer(body=b"")).why is Why.NOT_JSON
    assert unlike(answer(body=b'{"a": -1}')).why is Why.NOT_AS_DOCUMENTED
    assert part({"a": {"b": 1}}, "a") == {"b": 1}
    with pytest.raises(Lie):
        part({"a": [1]}, "a")
    require_same({"id": "ABC"}, "id", "abc")
    for found in ({}, {"id": 5}, {"id": "x"}):
        with pytest.raises(Lie):
            require_same(found, "id", "abc")
