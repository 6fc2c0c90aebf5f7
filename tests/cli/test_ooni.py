"""`voipwatch ooni`: what was read is said and written; damage is told and costs itself alone."""

import csv
import json
from pathlib import Path

import pytest

from tests.cli.doubles import run_line
from tests.pipeline.test_ooni_files import lines, measurement
from voipwatch.pipeline.context import COLUMNS

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
    assert run_line("ooni", "import", str(file), "--out", str(target)).status == 0
    with target.open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert tuple(rows[0]) == COLUMNS
    assert [row["decided"] for row in rows] == ["1", "0", "1"]
    assert [row["confounder"] for row in rows] == ["", "signal-service-2023", ""]
    assert set(tmp_path.iterdir()) == {file, target}


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
