"""Observations of followers: what is one, what a printed number leaves open, CSV out and in."""

import contextlib
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.observations import seen
from voipwatch.civic.observations import (
    COLUMNS,
    COUNT_MAX,
    Observation,
    ObservationError,
    Precision,
    Quantity,
    base_of,
    decode_at,
    encode_csv,
    interval,
    merged,
    normal_at,
    number,
    parse_csv,
    three_figures,
)

HEADER = ",".join(COLUMNS)
ROW = "facebook:inwi,likes,2447000,,,exact,2016-02-28T12:00:00Z,https://example.org/a,,hand"


def test_a_row_is_an_observation() -> None:
    (each,) = parse_csv(f"{HEADER}\n{ROW}\n")
    assert each == seen(low=2447000, high=2447000, source="https://example.org/a")
    assert each.is_value
    assert each.span_s == (1456660800.0, 1456660800.0)
    assert each.capture == ""


def test_columns_in_another_order_comments_blank_lines_and_a_byte_order_mark() -> None:
    text = (
        "\ufeff# by hand\n\nmethod,source,at,precision,high,low,quantity,page\r\n"
        "hand,a paper,2016-02-27/2016-02-28,rounded,150,50,followers,x:somebody\r\n"
    )
    (each,) = parse_csv(text)
    assert (each.low, each.high, each.is_value, each.middle) == (50, 150, False, 100)
    assert each.span_s == (1456531200.0, 1456531200.0 + 2 * 86_400 - 1)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (ROW.replace("facebook:inwi", "inwi"), "page"),
        (ROW.replace("likes", "hearts"), "quantity"),
        (ROW.replace("2447000", "-1"), "value"),
        (ROW.replace("2447000", "2 447 000"), "value"),
        (ROW.replace("2447000", "2.447e6"), "value"),
        (ROW.replace("2447000,,", ",x,2"), "low"),
        (ROW.replace("2447000,,", ",1,x"), "high"),
        (ROW.replace("2447000", "0.5"), "value"),
        (ROW.replace("2447000", "99999999999"), "value"),
        (ROW.replace("2447000,,", ",,"), "value"),
        (ROW.replace("2447000,,", "2447000,1,2"), "value"),
        (ROW.replace("2447000,,", ",1,"), "value"),
        (ROW.replace("2447000,,", ",2,1"), "value"),
        (ROW.replace("2447000,,", ",1,2"), "precision"),
        (ROW.replace("exact", "sure"), "precision"),
        (ROW.replace("2016-02-28T12:00:00Z", "2016-02-28T12:00:00"), "at"),
        (ROW.replace("2016-02-28T12:00:00Z", "28/02/2016"), "at"),
        (ROW.replace("2016-02-28T12:00:00Z", "2016-02-30"), "at"),
        (ROW.replace("2016-02-28T12:00:00Z", "2016-02-28/.."), "at"),
        (ROW.replace("https://example.org/a", "=cmd()"), "source"),
        (ROW.replace("https://example.org/a", ""), "source"),
        (ROW.replace("https://example.org/a,,", "https://example.org/a,ABC,"), "capture"),
        (ROW.replace("hand", "By Hand"), "method"),
        (ROW + ",more", "row"),
        ('"facebook:inwi', "row"),
        ("facebook:inwi,likes-lost-percent,101,,,exact,2016-02-28,a,,hand", "value"),
    ],
)
def test_what_is_no_observation_is_refused_with_its_line_and_field(row: str, field: str) -> None:
    with pytest.raises(ObservationError) as caught:
        parse_csv(f"# a comment\n{HEADER}\n{row}\n")
    assert (caught.value.line, caught.value.field) == (3, field)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n",
        "page,quantity\n",
        HEADER + ",colour\n",
        HEADER + ",page\n",
        HEADER.replace("value,low,high", "low,method2") + "\n",
        "page,quantity,low,precision,at,source,method\n",
    ],
)
def test_a_file_without_its_columns_is_refused(text: str) -> None:
    with pytest.raises(ObservationError, match="header"):
        parse_csv(text)


@given(st.text())
@example("page\x00,\n")
@example(HEADER + "\n" + "a" * 200_000)
@example(HEADER + "\n" + ROW.replace("2016-02-28T12:00:00Z", "0001-01-01T00:00:00+23:59"))
def test_no_text_raises_anything_else(text: str) -> None:
    for content in (text, f"{HEADER}\n{text}", f"{HEADER}\n{ROW.replace('likes', text)}"):
        with contextlib.suppress(ObservationError):
            parse_csv(content)


names = st.text("abcdefghijklmnopqrstuvwxyz0123456789.@_+-", min_size=1, max_size=30)
texts = st.text(min_size=1, max_size=60).filter(lambda text: text.isprintable() and text[0] not in "=+-@")
spans = st.sampled_from(["2016-02-28T12:00:00Z", "2016-02-28", "2016-02-27/2016-02-28", "2016-02~", "2016"])


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    low = draw(st.integers(0, COUNT_MAX))
    high = draw(st.integers(low, COUNT_MAX))
    kind = draw(st.sampled_from(Precision))
    if kind is Precision.EXACT:
        high = low
    return seen(
        page=f"x:{draw(names)}",
        quantity=draw(st.sampled_from([Quantity.FOLLOWERS, Quantity.LIKES, Quantity.LIKES_LOST])),
        low=low,
        high=high,
        precision=kind,
        at=draw(spans),
        source=draw(texts).strip() or "a paper",
        capture=draw(st.sampled_from(["", "ab" * 32])),
    )


