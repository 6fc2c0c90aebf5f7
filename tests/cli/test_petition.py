"""`voipwatch petition`, command by command."""

import html
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from tests.cli.doubles import Ran, run_line
from tests.site.campaigns.instance import PETITION, folder_of, sign
from voipwatch.cli.language import LANGUAGES, texts
from voipwatch.site.campaigns.desk import Desk
from voipwatch.site.campaigns.office import Office
from voipwatch.site.campaigns.pages import petition_page
from voipwatch.site.campaigns.settings import read_settings
from voipwatch.site.words import HTML_LANG, words
from voipwatch.store.civic import petition_rows
from voipwatch.store.civic.opening import writing

ALWAYS_OPEN = PETITION.replace("2026-11-01", "{opens}").replace("2026-12-01", "{closes}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return folder_of(tmp_path / "c").folder


def run(folder: Path, *words: str, answers: str | None = None, lang: str = "en") -> Ran:
    return run_line("petition", *words, "--campaigns", str(folder), answers=answers, lang=lang, width=200)


def desk_of(folder: Path) -> Desk:
    return Desk(read_settings(folder), upgrade=True)


@pytest.fixture
def open_petition(folder: Path, tmp_path: Path) -> Path:
    """Open from yesterday on; the command line reads the clock."""
    today = datetime.now(tz=UTC).date()
    text = ALWAYS_OPEN.replace("{opens}", str(today - timedelta(days=1)))
    file = tmp_path / "calls.toml"
    file.write_text(text.replace("{closes}", str(today + timedelta(days=30))), "utf-8")
    ran = run(folder, "create", str(file))
    assert (ran.status, ran.err) == (0, "")
    assert "https://watch.example/campaigns/en/calls/" in ran.out
    return folder


def now_s() -> int:
    return int(datetime.now(tz=UTC).timestamp())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_petition_is_created_once_and_listed(open_petition: Path, tmp_path: Path, lang: str) -> None:
    again = run(open_petition, "create", str(tmp_path / "calls.toml"), lang=lang)
    assert (again.status, again.out) == (64, "")
    assert run(open_petition, "list", lang=lang).out.count("calls") == 2
    listed = msgspec.json.decode(run(open_petition, "list", "--json").out)
    assert [(each["id"], each["state"], each["count"]) for each in listed["petitions"]] == [
        ("calls", "open", None)
    ]


def test_what_is_no_petition(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text(PETITION.replace('contact = "data@example.org"', ""), "utf-8")
    ran = run(folder, "create", str(file))
    assert ran.status == 64
    assert "controller" in ran.err
    file.write_bytes(b"\xff")
    assert run(folder, "create", str(file)).status == 64
    assert run(folder, "create", str(tmp_path / "none")).status == 64
    assert run(folder, "show", "none").status == 64
    assert run(folder, "list").out == "There is no petition yet.\n"


def test_from_opening_to_answer(open_petition: Path, tmp_path: Path) -> None:
    desk = desk_of(open_petition)
    petition = desk.petition("calls")
    assert petition is not None
    for number in range(12):
        sign(desk, f"a{number}@example.org", now_s=now_s(), name="Amina" if number == 5 else "")
    Office(desk, "tests").turn(now_s())
    assert (
        "counted by Amina"
        in run(open_petition, "paper", "calls", "--sheets", "4", "--signatures", "61", "--by", "Amina").out
    )
    early = run(open_petition, "deliver", "calls", "--to", "ANRT")
    assert early.status == 64
    assert run(open_petition, "close", "calls").status == 64, "nobody can be asked"
    assert run(open_petition, "close", "calls", answers="no\n").status == 130
    assert run(open_petition, "close", "calls", answers="yes\n").status == 0
    assert run(open_petition, "close", "calls", "--yes").status == 64
    told = run(open_petition, "deliver", "calls", "--to", "ANRT", "--paper", "61")
    assert (told.status, "handed to ANRT, with 10" in told.out) == (0, True)
    (tmp_path / "answer.txt").write_text("No.\n\nWe regret.", "utf-8")
    answered = run(
        open_petition,
        "answer",
        "calls",
        str(tmp_path / "answer.txt"),
        "--sender",
        "ANRT",
        "--source",
        "https://a.example/",
    )
    assert answered.status == 0
    shown = run(open_petition, "show", "calls")
    assert "answered" in shown.out
    assert "61 signatures on 4 sheets" in shown.out
    exported = msgspec.json.decode(run(open_petition, "export", "calls").out)
    assert (exported["count"], exported["names"], exported["answers"][0]["sender"]) == (10, ["Amina"], "ANRT")
    as_json = msgspec.json.decode(run(open_petition, "show", "calls", "--json").out)
    assert as_json["log"][0]["count"] == 10
    desk.close()


UNMARKED = {0x2066: None, 0x2067: None, 0x2068: None, 0x2069: None}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_fewer_than_ten_and_none_told_yet_are_said_as_that(open_petition: Path, lang: str) -> None:
    few, untold = texts(lang).raw("petition.few"), texts(lang).raw("petition.untold")
    assert few in words(lang).plain("petition.count.few", at=words(lang).moment("2026-11-22T00:00:00Z"))
    for act in (("list",), ("show", "calls")):
        assert untold in run(open_petition, *act, lang=lang).out.translate(UNMARKED)
    desk = desk_of(open_petition)
    for number in range(3):
        sign(desk, f"a{number}@example.org", now_s=now_s())
    Office(desk, "tests").turn(now_s())
    run(open_petition, "close", "calls", "--yes")
    said = [
        run(open_petition, *act, lang=lang).out.translate(UNMARKED)
        for act in (("list",), ("show", "calls"), ("deliver", "calls", "--to", "ANRT"), ("show", "calls"))
    ]
    assert [each.count(few) for each in said] == [1, 2, 1, 3]
    shown = msgspec.json.decode(run(open_petition, "show", "calls", "--json").out)
    assert (shown["count"], shown["petition"]["deliveries"][0]["count"]) == (0, 0)
    told = desk.told("calls")
    assert told is not None
    assert words(lang).plain("petition.count.few-number") == few
    assert f" {few} " in html.unescape(petition_page(told, words(lang), now_s()).decode())
    desk.close()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_is_handed_over_before_a_count_was_told_says_so(open_petition: Path, lang: str) -> None:
    run(open_petition, "close", "calls", "--yes")
    said = run(open_petition, "deliver", "calls", "--to", "ANRT", lang=lang).out.translate(UNMARKED)
    assert said.strip().endswith(texts(lang).raw("petition.delivery_untold").rpartition("{to}")[2])
    shown = msgspec.json.decode(run(open_petition, "show", "calls", "--json").out)
    assert (shown["count"], shown["petition"]["deliveries"][0]["count"]) == (None, None)


def test_what_a_person_asks(open_petition: Path) -> None:
    desk = desk_of(open_petition)
    sign(desk, "a.b@gmail.com", now_s=now_s(), name="Amina")
    assert "public name Amina" in run(open_petition, "person", "calls", answers="ab@gmail.com\n").out
    assert "Nothing is kept" in run(open_petition, "person", "calls", answers="c@gmail.com\n").out
    assert run(open_petition, "person", "calls", answers="nothing\n").status == 64
    assert "is erased" in run(open_petition, "person", "calls", "--erase", answers="ab@gmail.com\n").out
    assert "Nothing is kept" in run(open_petition, "person", "calls", "--erase", answers="ab@gmail.com\n").out
    desk.close()


def test_erasing_a_petition(open_petition: Path) -> None:
    desk = desk_of(open_petition)
    sign(desk, "a@example.org", now_s=now_s())
    assert run(open_petition, "erase", "calls", answers="no\n").status == 130
    ran = run(open_petition, "erase", "calls", "--yes")
    assert (ran.status, "1 signatures" in ran.out) == (0, True)
    assert desk.peppers.of("calls") is None
    desk.close()


@pytest.fixture
def announced(folder: Path, tmp_path: Path) -> Path:
    """Opens in ten days."""
    today = datetime.now(tz=UTC).date()
    text = ALWAYS_OPEN.replace("{opens}", str(today + timedelta(days=10)))
    file = tmp_path / "later.toml"
    file.write_text(text.replace("{closes}", str(today + timedelta(days=30))), "utf-8")
    assert run(folder, "create", str(file)).status == 0
    return folder


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_announced_petition_is_closed_for_ever(announced: Path, lang: str) -> None:
    closed = run(announced, "close", "calls", "--yes", lang=lang)
    assert (closed.status, "petition erase" in closed.out) == (0, True)
    listed = msgspec.json.decode(run(announced, "list", "--json").out)["petitions"]
    assert [(each["state"], each["erased"]) for each in listed] == [("closed", False)]
    assert run(announced, "close", "calls", "--yes").status == 64


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_announced_petition_that_is_erased_is_listed_as_that(announced: Path, lang: str) -> None:
    said = texts(lang)
    assert run(announced, "erase", "calls", "--yes", lang=lang).status == 0
    row = run(announced, "list", lang=lang).out
    assert row in run(announced, "show", "calls", lang=lang).out
    word = said.raw("petition.erased_state").replace("{state}", said.raw("petition.state.closed"))
    assert word in row.translate({0x2068: None, 0x2069: None, 0x2067: None})
    listed = msgspec.json.decode(run(announced, "list", "--json").out)["petitions"]
    assert [(each["state"], each["erased"]) for each in listed] == [("closed", True)]


def test_a_mail_that_is_no_bounce(open_petition: Path) -> None:
    ran = run(open_petition, "bounce", answers="Subject: holiday\n\nI am away.\n")
    assert (ran.status, "nothing was done" in ran.out) == (0, True)


def test_a_row_that_cannot_be_read_is_said_after_those_that_can(open_petition: Path) -> None:
    desk = desk_of(open_petition)
    with writing(desk.engine) as connection:
        petition_rows.add_petition(connection, "broken", "{", now_s=0)
    desk.close()
    ran = run(open_petition, "list")
    assert ran.status not in {0, 64}
    assert "/campaigns/en/calls/" in ran.out
    assert "petition broken" in ran.err
    document = msgspec.json.decode(run(open_petition, "list", "--json").out)
    assert ([each["id"] for each in document["petitions"]], document["damaged"]) == (["calls"], ["broken"])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_sheet_for_paper_is_written(open_petition: Path, tmp_path: Path, lang: str) -> None:
    out = tmp_path / "sheet.html"
    ran = run(open_petition, "sheet", "calls", "--out", str(out), "--rows", "4", lang=lang)
    assert (ran.status, str(out) in ran.out) == (0, True)
    page = out.read_text("utf-8")
    assert page.count('class="number">') == 5
    assert f'lang="{HTML_LANG[lang]}"' in page
    for wrong in (("calls", "--out", str(out), "--rows", "41"), ("none", "--out", str(out))):
        assert run(open_petition, "sheet", *wrong).status == 64
