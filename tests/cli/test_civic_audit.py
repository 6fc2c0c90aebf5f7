"""`voipwatch civic audit | retention`."""

from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text

from tests.cli.doubles import Ran, run_line
from tests.site.campaigns.instance import folder_of, opened
from voipwatch.civic.retention import KEPT
from voipwatch.cli.civic_audit import retention_rows
from voipwatch.cli.language import LANGUAGES, texts
from voipwatch.site.campaigns.desk import Desk
from voipwatch.site.campaigns.settings import read_settings
from voipwatch.store.civic.opening import writing


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    campaigns = folder_of(tmp_path / "c")
    desk = opened(campaigns)
    desk.close()
    return campaigns.folder


def run(folder: Path, *words: str, lang: str = "en") -> Ran:
    return run_line("civic", "audit", *words, "--campaigns", str(folder), lang=lang, width=300)


def change(folder: Path, statement: str) -> None:
    desk = Desk(read_settings(folder))
    with writing(desk.engine) as connection:
        connection.execute(text(statement))
    desk.close()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_log_that_holds(folder: Path, lang: str) -> None:
    told = run(folder, lang=lang)
    assert (told.status, told.err) == (0, "")
    assert "create" in told.out
    document = msgspec.json.decode(run(folder, "--json").out)
    assert (document["holds"], document["first_break"], document["kept_found"]) == (True, None, None)
    digest = document["lines"][-1]["digest"]
    assert digest in told.out
    assert run(folder, "--kept", digest[:16]).status == 0


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_log_that_was_changed(folder: Path, lang: str) -> None:
    change(folder, "UPDATE audit_log SET who = 'nobody'")
    assert run(folder, lang=lang).status == 1
    document = msgspec.json.decode(run(folder, "--json").out)
    assert (document["holds"], document["first_break"]) == (False, 1)


def test_lines_that_were_cut_off_are_seen_by_who_kept_one(folder: Path) -> None:
    digest = msgspec.json.decode(run(folder, "--json").out)["lines"][-1]["digest"]
    change(folder, "DELETE FROM audit_log")
    assert "Nothing was done" in run(folder).out
    found = run(folder, "--kept", digest)
    assert (found.status, "not there any more" in found.out) == (1, True)
    assert msgspec.json.decode(run(folder, "--json", "--kept", digest).out)["kept_found"] is False


@pytest.mark.parametrize("kept", ["", "0" * 15, "g" * 20, "é" * 20])
def test_what_is_no_digest(folder: Path, kept: str) -> None:
    assert run(folder, "--kept", kept).status == 64


@pytest.mark.parametrize("lang", LANGUAGES)
def test_retention_is_told_whole(lang: str) -> None:
    told = run_line("civic", "retention", lang=lang, width=400)
    assert (told.status, told.out.count("\n")) == (0, len(KEPT))
    rows = retention_rows(texts(lang))
    assert len({row[0] for row in rows}) == len(KEPT)
    assert all("{" not in part for row in rows for part in row)
    document = msgspec.json.decode(run_line("civic", "retention", "--json").out)
    assert [each["what"] for each in document["kept"]] == [kept.what for kept in KEPT]


def test_spans_in_words() -> None:
    until = {kept.what: row[2] for kept, row in zip(KEPT, retention_rows(texts("en")), strict=True)}
    assert until["address"] == "7 days after it was asked for"
    assert until["session"] == "8 hours after signing in"
    assert until["attempts"] == "24 hours after the last of them"
    assert until["mail-count"] == "until that day is over"
    arabic = {kept.what: row[2] for kept, row in zip(KEPT, retention_rows(texts("ar")), strict=True)}
    assert "7 أيام" in arabic["address"]
    assert "30 يومًا" in arabic["signature"]
