"""Anybody's file of series: what is understood, and one clear line with row and column for what is not."""

import math
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voipwatch.cli.errors import Misuse
from voipwatch.cli.seriesfile import Columns, Numbered, SeriesFile
from voipwatch.model.series import SeriesRow

PLAIN = Columns(None, ("blocked",), None, None, ())
COUNTS = Columns("date", ("dns", "tls"), None, "total", ())


def read(path: Path, text: str | bytes, columns: Columns = PLAIN) -> list[Numbered]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(SeriesFile(path, columns).rows())


def refused(path: Path, text: str | bytes, columns: Columns = PLAIN) -> tuple[str, dict[str, object]]:
    with pytest.raises(Misuse) as caught:
        read(path, text, columns)
    return caught.value.key, caught.value.values


def unix(year: int, month: int, day: int, *clock: int) -> float:
    hour, minute, second = (*clock, 0, 0, 0)[:3]
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "series.csv"


def test_comments_and_empty_lines_are_skipped_and_rows_keep_their_line(file: Path) -> None:
    rows = read(
        file, "# a comment\n\ntime,blocked\n2026-01-18 05:46:13,1\n# another\n2026-01-18T06:00:00Z,0\n"
    )
    assert [(each.number, each.row, each.naive) for each in rows] == [
        (4, SeriesRow(unix(2026, 1, 18, 5, 46, 13), 1, 1), True),
        (6, SeriesRow(unix(2026, 1, 18, 6), 0, 1), False),
    ]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2026-01-18", unix(2026, 1, 18)),
        ("2026-01-18T05:46:13+01:00", unix(2026, 1, 18, 4, 46, 13)),
        ("1768715173", 1768715173.0),
        ("1768715173000", 1768715173.0),
        ("1768715173000000", 1768715173.0),
        ("1768715173000000000", 1768715173.0),
    ],
)
def test_times(file: Path, cell: str, expected: float) -> None:
    (row,) = read(file, f"ts,blocked\n{cell},0\n")
    assert row.row.time_s == expected
    assert row.midnight is (cell == "2026-01-18")


def test_counts_are_summed_and_scores_compared(file: Path) -> None:
    (row,) = read(file, "date;dns;tls;total\n2026-01-18;2;3;9\n", COUNTS)
    assert (row.row.blocked_count, row.row.total_count) == (5, 9)
    scores = Columns(None, ("a", "b"), 0.5, None, ())
    rows = read(file, "time,a,b\n2026-01-18,0.5,0.2\n2026-01-19,0.1,0.75\n", scores)
    assert [each.row.blocked_count for each in rows] == [0, 1]
    assert {each.row.total_count for each in rows} == {1}


def test_keys_tell_series_apart_and_each_has_its_own_order(file: Path) -> None:
    by = Columns(None, ("blocked",), None, None, ("asn", "app"))
    rows = read(file, "time,blocked,asn,app\n2026-01-19,0,1,x\n2026-01-18,true,2,x\n2026-01-20,no,1,x\n", by)
    assert [each.key for each in rows] == [("1", "x"), ("2", "x"), ("1", "x")]
    assert [each.row.blocked_count for each in rows] == [0, 1, 0]


@pytest.mark.parametrize(
    ("text", "key", "row", "column"),
    [
        ("time,blocked\n2026-01-18,0\nyesterday,1\n", "error.detect_time", 3, "time"),
        ("time,blocked\n2026-01-18,0\n,1\n", "error.detect_time", 3, "time"),
        ("time,blocked\n2026-01-18,-1\n", "error.detect_negative", 2, "blocked"),
        ("time,blocked\n2026-01-18,maybe\n", "error.detect_number", 2, "blocked"),
        ("time,blocked\n2026-01-18,\n", "error.detect_number", 2, "blocked"),
        ("time,blocked\n2026-01-18,nan\n", "error.detect_number", 2, "blocked"),
        ("time,blocked\n2026-01-18,0.5\n", "error.detect_fraction", 2, "blocked"),
        ("time,blocked\n2026-01-18,2\n", "error.detect_one_vote", 2, "blocked"),
        ("time,blocked\n2026-01-18,1e16\n", "error.detect_large", 2, "blocked"),
        ("time,blocked\n0001-01-01,1\n", "error.detect_years", 2, "time"),
        ("time,blocked\n9999-12-31T23:59:59-14:00,1\n", "error.detect_years", 2, "time"),
        ("# x\ntime,blocked\n2026-01-18,0\n2026-01-17,0\n", "error.detect_order", 4, "time"),
    ],
)
def test_bad_cells_are_named_by_row_and_column(
    file: Path, text: str, key: str, row: int, column: str
) -> None:
    found, values = refused(file, text)
    assert (found, values["row"], values["column"]) == (key, row, column)


def test_bad_counts_are_named(file: Path) -> None:
    key, values = refused(file, "date,dns,tls,total\n2026-01-18,2,3,4\n", COUNTS)
    assert (key, values["row"], values["value"], values["total"]) == ("error.detect_more", 2, 5, 4)
    key, values = refused(file, "date,dns,tls,total\n2026-01-18,0,0,-4\n", COUNTS)
    assert (key, values["column"]) == ("error.detect_negative", "total")


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b"", "error.detect_empty"),
        (b"# only a comment\n", "error.detect_empty"),
        (b"time,blocked\n2026-01-18,\0\n", "error.detect_binary"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "error.detect_binary"),
        (b"when,blocked\n2026-01-18,0\n", "error.detect_no_time"),
        (b"time,else\n2026-01-18,0\n", "error.detect_column"),
        (b"time,blocked,blocked\n2026-01-18,0,1\n", "error.detect_twice"),
        (b"time,blocked\n2026-01-18\n", "error.detect_cells"),
        (b"time,blocked\n2026-01-18," + b"1" * 200_000 + b"\n", "error.detect_csv"),
        (b"PAR1 and then nothing", "error.detect_parquet"),
    ],
)
def test_files_that_are_no_series(file: Path, content: bytes, key: str) -> None:
    if key == "error.detect_parquet":
        pytest.importorskip("pyarrow", reason="the extra `observatory` is not installed")
    assert refused(file, content)[0] == key


