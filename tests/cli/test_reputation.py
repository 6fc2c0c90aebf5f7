"""`voipwatch reputation import | fetch`: files in, services asked, keys nowhere to be seen."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.doubles import run_line
from tests.site.campaigns.adapters.test_warcfile import warc
from tests.support.observations import day
from tests.support.services import KEY, Reply, raw, service
from voipwatch.civic.observations import encode_csv, parse_csv
from voipwatch.cli import reputation
from voipwatch.cli.reputation import span
from voipwatch.site.campaigns.adapters.answers import Why


@pytest.fixture
def to(tmp_path: Path) -> Path:
    return tmp_path / "counts.csv"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_text(KEY + "\n")
    path.chmod(0o600)
    return path


def test_csv_warc_and_press_go_into_one_file_once(tmp_path: Path, to: Path) -> None:
    counts, pages = tmp_path / "a.csv", tmp_path / "b.warc.gz"
    counts.write_text(encode_csv([day(0, 5), day(1, 6)]))
    pages.write_bytes(warc({}))
    line = ("reputation", "import", str(counts), str(pages), "--press", "morocco-2016", "--to", str(to))
    ran = run_line(*line)
    assert ran.status == 0, ran.err
    assert "1 records, 1 pages of known layouts, 1 counts" in ran.out
    assert "19 observations read, 19 of them new; 19 in" in ran.out
    assert len(parse_csv(to.read_text())) == 19
    ran = run_line(*line, "--json")
    document = json.loads(ran.out)
    assert (document["schema"], document["new"], document["kept"]) == ("voipwatch.reputation/1", 0, 19)
    assert [each["kind"] for each in document["files"]] == ["csv", "warc"]
    assert document["files"][1]["damaged"] == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("import", "x.csv"), "--to is needed"),
        (("import", "--to", "TO"), "Nothing to read"),
        (("import", "--press", "atlantis", "--to", "TO"), "morocco-2016"),
        (("import", "NONE", "--to", "TO"), "cannot be read: No such file"),
        (("import", "HTML", "--to", "TO"), "line 1, header"),
        (("import", "GZIP", "--to", "TO"), "is no WARC file"),
        (("import", "TORN", "--to", "TO"), "after 1 records"),
        (("import", "--press", "morocco-2016", "--to", "HTML"), "is no file of observations"),
        (("fetch", "x:inwi", "--key", "KEY"), "--to is needed"),
        (("fetch", "--to", "TO"), "Name at least one page"),
        (("fetch", "myspace:tom", "--to", "TO"), "no page of a service"),
        (("fetch", "x:in/wi", "--to", "TO"), "no page of a service"),
        (("fetch", "x:inwi", "--to", "TO"), "wants a key"),
        (("fetch", "x:inwi", "--to", "TO", "--key", "NONE"), "cannot be read"),
        (("fetch", "x:inwi", "--to", "TO", "--key", "OPEN"), "chmod 600"),
        (("fetch", "x:inwi", "--to", "TO", "--key", "EMPTY"), "holds no key"),
        (("fetch", "x:inwi", "--to", "TO", "--key", "KEY", "--at", "http://example.org"), "https"),
    ],
)
def test_what_cannot_be_is_told_with_what_to_do(
    tmp_path: Path, to: Path, key: Path, arguments: tuple[str, ...], told: str
) -> None:
    torn = warc({}, compressed=False) + b"\r\nrubbish rubbish\r\n" * 30
    contents = {
        "HTML": b"<!DOCTYPE html>", "GZIP": b"\x1f\x8b\x08rubbish", "TORN": torn,
        "OPEN": KEY.encode(), "EMPTY": b"",
    }  # fmt: skip
    places = {"TO": to, "KEY": key, "NONE": tmp_path / "none"}
    for name, content in contents.items():
        places[name] = tmp_path / name.lower()
        places[name].write_bytes(content)
        places[name].chmod(0o644 if name == "OPEN" else 0o600)
    ran = run_line("reputation", *(str(places.get(each, each)) for each in arguments))
    assert ran.status == 64, ran.err
    assert told in ran.err
    assert "Traceback" not in ran.err
    assert KEY not in ran.err + ran.out
    assert not to.exists()


def answering(path: str, headers: dict[str, str]) -> Reply:
    if "inwi" in path:
        metrics: dict[str, Any] = {"followers_count": 41_000}
        return Reply(
            {"data": {"username": "inwi", "public_metrics": metrics}},
            headers={"x-rate-limit-limit": "100", "x-rate-limit-remaining": "5"},
        )
    return Reply({"title": KEY}, 429, {"Retry-After": "120"})


def test_counts_are_fetched_and_what_gave_none_is_told(to: Path, key: Path) -> None:
    with service(answering) as served:
        line = (
            "reputation",
            "fetch",
            "x:inwi",
            "x:meditel",
            "--to",
            str(to),
            "--key",
            str(key),
            "--at",
            served.home,
        )
        ran = run_line(*line)
        documents = run_line(*line, "--json")
    assert ran.status == documents.status == 2
    assert ran.out == "x:inwi: 41\u202f000 followers\n"
    assert "x:meditel: no count: it was asked too often." in ran.err
    assert "again in 2 minutes" in ran.err
    assert "95 %" in ran.err
    assert KEY not in ran.out + ran.err + documents.out + documents.err + to.read_text()
    # Two answers of one second are one observation.
    assert {(each.page, each.low) for each in parse_csv(to.read_text())} == {("x:inwi", 41_000)}
    told = json.loads(documents.out)["pages"]
    assert told[1] == {
        "page": "x:meditel",
        "answer": {"why": "rate-limited", "status": 429, "code": "", "retry_after_s": 120.0},
    }


def test_a_service_that_hangs_up_leaves_the_file_as_it_was(to: Path, key: Path) -> None:
    with raw() as url:
        ran = run_line("reputation", "fetch", "x:inwi", "--to", str(to), "--key", str(key), "--at", url)
    assert (ran.status, to.exists()) == (2, False)
    assert "hung up" in ran.err


def test_mastodon_needs_no_key(to: Path) -> None:
    reply = Reply({"acct": "a", "followers_count": 7})
    with service(lambda path, headers: reply) as served:
        ran = run_line("reputation", "fetch", "mastodon:a@b.example", "--to", str(to), "--at", served.home)
    assert (ran.status, ran.out) == (0, "mastodon:a@b.example: 7 followers\n")


@pytest.mark.parametrize("lang", ["en", "fr", "ar"])
@pytest.mark.parametrize("why", Why)
def test_every_reason_has_its_words(lang: str, why: Why, monkeypatch: pytest.MonkeyPatch, to: Path) -> None:
    from voipwatch.cli.language import texts  # noqa: PLC0415 -- one test

    assert texts(lang).has(f"reputation.why.{why.value}")


def test_without_the_library_warc_files_are_not_read(
    tmp_path: Path, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object, **__: object) -> None:
        raise ModuleNotFoundError

    monkeypatch.setattr(reputation, "read_warc", missing)
    path = tmp_path / "a.warc"
    path.write_bytes(b"WARC/1.0")
    ran = run_line("reputation", "import", str(path), "--to", str(to))
    assert ran.status == 70
    assert "voipwatch[civic]" in ran.err


def test_spans() -> None:
    assert span(1234, 1234) == "1\u202f234"
    assert span(-5, 1_000_000) == "\u22125\u20131\u202f000\u202f000"
