"""The unit that `voipwatch serve … --unit` prints: the same command, as systemd reads it."""

import re
import shutil
import subprocess
from inspect import signature
from pathlib import Path

import pytest

from tests.cli.doubles import run_line
from tests.support.environment import require
from voipwatch.cli.program import program
from voipwatch.cli.serve import serve
from voipwatch.cli.serve_unit import PATHS, UNIT, escaped

APART = {"context", "unit"}
ODD = "a b%i$HOME\\x'\";é"
"""A name with whatever means something to systemd."""
PARAMETERS = {name: each for name, each in signature(serve).parameters.items() if name not in APART}


def option_of(name: str) -> str:
    return "--" + name.replace("_", "-")


def typed(name: str) -> list[str]:
    """A value for each option, none the default one; a kind that is not known fails here."""
    kind = str(PARAMETERS[name].annotation)
    option = option_of(name)
    if name == "bind":
        return [option, "192.0.2.1", option, "2001:db8::1"]
    if "list[str]" in kind:
        return [option, f"{name}-1", option, f"{name} 2"]
    if "[int" in kind:
        return [option, str((PARAMETERS[name].default or 8000) + 1)]
    if PARAMETERS[name].default is False:
        return [option]
    assert "[str" in kind, kind
    return [option, f"/there/{ODD}-{name}" if name in PATHS else f"{ODD}-{name}"]


def read_as_systemd(words: str) -> list[str]:
    """Words of ExecStart, unescaped (systemd.syntax, systemd.service)."""

    def word(text: str) -> str:
        content = text.replace("%%", "%").replace("$$", "$").encode()
        return re.sub(rb"\\x(..)", lambda found: bytes.fromhex(found[1].decode()), content).decode()

    return [word(each) for each in words.split(" ")]


def line_of(unit: str, name: str) -> str:
    return next(each for each in unit.splitlines() if each.startswith(f"{name}=")).split("=", 1)[1]


def test_the_unit_carries_every_option_that_the_command_has() -> None:
    wanted = [word for name in PARAMETERS for word in typed(name)]
    ran = run_line("serve", *wanted, "--unit", width=4000)
    assert (ran.status, ran.err) == (0, "")
    told = read_as_systemd(line_of(ran.out, "ExecStart"))
    assert told[:2] == [program(), "serve"]
    assert told[2:] == wanted
    again = run_line(*told[1:], "--unit", width=4000)
    assert again.out == ran.out


@pytest.mark.parametrize("name", sorted(PATHS))
def test_paths_are_absolute(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rest = {"data": "d", "certificate": "c", "certificate_key": "k", "site": "s", name: "here"}
    words = [word for each, path in rest.items() for word in (option_of(each), path)]
    told = read_as_systemd(line_of(run_line("serve", *words, "--unit", width=4000).out, "ExecStart"))
    assert told[told.index(option_of(name)) + 1] == f"{tmp_path}/here"


def test_what_the_service_writes_it_may_write() -> None:
    ran = run_line("serve", "--data", "/d", "--site", "/s", "--campaigns", '/c a"%', "--unit", width=4000)
    assert line_of(ran.out, "ReadWritePaths") == '/d "/c a\\"%%"'


def test_without_an_address_the_service_listens_everywhere() -> None:
    ran = run_line("serve", "--data", "/d", "--unit", width=4000)
    assert line_of(ran.out, "ExecStart") == f"{program()} serve --data /d --bind 0.0.0.0"


@pytest.mark.parametrize(
    "words",
    [
        ["--certificate", "/c"],
        ["--campaigns", "/c"],
        ["--turn"],
        ["--bind", "nowhere"],
    ],
)
def test_what_serve_would_refuse_gets_no_unit(words: list[str]) -> None:
    ran = run_line("serve", "--data", "/d", *words, "--unit")
    assert (ran.status, ran.out) == (64, "")


def test_an_empty_word_stays_a_word() -> None:
    assert escaped("") == '""'


def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    require(analyze, "no systemd-analyze: scripts/system.sh installs systemd")
    assert analyze is not None
    folder = tmp_path / "a b%$"
    ran = run_line("serve", "--data", str(folder), "--bind", "0.0.0.0", "--unit", width=4000)
    assert "@" not in ran.out.replace("@system-service", "")
    right = "\n".join(ran.out.splitlines()).replace(escaped(program()), "/bin/true") + "\n"
    unit = tmp_path / UNIT
    for words, sound in ((right, True), (right.replace("[Service]", "[Service]\nNoSuchThing=1"), False)):
        unit.write_text(words, "utf-8")
        checked = subprocess.run([analyze, "verify", str(unit)], capture_output=True, text=True, check=False)
        assert (UNIT not in checked.stderr) == sound, checked.stderr
