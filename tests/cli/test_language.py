import re
import string
import unicodedata
from pathlib import Path

import pytest

import voipwatch.cli
from voipwatch.cli.commands import COMMANDS, GROUPS
from voipwatch.cli.language import LANGUAGES, Size, of_environment, take_option, texts
from voipwatch.model.vocabulary import Direction, Failure, Stage, Verdict

SOURCE = Path(voipwatch.cli.__file__).parent


def placeholders(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)


@pytest.mark.parametrize("lang", ["fr", "ar"])
def test_every_language_has_the_same_texts_with_the_same_names(lang: str) -> None:
    english, other = texts("en"), texts(lang)
    assert set(other.names()) == {key for key in english.names() if not key.startswith("reference.")}
    for key in other.names():
        assert placeholders(other.raw(key)) == placeholders(english.raw(key)), key


@pytest.mark.parametrize("lang", ["fr", "ar"])
def test_nothing_is_left_in_english(lang: str) -> None:
    english, other = texts("en"), texts(lang)
    same = {
        key
        for key in other.names()
        if other.raw(key) == english.raw(key) and not key.endswith(".example") and key.count(".")
    }
    # Words that are the same in French, and lines that are nothing but a placeholder or an option.
    assert {key for key in same if re.search(r"[a-z]{4}", re.sub(r"\{\w+\}", "", other.raw(key)))} <= {
        "error.line", "column.messages", "column.verdict", "verdict.ok", "help.options",
        "column.source", "column.test", "role.messages",
        "detect.kind.silence",
        "probe.row.stop",
        "chronicle.column.date", "chronicle.column.id", "column.phase", "scenario.phase.mobile",
        "civic.column.source", "civic.input.population",
    }  # fmt: skip


def test_arabic_is_written_in_arabic() -> None:
    arabic = texts("ar")
    for key in arabic.names():
        if key.endswith(".example") or key == "error.line":
            continue
        letters = [c for c in re.sub(r"\{\w+\}|[!-~]+", "", arabic.raw(key)) if c.isalpha()]
        assert letters, key
        assert all("ARABIC" in unicodedata.name(c) for c in letters), key


def test_every_value_of_the_vocabularies_has_its_word() -> None:
    for lang in LANGUAGES:
        words = texts(lang)
        for prefix, kind in (
            ("verdict", Verdict),
            ("stage", Stage),
            ("direction", Direction),
            ("failure", Failure),
        ):
            for value in kind:
                assert words.has(f"{prefix}.{value.value}"), (lang, prefix, value)


def test_every_text_that_the_code_asks_for_is_there() -> None:
    asked = set()
    for file in SOURCE.glob("*.py"):
        code = file.read_text(encoding="utf-8")
        found = re.findall(r"""["']([a-z_]+(?:\.[a-z_-]+)+)["']""", code)
        asked |= {
            key for key in found if key.split(".")[0] in {name.split(".")[0] for name in texts("en").names()}
        }
    missing = {
        key for key in asked if not texts("en").has(key) and not key.endswith((".toml", ".py", ".json"))
    }
    assert missing <= {"app.no-profile"}  # a rule's id, no text


def test_no_text_is_there_for_nothing() -> None:
    code = "".join(file.read_text(encoding="utf-8") for file in SOURCE.glob("*.py"))
    built = (
        "civic.caveat.", "civic.class.", "civic.column.", "civic.covers.", "civic.input.", "civic.lacking.",
        "civic.seen.", "civic.tariff.", "civic.tax.", "civic.topic.", "civic.unit.",
        "bundle.", "check.log_", "check.through.", "chronicle.ask_", "chronicle.claim.", "chronicle.column.",
        "chronicle.keys_", "chronicle.said.", "chronicle.why.", "chronicle.zero.",
        "column.", "consent.risk.", "consent.via.", "demo.line.", "demo.messages.",
        "demo.network.", "detect.", "direction.", "error.via_proxy_", "failure.", "help.",
        "explain.rests.", "import.scrubbed.", "lab.confused_by_", "lab.confusion_", "lab.mechanisms_by_",
        "lab.verdicts_by_", "picture.",
        "network.", "note.", "probe.outcome.", "probe.row.", "probe.status.",
        "probe.tier.", "probe.trouble.", "probe.turn.", "progress.", "publish.refused.", "role.",
        "reputation.",
        "account.error.", "retention.",
        "doctor.", "fleet.column.", "fleet.error.", "fleet.state.", "petition.state.", "petition.database.",
        "pledge.stage.", "pledge.series.", "pledge.found-as.",
        "doctor.", "petition.state.", "petition.database.", "wall.state.", "wall.why.", "wall.sight.",
        "scenario.kind.", "scenario.phase.", "scenario.phase_kind.", "scenario.status.", "scenario.step.",
        "site.bundle.", "stage.", "store.error.", "verdict.", "verify.",
        "scenario.kind.", "scenario.phase.",
        "scenario.phase_kind.", "scenario.step.", "stage.", "store.error.", "verdict.",
        "scenario.phase_kind.", "scenario.status.", "scenario.step.", "site.bundle.", "stage.",
        "store.error.", "verdict.",
        "verify.",
    )  # fmt: skip
    assert {
        key for key in texts("en").names() if not key.startswith(built) and f'"{key}"' not in code
    } == set()


def test_left_to_right_pieces_are_isolated_in_arabic() -> None:
    line = texts("ar")("error.option", value="--foo", help="voipwatch check --help")
    assert line.startswith("\u2067")
    assert line.endswith("\u2069")
    assert "\u2068--foo\u2069" in line
    assert "\u2068voipwatch check --help\u2069" in line
    assert sum(line.count(mark) for mark in "\u2066\u2067\u2068") == line.count("\u2069")


