import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.doubles import Measured, Stream, Told, run_line
from tests.support.environment import require
from voipwatch import __version__
from voipwatch.cli import guard
from voipwatch.cli.commands import COMMANDS
from voipwatch.cli.context import Context
from voipwatch.cli.guard import main, run
from voipwatch.cli.language import texts

PROGRAM = [sys.executable, "-m", "voipwatch"]


HUGE = "9" * 5000
SNOWMAN = "\N{SNOWMAN}" * 300


def hostile(folder: Path) -> dict[str, list[str]]:
    return (
        hostile_words() | hostile_files(folder) | hostile_checks(folder) | hostile_lab_and_reflector(folder)
    )


def hostile_words() -> dict[str, list[str]]:
    """Lines that are no command."""
    return {
        "nothing": [],
        "no such command": ["frobnicate"],
        "an option first": ["--json"],
        "no such option": ["check", "--frobnicate"],
        "no such short option": ["check", "-x"],
        "a group": ["lab"],
        "a group with an option": ["lab", "--json"],
        "no such command in a group": ["lab", "fly"],
        "a word too many": ["demo", "now"],
        "an odd delimiter": ["verify", "--"],
        "surrogates": ["verify", "\udcff\udcfe"],
    }


def hostile_files(folder: Path) -> dict[str, list[str]]:
    """Files that are none of ours."""
    binary = folder / "binary"
    binary.write_bytes(bytes(range(256)) * 40)
    empty = folder / "empty"
    empty.write_bytes(b"")
    deep = folder / "deep"
    deep.write_bytes(b"[" * 200_000)
    return {
        "a missing file": ["verify"],
        "a file that is not there": ["verify", str(folder / "none")],
        "a folder as a file": ["verify", str(folder)],
        "a binary file": ["verify", str(binary)],
        "an empty file": ["verify", str(empty)],
        "a deep file": ["verify", str(deep)],
        "a null byte": ["verify", "a\0b"],
        "a name too long": ["verify", "x" * 5000],
        "a bad key": ["verify", str(binary), "--key", "zz"],
        "a profile that is binary": ["apps", "check", str(binary)],
        "a profile that is empty": ["apps", "check", str(empty)],
        "a profile that is a folder": ["apps", "check", str(folder)],
        "an unknown app": ["apps", "show", SNOWMAN],
        "an app that nobody knows": ["apps", "show", "kakaotalk"],
    }


def hostile_checks(folder: Path) -> dict[str, list[str]]:
    """Options of a check."""
    reflector = ["check", "--yes", "--reflector"]
    return {
        "no reflector": ["check"],
        "an empty reflector": [*reflector, ""],
        "a bad reflector": [*reflector, "http://example/"],
        "a bad port": [*reflector, "h:70000"],
        "a huge port": [*reflector, f"h:{HUGE}"],
        "a snowman": [*reflector, SNOWMAN],
        "a bad pin": [*reflector, "h", "--pin", "abc"],
        "two pins for one": [*reflector, "h", "--pin", "a" * 64, "--pin", "b" * 64],
        "pin and insecure": [*reflector, "h", "--pin", "a" * 64, "--insecure"],
        "a bad budget": [*reflector, "h", "--budget", "lots"],
        "a huge budget": [*reflector, "h", "--budget", HUGE],
        "a negative budget": [*reflector, "h", "--budget=-5MB"],
        "a bad app": [*reflector, "h", "--app", SNOWMAN],
        "no app": [*reflector, "h", "--app", ""],
        "a bad access": [*reflector, "h", "--access", "carrier pigeon"],
        "a bad operator": [*reflector, "h", "--operator", "\x1b[2J"],
        "an option without a value": ["check", "--reflector"],
        "a value for a flag": [*reflector, "h", "--json=yes please"],
        "nobody to ask": ["check", "--reflector", "h"],
        "a bad place for the report": [*reflector, "h", "--out", str(folder / "no" / "r.json")],
    }


