"""`voipwatch civic account`."""

import re
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text

from tests.cli.doubles import Ran, run_line
from tests.site.campaigns.admin_visits import secret_of
from tests.site.campaigns.instance import folder_of
from voipwatch.civic.onetime import code_at
from voipwatch.cli.language import LANGUAGES
from voipwatch.site.campaigns.desk import Desk
from voipwatch.site.campaigns.keepers import Enrolment, Keepers, Visitor
from voipwatch.site.campaigns.settings import read_settings
from voipwatch.store.civic.opening import writing


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


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_role_that_nobody_knows_is_a_sentence(folder: Path, lang: str) -> None:
    run(folder, "add", "amina", "--role", "keeper")
    desk = Desk(read_settings(folder))
    with writing(desk.engine) as connection:
        connection.execute(text("UPDATE accounts SET role = 'emperor'"))
    desk.close()
    told = run(folder, "renew", "amina", lang=lang)
    assert (told.status, told.out, told.err.count("\n")) == (70, "", 1)
    assert "emperor" in told.err
    assert "emperor" in run(folder, "list", lang=lang).out
    assert run(folder, "remove", "amina", lang=lang).status == 0


@pytest.mark.parametrize("lang", LANGUAGES)
def test_over_plain_http_it_is_said_that_the_page_is_off(folder: Path, lang: str) -> None:
    def said(name: str) -> str:
        return run(folder, "add", name, "--role", "keeper", lang=lang).out

    assert "HTTPS" not in said("amina")
    file = folder / "campaigns.toml"
    file.write_text(file.read_text("utf-8").replace("https://", "http://"), "utf-8")
    assert "http://watch.example" in said("zoe")
    assert "HTTPS" in said("ali")


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
