"""Anybody's series from a CSV or Parquet file, read as a stream; every refusal names the row and the column.

A row's number is its line in the file for CSV, so that an editor finds it, and its position for Parquet.
"""

import csv
import math
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

from voipwatch.cli.errors import Misuse
from voipwatch.cli.values import shown, shown_path
from voipwatch.model.series import SeriesRow

TIME_NAMES: Final = ("time", "ts", "timestamp", "datetime", "date", "day", "hour", "measurement_start_time")
"""What columns of time are called, tried in this order where --time is not given."""
BLOCKED_NAME: Final = "blocked"
PARQUET_MAGIC: Final = b"PAR1"
TRUE: Final = {"true": 1.0, "t": 1.0, "yes": 1.0, "false": 0.0, "f": 0.0, "no": 0.0}
EPOCH_MS: Final = 1e11
"""A number above it is milliseconds since 1970, one below seconds: 1e11 s is the year 5138."""
SHOWN_COLUMNS: Final = 20


@dataclass(frozen=True, slots=True)
class Columns:
    """What the command line says of a file's columns."""

    time: str | None
    blocked: tuple[str, ...]
    over: float | None
    total: str | None
    by: tuple[str, ...]


@dataclass(slots=True)
class Numbered:
    """A row that was understood, with where it stands."""

    key: tuple[str, ...]
    row: SeriesRow
    number: int
    naive: bool
    """Its time says no zone."""
    midnight: bool
    """Its time is a whole day's."""


@dataclass(slots=True)
class _Places:
    """Where the columns are in a row."""

    time: int
    blocked: list[int]
    total: int | None
    by: list[int]
    names: list[str] = field(default_factory=list)


