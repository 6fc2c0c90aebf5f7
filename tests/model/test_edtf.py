"""Dates as sources give them; impossible ones are kept."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.model.edtf import EdtfError, Span, decode_edtf


def days(span: Span) -> tuple[str | None, str | None]:
    """First and last day."""
    since, until = (
        None if time_s is None else datetime.fromtimestamp(time_s, tz=UTC).date()
        for time_s in (span.since_s, span.until_s)
    )
    last = None if until is None else str(until - timedelta(days=1))
    return None if since is None else str(since), last


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2016-01-05", "2016-01-05", "2016-01-05"),
        ("2016-01", "2016-01-01", "2016-01-31"),
        ("2016-02", "2016-02-01", "2016-02-29"),
        ("2015", "2015-01-01", "2015-12-31"),
        ("2016", "2016-01-01", "2016-12-31"),
        ("2015-12-31/2016-01-05", "2015-12-31", "2016-01-05"),
        ("2016-02-26/..", "2016-02-26", None),
        ("../2016", None, "2016-12-31"),
        ("2016-10/2016-11-04", "2016-10-01", "2016-11-04"),
        ("2016-10-15~", "2016-10-12", "2016-10-18"),
        ("2016-01~", "2015-12-01", "2016-03-02"),
    ],
)
def test_known_dates(text: str, first: str | None, last: str | None) -> None:
    assert days(decode_edtf(text)) == (first, last)


@pytest.mark.parametrize(
    "text",
    ["2016-02-30", "2015-02-29", "2016-13", "2016-01-00", "2016-02-30/2016-03", "2016-03/2016-02", "0000-01"],
)
def test_impossible_dates_are_kept_and_flagged(text: str) -> None:
    span = decode_edtf(text)
    assert span.impossible
    assert span.width_s is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "..",
        "../..",
        "/",
        "5 janvier",
        "2016-1-5",
        "16-01-05",
        "2016-01-05T10",
        "2016/2017/2018",
        "٢٠١٦",
        "2016-01-05~~",
    ],
)
def test_what_is_not_in_the_subset_is_refused(text: str) -> None:
    with pytest.raises(EdtfError):
        decode_edtf(text)


def test_qualifiers_are_kept() -> None:
    assert decode_edtf("2016?").uncertain
    assert not decode_edtf("2016?").approximate
    both = decode_edtf("2016-01-05%/2016-02")
    assert both.uncertain
    assert both.approximate


def span_or_error(text: str) -> Span | EdtfError:
    try:
        return decode_edtf(text)
    except EdtfError as error:
        return error


NEARLY = st.lists(
    st.sampled_from(["2016", "2015-12-31", "2016-02", "2016-02-30", "0000", "/", "..", "-", "~", "?", "%"]),
    max_size=5,
).map("".join)
"""Texts of which many are in the subset."""


@given(st.text(max_size=25) | st.text("0123/-~?%.", max_size=25) | NEARLY)
def test_any_text_is_a_span_or_an_error(text: str) -> None:
    span = span_or_error(text)
    if isinstance(span, EdtfError):
        since, _, until = text.partition("/")
        assert any(str(span).startswith(repr(part)) for part in (text, since, until))
        return
    assert set(text) <= set("0123456789/-~?%."), "nothing else is in the subset"
    if span.impossible:
        assert (span.since_s, span.until_s) == (None, None)
    else:
        assert span.since_s is not None or span.until_s is not None
        assert span.width_s is None or span.width_s >= 86_400
        assert (span.uncertain, span.approximate) == (
            bool({"?", "%"} & set(text)),
            bool({"~", "%"} & set(text)),
        )


@given(st.dates(), st.dates())
def test_an_interval_holds_its_days(one: date, other: date) -> None:
    first, last = sorted((one, other))
    if first.year < 1000:
        return
    span = decode_edtf(f"{first.isoformat()}/{last.isoformat()}")
    assert days(span) == (str(first), str(last)) if last < date.max else True
    assert span.width_s == ((last - first).days + 1) * 86_400
