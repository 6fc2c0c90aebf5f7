"""What a bundle is as of."""

import pytest

from voipwatch.model.bundle import is_no_time


@pytest.mark.parametrize(
    ("as_of", "nobodys"),
    [
        ("1970-01-01T00:00:00Z", True),
        ("1970-01-01T00:59:59Z", True),
        ("1970-01-01T23:59:59Z", True),
        ("1970-01-02T00:00:00Z", False),
        ("2016-01-05T00:00:00Z", False),
    ],
)
def test_the_first_day_of_unix_time_is_nobodys_date(as_of: str, nobodys: bool) -> None:
    assert is_no_time(as_of) is nobodys