def test_places_that_are_no_file(tmp_path: Path) -> None:
    for path, key in ((tmp_path, "error.file_is_folder"), (tmp_path / "none", "error.file_missing")):
        with pytest.raises(Misuse, match=key):
            SeriesFile(path, PLAIN)


def test_parquet_gives_the_same_rows_as_csv(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="the extra `observatory` is not installed")
    parquet = pytest.importorskip("pyarrow.parquet")
    moments = [datetime(2026, 1, day, 5, tzinfo=UTC) for day in (18, 19)]
    table = pyarrow.table({"other": [1, 2], "time": moments, "dns": [1, 0], "tls": [2, 4], "total": [5, 6]})
    parquet.write_table(table, tmp_path / "series")
    columns = Columns("time", ("dns", "tls"), None, "total", ())
    rows = list(SeriesFile(tmp_path / "series", columns).rows())
    text = "time,dns,tls,total\n2026-01-18T05:00:00Z,1,2,5\n2026-01-19T05:00:00Z,0,4,6\n"
    assert [each.row for each in rows] == [each.row for each in read(tmp_path / "csv", text, columns)]
    assert [each.number for each in rows] == [1, 2]


@pytest.mark.parametrize("text", ["# c\ntime,blocked\n2026-01-18,1\n", "time|blocked\r\n2026-01-18|1\r\n"])
def test_a_byte_order_mark_and_other_separators(file: Path, text: str) -> None:
    (row,) = read(file, b"\xef\xbb\xbf" + text.encode())
    assert row.row == SeriesRow(unix(2026, 1, 18), 1)


def test_where_semicolons_separate_a_comma_is_decimal(file: Path) -> None:
    scores = Columns(None, ("score",), 0.5, None, ())
    rows = read(file, "time;score\n2026-01-18;0,7\n2026-01-19;0,2\n", scores)
    assert [each.row.blocked_count for each in rows] == [1, 0]
    assert refused(file, 'time,score\n2026-01-18,"0,7"\n', scores)[0] == "error.detect_number"


def test_rows_may_name_their_probe(file: Path) -> None:
    named = Columns(None, ("blocked",), None, None, (), "who")
    (row,) = read(file, "time,blocked,who\n2026-01-18,1, ada\n", named)
    assert row.row.probe == "ada"
    key, values = refused(file, "time,blocked,who\n2026-01-18,1,\n", named)
    assert (key, values["row"], values["column"]) == ("error.detect_nameless", 2, "who")


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Africa/Kampala", "+03:00", "No/Where"])
def test_timestamps_of_parquet(tmp_path: Path, unit: str, zone: str | None) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="the extra `observatory` is not installed")
    parquet = pytest.importorskip("pyarrow.parquet")
    per_s = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    times = pyarrow.array(
        [1768715173 * per_s, 1768780800 * per_s + (unit == "ns")], pyarrow.timestamp(unit, zone)
    )
    parquet.write_table(pyarrow.table({"time": times, "blocked": [True, False]}), tmp_path / "series")
    rows = list(SeriesFile(tmp_path / "series", PLAIN).rows())
    assert [each.row.time_s for each in rows] == [1768715173.0, 1768780800.0]
    assert [each.midnight for each in rows] == [False, True]
    assert [each.naive for each in rows] == [zone is None] * 2


def test_odd_columns_of_parquet(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="the extra `observatory` is not installed")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "series"

    def told(columns: Columns = PLAIN, **odd: object) -> object:
        good = {"time": pyarrow.array([0, 1], pyarrow.timestamp("s")), "blocked": [1, 0], "op": ["", None]}
        parquet.write_table(pyarrow.table(good | odd), path)
        try:
            return list(SeriesFile(path, columns).rows())
        except Misuse as misuse:
            return misuse.key

    keys = told(Columns(None, ("blocked",), None, None, ("op",)))
    assert isinstance(keys, list)
    assert [each.key for each in keys] == [("",), (None,)]
    assert told(time=pyarrow.array([2**62, 0], pyarrow.timestamp("us"))) == "error.detect_years"
    assert told(time=pyarrow.array([0, None], pyarrow.timestamp("us"))) == "error.detect_time"
    assert told(blocked=[1, None]) == "error.detect_number"
    assert told(blocked=[[1], [0]]) == "error.detect_number"
    twice = [pyarrow.array([0, 1], pyarrow.timestamp("s")), pyarrow.array([1, 0]), pyarrow.array([1, 0])]
    parquet.write_table(pyarrow.Table.from_arrays(twice, names=["time", "blocked", "blocked"]), path)
    with pytest.raises(Misuse, match=r"error\.detect_twice"):
        list(SeriesFile(path, PLAIN).rows())


def test_without_pyarrow_a_parquet_file_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    assert refused(tmp_path / "series", b"PAR1xxxx")[0] == "error.detect_pyarrow"


@given(content=st.binary(max_size=300))
@example(content=b"\r\x01")
def test_any_bytes_are_rows_or_one_clear_line(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "series"
    for head in (b"", b"time,blocked\n"):
        try:
            rows = read(path, head + content)
        except Misuse:
            continue
        assert all(math.isfinite(each.row.time_s) and each.row.blocked_count in {0, 1} for each in rows)
