"""`voipwatch publish --bundle --site`: a mirror's site, and every way in which there is none, as one line."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.doubles import run_line
from tests.site.bundles import claim, published, with_claims
from voipwatch.cli.errors import Misuse
from voipwatch.cli.site import checked_url


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli-site")
    return with_claims(published(folder, instance="drill").resolve(), folder / "small", claim())


def test_a_mirror_renders_what_it_has(bundle: Path, tmp_path: Path) -> None:
    line = ("publish", "--bundle", str(bundle), "--site", str(tmp_path / "site"))
    ran = run_line(*line, "--json")
    assert (ran.status, ran.err) == (0, "")
    told = json.loads(ran.out)
    assert (told["schema"], told["changed"], told["synthetic"]) == ("voipwatch.site-written/1", True, True)
    assert told["pages"] == len(list((tmp_path / "site").resolve().rglob("*.html")))
    assert told["instance"] == "drill"
    assert (tmp_path / "site/bundle/manifest.json").read_bytes() == (bundle / "manifest.json").read_bytes()
    again = json.loads(run_line(*line, "--json").out)
    assert (again["changed"], again["written"], again["made"]) == (False, 0, 0)
    for lang in ("en", "fr", "ar"):
        ran = run_line(*line, lang=lang, width=400)
        assert (ran.status, ran.err) == (0, "")
        assert "drill" in ran.out
        assert "https://observatory.example" in ran.out, "what the codes of counters lack is said"
        assert "--url" in ran.out


def test_with_an_address_nothing_is_missing(bundle: Path, tmp_path: Path) -> None:
    line = (
        "publish",
        "--bundle",
        str(bundle),
        "--site",
        str(tmp_path / "site"),
        "--url",
        "https://a.example/",
    )
    ran = run_line(*line, width=400)
    assert (ran.status, ran.err) == (0, "")
    assert "observatory.example" not in ran.out
    assert json.loads(run_line(*line, "--json").out)["url"] == "https://a.example"


@pytest.mark.parametrize("lang", ["en", "fr", "ar"])
def test_a_bundle_that_is_none_names_the_file(bundle: Path, tmp_path: Path, lang: str) -> None:
    for number, (name, change) in enumerate(
        {"states.json": b"{}", "claims.json": None, "manifest.sig": b"00\n", "manifest.json": b"{"}.items()
    ):
        broken = shutil.copytree(bundle, tmp_path / str(number))
        if change is None:
            (broken / name).unlink()
        else:
            (broken / name).write_bytes(change)
        ran = run_line(
            "publish", "--bundle", str(broken), "--site", str(tmp_path / "site"), lang=lang, width=400
        )
        assert (ran.status, ran.out) == (64, "")
        assert name in ran.err
        assert "Traceback" not in ran.err
        assert not (tmp_path / "site").exists()


def test_a_folder_of_others_stays(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("x", "utf-8")
    ran = run_line("publish", "--bundle", str(bundle), "--site", str(tmp_path / "mine"), width=400)
    assert ran.status == 64
    assert "no site of this program" in ran.err
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_a_disk_that_refuses(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", "utf-8")
    ran = run_line("publish", "--bundle", str(bundle), "--site", str(tmp_path / "file/site"), width=400)
    assert ran.status == 70
    assert "cannot be written" in ran.err


def test_options_that_do_not_go_together(bundle: Path, tmp_path: Path) -> None:
    for line in (
        ("publish", "--bundle", str(bundle)),
        ("publish", "--bundle", str(bundle), "--out", str(tmp_path / "b"), "--site", str(tmp_path / "s")),
        ("publish", "--out", str(tmp_path / "b"), "--url", "https://example.org"),
        ("publish", "--bundle", str(bundle), "--site", str(tmp_path / "s"), "--url", "example.org"),
    ):
        ran = run_line(*line, width=400)
        assert (ran.status, ran.out) == (64, ""), line
    assert list(tmp_path.iterdir()) == []


def test_addresses() -> None:
    assert checked_url("") == ""
    assert checked_url("https://example.org/x/") == "https://example.org/x"
    for bad in ("ftp://example.org", "https://", "https://example.org/?a", "https://example.org/#a", "x"):
        with pytest.raises(Misuse):
            checked_url(bad)
