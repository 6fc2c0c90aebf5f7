"""`voipwatch publish` on a store of its own: the bundle, an embargo, the end, refusals in one line."""

import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from tests.cli.doubles import run_line
from tests.store.support import HOUR, make_vote, rows_of
from voipwatch.chronicle.log import digest_of
from voipwatch.cli import publish as publishing
from voipwatch.cli.publish_times import told_as_of
from voipwatch.model.acts import EntryKind, KeyRole
from voipwatch.model.incidents import Incident, IncidentStatus, Phase, PhaseKind, SeriesName
from voipwatch.pipeline.chronicle_folder import ChronicleFolder
from voipwatch.pipeline.publishing.alone import alone
from voipwatch.store.opening import open_store

SERIES = SeriesName("AS36925", "4g", "whatsapp")
NAME = "MA-2016-01-a"
INCIDENT = Incident(
    id=NAME, revision=1, country="MA", status=IncidentStatus.DETECTED, as_of="2016-01-03T00:00:00Z",
    phases=(Phase(PhaseKind.ONSET, None, "2016-01-01T02:00:00Z", (SERIES,), ("c1",)),),
)  # fmt: skip


class Wall:
    """The clock on the wall, as the command reads it."""

    def __init__(self) -> None:
        self.at_s = 0.0

    def set(self, text: str) -> None:
        self.at_s = datetime.fromisoformat(text).timestamp()


