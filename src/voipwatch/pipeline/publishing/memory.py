"""What is out: the released rows of one world, kept beside the store for as long as there is an observatory.

A row that was published must stay as it is, and its votes must never be told again in another shape, although
the votes themselves may have been deleted since. So the months' files are written here first, whole, and then
the file that says up to when pools are closed: a crash in between only finds rows that are out already. Where
the folder is lost, the rows of the last bundle are taken over.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from voipwatch.inference.detection.state import State
from voipwatch.model.bundle import PublicRow
from voipwatch.pipeline.publishing.columns import CELLS
from voipwatch.pipeline.publishing.tables import (
    arrow_table,
    cells_columns,
    csv_bytes,
    parquet_bytes,
    read_cells,
)
from voipwatch.pipeline.publishing.world import World
from voipwatch.probe.files import write_whole

MEMORY_SCHEMA: Final = "voipwatch.publication/1"
MEMORY_FILE: Final = "publication.json"


class MemoryDamagedError(Exception):
    """What is out is not known any more; publishing could tell a vote twice."""


class Kept(msgspec.Struct):
    """The small half of the memory; the rows are in the months' files."""

    instance: str
    until: int = 0
    """`as_of` of the last release: pools that had closed by then are decided."""
    months: list[str] = []
    """YYYY-MM of which there is a file."""
    withheld_cells: dict[str, int] = {}
    """YYYY-MM -> series-hours with votes of which none was told, of weeks that are closed for good."""
    withheld_below: dict[str, int] = {}
    """Changepoint -> what was said of the withheld votes behind it."""
    series_count: int = 0
    """That share the row detector's promise; 0 before the first day."""
    fed_until: int = 0
    """Unix seconds: the row detector has all days that end by then."""
    detectors: dict[str, State] = {}
    revisions: dict[str, int] = {}
    """Incident -> newest revision of it that is out."""
    schema: str = MEMORY_SCHEMA


def month_of(time_s: int) -> str:
    """YYYY-MM, UTC."""
    return datetime.fromtimestamp(time_s, tz=UTC).strftime("%Y-%m")


class Memory:
    """The memory of one world in its folder. Raises MemoryDamagedError, OSError."""

    def __init__(self, folder: Path, instance: str) -> None:
        self.folder = folder
        self.kept = Kept(instance)
        path = folder / MEMORY_FILE
        if path.exists():
            try:
                self.kept = msgspec.json.decode(path.read_bytes(), type=Kept)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise MemoryDamagedError(f"{path}: {error}") from error
            if self.kept.schema != MEMORY_SCHEMA or self.kept.instance != instance:
                raise MemoryDamagedError(f"{path}: of another version or world")
        self.rows: dict[str, list[PublicRow]] = {
            month_file.stem: self._read(month_file) for month_file in sorted(folder.glob("????-??.parquet"))
        }
        missing = set(self.kept.months) - self.rows.keys()
        if missing:
            raise MemoryDamagedError(f"{folder}: {', '.join(sorted(missing))} is gone")

    @property
    def empty(self) -> bool:
        """Nothing was ever released."""
        return not self.rows and not self.kept.until

    def adopt(self, months: Mapping[str, bytes], until: int) -> None:
        """Take over what an earlier bundle told: its cells files as Parquet, and its `as_of`."""
        self.rows = {month: read_cells(content) for month, content in sorted(months.items())}
        self.kept.until = until

    def all_rows(self) -> list[PublicRow]:
        """Everything that is out, in order."""
        return sorted(row for rows in self.rows.values() for row in rows)

    def add(self, rows: Iterable[PublicRow], *, world: World) -> None:
        """Take new rows and write the months that they change; `keep` completes it."""
        fresh: defaultdict[str, list[PublicRow]] = defaultdict(list)
        for row in rows:
            fresh[month_of(row.start)].append(row)
        for month in sorted({*fresh, *(name for name in self.rows if not self._path(name).exists())}):
            self.rows[month] = sorted([*self.rows.get(month, []), *fresh[month]])
            table = arrow_table(CELLS, cells_columns(self.rows[month], world))
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(self._path(month, "csv"), csv_bytes(table))
            write_whole(self._path(month), parquet_bytes(table))
        self.kept.months = sorted(self.rows)

    def keep(self) -> None:
        """Write the small half, last."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(self.folder / MEMORY_FILE, msgspec.json.encode(self.kept))

    def files(self) -> dict[str, Path]:
        """The months' files as they go into the bundle."""
        return {
            f"tables/cells/{month}.{suffix}": self._path(month, suffix)
            for month in sorted(self.rows)
            for suffix in ("csv", "parquet")
        }

    def _path(self, month: str, suffix: str = "parquet") -> Path:
        return self.folder / f"{month}.{suffix}"

    def _read(self, path: Path) -> list[PublicRow]:
        try:
            return read_cells(path.read_bytes())
        except ValueError as error:
            raise MemoryDamagedError(f"{path}: {error}") from error
