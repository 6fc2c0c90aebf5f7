"""`voipwatch publish` on a store of its own: the bundle, an embargo, the end, refusals in one line."""

import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from tests.cli.doubles import run_line
from tests.store.support import HOUR, make_vote, rows_of
from voipwatch.chronicle.log import digest_of
from voipwatch.cli.publish import told_as_of
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
    ran = run_line(
        "publish", "--data", str(data), "--out", str(data / "bundle"), "--site", str(data / "site"), width=400
    )
    assert ran.status == 0
    assert f"{data / 'site'}" in ran.out


def test_every_language_says_it(data: Path) -> None:
    for lang in ("en", "fr", "ar"):
        ran = run_line("publish", "--data", str(data), "--out", str(data / lang), lang=lang, width=400)
        assert (ran.status, ran.err) == (0, "")
        ran = run_line("verify", str(data / lang), lang=lang, width=400)
        assert (ran.status, ran.err) == (0, "")


def test_an_embargo_keeps_the_incident_out_until_its_time_and_then_proves_it(data: Path) -> None:
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
            "chronicle", "dispute", NAME, "--by", "A", "--ground", "It was maintenance.", "--data", str(data)
        )
        assert ran.status == 0
        assert "A bundle is being made right now" in ran.out
    published(data)


def test_a_closed_observatory(data: Path) -> None:
    published(data, "--final", "the money is spent")
    ran = run_line("publish", "--data", str(data), "--out", str(data / "bundle"))
    assert (ran.status, ran.err.count("\n")) == (64, 1)
    assert "the money is spent" in ran.err
    elsewhere = run_line("publish", "--data", str(data), "--out", str(data / "other"))
    assert elsewhere.status == 64


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


def test_a_bundle_tells_the_hour_of_the_newest_report_and_lifts_no_embargo_for_it(data: Path) -> None:
    """The newest came a minute after the full hour; as of the hour's last second an embargo still runs."""
    newest = HOUR + 23 * 3600 + 60
    assert told_as_of(newest) == told_as_of(newest + 3000) == HOUR + 24 * 3600 - 1
    until = datetime.fromtimestamp(newest + 600, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    told = published(data, "--hold", NAME, "--until", until)
    assert str(told["as_of"]).endswith(":59:59Z")
    assert str(told["as_of"]) > until
    assert not (data / "bundle/incidents" / f"{NAME}.json").exists()
