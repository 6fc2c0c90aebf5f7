"""`voipwatch pledge`, command by command."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from tests.cli.doubles import Ran, run_line
from tests.site.campaigns.instance import folder_of
from tests.site.campaigns.pledging.campaign import FILE, token
from voipwatch.cli.language import LANGUAGES
from voipwatch.site.campaigns.desk import Desk
from voipwatch.site.campaigns.pledging.desk import PledgeDesk
from voipwatch.site.campaigns.pledging.office import PledgeOffice
from voipwatch.site.campaigns.settings import read_settings
from voipwatch.store.civic import boycott_rows
from voipwatch.store.civic.opening import writing


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return folder_of(tmp_path / "c").folder


def run(folder: Path, *words: str, answers: str | None = None, lang: str = "en") -> Ran:
    return run_line("pledge", *words, "--campaigns", str(folder), answers=answers, lang=lang, width=200)


def now() -> datetime:
    return datetime.now(tz=UTC)


@pytest.fixture
def ahead(folder: Path, tmp_path: Path) -> Path:
    """A campaign that begins in ten days; the command line reads the clock."""
    file = tmp_path / "silence.toml"
    file.write_text(FILE.replace("2026-11-14", str((now() + timedelta(days=10)).date())), "utf-8")
    ran = run(folder, "create", str(file))
    assert (ran.status, ran.err) == (0, "")
    assert "https://watch.example/campaigns/en/pledge/silence/" in ran.out
    assert "clocks of Africa/Casablanca; in UTC" in ran.out
    return folder


def over(folder: Path, *, pledged: int, kept: int) -> None:
    """A campaign whose window is over, with its pledges and reports told."""
    desk = Desk(read_settings(folder), upgrade=True)
    pledges = PledgeDesk(desk)
    office = PledgeOffice(pledges, "tests")
    boycott = pledges.boycott("silence")
    assert boycott is not None
    after_s = boycott.window.ends_s + 3600
    for number in range(pledged):
        pledges.declare(boycott, token(number), now_s=boycott.window.begins_s - 1)
    office.turn(int(boycott.window.begins_s))
    for number in range(kept):
        pledges.report(boycott, token(number), kept=True, now_s=after_s)
    office.turn(int(after_s))
    desk.close()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_campaign_is_created_once_and_listed(ahead: Path, tmp_path: Path, lang: str) -> None:
    again = run(ahead, "create", str(tmp_path / "silence.toml"), lang=lang)
    assert (again.status, again.out) == (64, "")
    assert run(ahead, "list", lang=lang).out.count("silence") == 2
    listed = msgspec.json.decode(run(ahead, "list", "--json").out)
    assert listed["boycotts"] == [
        {
            "id": "silence", "stage": "pledging", "called_off": False,
            "told": {"declared": None, "kept": None, "broken": None},
            "url": "https://watch.example/campaigns/en/pledge/silence/",
        }
    ]  # fmt: skip


def test_what_is_no_campaign(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text(FILE.replace('country = "MA"', ""), "utf-8")
    ran = run(folder, "create", str(file))
    assert (ran.status, "country" in ran.err) == (64, True)
    file.write_text(FILE.replace("2026-11-14", "2016-01-16"), "utf-8")
    ran = run(folder, "create", str(file))
    assert (ran.status, "it has begun already" in ran.err) == (64, True)
    file.write_bytes(b"\xff")
    assert run(folder, "create", str(file)).status == 64
    assert run(folder, "create", str(tmp_path / "none")).status == 64
    for command in ("show", "close", "export"):
        assert run(folder, command, "none").status == 64
    assert run(folder, "list").out == "There is no boycott campaign yet.\n"


def test_a_change_of_clocks_is_told_to_the_keeper(folder: Path, tmp_path: Path) -> None:
    """Madrid's clocks change on the last Sundays of March and October: one of them is within a year."""
    year = now().date()
    days = [year + timedelta(days=ahead) for ahead in range(10, 360)]
    sunday = next(day for day in days if day.month in {3, 10} and day.weekday() == 6 and day.day > 24)
    text = FILE.replace("Africa/Casablanca", "Europe/Madrid")
    file = tmp_path / "clocks.toml"
    file.write_text(text.replace("2026-11-14", str(sunday - timedelta(days=1))), "utf-8")
    ran = run(folder, "create", str(file))
    assert ran.status == 0
    hours = 47 if sunday.month == 3 else 49
    assert f"The clocks of Europe/Madrid change inside the window: {hours} hours pass." in ran.out


