from pathlib import Path

from tests.collector.records import an_intake
from tests.collector.test_spool import Counter
from voipwatch.collector.retention import expired_months, oldest_month, remove_months
from voipwatch.collector.spool import SpoolWriter, list_segments

MONTH_S = 31 * 86_400.0
NOW = 1_795_305_600.0  # 2026-11-22


def test_thirteen_whole_months_are_kept_and_then_removed(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, Counter())
    for day in (400, 390, 0):  # 2025-10-18, 2025-10-28, today
        writer.append([an_intake(day)], NOW - day * 86_400.0)
    assert expired_months(tmp_path, NOW, 13) == []
    assert expired_months(tmp_path, NOW + 8 * 86_400.0, 13) == []  # 30 November
    later = NOW + 9 * 86_400.0  # 1 December
    assert expired_months(tmp_path, later, 13) == ["2025-10"]
    remove_months(tmp_path, ["2025-10"])
    assert [segment.month for segment in list_segments(tmp_path)] == ["2026-11"]
    assert expired_months(tmp_path, later, 13) == []
    assert expired_months(tmp_path, NOW + 2 * MONTH_S, 1) == ["2026-11"]


def test_the_oldest_month_is_the_first_that_is_kept() -> None:
    assert oldest_month(NOW, 13) == "2025-10"
    assert oldest_month(NOW, 11) == "2025-12"
    assert oldest_month(NOW + 9 * 86_400.0, 1) == "2026-11"
