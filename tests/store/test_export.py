import csv
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.store.support import HOUR, make_vote, rows_of
from voipwatch.model.vocabulary import Verdict
from voipwatch.store.columns import BY_NAME
from voipwatch.store.export import EXPORTED, INTERNAL, Selection
from voipwatch.store.store import Store

DAY = 86_400


@pytest.fixture
def filled(store: Store) -> Store:
    votes = [
        make_vote(
            100 * day + n,
            Verdict.BLOCKED if day else Verdict.OK,
            observed_at_ms=(HOUR + day * DAY) * 1000,
            country="MA" if n else "TN",
        )
        for day in (0, 40)
        for n in range(4)
    ]
    store.insert_segment("s1", rows_of(votes))
    store.refresh_cells()
    return store


@pytest.mark.parametrize("table", sorted(EXPORTED))
@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_every_table_with_its_dictionary(filled: Store, tmp_path: Path, table: str, suffix: str) -> None:
    out = tmp_path / f"{table}.{suffix}"
    done = filled.export(table, out)
    meanings = {c.name: c.meaning for c in BY_NAME[table].columns if c.name not in INTERNAL}
    if suffix == "parquet":
        read = pq.read_table(out)
        assert done == (read.num_rows, None)
        assert {f.name: f.metadata[b"meaning"].decode() for f in read.schema} == meanings
    else:
        with out.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        assert (done.rows, rows[0]) == (len(rows) - 1, list(meanings))
        assert done.dictionary == tmp_path / f"{table}.columns.csv"
        with done.dictionary.open(encoding="utf-8", newline="") as file:
            assert {row["column"]: row["meaning"] for row in csv.DictReader(file)} == meanings
    # Series up to the newest report, which came in the second hour: one probe in TN, three and silence in MA.
    expected = {"cells": 4, "votes": 8, "reports": 8, "observations": 16, "arrivals": 2}
    expected["series"] = 1 + 2
    assert done.rows == expected.get(table, 0)


def test_a_country_and_a_time(filled: Store, tmp_path: Path) -> None:
    out = tmp_path / "cells.parquet"
    assert filled.export("cells", out, Selection("MA", HOUR + 1, HOUR + 41 * DAY)).rows == 1
    (row,) = pq.read_table(out).to_pylist()
    assert (row["country"], row["state"], row["mechanisms"]) == ("MA", "blocked", "stun.drop.cookie")
    assert row["hour"] == datetime.fromtimestamp(HOUR + 40 * DAY, UTC)


def test_the_same_rows_are_the_same_bytes(filled: Store, tmp_path: Path) -> None:
    for name in ("a", "b"):
        filled.export("votes", tmp_path / f"{name}.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


@pytest.mark.parametrize(("table", "steps"), [("votes", [0.5, 1.0]), ("series", [0.5, 1.0]), ("context", [])])
def test_how_far_it_is_is_told(filled: Store, tmp_path: Path, table: str, steps: list[float]) -> None:
    told: list[float] = []
    filled.export(table, tmp_path / "x.csv", told=told.append)
    assert told == steps  # two months of votes, two lines of series


@pytest.mark.parametrize(("table", "name"), [("segments", "x.csv"), ("cells", "x.xlsx")])
def test_what_is_not_exported(filled: Store, tmp_path: Path, table: str, name: str) -> None:
    with pytest.raises(ValueError, match=r"exported|\.parquet or \.csv"):
        filled.export(table, tmp_path / name)
    assert list(tmp_path.glob("x*")) == []