def test_intent_is_no_turnout(ahead: Path) -> None:
    shown = run(ahead, "show", "silence")
    assert shown.status == 0
    assert "nothing can be said. Pledges are intent" in shown.out
    assert "%" not in shown.out
    assert msgspec.json.decode(run(ahead, "show", "silence", "--json").out)["turnout"] is None


def test_what_is_observable_has_a_source(ahead: Path) -> None:
    early = run(ahead, "observe", "silence", "--what", "Calls", "--found", "none", "--source", "us")
    assert (early.status, "before the window begins" in early.err) == (64, True)
    for wrong, word in (
        (("--found", "perhaps"), "effect, none, not-measured"),
        (("--found", "none"), "has a source"),
        (("--found", "not-measured", "--value", "3"), "has no value"),
        (("--found", "effect", "--source", "us", "--value", "3-1"), "--value"),
    ):
        ran = run(ahead, "observe", "silence", "--what", "Calls", *wrong)
        assert (ran.status, word in ran.err) == (64, True), wrong


def test_after_the_window_the_ladders_are_shown_apart(
    ahead: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    over(ahead, pledged=64, kept=23)
    later_s = int(now().timestamp()) + 13 * 86_400
    monkeypatch.setattr("voipwatch.cli.pledge.now_s", lambda: later_s)
    noted = run(
        ahead, "observe", "silence", "--what", "Calls", "--found", "effect", "--value", "1-2", "--unit", "%",
        "--source", "https://a.example/",
    )  # fmt: skip
    assert (noted.status, "value 1 to 2 %; source https://a.example/" in noted.out) == (0, True)
    shown = run(ahead, "show", "silence").out
    assert "declared: 60; reported kept: 20; reported broken: fewer than 10 (" in shown
    assert "whatever the silent did: 28.9 % to 100.0 %" in shown
    assert "Turnout is of 60 pledges or a few more, told at " in shown
    assert "Calls: an effect" in shown
    document = msgspec.json.decode(run(ahead, "export", "silence").out)
    assert document["turnout"]["bounds"] == {"low": 20 / 69, "high": 1.0}
    closed = run(ahead, "close", "silence", "--yes")
    assert "Reporting on silence is closed" in closed.out


def test_closing_before_the_end_calls_it_off(ahead: Path) -> None:
    assert run(ahead, "close", "silence").status == 64, "nobody can be asked"
    assert run(ahead, "close", "silence", answers="no\n").status == 130
    ran = run(ahead, "close", "silence", answers="yes\n")
    assert (ran.status, "is called off" in ran.out) == (0, True)
    assert run(ahead, "close", "silence", "--yes").status == 64
    assert "called off" in run(ahead, "list").out


def test_a_row_that_cannot_be_read_is_said_after_those_that_can(ahead: Path) -> None:
    desk = Desk(read_settings(ahead))
    with writing(desk.engine) as connection:
        boycott_rows.add_boycott(connection, "broken", "{", now_s=0)
    desk.close()
    ran = run(ahead, "list")
    assert ran.status not in {0, 64}
    assert "silence" in ran.out
    assert "boycott broken" in ran.err
    assert "Traceback" not in ran.err
    listed = run(ahead, "list", "--json")
    document = msgspec.json.decode(listed.out)
    assert ([each["id"] for each in document["boycotts"]], document["damaged"]) == (["silence"], ["broken"])
    assert listed.status == ran.status
    assert "boycott broken" in run(ahead, "show", "broken").err
