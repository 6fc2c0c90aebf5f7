"""`voipwatch ooni`: what was read is said and written; damage is told and costs itself alone."""

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.doubles import run_line
from tests.pipeline.test_ooni_files import lines, measurement
from voipwatch.pipeline.context import COLUMNS
from voipwatch.store.opening import open_store

BLOCKED = {"signal_backend_status": "blocked"}
DOCUMENTS = [
    measurement(1),
    measurement(2, test_keys=BLOCKED, annotations={"engine_version": "3.19.0"}),
    measurement(3, test_keys=BLOCKED, annotations={"engine_version": "3.20.1"}),
    measurement(4, test_name="web_connectivity"),
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ooni.jsonl"
    path.write_bytes(lines(DOCUMENTS) + b"{broken}\n")
    return path


def test_what_was_read_is_told_with_its_country_and_part(file: Path) -> None:
    ran = run_line("ooni", "import", str(file))
    assert ran.status == 0
    assert "3 measurements; 1 of other tests left out." in ran.out
    assert ["MA", "signal", "backend", "1", "1", "1", "0"] in [row.split() for row in ran.out.splitlines()]
    assert "measurement 5: left out" in ran.err


def test_json_says_the_same(file: Path) -> None:
    document = json.loads(run_line("ooni", "import", str(file), "--json").out)
    assert document["schema"] == "voipwatch.ooni-import/1"
    assert (document["measurements"], document["refused"]) == (3, 1)
    assert document["other_tests"] == {"web_connectivity": 1}
    assert {(row["said"], row["rows"]) for row in document["said"]} == {
        ("ok", 1),
        ("anomaly", 1),
        ("stale", 1),
    }


def test_the_rows_go_to_a_file_that_holds_one_word_each(file: Path, tmp_path: Path) -> None:
    target = tmp_path / "rows.csv"
    ran = run_line("ooni", "import", str(file), "--out", str(target), width=600)
    assert (ran.status, f"voipwatch detect {target} --time time" in ran.err) == (0, True)
    with target.open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert tuple(rows[0]) == COLUMNS
    assert [row["decided"] for row in rows] == ["1", "0", "1"]
    assert [row["confounder"] for row in rows] == ["", "signal-service-2023", ""]
    assert set(tmp_path.iterdir()) == {file, target}


def read(folder: Path, sql: str) -> list[dict[str, Any]]:
    ran = run_line("store", "query", sql, "--store", f"chdb://{folder}/store", "--json")
    rows: list[dict[str, Any]] = json.loads(ran.out)["rows"]
    return rows


def test_rows_are_kept_in_a_store_once_however_often_they_come(file: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.jsonl.gz"
    again.write_bytes(gzip.compress(lines([*DOCUMENTS, measurement(7, report_id="", input="x")])))
    asked = "SELECT test, part, outcome, confounder, asn FROM context FINAL ORDER BY observed_at"
    for arguments, kept in (
        (("--data", str(tmp_path)), 3),
        (("--store", f"chdb://{tmp_path}/store"), 3),
        ((str(again), str(again), "--data", str(tmp_path)), 11),
    ):
        ran = run_line("ooni", "import", str(file), *arguments, "--json")
        assert (ran.status, json.loads(ran.out)["kept_rows"]) == (0, kept), ran.err
    assert [tuple(row.values()) for row in read(tmp_path, asked)] == [
        ("signal", "backend", "ok", "", 6713),
        ("signal", "backend", "stale", "signal-service-2023", 6713),
        ("signal", "backend", "anomaly", "", 6713),
        ("signal", "backend", "ok", "", 6713),
    ]
    assert read(tmp_path, "SELECT count() AS n FROM cells") == [{"n": 0}]
    out = tmp_path / "days.csv"
    store = f"chdb://{tmp_path}/store"
    assert run_line("store", "export", "context_days", "--out", str(out), "--store", store).status == 0
    with out.open(newline="") as handle:
        assert [row["ok"] + row["anomaly"] + row["stale"] for row in csv.DictReader(handle)] == [
            "100", "001", "010", "100",
        ]  # fmt: skip
    assert "4 rows" not in run_line("ooni", "import", str(file)).err


def test_a_store_is_named_once_and_beside_serve_it_is_said(file: Path, tmp_path: Path) -> None:
    store = f"chdb://{tmp_path}/store"
    assert run_line("ooni", "import", str(file), "--store", store, "--data", str(tmp_path)).status == 64
    with open_store(store, create=True, who="voipwatch serve", serve_door=True):
        ran = run_line("ooni", "import", str(file), "--data", str(tmp_path), width=300)
        assert (ran.status, ran.err.count("\n")) == (70, 1)
        assert "open in another process (voipwatch serve" in ran.err
    ran = run_line("ooni", "import", str(file), "--data", str(tmp_path), width=300)
    assert "3 rows are in the store" in ran.err


def test_nothing_of_use_is_undecided_and_missing_files_are_misuse(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    assert run_line("ooni", "import", str(empty)).status == 2
    assert run_line("ooni", "import", str(tmp_path / "none")).status == 64
    assert run_line("ooni", "import", str(tmp_path)).status == 64


def test_an_interrupted_import_leaves_no_file(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("voipwatch.cli.ooni.csv_fields", stop)
    assert run_line("ooni", "import", str(file), "--out", str(tmp_path / "rows.csv")).status == 130
    assert set(tmp_path.iterdir()) == {file}


def test_a_report_is_exported_and_what_is_none_is_refused(tmp_path: Path, file: Path) -> None:
    assert run_line("ooni", "export", str(file)).status == 64
    report = tmp_path / "report.json"
    ran = run_line("check", "--yes", "--app", "sip", "--reflector", "reflector.example", "--out", str(report))
    assert ran.status in {0, 1, 2}
    told = run_line("ooni", "export", str(report), str(report))
    assert told.status == 0
    documents = [json.loads(line) for line in told.out.splitlines()]
    assert [each["test_name"] for each in documents] == ["voipwatch_check"] * 2
    target = tmp_path / "out.jsonl"
    assert run_line("ooni", "export", str(report), "--out", str(target)).status == 0
    assert json.loads(target.read_text()) == documents[0]
