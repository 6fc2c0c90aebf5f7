import pytest

from voipwatch.collector.instants import unix_seconds, utc


def test_there_and_back() -> None:
    assert utc(1_795_305_600.9) == "2026-11-22T00:00:00Z"
    assert unix_seconds("2026-11-22T00:00:00Z") == 1_795_305_600.0
    assert unix_seconds("2026-11-22T00:00:00.250Z") == 1_795_305_600.25


@pytest.mark.parametrize(
    "text", ["", "Z", "2026-11-22", "2026-11-22T00:00:00", "2026-11-22T00:00:00+01:00", "xZ"]
)
def test_anything_else_is_no_utc_time(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- the words are Python's own
        unix_seconds(text)