@pytest.fixture(autouse=True)
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    """Days after the newest report of `data`."""
    wall = Wall()
    wall.set("2016-01-05T00:00:00Z")
    monkeypatch.setattr(publishing, "wall_s", lambda: wall.at_s)
    return wall


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder: five probes an hour for a day, and one incident."""
    folder = tmp_path / "data"
    with open_store(f"chdb://{folder}/store", create=True) as store:
        votes = [
            make_vote(
                number,
                pseudonym=f"p{number % 5}",
                prefix=f"x{number % 5}",
                observed_at_ms=(HOUR + number // 5 * 3600) * 1000,
                received_at_ms=(HOUR + number // 5 * 3600 + 60) * 1000,
            )
            for number in range(24 * 5)
        ]
        store.insert_segment("s1", rows_of(votes, parts=1))
        store.refresh_cells()
    ChronicleFolder(folder / "chronicle").add(
        [(EntryKind.INCIDENT, INCIDENT)], at="2016-01-03T00:00:00Z", role=KeyRole.INSTANCE
    )
    return folder


def published(data: Path, *more: str, out: str = "bundle") -> dict[str, object]:
    ran = run_line("publish", "--data", str(data), "--out", str(data / out), "--json", *more)
    assert (ran.status, ran.err) == (0, ""), ran.err
    told: dict[str, object] = json.loads(ran.out)
    return told


def test_a_bundle_that_verify_checks(data: Path) -> None:
    told = published(data)
    assert (told["rows"], told["changed"], told["synthetic"]) == (17, True, False)
    assert published(data)["changed"] is False
    bundle = data / "bundle"
    for place in (bundle, bundle / "manifest.json"):
        ran = run_line("verify", str(place), width=400)
        assert ran.status == 0, ran.out
        assert "17 published states follow from their own counts." in ran.out
        assert ran.out.splitlines()[-1].startswith("Verified")
    (bundle / "states.json").write_bytes(b"{}")
    ran = run_line("verify", str(bundle), width=400)
    assert ran.status == 1
    assert "states.json: its bytes are not those of the manifest." in ran.out
    document = json.loads(run_line("verify", str(bundle), "--json").out)
    assert (document["schema"], document["verified"]) == ("voipwatch.bundle-verification/1", False)


def test_the_site_after_the_bundle(data: Path) -> None:
    told = published(data, "--site", str(data / "site"), "--url", "https://example.org")
    site = told["site"]
    assert isinstance(site, dict)
    assert (site["digest"], site["changed"]) == (told["digest"], True)
    page = (data / "site/en/index.html").read_text("utf-8")
    assert '<link rel="canonical" href="https://example.org/en/">' in page
    assert "campaigns/en/" not in page
    ran = run_line(
        "publish", "--data", str(data), "--out", str(data / "bundle"), "--site", str(data / "site"),
        "--with-campaigns", width=400,
    )  # fmt: skip
    assert ran.status == 0
    assert 'href="../campaigns/en/"' in (data / "site/en/index.html").read_text("utf-8")
    assert f"{data / 'site'}" in ran.out


def test_every_language_says_it(data: Path) -> None:
    for lang in ("en", "fr", "ar"):
        ran = run_line("publish", "--data", str(data), "--out", str(data / lang), lang=lang, width=400)
        assert (ran.status, ran.err) == (0, "")
        ran = run_line("verify", str(data / lang), lang=lang, width=400)
        assert (ran.status, ran.err) == (0, "")


def test_an_embargo_keeps_the_incident_out_until_its_time_and_then_proves_it(data: Path, wall: Wall) -> None:
    page = data / "bundle/incidents" / f"{NAME}.json"
    published(data, "--hold", NAME, "--until", "2016-01-20T00:00:00Z")
    assert not page.exists()
    log = (data / "bundle/chronicle/log.jsonl").read_text("utf-8").splitlines()
    kinds = [json.loads(line).get("kind", "withheld") for line in log]
    assert kinds == ["key", "withheld", "withheld"]
    whole = (data / "chronicle/log.jsonl").read_bytes().splitlines()
    assert [json.loads(line)["withheld"] for line in log[1:]] == [
        sha256(line).hexdigest() for line in whole[1:]
    ]
    secrets = (NAME, "MA-2016-01", digest_of(INCIDENT), "2016-01-20")
    files = [path for path in (data / "bundle").rglob("*") if path.is_file() and "cells" not in path.parts]
    assert not [(path, each) for path in files for each in secrets if each.encode() in path.read_bytes()]
    assert run_line("verify", str(data / "bundle")).status == 0
    wall.set("2016-01-21T00:00:00Z")
    published(data, "--as-of", "2016-01-19T23:59:59Z")
    assert not page.exists()
    published(data, "--as-of", "2016-01-20")
    told = json.loads(page.read_bytes())
    assert told["incident"]["id"] == NAME
    assert told["holds"][0]["body"]["digest"] == digest_of(INCIDENT)
    assert run_line("verify", str(data / "bundle")).status == 0
    ran = run_line(
        "publish", "--data", str(data), "--out", str(data / "bundle"), "--hold", NAME, "--until", "2016-02-01"
    )
    assert (ran.status, ran.err.count("\n")) == (64, 1)
    assert "cannot take back" in ran.err


def test_while_somebody_publishes_another_is_told_and_announces_no_embargo(data: Path) -> None:
    lines = (data / "chronicle/log.jsonl").read_bytes()
    with alone(data / "publication/chronicle", data / "elsewhere"):
        for lang in ("en", "fr", "ar"):
            ran = run_line(
                "publish", "--data", str(data), "--out", str(data / "bundle"),
                "--hold", NAME, "--until", "2016-01-20", lang=lang, width=300,
            )  # fmt: skip
            assert (ran.status, ran.out, ran.err.count("\n")) == (70, "", 1), ran.err
            assert "publication" in ran.err
        assert (data / "chronicle/log.jsonl").read_bytes() == lines
        ran = run_line(
            "chronicle", "dispute", NAME, "--by", "A", "--ground", "It was maintenance.", "--yes",
            "--data", str(data),
        )  # fmt: skip
        assert ran.status == 0
        assert "A bundle is being made right now" in ran.out
    published(data)


def test_a_closed_observatory(data: Path) -> None:
    published(data, "--final", "the money is spent", "--yes")
    told = published(data)
    assert (told["changed"], told["final"]) == (False, "the money is spent")
    elsewhere = run_line("publish", "--data", str(data), "--out", str(data / "other"))
    assert (elsewhere.status, elsewhere.err.count("\n")) == (64, 1)
    assert "the money is spent" in elsewhere.err


def test_closing_is_asked_for_and_has_a_reason(data: Path) -> None:
    line = ("publish", "--data", str(data), "--out", str(data / "bundle"), "--final")
    before = (data / "chronicle/log.jsonl").read_bytes()
    for ran, words in (
        (run_line(*line, ""), "--final: nothing is said"),
        (run_line(*line, "  "), "--final: nothing is said"),
        (run_line(*line, "no money"), "say --yes"),
        (run_line(*line, "no money", answers="n\n"), "nothing was written"),
    ):
        assert ran.status in {64, 130}
        assert words in ran.err
    assert (data / "chronicle/log.jsonl").read_bytes() == before
    assert not (data / "bundle").exists()
    assert run_line(*line, "no money", answers="y\n").status == 0


def test_after_the_end_replies_and_corrections_are_published_and_nothing_else(data: Path, wall: Wall) -> None:
    """The last bundle is issued again: same measurements, same time, the same chain."""
    bundle = data / "bundle"
    first = published(data, "--final", "no money", "--yes")
    rows = (bundle / "tables/cells/2016-01.csv").read_bytes()
    (data / "reply.txt").write_text("Nous démentons.", encoding="utf-8")
    wall.set("2016-03-01T00:00:00Z")
    ran = run_line(
        "chronicle", "reply", NAME, str(data / "reply.txt"), "--side", "operator", "--by", "Orange",
        "--received", "2016-01-04", "--yes", "--data", str(data),
    )  # fmt: skip
    assert ran.status == 0, ran.err
    again = published(data)
    assert (again["changed"], again["as_of"], again["final"]) == (True, first["as_of"], "no money")
    manifest = json.loads((bundle / "manifest.json").read_bytes())
    assert (manifest["previous"], manifest["final"]["reason"]) == (first["digest"], "no money")
    page = json.loads((bundle / f"incidents/{NAME}.json").read_bytes())
    assert [each["body"]["text"] for each in page["replies"]] == ["Nous démentons."]
    assert (bundle / "tables/cells/2016-01.csv").read_bytes() == rows
    assert run_line("verify", str(bundle)).status == 0
    assert published(data)["changed"] is False
    late = published(data, "--as-of", "2016-02-01")
    assert (late["changed"], late["as_of"]) == (False, first["as_of"]), (
        "no later time, whatever was asked for"
    )


def test_nothing_is_published_as_of_a_time_to_come(data: Path, wall: Wall) -> None:
    line = ("publish", "--data", str(data), "--out", str(data / "bundle"), "--as-of")
    for lang in ("en", "fr", "ar"):
        ran = run_line(*line, "2016-01-05T00:05:01Z", lang=lang, width=400)
        assert (ran.status, ran.out, ran.err.count("\n")) == (64, "", 1)
        assert "2016-01-05T00:05:01Z" in ran.err
    assert not (data / "bundle").exists()
    assert run_line(*line, "2016-01-05T00:05:00Z").status == 0, "two clocks may differ by so much"
    wall.set("2015-12-31T00:00:00Z")
    ran = run_line(*line[:-1], width=400)
    assert (ran.status, ran.err.count("\n")) == (64, 1)
    assert "one of two clocks is wrong" in ran.err


def test_no_embargo_is_lifted_by_a_time_that_was_only_asked_for(data: Path, wall: Wall) -> None:
    wall.set("2016-01-05T00:00:00Z")
    published(data, "--hold", NAME, "--until", "2016-01-05T00:04:00Z")
    published(data, "--as-of", "2016-01-05T00:04:59Z")
    assert not (data / "bundle/incidents" / f"{NAME}.json").exists()


def test_what_was_published_as_of_the_future_names_its_way_out(data: Path, wall: Wall) -> None:
    wall.set("2017-01-01T00:00:00Z")
    published(data, "--as-of", "2017-01-01")
    wall.set("2016-01-05T00:00:00Z")
    ran = run_line("publish", "--data", str(data), "--out", str(data / "bundle"), width=600)
    assert (ran.status, ran.err.count("\n")) == (64, 1)
    assert "backup" in ran.err
    assert "publication" in ran.err
    wall.set("2017-01-02T00:00:00Z")
    ran = run_line("publish", "--data", str(data), "--out", str(data / "bundle"), width=600)
    assert "a bundle does not go back" in ran.err


def test_an_embargo_that_is_over_is_none(data: Path, wall: Wall) -> None:
    before = (data / "chronicle/log.jsonl").read_bytes()
    for until in ("2015-12-01", "2016-01-04T23:59:59Z", "2016-01-05T00:00:00Z"):
        ran = run_line(
            "publish", "--data", str(data), "--out", str(data / "bundle"), "--hold", NAME, "--until", until
        )
        assert (ran.status, ran.err.count("\n")) == (64, 1), until
        assert "is over already" in " ".join(ran.err.split())
    assert (data / "chronicle/log.jsonl").read_bytes() == before
    assert not (data / "bundle").exists()


def test_an_embargo_says_what_it_holds_and_by_which_clock(data: Path) -> None:
    line = ("publish", "--data", str(data), "--out", str(data / "bundle"), "--hold", NAME, "--until")
    ran = run_line(*line, "2016-01-20", width=400)
    assert f"Held back until 2016-01-20T00:00:00Z: {NAME}." in ran.out
    assert "by the time of the newest report in the store, now 2016-01-01T23:01:01Z" in ran.out
    assert published(data, "--hold", NAME, "--until", "2016-01-21")["held"] == [
        {"id": NAME, "until": "2016-01-21T00:00:00Z"}
    ]


def test_an_embargo_is_ended_earlier_only_on_purpose(data: Path) -> None:
    line = ("publish", "--data", str(data), "--out", str(data / "bundle"), "--hold", NAME, "--until")
    assert run_line(*line, "2016-02-20").status == 0
    lines = (data / "chronicle/log.jsonl").read_bytes()
    ran = run_line(*line, "2016-01-20")
    assert (ran.status, "say --yes" in ran.err) == (64, True)
    ran = run_line(*line, "2016-01-20", answers="n\n")
    assert (ran.status, "is held until 2016-02-20" in ran.err) == (130, True)
    assert (data / "chronicle/log.jsonl").read_bytes() == lines
    assert run_line(*line, "2016-01-20", "--yes").status == 0
    folder = ChronicleFolder(data / "chronicle")
    assert folder.state().stories[NAME].held_until("2016-01-10T00:00:00Z") == "2016-01-20T00:00:00Z"
    assert run_line(*line, "2016-03-20").status == 0, "longer is no favour to anybody: not asked"


def test_a_world_that_the_store_never_heard_of_is_not_signed(data: Path) -> None:
    ran = run_line(
        "publish", "--data", str(data), "--out", str(data / "lab"), "--instance", "morocco-2016", width=300
    )
    assert (ran.status, ran.err.count("\n")) == (64, 1)
    assert "no vote of --instance morocco-2016" in ran.err
    assert not (data / "lab").exists()


def test_an_emulations_store_is_not_published_as_real(tmp_path: Path, wall: Wall) -> None:
    with open_store(f"chdb://{tmp_path}/store", create=True) as store:
        vote = make_vote(1, observed_at_ms=HOUR * 1000, received_at_ms=HOUR * 1000, instance="lab-x")
        store.insert_segment("s1", rows_of([vote], parts=1))
    ran = run_line("publish", "--data", str(tmp_path), "--out", str(tmp_path / "out"), width=300)
    assert (ran.status, ran.err.count("\n")) == (64, 1)
    assert "--instance NAME, one of: lab-x" in ran.err
    ran = run_line(
        "publish", "--data", str(tmp_path), "--out", str(tmp_path / "out"), "--instance", "lab-x", width=300
    )
    assert ran.status == 0, ran.err
    assert "No row is in it yet" in ran.out, "an empty bundle is not signed without a word"


@pytest.mark.parametrize(
    ("lang", "told"),
    [
        ("en", "Nothing has been measured yet."),
        ("fr", "Rien n’a encore été mesuré."),
        ("ar", "لم يُقَس شيء بعد."),
    ],
)
def test_of_an_empty_store_nothing_is_said_of_1970(tmp_path: Path, lang: str, told: str) -> None:
    open_store(f"chdb://{tmp_path}/store", create=True).close()
    out, site = str(tmp_path / "out"), str(tmp_path / "site")
    ran = run_line("publish", "--data", str(tmp_path), "--out", out, "--site", site, lang=lang, width=300)
    assert ran.status == 0, ran.err
    assert told in ran.out
    assert "1970" not in ran.out
    pages = [path.read_text("utf-8") for path in (tmp_path / "site" / lang).rglob("*.html")]
    assert pages
    assert [page for page in pages if "1970" in page] == []
    assert told in (tmp_path / "site" / lang / "index.html").read_text("utf-8")


def test_the_observatory_says_who_it_is_and_where_replies_go(data: Path) -> None:
    line = ("chronicle", "settings", "--data", str(data))
    assert run_line(*line, "--publisher", "Observatory of Calls", "--contact", "desk@x.example").status == 0
    published(data)
    manifest = json.loads((data / "bundle/manifest.json").read_bytes())
    assert (manifest["publisher"], manifest["contact"]) == ("Observatory of Calls", "desk@x.example")
    assert "name: 'Observatory of Calls'" in (data / "bundle/CITATION.cff").read_text("utf-8")
    for place in (("--data", str(data)), ("--bundle", str(data / "bundle"))):
        assert "Replies and corrections: desk@x.example" in run_line("chronicle", "show", NAME, *place).out
    assert run_line("verify", str(data / "bundle")).status == 0


def test_day_zero_by_a_claim_from_the_command_to_the_counter(data: Path) -> None:
    said = ("chronicle", "settings", "--data", str(data), "--time-zone", "MA=Asia/Tokyo")
    assert run_line(*said, "--day-zero", f"{NAME}=morocco-2016/start-31-december").status == 0
    told = published(data, "--site", str(data / "site"), "--url", "https://example.org")
    assert told["uncounted"] == []
    assert run_line("verify", str(data / "bundle")).status == 0
    document = json.loads((data / "site/counter" / f"{NAME}.json").read_bytes())
    assert (document["zone"], document["began"]["latest"]) == ("Asia/Tokyo", "2015-12-31")
    assert document["began"]["source"]["claim"] == "morocco-2016/start-31-december"
    assert run_line(*said, "--day-zero", f"{NAME}=morocco-2016/start-5-january").status == 0
    for lang in ("en", "fr", "ar"):
        ran = run_line("publish", "--data", str(data), "--out", str(data / "bundle"), lang=lang, width=400)
        assert ran.status == 0
        assert f"{NAME}" in ran.out, "5 January is not past yet as of this bundle"
    counting = json.loads((data / "bundle/counting.json").read_bytes())
    assert (counting["zeros"], counting["zones"]) == ([], [{"country": "MA", "zone": "Asia/Tokyo"}])


@pytest.mark.parametrize("left", [None, b"{}"])
def test_lost_keys_are_named_with_the_ways_on(data: Path, left: bytes | None) -> None:
    path = data / "chronicle/keys.json"
    path.unlink()
    if left is not None:
        path.write_bytes(left)
    for lang in ("en", "fr", "ar"):
        ran = run_line("publish", "--data", str(data), "--out", str(data / "b"), lang=lang, width=900)
        assert (ran.status, ran.err.count("\n")) == (70, 1)
        assert "keys.json" in ran.err
        assert "voipwatch chronicle key instance --lost" in ran.err
    assert not (data / "b").exists()


def test_another_key_signs_nothing(data: Path, tmp_path: Path) -> None:
    other = ChronicleFolder(tmp_path / "other")
    (tmp_path / "other").mkdir()
    other.keys()
    key = str(tmp_path / "other/keys.json")
    ran = run_line("publish", "--data", str(data), "--out", str(data / "bundle"), "--key", key, width=300)
    assert (ran.status, ran.err.count("\n")) == (64, 1)
    assert "The log does not know the key" in ran.err
    published(data, "--key", str(data / "chronicle/keys.json"))


def test_a_rotated_key_signs_and_the_chain_says_so(data: Path) -> None:
    published(data)
    ChronicleFolder(data / "chronicle").rotate(KeyRole.INSTANCE, at="2016-01-04T00:00:00Z")
    published(data)
    assert run_line("verify", str(data / "bundle")).status == 0
    ChronicleFolder(data / "chronicle").rotate(KeyRole.INSTANCE, at="2016-01-05T00:00:00Z", lost=True)
    published(data)
    ran = run_line("verify", str(data / "bundle"), width=300)
    assert ran.status == 0
    assert "a key was lost" in ran.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--out DIR is missing"),
        (["--out", "x", "--hold", NAME], "go together"),
        (["--out", "x", "--as-of", "soon"], "a time is written"),
        (["--out", "x", "--hold", "MA-1999-01-a", "--until", "2030-01-01"], "There is no incident"),
        (["--out", "x", "--key", "nothing"], "cannot be read"),
        (["--out", "taken"], "is no bundle of this program"),
    ],
)
def test_refusals_are_one_line(
    data: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(data)
    (data / "taken").mkdir()
    (data / "taken/mine").touch()
    ran = run_line("publish", "--data", str(data), *arguments, width=300)
    assert (ran.status, ran.out, ran.err.count("\n")) == (64, "", 1)
    assert said in ran.err


def test_no_store_and_no_bundle(tmp_path: Path) -> None:
    ran = run_line("publish", "--data", str(tmp_path), "--out", str(tmp_path / "out"))
    assert (ran.status, ran.err.count("\n")) == (64, 1)
    ran = run_line("verify", str(tmp_path))
    assert (ran.status, ran.err.count("\n")) == (64, 1)


def test_a_bundle_tells_the_hour_of_the_newest_report_and_lifts_no_embargo_for_it(
    data: Path, wall: Wall
) -> None:
    """The newest came a minute after the full hour; as of the hour's last second an embargo still runs."""
    newest = HOUR + 23 * 3600 + 60
    assert told_as_of(newest) == told_as_of(newest + 3000) == HOUR + 24 * 3600 - 1
    until = datetime.fromtimestamp(newest + 600, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    wall.at_s = newest + 30
    told = published(data, "--hold", NAME, "--until", until)
    assert str(told["as_of"]).endswith(":59:59Z")
    assert str(told["as_of"]) > until
    assert not (data / "bundle/incidents" / f"{NAME}.json").exists()