def test_an_option_in_an_arabic_sentence_is_isolated_without_the_sentences_full_stop() -> None:
    assert "\u2066--reflector HOST[:PORT]\u2069. " in texts("ar")("error.no_reflector")
    assert "\u2066--pin\u2069" in texts("ar")("error.pin_and_insecure")


def test_brackets_in_a_text_are_no_placeholders() -> None:
    for lang in LANGUAGES:
        assert "[IPv6]:PORT" in texts(lang)("error.host", value="{x}")
        assert "{x}" in texts(lang)("error.host", value="{x}")


@pytest.mark.parametrize(
    ("environment", "lang"),
    [
        ({}, "en"),
        ({"LANG": "fr_MA.UTF-8"}, "fr"),
        ({"LANG": "ar"}, "ar"),
        ({"LANG": "AR_ma@x"}, "ar"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LC_ALL": "fr_FR", "LANG": "ar_MA"}, "fr"),
        ({"LC_ALL": "", "LANG": "ar_MA"}, "ar"),
        ({"LC_MESSAGES": "ar_MA", "LANG": "fr_FR"}, "ar"),
        ({"LC_ALL": "C", "LANG": "fr_FR"}, "en"),
    ],
)
def test_the_locale_in_posix_order(environment: dict[str, str], lang: str) -> None:
    assert of_environment(environment) == lang


@pytest.mark.parametrize(
    ("arguments", "asked", "rest"),
    [
        (["check", "--lang", "fr", "--json"], "fr", ["check", "--json"]),
        (["--lang=ar", "demo"], "ar", ["demo"]),
        (["demo", "--lang"], "", ["demo"]),
        (["verify", "--", "--lang", "fr"], None, ["verify", "--", "--lang", "fr"]),
        (["--lang", "fr", "--lang", "ar"], "ar", []),
        ([], None, []),
    ],
)
def test_the_option_is_taken_out(arguments: list[str], asked: str | None, rest: list[str]) -> None:
    assert take_option(arguments) == (asked, rest)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (2_000_000, "2 MB"),
        (1_340_000, "1.3 MB"),
        (470_000, "470 kB"),
        (512, "512 B"),
        (10**9, "1 GB"),
        (0, "0 B"),
    ],
)
def test_sizes_for_people(size: int, text: str) -> None:
    assert texts("en").size(size) == text


def test_numbers_are_written_as_the_language_writes_them() -> None:
    english, french, arabic = (texts(lang) for lang in LANGUAGES)
    assert [words.number(1.25) for words in (english, french, arabic)] == ["1.2", "1,2", "1,2"]
    assert [words.number(20.0) for words in (english, french, arabic)] == ["20", "20", "20"]
    assert [words.rating(4.0) for words in (english, french, arabic)] == ["4.0", "4,0", "4,0"]
    assert [words.size(1_300_000) for words in (english, french, arabic)] == [
        "1.3 MB",
        "1,3\u202fMo",
        "1,3 MB",
    ]
    assert [words.percent(0.938) for words in (english, french, arabic)] == [
        "93.8 %",
        "93,8\u202f%",
        "93,8 %",
    ]
    assert french.percent(None) == "–"


def test_amounts_in_a_text_are_written_so_too() -> None:
    values = {"each": Size(1_500_000), "total": Size(4_500_000), "least": 0.5, "most": 3.0}
    assert "4.5 MB in all, 1.5 MB per app. Time: about 0.5 to 3 minutes" in texts("en")(
        "consent.data", **values
    )
    assert "4,5\u202fMo en tout, 1,5\u202fMo par appli. Durée : environ 0,5 à 3 minutes" in texts("fr")(
        "consent.data", **values
    )
    assert "\u20684,5 MB\u2069" in texts("ar")("consent.data", **values)


def test_french_has_a_narrow_no_break_space_before_every_unit() -> None:
    french = texts("fr")
    loose = re.compile(r"[0-9}] (?:%|ms|s|ko|Mo|Go|MiB)(?![A-Za-zÀ-ÿ])")
    assert [key for key in french.names() if loose.search(french.raw(key))] == []
    assert "60\u202fs" in french.raw("help.check.option.long")


def test_french_has_one_apostrophe() -> None:
    french = texts("fr")
    assert not [key for key in french.names() if re.search(r"[^\W\d]'[^\W\d]", french.raw(key))]


def test_every_command_that_a_text_names_is_one() -> None:
    """In Arabic, a word in Latin letters after the program's name is a command and no prose."""
    arabic = texts("ar")
    for key in arabic.names():
        for named in re.finditer(r"voipwatch ([a-z][a-z-]*)(?: ([a-z]+))?", arabic.raw(key)):
            first, second = named.groups()
            command = f"{first} {second}" if first in GROUPS else first
            assert command in COMMANDS, (key, named[0])
            for lang in ("en", "fr"):
                assert f"voipwatch {command}" in texts(lang).raw(key), (lang, key)


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_every_example_begins_with_a_command(lang: str) -> None:
    lines = [
        line
        for key in texts(lang).names()
        if re.fullmatch(r"help\..+\.example", key)
        for line in texts(lang).raw(key).splitlines()
    ]
    assert len(lines) > 20
    for line in (line for line in lines if "voipwatch " in line):
        words = [*line.partition("voipwatch ")[2].split(), "", ""]
        assert words[0].startswith("-") or {words[0], " ".join(words[:2])} & set(COMMANDS), line
