"""Clocks of countries by the packaged table: Morocco's, before and after its changes of rules."""

import pytest

from voipwatch.site.clock import utc_offset_h, zone


@pytest.mark.parametrize(
    ("moment", "hours"),
    [
        ("2016-01-05T00:00:00Z", 0),
        ("2016-06-20T00:00:00Z", 0),  # Ramadan
        ("2016-08-05T00:00:00Z", 1),
        ("2020-01-05T00:00:00Z", 1),
        ("2026-10-01T00:00:00Z", 0),
    ],
)
def test_moroccos_clock(moment: str, hours: int) -> None:
    assert utc_offset_h("MA", moment) == hours


def test_no_country_has_utc() -> None:
    assert utc_offset_h("ZZ", "2016-01-05T00:00:00Z") == 0
    with pytest.raises(FileNotFoundError):
        zone("Nowhere/Town")
