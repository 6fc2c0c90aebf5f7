import inspect
import subprocess
import sys
from importlib import import_module

import pytest

from tests.cli.doubles import run_line
from voipwatch.cli.commands import COMMANDS, GROUPS
from voipwatch.cli.language import LANGUAGES, texts
from voipwatch.cli.pages import all_pages, page

EVERYTHING = ["", *GROUPS, *COMMANDS]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("command", EVERYTHING)
def test_every_page_has_a_summary_its_options_and_an_example(command: str, lang: str) -> None:
    ran = run_line(*command.split(), "--help", lang=lang, width=400)
    assert (ran.status, ran.err) == (0, "")
    words = texts(lang)
    shown = page(command)
    assert shown.summary(words) in ran.out
    assert words("help.example") in ran.out
    example = ran.out[ran.out.index(words("help.example")) :]
    assert f"voipwatch {command}".strip() in example
    for option in shown.options:
        assert option.label in ran.out
        assert shown.option_text(words, option) in ran.out


@pytest.mark.parametrize("command", COMMANDS)
def test_a_page_lists_the_parameters_of_its_function(command: str) -> None:
    place, _, name = COMMANDS[command].partition(":")
    function = getattr(import_module(place), name)
    parameters = [name for name in inspect.signature(function).parameters if name != "context"]
    listed = [option.key for option in page(command).options if option.key not in {"lang", "help"}]
    renamed = {"all_apps": "all", "all_pages": "all", "first": "from"}
    assert listed == [renamed.get(name, name.replace("_", "-")) for name in parameters]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_example_is_understood(command: str) -> None:
    for line in page(command).example(texts("en")):
        assert line.startswith("voipwatch ")
        words = line.split()[1:]
        options = {word for word in words if word.startswith("--")}
        known = {option.label.split()[0] for option in page(command).options}
        assert options <= known


def test_the_contracts_commands_are_all_there() -> None:
    assert set(COMMANDS) == {
        "reflector", "collector", "check", "verify", "tickets fetch", "apps list", "apps show", "apps check",
        "fleet sign", "fleet show", "fleet verify",
        "apps targets", "import", "lab worlds", "lab run", "lab matrix", "lab rules", "lab replay",
        "lab scenario", "demo",
        "ooni import", "ooni export",
        "reputation import", "reputation fetch", "reputation show", "reputation effect",
        "detect", "explain",
        "probe setup", "probe run", "probe status", "probe delete", "probe wipe", "probe systemd",
        "store status", "store query", "store migrate", "store ddl", "store export",
        "serve", "publish",
        "chronicle list", "chronicle show", "chronicle review", "chronicle reply", "chronicle dispute",
        "chronicle correct", "chronicle withdraw", "chronicle cite", "chronicle source", "chronicle key",
        "chronicle claims", "chronicle verify", "chronicle settings",
        "civic cost", "civic minutes", "civic law", "civic turnout", "civic reminder",
        "petition create", "petition list", "petition show", "petition close", "petition deliver",
        "petition answer", "petition paper", "petition export", "petition person", "petition erase",
        "petition bounce", "petition sheet", "civic doctor",
        "pledge create", "pledge list", "pledge show", "pledge close", "pledge observe", "pledge export",
        "wall list", "wall check", "wall remove", "wall curve",
        "civic account", "civic audit", "civic retention",
    }  # fmt: skip


def test_the_contracts_options_are_all_there() -> None:
    def labels(command: str) -> set[str]:
        return {option.label.split()[0] for option in page(command).options}

    assert labels("check") >= {
        "--reflector", "--pin", "--insecure", "--app", "--all", "--budget", "--video", "--long", "--blocks",
        "--access", "--operator", "--lang", "--json", "--yes", "--out", "--help",
    }  # fmt: skip
    assert labels("reflector") >= {"--bind", "--control-port", "--data", "--help"}
    assert labels("verify") >= {"FILE", "--json"}


def test_usage_marks_what_must_be_given() -> None:
    assert page("verify").usage.startswith("voipwatch verify FILE [--key HEX]")
    assert page("tickets fetch").usage.startswith(
        "voipwatch tickets fetch --reflector HOST[:P] [--pin SHA256]"
    )
    assert page("lab").usage == "voipwatch lab COMMAND"


def test_all_pages_are_each_there_once() -> None:
    commands = [shown.command for shown in all_pages()]
    assert sorted(commands) == sorted(EVERYTHING)


def test_help_wins_over_the_rest_of_the_line() -> None:
    assert run_line("check", "--reflector", "--help").status == 0
    assert run_line("lab", "run", "--help", "--seed", "x").status == 0


def test_help_after_the_delimiter_is_a_file_name() -> None:
    assert run_line("verify", "--", "--help").status == 64


@pytest.mark.parametrize("command", EVERYTHING)
def test_usage_is_wrapped_and_says_the_same(command: str) -> None:
    shown = page(command)
    for width in (40, 80, 600):
        lines = shown.usage_lines(width)
        assert max(map(len, lines)) <= width
        assert " ".join(line.strip() for line in lines) == shown.usage
        assert all(line.startswith("    ") for line in lines[1:])
    assert len(shown.usage_lines(4000)) == 1
    assert len(shown.usage_lines(600)) == 1


def test_no_usage_line_is_wider_than_the_terminal() -> None:
    ran = run_line("check", "--help", width=80)
    assert (
        max(map(len, ran.out.split("voipwatch check --reflector reflector.example.org")[0].splitlines()))
        <= 80
    )


def test_the_heavy_half_stays_away_from_the_overview() -> None:
    overview = "import sys; from voipwatch.cli import main; main(['--help'])"
    listing = "print(sorted(sys.modules), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", f"{overview}; {listing}"], capture_output=True, text=True, check=True
    )
    assert "voipwatch.cli.pages" in done.stderr
    for heavy in ("scipy", "numpy", "voipwatch.experiment", "voipwatch.lab", "pyarrow"):
        assert f"'{heavy}'" not in done.stderr, heavy
