"""Raw reports are kept a number of months, then their folders are removed."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from voipwatch.collector.spool import list_segments


def expired_months(folder: Path, now_s: float, keep_months: int) -> list[str]:
    """Months of the spool that end before the last `keep_months` whole months begin, oldest first."""
    oldest = oldest_month(now_s, keep_months)
    return sorted({segment.month for segment in list_segments(folder) if segment.month < oldest})


def oldest_month(now_s: float, keep_months: int) -> str:
    """YYYY-MM of the first of the last `keep_months` whole months."""
    now = datetime.fromtimestamp(now_s, tz=UTC)
    first = now.year * 12 + now.month - 1 - keep_months
    return f"{first // 12:04d}-{first % 12 + 1:02d}"


def remove_months(folder: Path, months: list[str]) -> None:
    """Remove their folders. Raises OSError."""
    for month in months:
        shutil.rmtree(folder / month)