class SeriesFile:
    """A file of series; `rows()` may be called again and gives the same."""

    def __init__(self, path: Path, columns: Columns) -> None:
        self.path = path
        self.columns = columns
        self.time_name = ""
        self.read_bytes = 0
        self.size_bytes = 0
        self.parquet = self._look()

    def rows(self) -> Iterator[Numbered]:
        """The rows in the file's order. Raises Misuse at the first that cannot be used."""
        last: dict[tuple[str, ...], float] = {}
        source = self._parquet_cells() if self.parquet else self._csv_cells()
        places = self._places(next(source)[1])
        for number, cells in source:
            row = self._understood(number, cells, places)
            before = last.get(row.key)
            if before is not None and row.row.time_s < before:
                raise self._at(
                    "error.detect_order", number, places.names[places.time], value=_shown(cells[places.time]),
                    before=datetime.fromtimestamp(before, UTC).strftime("%Y-%m-%d %H:%M:%S"),
                )  # fmt: skip
            last[row.key] = row.row.time_s
            yield row

    # --- reading ------------------------------------------------------------------------------------------

    def _look(self) -> bool:
        with self._opened() as file:
            self.size_bytes = self.path.stat().st_size
            return file.read(4) == PARQUET_MAGIC

    @contextmanager
    def _opened(self) -> Iterator[IO[bytes]]:
        path = shown_path(self.path)
        try:
            if self.path.is_dir():
                raise Misuse("error.file_is_folder", path=path)
            if not stat.S_ISREG(self.path.stat().st_mode):  # read twice: a pipe cannot be
                raise Misuse("error.file_special", path=path)
            file = self.path.open("rb")
        except FileNotFoundError:
            raise Misuse("error.file_missing", path=path) from None
        except (OSError, ValueError) as error:  # ValueError: a null byte in the name
            reason = getattr(error, "strerror", None) or str(error)
            raise Misuse("error.file_unreadable", path=path, reason=shown(reason)) from None
        with file:
            try:
                yield file
            except OSError as error:  # a disk that fails halfway
                reason = error.strerror or type(error).__name__
                raise Misuse("error.file_unreadable", path=path, reason=shown(reason)) from None

    def _lines(self, file: IO[bytes], numbers: list[int]) -> Iterator[str]:
        """Lines that are no comments; the number of the last one is kept in `numbers`."""
        self.read_bytes = 0
        for number, line in enumerate(file, 1):
            self.read_bytes += len(line)
            numbers[0] = number
            if line.startswith(b"#"):
                continue
            if b"\0" in line:
                raise Misuse("error.detect_binary", path=shown_path(self.path), row=number)
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError:
                raise Misuse("error.detect_binary", path=shown_path(self.path), row=number) from None
            if text.strip():
                yield text

    def _csv_cells(self) -> Iterator[tuple[int, Sequence[Any]]]:
        numbers = [0]
        with self._opened() as file:
            lines = self._lines(file, numbers)
            first = next(lines, None)
            if first is None:
                raise Misuse("error.detect_empty", path=shown_path(self.path))
            delimiter = max(",;\t", key=first.count)
            try:
                yield 1, [name.strip() for name in next(csv.reader([first], delimiter=delimiter))]
                for cells in csv.reader(lines, delimiter=delimiter):
                    yield numbers[0], cells
            except csv.Error as error:
                raise Misuse(
                    "error.detect_csv", path=shown_path(self.path), row=numbers[0], reason=shown(str(error))
                ) from None

    def _parquet_cells(self) -> Iterator[tuple[int, Sequence[Any]]]:
        try:
            from pyarrow import ArrowException, parquet  # noqa: PLC0415 -- an extra of its own, and heavy
        except ImportError:
            raise Misuse("error.detect_pyarrow", path=shown_path(self.path)) from None
        with self._opened() as opened:
            try:
                with parquet.ParquetFile(opened) as file:
                    names: list[str] = list(file.schema_arrow.names)
                    yield 0, names
                    wanted = self._wanted(names)
                    number = 0
                    for batch in file.iter_batches(columns=wanted):
                        self.read_bytes += batch.nbytes
                        columns = {name: batch.column(name).to_pylist() for name in wanted}
                        for index in range(batch.num_rows):
                            number += 1
                            yield (
                                number,
                                [columns[name][index] if name in columns else None for name in names],
                            )
            except (ArrowException, OSError) as error:  # Arrow says "not enough bytes" as OSError
                reason = shown(str(error), longest=160)
                raise Misuse("error.detect_parquet", path=shown_path(self.path), reason=reason) from None

    def _wanted(self, names: Sequence[str]) -> list[str]:
        places = self._places(names)
        used = {places.time, *places.blocked, *places.by} | ({places.total} - {None})
        return [name for index, name in enumerate(names) if index in used]

    # --- understanding ------------------------------------------------------------------------------------

    def _places(self, names: Sequence[str]) -> _Places:
        columns = self.columns
        time = columns.time
        if time is None:
            time = next((name for name in TIME_NAMES if name in names), None)
        if time is None:
            raise Misuse("error.detect_no_time", path=shown_path(self.path), known=_listed(names))
        self.time_name = time
        return _Places(
            time=self._place(names, time, "--time"),
            blocked=[self._place(names, name, "--blocked") for name in columns.blocked],
            total=None if columns.total is None else self._place(names, columns.total, "--total"),
            by=[self._place(names, name, "--by") for name in columns.by],
            names=list(names),
        )

    def _place(self, names: Sequence[str], name: str, option: str) -> int:
        if name not in names:
            raise Misuse(
                "error.detect_column", path=shown_path(self.path), value=shown(name), option=option,
                known=_listed(names),
            )  # fmt: skip
        return list(names).index(name)

    def _understood(self, number: int, cells: Sequence[Any], places: _Places) -> Numbered:
        if len(cells) != len(places.names):
            raise Misuse(
                "error.detect_cells", path=shown_path(self.path), row=number, found=len(cells),
                expected=len(places.names),
            )  # fmt: skip
        time_s, naive, midnight = self._time(number, cells[places.time], places.names[places.time])
        blocked, total = self._votes(number, cells, places)
        key = tuple(_shown(cells[index]) for index in places.by)
        return Numbered(key, SeriesRow(time_s, blocked, total), number, naive, midnight)

    def _time(self, number: int, cell: object, name: str) -> tuple[float, bool, bool]:
        """Unix time; whether it says no zone; whether it is midnight."""
        try:
            moment = _moment(cell)
        except (ValueError, OverflowError, OSError):
            raise self._at("error.detect_time", number, name, value=_shown(cell)) from None
        midnight = not (moment.hour or moment.minute or moment.second or moment.microsecond)
        naive = moment.tzinfo is None
        return (moment.replace(tzinfo=UTC) if naive else moment).timestamp(), naive, midnight

    def _votes(self, number: int, cells: Sequence[Any], places: _Places) -> tuple[int, int]:
        """Blocked votes and votes of a row."""
        over = self.columns.over
        values = [self._number(number, cells[index], places.names[index]) for index in places.blocked]
        first = places.names[places.blocked[0]]
        if over is not None:
            return int(max(values) > over), 1
        for index, value in zip(places.blocked, values, strict=True):
            self._require_count(number, value, places.names[index])
        blocked = int(sum(values))
        if places.total is None:
            if blocked > 1:
                raise self._at("error.detect_one_vote", number, first, value=blocked)
            return blocked, 1
        name = places.names[places.total]
        total = self._number(number, cells[places.total], name)
        self._require_count(number, total, name)
        if blocked > total:
            raise self._at("error.detect_more", number, first, value=blocked, total=int(total), other=name)
        return blocked, int(total)

    def _number(self, number: int, cell: object, name: str) -> float:
        text = _shown(cell).strip()
        try:
            value = TRUE.get(text.lower())
            value = float(text) if value is None else value
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self._at("error.detect_number", number, name, value=shown(text))
        return value

    def _require_count(self, number: int, value: float, name: str) -> None:
        if value < 0:
            raise self._at("error.detect_negative", number, name, value=f"{value:g}")
        if value != int(value):
            raise self._at("error.detect_fraction", number, name, value=f"{value:g}")

    def _at(self, key: str, number: int, column: str, **values: object) -> Misuse:
        return Misuse(key, path=shown_path(self.path), row=number, column=shown(column), **values)


def _moment(cell: object) -> datetime:
    """A cell as a time. Raises ValueError, OverflowError or OSError for what is none."""
    if isinstance(cell, datetime):
        return cell
    text = _shown(cell).strip()
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        value = float(text)
        if not math.isfinite(value) or value < 0 or len(text) < 9:
            raise
        return datetime.fromtimestamp(value / 1000.0 if value > EPOCH_MS else value, UTC)


def _shown(cell: object) -> str:
    return "" if cell is None else str(cell)


def _listed(names: Sequence[str]) -> str:
    """The columns there are, for a line of text."""
    some = ", ".join(shown(name) or "“”" for name in names[:SHOWN_COLUMNS])
    return some if len(names) <= SHOWN_COLUMNS else f"{some}, ..."
