"""Anybody's series from a CSV or Parquet file, read as a stream; every refusal names the row and the column.

A row's number is its line in the file for CSV, so that an editor finds it, and its position for Parquet.
"""

import csv
import math
import stat
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from voipwatch.cli.errors import Misuse
from voipwatch.cli.values import shown, shown_path
from voipwatch.model.series import SeriesRow

TIME_NAMES: Final = ("time", "ts", "timestamp", "datetime", "date", "day", "hour", "measurement_start_time")
"""What columns of time are called, tried in this order where --time is not given."""
BLOCKED_NAME: Final = "blocked"
PARQUET_MAGIC: Final = b"PAR1"
TRUE: Final = {"true": 1.0, "t": 1.0, "yes": 1.0, "false": 0.0, "f": 0.0, "no": 0.0}
EPOCH_UNITS: Final = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (1e20, 1e9))
"""Numbers below each are seconds, milli-, micro-, nanoseconds since 1970: 1e11 s is the year 5138."""
EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 -- of times that are UTC already
YEARS: Final = (1970, 2199)
"""Other times are mistakes, and a series of centuries is none."""
LATEST_S: Final = datetime(YEARS[1] + 1, 1, 1, tzinfo=UTC).timestamp()
COUNT_MAX: Final = 10**15
"""Above it floating point does not count by ones any more."""
REMEMBERED: Final = 10_000
"""Cells whose number is kept: most files hold a few different ones."""
SHOWN_COLUMNS: Final = 20


@dataclass(frozen=True, slots=True)
class Columns:
    """What the command line says of a file's columns."""

    time: str | None
    blocked: tuple[str, ...]
    over: float | None
    total: str | None
    by: tuple[str, ...]
    probe: str | None = None


Key = tuple[str | None, ...]
"""What tells a series apart: its --by columns; None where Parquet has a null."""


class Instant(NamedTuple):
    """A timestamp of Parquet."""

    us: int
    """Since 1970."""
    naive: bool

    def __str__(self) -> str:
        try:
            return str(EPOCH + timedelta(microseconds=self.us))
        except OverflowError:
            return f"{self.us} us"


@dataclass(slots=True)
class Numbered:
    """A row that was understood, with where it stands."""

    key: Key
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
    probe: int | None
    names: list[str] = field(default_factory=list)


