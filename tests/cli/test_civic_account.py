"""`voipwatch civic account`."""

import re
from pathlib import Path

import msgspec
import pytest

from tests.cli.doubles import Ran, run_line
from tests.site.campaigns.admin_visits import secret_of
from tests.site.campaigns.instance import folder_of
from voipwatch.civic.onetime import code_at
from voipwatch.cli.language import LANGUAGES
from voipwatch.site.campaigns.desk import Desk
from voipwatch.site.campaigns.keepers import Enrolment, Keepers, Visitor
from voipwatch.site.campaigns.settings import read_settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return folder_of(tmp_path / "c").folder


def run(folder: Path, *words: str, lang: str = "en") -> Ran:
    return run_line("civic", "account", *words, "--campaigns", str(folder), lang=lang, width=300)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_both_factors_are_shown_once(folder: Path, lang: str) -> None:
    made = run(folder, "add", "amina", "--role", "keeper", lang=lang)
    assert (made.status, made.err) == (0, "")
    (first,) = re.findall(r"(?:[a-z2-7]{4}-){5}[a-z2-7]{4}", made.out)
    (secret,) = re.findall(r"secret=([A-Z2-7]{32})", made.out)
    assert "otpauth://totp/" in made.out
    listed = run(folder, "list", lang=lang)
    assert "amina" in listed.out
    for told in (listed.out, run(folder, "list", "--json").out):
        assert first not in told
        assert secret not in told
    again = run(folder, "add", "amina", "--role", "keeper", lang=lang)
    assert (again.status, again.out) == (64, "")


def test_what_was_shown_enters(folder: Path) -> None:
    made = msgspec.json.decode(run(folder, "add", "amina", "--role", "reader", "--json").out)["enrolment"]
    enrolment = msgspec.convert(made, Enrolment)
    desk = Desk(read_settings(folder))
    now_s = 1_900_000_000
    code = code_at(secret_of(enrolment), now_s // 30)
    found = Keepers(desk).enter("amina", enrolment.passphrase, code, now_s=now_s)
    assert isinstance(found, Visitor)
    assert found.role == "reader"
    renewed = msgspec.json.decode(run(folder, "renew", "amina", "--json").out)["enrolment"]
    assert renewed["passphrase"] != enrolment.passphrase
    assert renewed["role"] == "reader"
    assert run(folder, "remove", "amina").out == "The account amina is gone, and its sessions have ended.\n"
    assert "There is no account" in run(folder, "list").out
    desk.close()


@pytest.mark.parametrize(
    "words",
    [
        ("grant", "amina"),
        ("add", "amina"),
        ("add", "--role", "keeper"),
        ("add", "amina", "--role", "root"),
        ("add", "../x", "--role", "keeper"),
        ("list", "amina"),
        ("list", "--role", "keeper"),
        ("renew",),
        ("renew", "nobody"),
        ("remove", "nobody"),
        ("remove", "nobody", "--role", "keeper"),
    ],
)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_cannot_be_is_said(folder: Path, words: tuple[str, ...], lang: str) -> None:
    ran = run(folder, *words, lang=lang)
    assert (ran.status, ran.out) == (64, "")
    assert ran.err.count("\n") == 1