@given(st.lists(observations(), max_size=5))
def test_what_is_written_is_read_back(rows: list[Observation]) -> None:
    assert parse_csv(encode_csv(rows)) == rows


@given(st.floats(0, 1e9))
def test_numbers_are_written_without_exponent(value: float) -> None:
    text = number(value)
    assert "e" not in text
    assert float(text) == pytest.approx(value, abs=1e-6)


def test_percents_keep_their_decimals() -> None:
    each = seen(quantity=Quantity.LIKES_LOST_PERCENT, low=5.615, high=5.625, precision=Precision.ROUNDED)
    assert parse_csv(encode_csv([each])) == [each]


def test_times_are_written_in_one_way() -> None:
    assert normal_at("2016-02-28T13:00:00+01:00") == "2016-02-28T12:00:00Z"
    assert normal_at("2016-02-28T12:00:00.25Z") == "2016-02-28T12:00:00.250000Z"
    assert normal_at("2016-02-27/2016-02-28") == "2016-02-27/2016-02-28"
    assert decode_at("2016-02-28") == (1456617600.0, 1456617600.0 + 86_399)
    with pytest.raises(ValueError, match="open end"):
        decode_at("../2016") if normal_at("../2016") else None


# --- intervals ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "step", "precision", "told"),
    [
        (137500, 100, Precision.ROUNDED, (137450, 137550)),
        (20000, 1000, Precision.ABOUT, (19000, 21000)),
        (12300, 100, Precision.TRUNCATED, (12300, 12399)),
        (100, 100, Precision.AT_MOST, (0, 100)),
        (5, 10, Precision.ABOUT, (0, 15)),
        (7, 0, Precision.EXACT, (7, 7)),
    ],
)
def test_what_a_printed_number_leaves_open(
    value: float, step: float, precision: Precision, told: tuple[float, float]
) -> None:
    assert interval(value, step, precision) == told


def test_a_step_that_is_none() -> None:
    with pytest.raises(ValueError, match="above 0"):
        interval(5, 0, Precision.ROUNDED)
    with pytest.raises(ValueError, match="derived"):
        interval(5, 1, Precision.DERIVED)


@given(st.integers(0, COUNT_MAX))
@example(999)
@example(1000)
@example(12345)
def test_three_figures_hold_what_was_cut(count: int) -> None:
    step = 10 ** max(0, len(str(count)) - 3)
    told = three_figures(count - count % step)
    assert told is not None
    assert told[0] <= count <= told[1]
    assert told[1] - told[0] == step - 1
    if count >= 1000 and count % step:
        assert three_figures(count) is None


def test_a_base_worked_by_hand() -> None:
    # 137,500 to the hundred is 137,450 to 137,550; 5.62 % is 5.615 to 5.625 %.
    # 137450 / 0.05625 = 2,443,555.6; 137550 / 0.05615 = 2,449,688.3.
    lost = seen(quantity=Quantity.LIKES_LOST, low=137450, high=137550, precision=Precision.ROUNDED)
    share = seen(quantity=Quantity.LIKES_LOST_PERCENT, low=5.615, high=5.625, precision=Precision.ROUNDED)
    base = base_of(lost, share)
    assert (base.low, base.high) == (2_443_555, 2_449_689)
    assert base.arithmetic == "137450 / 5.625 % = 2443555.6; 137550 / 5.615 % = 2449688.3"
    for first, second in (
        (share, lost),
        (lost, seen(quantity=share.quantity, low=0, high=1, precision=Precision.ABOUT)),
        (lost, seen(quantity=share.quantity, low=1, high=2, precision=Precision.ABOUT, at="2016-02-29")),
    ):
        with pytest.raises(ValueError, match=r"takes|nothing|different"):
            base_of(first, second)


@given(st.integers(1, 10_000_000), st.floats(0.01, 0.9))
def test_the_base_is_in_its_interval(base: int, share: float) -> None:
    lost, percent = round(base * share), round(100 * share, 2)
    found = base_of(
        seen(quantity=Quantity.LIKES_LOST, low=max(0, lost - 1), high=lost + 1, precision=Precision.ROUNDED),
        seen(
            quantity=Quantity.LIKES_LOST_PERCENT, low=percent - 0.0051, high=min(100.0, percent + 0.0051),
            precision=Precision.ROUNDED,
        ),
    )  # fmt: skip
    assert found.low <= base <= found.high
    assert math.isfinite(found.high)


def test_the_same_row_twice_is_one_and_what_disagrees_stays() -> None:
    first, later, other = seen(), seen(at="2016-02-29T12:00:00Z"), seen(low=11, high=11)
    assert merged([later, first], [first, other]) == [first, other, later]
