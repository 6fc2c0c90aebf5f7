"""Views: each figure beside a series against the question that answers it alone, and by hand."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.store.support import HOUR, hourly, rows_of
from voipwatch.model.vocabulary import Verdict
from voipwatch.store.export import Selection
from voipwatch.store.rows import ContextRecord, InfluenceRecord
from voipwatch.store.series import SeriesKey
from voipwatch.store.store import Store

DAY = 86_400
KEY = SeriesKey("MA", "AS36925", "4g", "whatsapp")


@pytest.fixture
def filled(store: Store) -> Store:
    """Two apps and two lines over three days, with silence between."""
    votes = hourly({0: (3, Verdict.OK), 5: (4, Verdict.BLOCKED), 50: (2, Verdict.OK)})
    numbered = iter(range(100_000, 200_000))
    for app, operator, instance in (
        ("viber", "AS36925", ""),
        ("whatsapp", "AS6713", ""),
        ("line", "AS1", "lab"),
    ):
        for vote in hourly({1: (3, Verdict.OK), 30: (1, Verdict.DOWN)}, app=app, operator=operator):
            votes.append(
                type(vote)(**_fields(vote) | {"report_id": f"{next(numbered):032x}", "instance": instance})
            )
    store.insert_segment("s1", rows_of(votes))
    store.refresh_cells()
    store.save_influence(
        [HOUR], [InfluenceRecord("", "MA", "AS36925", "4g", "whatsapp", "call", HOUR, 2, 2, 0, 1, None, 0)]
    )
    return store


def _fields(vote: Any) -> dict[str, Any]:
    return {name: getattr(vote, name) for name in vote.__struct_fields__}


def exported(
    store: Store, table: str, folder: Path, selection: Selection | None = None
) -> list[dict[str, Any]]:
    store.export(table, folder / "out.parquet", selection)
    rows: list[dict[str, Any]] = pq.read_table(folder / "out.parquet").to_pylist()
    return rows


def test_every_series_is_what_it_is_alone(filled: Store, tmp_path: Path) -> None:
    rows = exported(filled, "series", tmp_path)
    keys = [(r["instance"], r["country"], r["operator"], r["access"], r["app"], r["stage"]) for r in rows]
    times = [r["hour"].timestamp() for r in rows]
    assert list(zip(keys, times, strict=True)) == sorted(zip(keys, times, strict=True))
    assert {(key[0], key[2], key[4]) for key in keys} == {
        ("", "AS36925", "whatsapp"), ("", "AS36925", "viber"), ("", "AS6713", "whatsapp"),
        ("lab", "AS1", "line"),
    }  # fmt: skip
    for instance, country, operator, access, app, stage in set(keys):
        key = SeriesKey(country, operator, access, app, stage, instance=instance)
        alone = filled.series(key, since=HOUR, until=HOUR + 51 * 3600).to_pylist()
        mine = [
            r
            for r, k in zip(rows, keys, strict=True)
            if k == (instance, country, operator, access, app, stage)
        ]
        same = [name for name in alone[0] if name not in {"hour", "last_received", "as_of"}]
        assert [[r[name] for name in same] for r in mine] == [
            [r[name] for name in same] for r in alone[: len(mine)]
        ]
        assert [r["hour"].timestamp() for r in mine] == [r["hour"] for r in alone[: len(mine)]]
        panel = {row["day"]: row for row in filled.panel(key, since=HOUR, until=HOUR + 31 * DAY).to_pylist()}
        for row in mine:
            day = panel.get(int(row["hour"].timestamp()) // DAY * DAY, {"probes": 0, "joined": 0, "left": 0})
            assert (row["panel_probes"], row["panel_joined"], row["panel_left"]) == (
                day["probes"], day["joined"], day["left"],
            )  # fmt: skip


def test_influence_stands_beside_its_hour_and_is_null_elsewhere(filled: Store, tmp_path: Path) -> None:
    rows = exported(filled, "series", tmp_path, Selection("MA", HOUR, HOUR + 3 * 3600))
    mine = [r for r in rows if (r["operator"], r["app"], r["instance"]) == ("AS36925", "whatsapp", "")]
    names = [name for name in mine[0] if name.startswith(("fixed_", "carrier_"))]
    assert [[r[name] for name in names] for r in mine] == [[2, 2, 0, 1, None, 0], [None] * 6, [None] * 6]
    assert exported(filled, "series", tmp_path, Selection("TN")) == []


def test_a_panel_whose_votes_are_gone_is_unknown_and_not_nobody(filled: Store, tmp_path: Path) -> None:
    filled.drop_raw_before("2016-02")
    rows = exported(filled, "series", tmp_path)
    assert rows
    assert {(r["panel_probes"], r["panel_joined"], r["panel_left"]) for r in rows} == {(None, None, None)}


def test_context_by_day_counts_each_measurement_once(store: Store, tmp_path: Path) -> None:
    def record(name: str, day: int, outcome: str, received: int = 9, part: str = "web") -> ContextRecord:
        return ContextRecord(
            "ooni", name, "MA", 6713, "whatsapp", part, "", (HOUR + day * DAY + 7) * 1000,
            (HOUR + received) * 1000, outcome, "", "", "1", "3",
        )  # fmt: skip

    store.insert_context([
        record("a", 0, "ok"), record("b", 0, "anomaly"), record("c", 0, "failed"), record("d", 40, "ok"),
        record("a", 0, "ok", part="endpoints"),
    ])  # fmt: skip
    store.insert_context([record("b", 0, "stale", 11), record("a", 0, "ok", 10)])
    rows = exported(store, "context_days", tmp_path)
    assert [
        (r["part"], (r["day"].timestamp() - HOUR) / DAY, r["ok"], r["anomaly"], r["stale"], r["failed"])
        for r in rows
    ] == [("endpoints", 0, 1, 0, 0, 0), ("web", 0, 1, 0, 1, 1), ("web", 40, 1, 0, 0, 0)]
    assert [r["as_of"].timestamp() - HOUR for r in rows] == [9, 11, 9]
    assert len(exported(store, "context_days", tmp_path, Selection("MA", HOUR + DAY, None))) == 1
    assert exported(store, "series", tmp_path) == [], "context never makes a series of ours"