def hostile_lab_and_reflector(folder: Path) -> dict[str, list[str]]:
    """Options of the lab, of a reflector, of tickets."""
    file = folder / "file"
    file.write_bytes(b"\0")
    return {
        "no such world": ["lab", "run", "utopia"],
        "a bad seed": ["lab", "run", "clean", "--seed", "lucky"],
        "a huge seed": ["lab", "run", "clean", "--seed", HUGE],
        "a negative seed": ["lab", "run", "clean", "--seed=-1"],
        "no such network": ["lab", "run", "clean", "--network", "pigeon"],
        "an app that the world does not know": ["lab", "run", "clean", "--app", "viber"],
        "no runs": ["lab", "matrix", "--runs=-1"],
        "many jobs": ["lab", "matrix", "--jobs", "100000"],
        "no address": ["reflector"],
        "a bad address": ["reflector", "--bind", "everywhere"],
        "a bad control port": ["reflector", "--bind", "127.0.0.1", "--control-port", "65536"],
        "a file as a folder": ["reflector", "--bind", "127.0.0.1", "--data", str(file / "x")],
        "half a certificate": ["reflector", "--bind", "127.0.0.1", "--certificate", str(file)],
        "tickets from nobody": ["tickets", "fetch"],
        "many tickets": ["tickets", "fetch", "--reflector", "h", "--count", "9"],
        "a bad network": ["demo", "--network", "pigeon"],
    }


@pytest.mark.parametrize("lang", ["en", "fr", "ar"])
def test_misuse_is_one_line_that_says_what_to_do_and_64(tmp_path: Path, lang: str) -> None:
    for name, arguments in hostile(tmp_path).items():
        ran = run_line(*arguments, lang=lang, measure=Measured(raises=AssertionError(name)), judge=Told())
        assert ran.status == 64, (name, ran)
        assert "Traceback" not in ran.out + ran.err, name
        if arguments not in ([], ["lab"]) and arguments[:2] != ["apps", "check"]:
            assert len(ran.err.splitlines()) == 1, (name, ran.err)
            assert ran.out == "", name
        assert "\x1b[2J" not in ran.err


@given(st.lists(st.text(max_size=12), max_size=5))
def test_any_words_end_in_a_status_without_a_traceback(words: list[str]) -> None:
    ran = run_line(*words, measure=Measured(), judge=Told())
    assert ran.status in {0, 1, 2, 64}
    assert "Traceback" not in ran.err


@given(
    st.sampled_from([name for name in COMMANDS if name not in {"demo", "lab matrix", "reflector"}]),
    st.lists(
        st.sampled_from(["--json", "--yes", "--app", "--reflector", "h", "x", "--", "-", "--seed", "0"]),
        max_size=4,
    ),
)
def test_any_options_end_in_a_status_without_a_traceback(command: str, words: list[str]) -> None:
    ran = run_line(*command.split(), *words, measure=Measured(), judge=Told())
    assert ran.status in {0, 1, 2, 64}
    assert "Traceback" not in ran.err


def broken(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail(*_: object) -> int:
        raise error

    monkeypatch.setattr(guard, "_dispatch", fail)


@pytest.mark.parametrize(
    ("lang", "words"), [("en", "the fault is ours"), ("fr", "la faute est nôtre"), ("ar", "خطؤنا")]
)
def test_a_fault_of_ours_says_what_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch, lang: str, words: str
) -> None:
    broken(monkeypatch, ZeroDivisionError("at 10.9.8.7"))
    ran = run_line("demo", lang=lang)
    assert ran.status == 70
    assert words in ran.err
    assert "ZeroDivisionError" in ran.err
    assert "test_guard.py" in ran.err
    assert __version__ in ran.err
    assert "10.9.8.7" not in ran.err
    assert "Traceback" not in ran.err


def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch, ZeroDivisionError("here"))
    assert "Traceback" in run_line("demo", environment={"VOIPWATCH_DEBUG": "1"}).err


def test_ctrl_c_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch, KeyboardInterrupt())
    ran = run_line("demo")
    assert (ran.status, len(ran.err.splitlines())) == (130, 1)


