import json
import os
import sys
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from tests.cli.doubles import run_line
from tests.store.support import make_vote, rows_of
from voipwatch.store.errors import _SENTENCES
from voipwatch.store.opening import open_store


@pytest.fixture
def url(tmp_path: Path) -> str:
    where = f"chdb://{tmp_path}/store"
    with open_store(where, create=True) as store:
        store.insert_segment("s1", rows_of([make_vote(n) for n in range(3)]))
        store.refresh_cells()
    return where


def test_status_counts_rows_and_segments(url: str) -> None:
    ran = run_line("store", "status", "--store", url)
    assert ran.status == 0, ran.err
    assert "observations" in ran.out
    assert "1 segments are in with their cells, 0 wait." in ran.out
    assert "2016-01-01T00:00:02+00:00" in ran.out
    told = json.loads(run_line("store", "status", "--store", url, "--json").out)
    assert told["schema"] == "voipwatch.store/1"
    assert told["tables"]["observations"]["rows"] == 6


def test_a_question_and_what_is_none(url: str) -> None:
    sql = "SELECT app, count() AS n FROM votes GROUP BY app;"
    told = json.loads(run_line("store", "query", sql, "--store", url, "--json").out)
    assert (told["columns"], told["rows"]) == (["app", "n"], [{"app": "whatsapp", "n": 3}])
    assert "whatsapp" in run_line("store", "query", sql, "--store", url).out
    for wrong in (
        "DROP TABLE votes",
        "SELECT nothing",
        "SELECT 1; DROP TABLE votes",
        f"{sql[:-1]} FORMAT CSV",
    ):
        ran = run_line("store", "query", wrong, "--store", url)
        assert (ran.status, ran.out) == (64, "")
        assert ran.err.count("\n") == 1
        assert "That cannot be asked" in ran.err
    assert (
        json.loads(run_line("store", "status", "--store", url, "--json").out)["tables"]["votes"]["rows"] == 3
    )


@pytest.mark.parametrize(
    ("sql", "one"),
    [
        ("SELECT 1", True),
        ("(SELECT 1) ;", True),
        ("/* how many; really */ WITH 1 AS x SELECT x /* FORMAT CSV */", True),
        ("SELECT 'a; FORMAT CSV', `format x` FROM t ORDER BY format DESC", True),
        ("FROM votes SELECT count()", True),
        ("SELECT 1 FORMAT JSON", False),
        ("SELECT 1 format Vertical;", False),
        ("SELECT 1 INTO OUTFILE 'x'", False),
        ("SELECT 1; SELECT 2", False),
        ("DROP TABLE votes", False),
        ("SHOW TABLES", False),
        ("", False),
    ],
)
def test_what_is_one_select(tmp_path: Path, sql: str, one: bool) -> None:
    ran = run_line("store", "query", sql, "--data", str(tmp_path), width=300)
    assert ran.status == 64
    assert ("One SELECT can, without FORMAT" in ran.err) == (not one)
    assert ("There is no store" in ran.err) == one, "only a question is taken to the store"


def test_rows_wider_than_the_terminal_are_blocks(url: str) -> None:
    sql = "SELECT number AS n, repeat('x', 60) AS first, repeat('y', 60) AS second FROM numbers(2)"
    ran = run_line("store", "query", sql, "--store", url, width=100)
    blocks = [f"n: {n}\nfirst: {'x' * 60}\nsecond: {'y' * 60}\n" for n in range(2)]
    assert ran.out == "\n".join(blocks)
    assert "n: 0" not in run_line("store", "query", sql, "--store", url, width=140).out


def test_the_data_folders_store_is_made_by_migrate(tmp_path: Path) -> None:
    environment = {"XDG_DATA_HOME": str(tmp_path)}
    missing = run_line("store", "status", environment=environment)
    assert missing.status == 64
    assert "--data DIR, its folder; voipwatch store migrate makes a new one" in " ".join(missing.err.split())
    assert run_line("store", "migrate", environment=environment).status == 0
    again = run_line("store", "migrate", "--json", environment=environment)
    assert json.loads(again.out)["version"] >= 1
    assert run_line("store", "status", environment=environment).status == 0
    assert (tmp_path / "voipwatch/store/engine").is_dir()


