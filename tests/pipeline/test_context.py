"""Rows of others' measurements: exactly one word each, and an explained alarm is no alarm."""

import pytest

from voipwatch.pipeline.context import COLUMNS, ContextRow, context_rows, csv_fields
from voipwatch.wire.ooni import OoniMeasurement, Part

MEASUREMENT = OoniMeasurement(
    report_id="r1",
    test="signal",
    test_version="0.2.3",
    country="MA",
    asn=6713,
    started_at_s=1700000000,
    target="",
    engine="3.19.0",
    parts=(),
)


def row(part: Part) -> ContextRow:
    (only,) = context_rows(
        OoniMeasurement(**{name: getattr(MEASUREMENT, name) for name in _NAMES} | {"parts": (part,)})
    )
    return only


_NAMES = MEASUREMENT.__struct_fields__


@pytest.mark.parametrize(
    ("part", "word", "decided"),
    [
        (Part("backend", "ok"), "ok", 1),
        (Part("backend", "anomaly", "generic_timeout_error"), "anomaly", 1),
        (Part("backend", "anomaly", "ssl_unknown_authority", "signal-ca-2022"), "stale", 0),
        (Part("backend", "failed"), "failed", 0),
    ],
)
def test_exactly_one_word_stands_and_only_two_are_counted(part: Part, word: str, decided: int) -> None:
    found = row(part)
    words = {name: getattr(found, name) for name in ("ok", "anomaly", "stale", "failed")}
    assert {name for name, value in words.items() if value} == {word}
    assert found.decided == decided
    assert (found.failure, found.confounder) == (part.failure or "", part.confounder)


def test_each_part_is_a_row_in_order() -> None:
    both = OoniMeasurement(
        **{name: getattr(MEASUREMENT, name) for name in _NAMES}
        | {"parts": (Part("a", "ok"), Part("b", "ok"))}
    )
    assert [each.part for each in context_rows(both)] == ["a", "b"]


def test_the_file_says_times_with_their_zone() -> None:
    # 1700000000 is 2023-11-14T22:13:20Z
    fields = dict(zip(COLUMNS, csv_fields(row(Part("backend", "ok"))), strict=True))
    assert fields["time"] == "2023-11-14T22:13:20Z"
    assert (fields["country"], fields["asn"], fields["ok"]) == ("MA", 6713, 1)
