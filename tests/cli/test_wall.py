"""`voipwatch wall`, command by command."""

from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text

from tests.cli.doubles import Ran, run_line
from tests.site.campaigns.instance import DAY_S, folder_of
from voipwatch.civic.wall import Sight, WallPage, parse_page
from voipwatch.civic.wallpage import PageSays
from voipwatch.cli import wall as wall_commands
from voipwatch.cli.language import LANGUAGES, texts
from voipwatch.cli.wall import _now_s
from voipwatch.site.campaigns.desk import Desk
from voipwatch.site.campaigns.settings import read_settings
from voipwatch.site.campaigns.wall import rounds
from voipwatch.site.campaigns.wall.fetching import Why
from voipwatch.site.campaigns.wall.keeping import Enrolled, Wall
from voipwatch.site.campaigns.wall.looking import Looked
from voipwatch.store.civic.opening import DatabaseError, writing
from voipwatch.store.civic.wall_rows import WallRow, add_row


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return folder_of(tmp_path / "c", wall=True).folder


@pytest.fixture
def desk(folder: Path) -> Desk:
    return Desk(read_settings(folder), upgrade=True)


def run(folder: Path, *words: str, lang: str = "en") -> Ran:
    return run_line("wall", *words, "--campaigns", str(folder), lang=lang, width=200)


def enrol(desk: Desk, site: str = "one.example", *, seen: bool = True) -> Enrolled:
    wall = Wall(desk)
    made = wall.enrol(f"https://{site}/", now_s=_now_s())
    if seen:
        wall.note(made.page, Looked(None, PageSays(True, frozenset({made.mark}))), now_s=_now_s())
    return made


@pytest.mark.parametrize("lang", LANGUAGES)
def test_pages_that_are_enrolled_are_listed_in_the_readers_language(
    folder: Path, desk: Desk, lang: str
) -> None:
    assert run(folder, "list", lang=lang).out.strip() == texts(lang)("wall.none").strip()
    enrol(desk)
    enrol(desk, "two.example", seen=False)
    told = run(folder, "list", lang=lang)
    assert told.status == 0
    assert len(told.out.splitlines()) == 2
    assert "https://one.example/" in told.out
    assert texts(lang).raw("wall.state.shown") in told.out
    assert texts(lang).raw("wall.state.waiting") in told.out


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_state_that_nobody_knows_is_a_sentence(folder: Path, desk: Desk, lang: str) -> None:
    enrol(desk)
    with writing(desk.engine) as connection:
        connection.execute(text("UPDATE wall_sites SET state = 'sold'"))
    told = run(folder, "list", lang=lang)
    assert (told.status, told.out, told.err.count("\n")) == (70, "", 1)
    assert "sold" in told.err
    assert "one.example" not in told.err


def test_the_list_as_json_has_no_mark(folder: Path, desk: Desk) -> None:
    made = enrol(desk)
    enrol(desk, "two.example", seen=False)
    ran = run(folder, "list", "--json")
    found = msgspec.json.decode(ran.out)
    assert found["schema"] == "voipwatch.wall/1"
    assert [(each["page"], each["state"], each["seen"] is None) for each in found["pages"]] == [
        ("https://one.example/", "shown", False), ("https://two.example/", "waiting", True),
    ]  # fmt: skip
    assert made.mark not in ran.out