class SeriesFile:
    """A file of series; `rows()` may be called again and gives the same."""

    def __init__(self, path: Path, columns: Columns) -> None:
        self.path = path
        self.columns = columns
        self.time_name = ""
        self.read_bytes = 0
        self.size_bytes = 0
        self._decimal_comma = False
        self._numbers: dict[object, float] = {}
        self.parquet = self._look()

    def rows(self) -> Iterator[Numbered]:
        """The rows in the file's order. Raises Misuse at the first that cannot be used."""
        last: dict[Key, float] = {}
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
            if number == 1:
                line = line.removeprefix(BOM_UTF8)  # noqa: PLW2901 -- a mark, no part of the line
            if line.startswith(b"#"):
                continue
            if b"\0" in line:
                raise Misuse("error.detect_binary", path=shown_path(self.path), row=number)
            try:
                text = line.decode()
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
            delimiter = max(",;\t|", key=first.count)
            self._decimal_comma = delimiter == ";"
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
                        columns = {name: _values(batch.column(name)) for name in wanted}
                        nothing = [None] * batch.num_rows
                        for cells in zip(*(columns.get(name, nothing) for name in names), strict=True):
                            number += 1
                            yield number, cells
            except (ArrowException, OSError, ValueError, OverflowError) as error:
                reason = shown(str(error), longest=160)  # Arrow says "not enough bytes" as OSError
                raise Misuse("error.detect_parquet", path=shown_path(self.path), reason=reason) from None

    def _wanted(self, names: Sequence[str]) -> list[str]:
        places = self._places(names)
        used = {places.time, *places.blocked, *places.by, places.total, places.probe}
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
            probe=None if columns.probe is None else self._place(names, columns.probe, "--probe"),
            names=list(names),
        )

    def _place(self, names: Sequence[str], name: str, option: str) -> int:
        if name not in names:
            raise Misuse(
                "error.detect_column", path=shown_path(self.path), value=shown(name), option=option,
                known=_listed(names),
            )  # fmt: skip
        if names.count(name) > 1:
            raise Misuse("error.detect_twice", path=shown_path(self.path), value=shown(name))
        return names.index(name)

    def _understood(self, number: int, cells: Sequence[Any], places: _Places) -> Numbered:
        if len(cells) != len(places.names):
            raise Misuse(
                "error.detect_cells", path=shown_path(self.path), row=number, found=len(cells),
                expected=len(places.names),
            )  # fmt: skip
        time_s, naive, midnight = self._time(number, cells[places.time], places)
        blocked, total = self._votes(number, cells, places)
        key = tuple([_named(cells[index]) for index in places.by]) if places.by else ()
        probe = "" if places.probe is None else self._probe(number, cells[places.probe], places)
        return Numbered(key, SeriesRow(time_s, blocked, total, probe), number, naive, midnight)

    def _time(self, number: int, cell: object, places: _Places) -> tuple[float, bool, bool]:
        """Unix time; whether it says no zone; whether it is midnight."""
        if isinstance(cell, Instant):
            time_s, naive, midnight = cell.us / 1e6, cell.naive, cell.us % 86_400_000_000 == 0
        else:
            try:
                moment = _moment(cell)
            except (ValueError, OverflowError, OSError):
                raise self._at(
                    "error.detect_time", number, places.names[places.time], value=shown(_shown(cell))
                ) from None
            naive = moment.tzinfo is None
            midnight = not (moment.hour or moment.minute or moment.second or moment.microsecond)
            time_s = (moment - EPOCH).total_seconds() if naive else moment.timestamp()
        if not 0.0 <= time_s < LATEST_S:
            raise self._at(
                "error.detect_years", number, places.names[places.time], value=shown(_shown(cell)),
                first=YEARS[0], last=YEARS[1],
            )  # fmt: skip
        return time_s, naive, midnight

    def _probe(self, number: int, cell: object, places: _Places) -> str:
        name = _shown(cell).strip()
        if not name and places.probe is not None:
            raise self._at("error.detect_nameless", number, places.names[places.probe])
        return name

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
        try:
            known = self._numbers.get(cell)
        except TypeError:  # a list in Parquet
            known = None
        if known is not None:
            return known
        text = _shown(cell).strip()
        try:
            value = TRUE.get(text.lower())
            if value is None:
                value = float(text.replace(",", ".") if self._decimal_comma else text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self._at("error.detect_number", number, name, value=shown(text))
        if len(self._numbers) < REMEMBERED:
            self._numbers[cell] = value
        return value

    def _require_count(self, number: int, value: float, name: str) -> None:
        if value < 0:
            raise self._at("error.detect_negative", number, name, value=f"{value:g}")
        if value > COUNT_MAX:
            raise self._at("error.detect_large", number, name, value=f"{value:g}")
        if value != int(value):
            raise self._at("error.detect_fraction", number, name, value=f"{value:g}")

    def _at(self, key: str, number: int, column: str, **values: object) -> Misuse:
        return Misuse(key, path=shown_path(self.path), row=number, column=shown(column), **values)


def _moment(cell: object) -> datetime:
    """A cell as a time. Raises ValueError, OverflowError or OSError for what is none."""
    text = _shown(cell)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        value = float(text)
        if not math.isfinite(value) or value < 0 or len(text.strip()) < 9:
            raise
        unit = next((unit for most, unit in EPOCH_UNITS if value < most), math.inf)
        return datetime.fromtimestamp(value / unit, UTC)


def _values(column: Any) -> list[Any]:  # noqa: ANN401 -- pyarrow has no types
    """A column of Parquet as plain values, instants as `Instant`; what has no quick way takes Arrow's own."""
    from pyarrow import compute, int64, timestamp, types  # noqa: PLC0415 -- an extra of its own, and heavy

    kind = column.type
    if types.is_timestamp(kind):  # whatever the zone is called: what is kept is UTC
        naive = kind.tz is None
        whole = compute.cast(compute.cast(column, timestamp("us", kind.tz), safe=False), int64())
        return [None if us is None else Instant(us, naive) for us in whole.to_pylist()]
    plain = (
        types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind) or types.is_string(kind)
    )
    if plain and not column.null_count:
        return list(column.to_numpy(zero_copy_only=False).tolist())
    return list(column.to_pylist())


def _named(cell: object) -> str | None:
    return None if cell is None else str(cell)


def _shown(cell: object) -> str:
    return "" if cell is None else str(cell)


def _listed(names: Sequence[str]) -> str:
    """The columns there are, for a line of text."""
    some = ", ".join(shown(name) or "“”" for name in names[:SHOWN_COLUMNS])
    return some if len(names) <= SHOWN_COLUMNS else f"{some}, ..."