class Gone(Stream):
    def write(self, _: str) -> int:
        raise BrokenPipeError

    def flush(self) -> None:
        raise BrokenPipeError


def test_a_reader_that_goes_away_is_no_fault() -> None:
    errors = Stream()
    assert run(["--help"], Context(texts("en"), stdin=Stream(), stdout=Gone(), stderr=errors)) == 141
    assert errors.getvalue() == ""


def test_nobody_listens_at_all() -> None:
    context = Context(texts("en"), stdin=Stream(), stdout=Gone(), stderr=Gone())
    assert run(["frobnicate"], context) == 64
    assert run(["--help"], context) == 141


def test_version_and_help_of_the_whole() -> None:
    assert run_line("--version").out == f"voipwatch {__version__}\n"
    assert run_line("--help").status == 0
    assert run_line("-h").out == run_line("--help").out == run_line("help").out
    assert run_line("help", "lab", "run").out == run_line("lab", "run", "--help").out
    assert run_line("help", "frobnicate").status == 64
    bare = run_line()
    assert (bare.status, bare.out) == (64, "")
    assert "voipwatch demo" in bare.err


@pytest.mark.parametrize("flag", ["--help", "-h"])
@pytest.mark.parametrize("words", [("frobnicate",), ("lab", "fly"), ("frobnicate", "lab")])
def test_help_of_a_command_that_is_none_says_so(words: tuple[str, ...], flag: str) -> None:
    ran = run_line(*words, flag)
    assert (ran.status, ran.out, len(ran.err.splitlines())) == (64, "", 1)
    assert f"there is no command “{'fly' if 'fly' in words else 'frobnicate'}”" in ran.err
    assert run_line("lab", flag).status == 0


def test_an_option_given_twice_is_named() -> None:
    ran = run_line("check", "--app", "sip", "--app", "sip")
    assert ran.status == 64
    assert "--app may be given once only" in ran.err


def test_main_takes_the_language_out_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LC_ALL", "fr_MA.UTF-8")
    assert main(["frobnicate"]) == 64
    assert "il n’y a pas de commande" in capsys.readouterr().err
    assert main(["frobnicate", "--lang", "ar"]) == 64
    assert "لا يوجد أمر" in capsys.readouterr().err
    for wrong in (["demo", "--lang", "tlh"], ["demo", "--lang"]):
        assert main(wrong) == 64
        assert "en, fr, ar" in capsys.readouterr().err


def test_a_terminal_without_the_letters_is_no_reason_to_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", errors="strict")
    monkeypatch.setattr(sys, "stdout", stream)
    assert main(["--help", "--lang", "ar"]) == 0
    stream.flush()
    assert b"voipwatch demo" in raw.getvalue()


@pytest.mark.parametrize("arguments", [["--version"], ["check", "--help"]])
def test_as_a_program(arguments: list[str]) -> None:
    done = subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "voipwatch" in done.stdout


def test_as_a_program_into_a_closed_pipe() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*PROGRAM, "--help"], stdout=write, stderr=subprocess.PIPE, text=True, check=False, timeout=60
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_a_closed_stream_is_nobodys_verdict(monkeypatch: pytest.MonkeyPatch, closed: str) -> None:
    """Status 1 means interference: a script that closed our output must not read that."""
    monkeypatch.setattr(sys, closed, None)
    assert main(["--version"]) == 0
    assert main(["lab", "run", "utopia"]) == 64


def test_a_full_disk_behind_the_output_is_said_and_is_not_our_fault() -> None:
    full = Path("/dev/full")
    require(full.exists(), "no /dev/full")
    with full.open("w", encoding="utf-8") as out:
        done = subprocess.run(
            [sys.executable, "-m", "voipwatch", "lab", "worlds", "--json"],
            stdout=out, stderr=subprocess.PIPE, text=True, check=False, env={**os.environ, "LC_ALL": "C"},
        )  # fmt: skip
    assert done.returncode == 70
    assert "could not be written" in done.stderr
    assert "fault" not in done.stderr
    assert "Traceback" not in done.stderr
