"""`voipwatch detect`: the document, the exit statuses, the page for people, the drawing; three languages."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.cli.doubles import run_line
from voipwatch.cli import detect
from voipwatch.cli.language import LANGUAGES, texts
from voipwatch.cli.seriesfile import Numbered, SeriesFile

START = datetime(2026, 1, 1, tzinfo=UTC)


def write(path: Path, *, blocked_from: int | None = 30 * 24, hours: int = 40 * 24, key: str = "") -> Path:
    """Five measurements an hour; from an hour on they are blocked."""
    rng = random.Random(7)
    lines = ["# made for a test", "time,blocked,operator"]
    for hour in range(hours):
        for minute in range(0, 60, 12):
            cut = blocked_from is not None and hour >= blocked_from
            moment = START + timedelta(hours=hour, minutes=minute)
            lines.append(f"{moment:%Y-%m-%d %H:%M:%S},{int(cut or rng.random() < 0.02)},{key}")
    path.write_text("\n".join([*lines, ""]), "utf-8")
    return path


@pytest.fixture(scope="module")
def blocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("detect") / "blocked.csv")


def test_the_document(blocked: Path) -> None:
    ran = run_line("detect", str(blocked), "--json")
    assert ran.status == 1
    document = json.loads(ran.out)
    assert document["schema"] == "voipwatch.detect/1"
    (series,) = document["series"]
    assert series["key"] == {}
    assert series["arl_days"] == 7305.0
    assert series["arl_votes"] == pytest.approx(7305 * 120, rel=0.01)
    assert 0.02 < series["p0"] < 0.1
    assert isinstance(series["vote"], str)
    (change,) = series["changepoints"]
    assert list(change) == ["kind", "earliest", "latest", "detected_at", "level_before", "level_after"]
    assert change["kind"] == "onset"
    assert change["earliest"] <= "2026-01-31T00:00:00Z" <= change["latest"]
    assert "2026-01-31T00:00:00Z" <= change["detected_at"] <= "2026-01-31T05:00:00Z"
    assert change["level_after"] == 1.0
    assert "UTC" in ran.err


def test_rows_are_understood_once_and_of_too_many_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.csv", hours=33 * 24, key="x")
    readings: list[int] = []
    whole = SeriesFile.rows

    def counted(self: SeriesFile) -> Iterator[Numbered]:
        readings.append(1)
        yield from whole(self)

    monkeypatch.setattr(SeriesFile, "rows", counted)
    for extra, status in ((), 1), (("--probe", "operator"), 0):  # one probe alone proves nothing
        readings.clear()
        line = ("detect", str(path), "--by", "operator", *extra, "--json")
        monkeypatch.setattr(detect, "ROWS_KEPT_MAX", 10_000)
        once = run_line(*line)
        assert (once.status, len(readings)) == (status, 1)
        monkeypatch.setattr(detect, "ROWS_KEPT_MAX", 100)
        again = run_line(*line)
        assert (again.out, len(readings)) == (once.out, 3)


def test_a_quiet_series_is_clear_and_a_short_one_insufficient(tmp_path: Path) -> None:
    quiet = run_line("detect", str(write(tmp_path / "a", blocked_from=None)), "--json")
    assert (quiet.status, json.loads(quiet.out)["series"][0]["changepoints"]) == (0, [])
    short = run_line("detect", str(write(tmp_path / "b", blocked_from=None, hours=5)), "--json")
    assert (short.status, json.loads(short.out)["series"][0]["p0"]) == (2, None)


@pytest.mark.parametrize("hours", [20, 400])
def test_no_quiet_past_is_said(tmp_path: Path, hours: int) -> None:
    path = write(tmp_path / "series", blocked_from=0, hours=hours)
    ran = run_line("detect", str(path), "--json")
    assert ran.status == 2
    (series,) = json.loads(ran.out)["series"]
    assert series["notes"] == ["no quiet past"]
    assert series["quiet_past"] is False
    for lang in LANGUAGES:
        assert texts(lang)("detect.no_quiet_past") in run_line("detect", str(path), lang=lang).out


def test_series_share_the_promise(tmp_path: Path, blocked: Path) -> None:
    path = tmp_path / "two.csv"
    one = blocked.read_text("utf-8").splitlines()[2:]
    other = [line.replace(",1,", ",0,") + "quiet" for line in one]
    path.write_text(
        "\n".join(["time,blocked,operator", *(f"{line}cut" for line in one), *other, ""]), "utf-8"
    )
    ran = run_line("detect", str(path), "--by", "operator", "--json")
    assert ran.status == 1
    first, second = json.loads(ran.out)["series"]
    assert (first["key"], second["key"]) == ({"operator": "cut"}, {"operator": "quiet"})
    assert {first["arl_days"], second["arl_days"]} == {2 * 7305.0}
    assert [len(each["changepoints"]) for each in (first, second)] == [1, 0]


def test_daily_counts_are_decided_at_a_days_end(tmp_path: Path) -> None:
    path = tmp_path / "daily.csv"
    lines = [f"{START + timedelta(days=day):%Y-%m-%d},{300 if day >= 80 else 9},500" for day in range(95)]
    path.write_text("\n".join(["date,dns,total", *lines, ""]), "utf-8")
    ran = run_line("detect", str(path), "--time", "date", "--blocked", "dns", "--total", "total", "--json")
    assert ran.status == 1
    (series,) = json.loads(ran.out)["series"]
    (change,) = series["changepoints"]
    assert change["earliest"] <= "2026-03-22T00:00:00Z" <= change["latest"] <= change["detected_at"]
    assert change["detected_at"].endswith("T00:00:00Z")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_people_get_a_table_and_sentences(blocked: Path, lang: str) -> None:
    ran = run_line("detect", str(blocked), lang=lang)
    words = texts(lang)
    assert ran.status == 1
    assert words("detect.kind.onset") in ran.out
    assert "2026-01-31" in ran.out
    assert "7305" in ran.out
    assert words("detect.naive") in ran.err


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_drawing_is_an_svg_with_the_interval(blocked: Path, tmp_path: Path, lang: str) -> None:
    target = tmp_path / "change.svg"
    ran = run_line("detect", str(blocked), "--plot", str(target), "--json", lang=lang)
    assert ran.status == 1
    root = ET.parse(target).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert texts(lang)("detect.plot.onset") in "".join(root.itertext())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--blocked", "blocked,"], "no list of columns"),
        (["--blocked", "blocked,blocked"], "no list of columns"),
        (["--over", "much"], "is no number"),
        (["--over", "nan"], "is no number"),
        (["--over", "0.5", "--total", "blocked"], "contradict"),
        (["--probe", "operator", "--total", "blocked"], "contradict"),
        (["--probe", "nothing"], "no column “nothing”"),
        (["--total", "nothing"], "no column “nothing”"),
        (["--by", "operator,nothing"], "no column “nothing”"),
        (["--time", "when"], "no column “when”"),
        (["--plot", "/nowhere/at/all.svg"], "another file for --plot"),
    ],
)
def test_misuse_is_one_line_and_64(blocked: Path, arguments: list[str], words: str) -> None:
    ran = run_line("detect", str(blocked), *arguments)
    assert (ran.status, ran.out) == (64, "")
    assert words in ran.err
    assert len(ran.err.strip().splitlines()) == 1


def test_a_file_of_nothing_but_a_heading_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "series.csv"
    path.write_text("time,blocked\n", "utf-8")
    ran = run_line("detect", str(path))
    assert ran.status == 64
    assert "holds no rows" in ran.err


def test_the_real_series(shared_dir: Path) -> None:
    path = shared_dir / "series/uganda-twitter-mtn.csv"
    columns = "dns_blocked,tcp_blocked,tls_blocked"
    ran = run_line("detect", str(path), "--blocked", columns, "--over", "0.5", "--json")
    assert ran.status == 1
    (series,) = json.loads(ran.out)["series"]
    changes = [each for each in series["changepoints"] if each["kind"] != "silence"]
    assert [each["kind"] for each in changes] == ["onset", "end"]
    assert "2026-01-18T05:46:13Z" <= changes[0]["detected_at"] <= "2026-01-18T16:46:13Z"
    assert "2026-01-23T19:01:00Z" <= changes[1]["detected_at"] <= "2026-01-24T23:32:35Z"


@pytest.mark.parametrize(("broken", "found"), [((0,), []), ((0, 1), ["onset"])])
def test_one_named_probe_accuses_nobody(tmp_path: Path, broken: tuple[int, ...], found: list[str]) -> None:
    """Three probes; from the thirtieth day on some of them lose every call."""
    path = tmp_path / "probes.csv"
    lines = ["time,blocked,who"]
    for hour in range(40 * 24):
        for probe in range(3):
            moment = START + timedelta(hours=hour, minutes=20 * probe)
            cut = hour >= 30 * 24 and probe in broken
            lines.append(f"{moment:%Y-%m-%dT%H:%M:%SZ},{int(cut or hour % 47 == 7 * probe)},p{probe}")
    path.write_text("\n".join([*lines, ""]), "utf-8")
    ran = run_line("detect", str(path), "--probe", "who", "--json")
    (series,) = json.loads(ran.out)["series"]
    assert [each["kind"] for each in series["changepoints"]] == found
    assert series["vote"] == "one probe's word; an hour is one block"
    assert ran.status == len(found)


def test_nulls_are_a_series_and_no_control_character_reaches_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "keys.csv"
    path.write_text("time,blocked,op\n2026-01-18,1,\x1b]0;x\x07\n2026-01-18,0,\n", "utf-8")
    assert [
        each["key"]
        for each in json.loads(run_line("detect", str(path), "--by", "op", "--json").out)["series"]
    ] == [
        {"op": "\x1b]0;x\x07"},
        {"op": ""},
    ]
    assert "\x1b]" not in run_line("detect", str(path), "--by", "op").out