def test_export_writes_a_file_and_warns_of_pseudonyms(url: str, tmp_path: Path) -> None:
    out = tmp_path / "cells.csv"
    ran = run_line(
        "store", "export", "cells", "--out", str(out), "--country", "ma", "--store", url, width=300
    )
    assert (ran.status, ran.err) == (0, "")
    assert out.read_text("utf-8").count("\n") == 2
    told = json.loads(
        run_line(
            "store", "export", "votes", "--out", str(tmp_path / "v.parquet"), "--since", "2016-01-02",
            "--store", url, "--json",
        ).out
    )  # fmt: skip
    assert told["rows"] == 0
    ran = run_line("store", "export", "votes", "--out", str(tmp_path / "v.csv"), "--store", url)
    assert "not for publication" in ran.err


@pytest.mark.parametrize("table", ["cells", "series", "influence", "arrivals", "context_days", "votes"])
def test_an_export_without_rows_says_which_countries_there_are(url: str, tmp_path: Path, table: str) -> None:
    out = str(tmp_path / "x.csv")
    ran = run_line("store", "export", table, "--out", out, "--country", "FR", "--store", url, width=300)
    assert ran.status == 0, ran.err
    known = "MA" if table in {"cells", "series", "arrivals", "votes"} else "-"
    assert f"{table} has rows of these countries: {known}\n" in ran.err
    assert "has rows of" not in run_line("store", "export", "cells", "--out", out, "--store", url).err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("export", "segments"), "no table that is exported"),
        (("export", "cells", "--out", "x.xlsx"), ".parquet or .csv"),
        (("export", "cells", "--since", "yesterday"), "2016-01-31"),
    ],
)
def test_misuse_of_export(url: str, arguments: tuple[str, ...], said: str) -> None:
    ran = run_line("store", *arguments, "--store", url, width=300)
    assert ran.status == 64
    assert said in ran.err


def test_a_folder_that_cannot_be_written(url: str, tmp_path: Path) -> None:
    ran = run_line("store", "export", "cells", "--out", str(tmp_path / "no/x.csv"), "--store", url, width=300)
    assert ran.status == 70
    assert "cannot be written" in ran.err


def test_beside_serve_questions_go_through_it_and_migrate_says_who(tmp_path: Path) -> None:
    where = f"chdb://{tmp_path}/store"
    with open_store(where, create=True, who="voipwatch serve", serve_door=True):
        ran = run_line("store", "query", "SELECT count() AS n FROM votes", "--store", where, "--json")
        assert json.loads(ran.out)["rows"] == [{"n": 0}]
        ran = run_line("store", "migrate", "--store", where, width=300)
        assert ran.status == 70
        assert f"open in another process (voipwatch serve, pid {os.getpid()})" in ran.err


@pytest.mark.parametrize("lang", ["en", "fr", "ar"])
def test_without_the_extra_it_is_named(url: str, lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "chdb", None)
    ran = run_line("store", "status", "--store", url, lang=lang, width=300)
    assert ran.status == 70
    assert "voipwatch[observatory]" in ran.err
    assert "chdb-core-lite" in ran.err


def test_a_wrong_url(tmp_path: Path) -> None:
    ran = run_line("store", "status", "--store", "sqlite:///x", width=300)
    assert ran.status == 64
    assert "is no store's place" in ran.err


def test_the_store_of_a_folder_of_serve_and_a_plain_folder(tmp_path: Path) -> None:
    folder = tmp_path / "an observatory, 100% ours"
    assert run_line("store", "migrate", "--data", str(folder)).status == 0
    assert (folder / "store/engine").is_dir()
    for place in (("--data", str(folder)), ("--store", str(folder / "store"))):
        for line in (
            ("status",),
            ("query", "SELECT 1"),
            ("export", "cells", "--out", str(tmp_path / "x.csv")),
        ):
            assert run_line("store", *line, *place).status == 0
    unpublished = run_line("chronicle", "claims", "--measured", "--data", str(folder))
    assert (unpublished.status, "voipwatch publish --out" in unpublished.err) == (64, True)
    both = run_line("store", "status", "--data", str(folder), "--store", str(folder / "store"))
    assert both.status == 64
    elsewhere = run_line("store", "status", "--data", str(tmp_path), width=300)
    assert (elsewhere.status, f"no store at {tmp_path / 'store'}" in elsewhere.err) == (64, True)


@pytest.mark.parametrize("language", ["en", "fr", "ar"])
def test_every_reason_of_a_store_has_a_sentence(language: str) -> None:
    told = (files("voipwatch.cli") / "locale" / f"{language}.toml").read_text("utf-8")
    assert set(tomllib.loads(told)["store"]["error"]) == set(_SENTENCES)