def test_pages_that_are_due_are_looked_at_and_kept(
    folder: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    made = enrol(desk, "two.example", seen=False)
    enrol(desk)

    def look(page: WallPage, observatory: str) -> Looked:
        asked.append(f"{page.site} {observatory}")
        return Looked(None, PageSays(True, frozenset({made.mark})))

    monkeypatch.setattr(rounds, "look", look)
    ran = run(folder, "check")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == "https://two.example/: carries mark and counter\n"
    assert asked == ["two.example https://watch.example"]
    assert run(folder, "check").out == "No page is due. With --all every page is looked at.\n"
    found = msgspec.json.decode(run(folder, "check", "--all", "--json").out)
    assert found["looked"] == [
        {"page": "https://one.example/", "sight": "no-mark", "why": None},
        {"page": "https://two.example/", "sight": "carries", "why": None},
    ]
    assert [each.state for each in Wall(desk).enrolments()] == ["leaving", "shown"]


def test_a_page_that_cannot_be_reached_is_told_so(
    folder: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol(desk)
    monkeypatch.setattr(rounds, "look", lambda page, observatory: Looked(Sight.UNREACHED))
    for lang in LANGUAGES:
        assert texts(lang).raw("wall.sight.unreached") in run(folder, "check", "--all", lang=lang).out
    assert len(Wall(desk).shown(_now_s())) == 1


@pytest.mark.parametrize("why", sorted(set(Why) - {Why.FORBIDDEN}))
def test_why_nothing_was_seen_is_told(
    folder: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch, why: Why
) -> None:
    enrol(desk)
    monkeypatch.setattr(rounds, "look", lambda page, observatory: Looked(Sight.UNREACHED, why=why))
    for lang in LANGUAGES:
        said = run(folder, "check", "--all", lang=lang).out.translate(dict.fromkeys(range(0x2066, 0x206A)))
        assert f"{texts(lang).raw(f'wall.why.{why}')})" in said
    found = msgspec.json.decode(run(folder, "check", "--all", "--json").out)
    assert found["looked"][0]["why"] == why


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("typed", ["one", "https://", "https://one/", "https://[x/"])
def test_what_is_no_domain_is_refused_as_that(folder: Path, lang: str, typed: str) -> None:
    ran = run(folder, "remove", typed, lang=lang)
    assert (ran.status, "example.org" in ran.err, "HOST" in ran.err) == (64, True, False)


@pytest.mark.parametrize(
    "typed", ["https://one.example/", "http://www.One.example:8080/x?y#z", "one.example"]
)
def test_a_site_is_removed_by_its_name_or_an_address_of_it(folder: Path, desk: Desk, typed: str) -> None:
    enrol(desk)
    assert run(folder, "remove", typed).status == 0
    assert Wall(desk).enrolments() == []


def test_a_look_that_fails_is_told_and_stops_no_other(
    folder: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol(desk)
    made = enrol(desk, "two.example")

    def look(page: WallPage, observatory: str) -> Looked:
        if page.site == "one.example":
            raise RuntimeError("[Errno 1] nothing for a reader")
        return Looked(None, PageSays(True, frozenset({made.mark})))

    monkeypatch.setattr(rounds, "look", look)
    for lang in LANGUAGES:
        ran = run(folder, "check", "--all", lang=lang)
        assert ran.status == 0
        told = texts(lang)("wall.look_failed", page="https://one.example/", kind="RuntimeError")
        assert ran.err.strip() == told.strip()
        assert texts(lang).raw("wall.sight.unreached") in ran.out
        assert texts(lang).raw("wall.sight.carries") in ran.out
    assert len(Wall(desk).shown(_now_s())) == 2


def test_a_row_whose_page_is_none_by_todays_rules_stops_no_look(
    folder: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = enrol(desk)
    with writing(desk.engine) as connection:
        for number, page in enumerate(("https://one.example:8080/", "https://127.0.0.1/")):
            add_row(connection, WallRow(f"m{number}", page, "old.example", "shown", 1, _now_s(), 1))
    monkeypatch.setattr(
        rounds, "look", lambda page, observatory: Looked(None, PageSays(True, frozenset({made.mark})))
    )
    ran = run(folder, "check", "--all")
    assert (ran.status, ran.out) == (0, "https://one.example/: carries mark and counter\n")
    assert ran.err.count("voipwatch wall remove") == 2
    assert run(folder, "check").out == "No page is due. With --all every page is looked at.\n"
    assert len(Wall(desk).enrolments()) == 1


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("error", "key"),
    [
        (DatabaseError("unreachable", "OperationalError"), "petition.database.unreachable"),
        (DatabaseError("secrets", "x"), "petition.database.secrets"),
        (OSError(28, "No space left on device"), "petition.disk"),
    ],
)
def test_what_the_store_refuses_is_a_sentence(
    folder: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch, lang: str, error: Exception, key: str
) -> None:
    enrol(desk)

    def note(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(rounds, "look", lambda page, observatory: Looked(Sight.UNREACHED))
    monkeypatch.setattr(Wall, "note", note)
    ran = run(folder, "check", "--all", lang=lang)
    assert ran.status == 70
    assert texts(lang).raw(key).partition("{")[0] in ran.err
    assert "Traceback" not in ran.err
    assert texts(lang).raw("fault.what").partition("{")[0] not in ran.err


def test_a_damaged_database_is_a_sentence(folder: Path, desk: Desk) -> None:
    enrol(desk)
    desk.close()
    file = Path(desk.campaigns.database.removeprefix("sqlite:///"))
    assert file.stat().st_size > 0
    file.write_bytes(b"SQLite format 3\0" + b"\xff" * 4096)
    ran = run(folder, "check", "--all")
    assert ran.status == 70
    assert texts("en").raw("petition.database.unreachable").partition("{")[0] in ran.err


def test_looks_at_one_domain_wait_for_each_other(
    folder: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, paused = [1_794_000_000], list[float]()
    monkeypatch.setattr(wall_commands, "_now_s", lambda: now[0])

    def pause(seconds: float) -> None:
        paused.append(seconds)
        now[0] += int(seconds)

    monkeypatch.setattr(wall_commands, "pause", pause)
    for site in ("a.one.example", "b.one.example", "two.example"):
        Wall(desk).enrol(f"https://{site}/", now_s=now[0])
    monkeypatch.setattr(rounds, "look", lambda page, observatory: Looked(Sight.UNREACHED))
    assert run(folder, "check").status == 0
    assert sorted(paused) == [0, 0, rounds.DOMAIN_PACE_S]


def test_a_page_that_was_not_seen_in_time_is_listed_as_hidden(
    folder: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol(desk)
    later = _now_s() + 24 * 3600
    monkeypatch.setattr(wall_commands, "_now_s", lambda: later)
    for lang in LANGUAGES:
        assert texts(lang).raw("wall.state.late") in run(folder, "list", lang=lang).out


def test_who_has_no_name_on_this_machine_removes_under_his_number(
    folder: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found")

    enrol(desk)
    monkeypatch.setattr("getpass.getuser", nobody)
    assert run(folder, "remove", "one.example").status == 0


def test_a_site_is_removed_by_its_name(folder: Path, desk: Desk) -> None:
    enrol(desk)
    enrol(desk, "bücher.example")
    assert (
        run(folder, "remove", "www.one.example").out == "www.one.example is off the wall and deleted (1).\n"
    )
    assert run(folder, "remove", "bücher.example").status == 0
    assert Wall(desk).enrolments() == []
    gone = run(folder, "remove", "one.example")
    assert (gone.status, gone.out) == (64, "")
    assert "voipwatch wall list" in gone.err
    assert run(folder, "remove", "no name").status == 64
    files = [each for each in folder.rglob("*") if each.is_file()]
    assert not [each for each in files if b"one.example" in each.read_bytes()]


def test_the_curve(folder: Path, desk: Desk) -> None:
    assert run(folder, "curve").out == "No number has been taken yet.\n"
    wall = Wall(desk)
    now = 1_794_000_000
    wall.take_point(now)
    for number in range(10):
        made = wall.enrol(f"https://site{number}.example/", now_s=now)
        wall.note(made.page, Looked(None, PageSays(True, frozenset({made.mark}))), now_s=now)
    for day in (1, 2):
        for each in wall.enrolments():
            says = PageSays(True, frozenset({each.mark}))
            wall.note(parse_page(each.page), Looked(None, says), now_s=now + day * DAY_S)
        wall.take_point(now + day * DAY_S)
    assert run(folder, "curve").out.splitlines() == [
        "2026-11-06 to 2026-11-06: fewer than 10", "2026-11-07 to 2026-11-08: 10",
    ]  # fmt: skip
    found = msgspec.json.decode(run(folder, "curve", "--json").out)
    assert found["few"] == 10
    assert [each["sites"] for each in found["days"]] == [None, 10, 10]


@pytest.mark.parametrize("command", [("check",), ("curve",)])
def test_an_instance_without_a_wall(tmp_path: Path, command: tuple[str, ...]) -> None:
    folder = folder_of(tmp_path / "without").folder
    ran = run(folder, *command)
    assert (ran.status, ran.out) == (64, "")
    assert "[wall]" in ran.err


def test_what_is_left_of_a_wall_that_was_switched_off_can_be_seen_and_removed(
    folder: Path, desk: Desk
) -> None:
    enrol(desk)
    folder_of(folder)
    assert "https://one.example/" in run(folder, "list").out
    assert run(folder, "remove", "one.example").status == 0
    assert run(folder, "list").out.strip() == texts("en")("wall.none").strip()
    assert Wall(desk).enrolments() == []
